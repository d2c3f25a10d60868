"""The one line on top: worst first."""

from dataclasses import replace

from dashboards import conserve, kpi, stream, verdict
from dashboards.broker import UNRATED, Look, Queue
from dashboards.conserve import CHECKS_MIN, Gap
from dashboards.rater import Scrape
from dashboards.schemas import Outage, Stream
from dashboards.stream import Sources
from dashboards.verdict import STALE_AFTER_MS, Facts
from tests.dashboards.rows import NOW_MS, earning


def flow(waiting: int = 0, age_ms: int = 0, before: int = 0, *, rater: bool = True) -> Stream:
    """A stream with so many messages that wait, and so many ten seconds ago."""
    oldest_ms = NOW_MS - age_ms if waiting else None
    looks = [
        Look(NOW_MS - 10_000, (Queue(UNRATED, 0, 0, before, oldest_ms),)),
        Look(NOW_MS, (Queue(UNRATED, 0, 0, waiting, oldest_ms),)),
    ]
    return stream.read(Sources(NOW_MS, [[Scrape(NOW_MS, 1) if rater else None]], looks))


FINE = Facts(
    now_ms=NOW_MS,
    as_of_ms=NOW_MS,
    state="live",
    error=None,
    newest_call_ms=NOW_MS - 1_000,
    stream=flow(),
    conservation=conserve.line([], [], 0, 0),
    tiles=kpi.tiles([], [], None, NOW_MS),
    losing_count=0,
    fraud_count=0,
)
LOST = conserve.line([], [Gap(3, 0)] * CHECKS_MIN, 0, 0)
LOSS = kpi.tiles([], [earning(2_000, sell_nanos=10, buy_nanos=11)], "EUR", NOW_MS)
AWAY = Outage(title="ClickHouse away", detail="no answer")
UNKNOWN = stream.read(Sources(NOW_MS, [[None]], []))
OLD_MS = NOW_MS - STALE_AFTER_MS - 1


def test_ok_is_said_only_when_all_is_well() -> None:
    found = verdict.judge(FINE)
    assert (found.level, found.text, found.watch) == ("ok", "OK", [])


def test_things_to_watch_are_listed() -> None:
    found = verdict.judge(replace(FINE, losing_count=1, stream=UNKNOWN))
    assert (found.level, found.watch) == (
        "watch",
        ["1 destination loses money", "rater metrics unknown", "backlog unknown"],
    )


def test_lost_calls_and_lost_money_are_critical() -> None:
    found = verdict.judge(replace(FINE, conservation=LOST, tiles=LOSS))
    assert (found.level, found.text) == ("critical", "2 critical")
    assert found.watch == [
        "conservation difference +3 calls, 0 s",
        "margin -10.0 % over the last 5 min",
    ]


def test_fraud_that_nobody_has_answered_is_critical() -> None:
    found = verdict.judge(replace(FINE, fraud_count=2))
    assert (found.level, found.watch) == ("critical", ["2 critical fraud alerts unanswered"])


def test_old_data_is_stale_unless_the_rater_has_nothing_to_do() -> None:
    stale = verdict.judge(replace(FINE, newest_call_ms=OLD_MS, stream=flow(7)))
    assert (stale.level, stale.text, stale.since_ms) == ("stale", "Data stale", OLD_MS)
    idle = verdict.judge(replace(FINE, newest_call_ms=OLD_MS))
    assert (idle.level, idle.text, idle.since_ms) == ("watch", "No calls arrive", OLD_MS)
    assert verdict.judge(replace(FINE, newest_call_ms=None)).text == "No calls in the last 24 h"


def test_an_outage_comes_before_everything() -> None:
    found = verdict.judge(replace(FINE, error=AWAY, state="error", conservation=LOST))
    assert (found.level, found.text, found.since_ms) == ("critical", "ClickHouse away", NOW_MS)


def test_nothing_read_and_nothing_stored_are_no_alarm() -> None:
    assert verdict.judge(replace(FINE, state="loading", as_of_ms=None)).level == "unknown"
    assert verdict.judge(replace(FINE, state="empty")).text == "No calls yet"


def test_a_stream_that_stands_is_critical_one_that_catches_up_is_watched() -> None:
    behind = verdict.judge(replace(FINE, stream=flow(9, 90_000, 9), newest_call_ms=OLD_MS))
    assert (behind.level, behind.text, behind.since_ms) == ("critical", "Behind", NOW_MS - 90_000)
    away = verdict.judge(replace(FINE, stream=flow(9, 90_000, rater=False)))
    assert (away.level, away.text) == ("critical", "Rater away")
    better = verdict.judge(replace(FINE, stream=flow(9, 90_000, 20), newest_call_ms=OLD_MS))
    assert (better.level, better.text) == ("watch", "Catching up")


def test_the_banner_says_what_is_wrong_and_nothing_when_nothing_is() -> None:
    assert verdict.banner(FINE) is None
    better = verdict.banner(replace(FINE, stream=flow(9, 90_000, 20)))
    assert better is not None
    assert (better.kind, better.text) == ("info", "The stream is catching up.")
    away = verdict.banner(replace(FINE, stream=flow(9, 90_000, rater=False)))
    assert away is not None
    assert (away.kind, away.text) == ("bad", "No rater answers.")


def test_a_console_that_cannot_read_says_what_the_stream_does_meanwhile() -> None:
    fine = verdict.banner(replace(FINE, error=AWAY, state="error"))
    assert fine is not None
    assert fine.figures == "The stream goes on. Nothing waits in the broker."
    stuck = verdict.banner(replace(FINE, error=AWAY, stream=flow(9, 90_000, 9)))
    assert stuck is not None
    assert (stuck.text, stuck.figures.split(",")[0]) == (
        "no answer",
        "9 messages wait in the broker",
    )


def test_raters_that_are_silent_are_counted() -> None:
    looks = [Look(NOW_MS, ())]
    some = stream.read(Sources(NOW_MS, [[Scrape(NOW_MS, 1), None, None]], looks))
    assert verdict.judge(replace(FINE, stream=some)).watch == ["2 of 3 raters do not answer"]
