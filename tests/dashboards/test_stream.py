"""The stream in words: what is wrong, how much waits, how long it will take."""

import pytest

from dashboards import stream
from dashboards.broker import UNRATED, UNSTORED, Look, Queue
from dashboards.rater import Scrape
from dashboards.schemas import Stream
from dashboards.stream import Sources
from dashboards.wording import span
from tests.dashboards.rows import NOW_MS

CALLS_PER_RAW, CALLS_PER_RATED = 2, 500


def rater(at_ms: int = NOW_MS, **waiting_s: float) -> Scrape:
    """A rater that has taken 20,000 calls, two in a message, and sent them on by the 500."""
    return Scrape(at_ms, 20_000, 20_000, {UNRATED: 10_000}, {UNSTORED: 40}, waiting_s)


def look(unrated: int = 0, unstored: int = 0, *, ago_ms: int = 0, age_ms: int = 0) -> Look:
    """A look at one partition of each topic; what waits has waited for `age_ms` now."""
    queues = (
        Queue(UNRATED, 0, 100, unrated, NOW_MS - age_ms if unrated else None),
        Queue(UNSTORED, 0, 100, unstored, NOW_MS - age_ms + 700 if unstored else None),
    )
    return Look(NOW_MS - ago_ms, queues)


def read(
    *looks: Look, raters: tuple[Scrape | None, ...] = (rater(),), silent_ms: int | None = None
) -> Stream:
    """What is said of these looks and of what the raters answered last."""
    since_ms = None if silent_ms is None else NOW_MS - silent_ms
    return stream.read(Sources(NOW_MS, [raters], looks, since_ms))


def test_a_stream_that_flows_says_so() -> None:
    found = read(look(3, 1, age_ms=900))
    assert (found.state, found.text) == ("flowing", "")
    assert (
        found.figures == "About 506 calls (in 4 messages) wait in the broker, the oldest for 1 s."
    )
    assert read(look()).figures == "Nothing waits in the broker."


def test_clickhouse_away_in_words_and_figures() -> None:
    found = read(
        look(0, 2_480, ago_ms=10_000, age_ms=205_000),
        look(10, 2_480, age_ms=205_000),
        raters=(rater(clickhouse=200.0, broker=0.0),),
    )
    assert (found.state, found.title) == ("waiting", "ClickHouse away")
    assert found.text == "ClickHouse does not answer the rater."
    assert found.figures == (
        "No answer for 3 min 20 s. About 1,240,000 calls (in 2,490 messages) wait in the broker, "
        "the oldest for 3 min 25 s. Nothing is lost."
    )
    assert found.waits.clickhouse_ms == NOW_MS - 200_000


def test_catching_up_says_how_fast_and_how_long_still() -> None:
    found = read(look(0, 5_000, ago_ms=10_000, age_ms=240_000), look(0, 4_000, age_ms=200_000))
    assert found.state == "catching_up"
    assert found.figures == (
        "About 2,000,000 calls (in 4,000 messages) wait in the broker, the oldest for 3 min 19 s. "
        "They get fewer by 50,000 calls/s: about 40 s left."
    )
    assert found.backlog is not None
    assert (found.backlog.shrinks_per_s, found.backlog.catch_up_s) == (50_000, 40)


def test_falling_behind_is_not_called_catching_up() -> None:
    grows = read(look(100, ago_ms=10_000, age_ms=60_000), look(200, age_ms=60_000))
    assert (grows.state, grows.text) == ("behind", "The stream is behind.")
    assert grows.figures.endswith("They get more, by 20 calls/s.")
    stands = read(look(100, ago_ms=10_000, age_ms=60_000), look(100, age_ms=60_000))
    assert stands.figures.endswith("They do not get fewer yet.")
    assert stands.backlog is not None
    assert stands.backlog.catch_up_s is None


def test_the_speed_is_that_since_the_backlog_was_largest() -> None:
    looks = [look(n, ago_ms=ago_ms, age_ms=60_000) for n, ago_ms in ((9, 20_000), (9, 10_000))]
    found = read(*looks, look(4, age_ms=60_000))
    assert found.backlog is not None
    assert (found.backlog.shrinks_per_s, found.backlog.catch_up_s) == (1, 8)
    grew = read(look(1, ago_ms=20_000), look(30, ago_ms=10_000), look(41))
    assert grew.backlog is not None
    assert grew.backlog.shrinks_per_s == -4


def test_without_a_rater_the_broker_still_tells_what_waits() -> None:
    found = read(look(1, 0, age_ms=61_000), raters=(None,))
    assert (found.state, found.title, found.text) == ("away", "Rater away", "No rater answers.")
    assert (
        found.figures == "1 message waits in the broker, the oldest for 1 min 1 s. Nothing is lost."
    )
    assert read(look(5, age_ms=1_000), raters=(None,)).state == "unknown"


def test_a_broker_that_is_away_is_said_with_what_was_known() -> None:
    found = read(look(5, age_ms=60_000), silent_ms=12_000)
    assert (found.state, found.title) == ("waiting", "Broker away")
    assert found.figures == (
        "No answer for 12 s. When it last did: "
        "About 10 calls (in 5 messages) wait in the broker, the oldest for 1 min."
    )
    assert read(look(), silent_ms=2_000).state == "flowing"
    assert read(silent_ms=60_000).figures == "No answer for 1 min."


def test_nobody_claims_that_nothing_is_lost_when_the_broker_is_about_to_forget() -> None:
    old = read(look(5, age_ms=6 * 86_400_000 + 1), raters=(None,))
    assert "Nothing is lost" not in old.figures
    assert "7 days" in old.figures


def test_raters_are_taken_together() -> None:
    both = read(look(), raters=(rater(), rater(broker=9.0), None))
    assert (both.raters, both.raters_answering) == (3, 2)
    assert both.waits.broker_ms == NOW_MS - 9_000


def test_nothing_known_is_said_as_nothing() -> None:
    found = stream.read(Sources(NOW_MS, [], []))
    assert (found.state, found.backlog, found.calls_per_s) == ("unknown", None, None)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3_600, "1 h"),
        (7_501, "2 h 5 min"),
        (3_605, "1 h"),
        (86_400 * 3 + 4 * 3_600 + 59, "3 d 4 h"),
        (-5, "0 s"),
    ],
)
def test_a_length_of_time_as_a_person_says_it(seconds: float, said: str) -> None:
    assert span(seconds) == said
