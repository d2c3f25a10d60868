"""From a file to a version that prices calls, and back: on real ClickHouse, broker and rater."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from billing.deck import DeckOptions
from billing.deck_diff.lines import Kind
from billing.deck_draft import Agreement, DraftRefused, State
from billing.errors import OptionsRefused
from clickhouse import reference
from clickhouse.client import connect
from deploy.decks.desk import DeckDesk, Outcome
from deploy.decks.generated import generated
from deploy.decks.line import deck_at
from deploy.decks.publish import Terms, publish
from deploy.decks.rate_rows import write_file
from deploy.decks.reading import Asked, read_rates
from deploy.decks.version_report import standing
from deploy.reference import load_deck
from deploy.runtime.documents import documents_url
from rerate.life import State as RunState
from rerate.records import Records
from tests.deploy.conftest import EMBEDDED_FIRST, PRICE_LIST, Platform, until

pytestmark = EMBEDDED_FIRST

DAY_MS = 86_400_000
START_MS = int(time.time() * 1_000) - 10 * DAY_MS
NANOS = 10**9


@pytest.fixture
def desk(platform: Platform) -> Iterator[DeckDesk]:
    with closing(connect(platform.settings)) as client:
        yield DeckDesk(platform.settings, client)


def draft(
    desk: DeckDesk, folder: Path, deck: str, lines: str, from_ms: int = START_MS, **more: str
) -> int:
    """A draft by ann of these CSV lines; its number."""
    path = folder / f"{deck}.csv"
    path.write_text(PRICE_LIST + lines)
    side, options = more.get("side", "sell"), DeckOptions()
    sheet = read_rates(path, Asked(side, from_ms, options, more.get("coverage", "full")))
    terms = (deck, side, sheet.coverage, from_ms, options, sheet.source, sheet.sha256)
    return desk.make(Terms(*terms), sheet, "ann", "test").number


def published(desk: DeckDesk, number: int, by: str = "ann") -> Outcome:
    desk.approve(number, by)
    return desk.publish(number, by)


def call(call_id: str, called: str, ago_ms: int = DAY_MS) -> dict[str, object]:
    return {
        "call_id": call_id,
        "answered_at": int(time.time() * 1_000) - ago_ms,
        "duration_s": 60,
        "called": called,
        "customer": "acme",
        "vendor": "vend",
    }


def test_a_published_draft_prices_calls_and_a_late_one_drafts_a_run(
    platform: Platform, desk: DeckDesk, tmp_path: Path
) -> None:
    platform.load("vend", "buy", "44,UK,0.1,0,1,1\n", START_MS)
    first = published(desk, draft(desk, tmp_path, "gold", "44,UK,0.5,0,1,1\n"))
    assert (first.run, first.draft.life.version) == (None, first.published.version.number)
    until("the deck at the rater", lambda: platform.decks() >= platform.versions())
    platform.send(call("c1", "442079460000"))
    assert platform.charges("c1")["sell"] == ("", NANOS // 2, first.published.version.number)

    number = draft(desk, tmp_path, "gold", "44,UK,0.8,0,1,1\n", START_MS)
    found = desk.diff(number)
    assert found.kinds[Kind.INCREASED].calls >= 1
    assert found.kinds[Kind.INCREASED].delta_nanos == found.whole.calls * 3 * NANOS // 10
    late = published(desk, number)
    [touched] = late.published.touched
    assert (touched.currency, touched.calls, touched.nanos) == ("USD", 1, NANOS // 2)
    assert late.run is not None
    run = Records(documents_url(platform.settings)).get(late.run)
    assert (run.run.state, run.made_by, run.scope.decks) == (RunState.DRAFT, "ann", ("gold",))
    assert platform.charges("c1")["sell"][1] == NANOS // 2

    until("the deck at the rater", lambda: platform.decks() >= platform.versions())
    platform.send(call("c2", "442079460000"))
    assert platform.charges("c2")["sell"] == ("", 8 * NANOS // 10, late.draft.life.version)


def test_what_was_valid_when_and_known_when(
    platform: Platform, desk: DeckDesk, tmp_path: Path
) -> None:
    one = published(desk, draft(desk, tmp_path, "bi", "44,UK,0.5,0,1,1\n")).published
    soon_ms = int(time.time() * 1_000) + 30 * DAY_MS
    two = published(desk, draft(desk, tmp_path, "bi", "44,UK,0.6,0,1,1\n", soon_ms)).published

    def rate(at_ms: int, known_ms: int | None = None) -> int:
        _, rates = deck_at(desk.client, "bi", "sell", at_ms, known_ms)
        [only] = rates.column("next_rate_nanos").to_pylist()
        return int(only)

    known = two.version.published_ms - 1
    assert [rate(soon_ms - 1), rate(soon_ms), rate(soon_ms, known)] == [
        NANOS // 2,
        6 * NANOS // 10,
        NANOS // 2,
    ]
    rows = reference.list_versions(desk.client)
    begins_ms = reference.last_begins(desk.client)
    states = standing(rows, begins_ms, int(time.time() * 1_000))
    assert [states[v.version.number] for v in (one, two)] == ["in force", "scheduled"]
    later = standing(rows, begins_ms, soon_ms)
    assert [later[v.version.number] for v in (one, two)] == ["superseded", "in force"]


def test_two_people_where_the_agreement_wants_them(
    platform: Platform, desk: DeckDesk, tmp_path: Path
) -> None:
    desk.agreements.save([Agreement("p", "buy", ("two",), 7, publish_by_another=True)], "cfo", 1)
    number = draft(desk, tmp_path, "two", "44,UK,0.5,0,1,1\n", side="buy")
    with pytest.raises(DraftRefused, match="ann made this draft"):
        published(desk, number)
    assert desk.publish(number, "bob").draft.life.state is State.PUBLISHED
    path = tmp_path / "two.csv"
    with pytest.raises(DraftRefused, match="wants two people"):
        load_deck(platform.settings, path, "two", "buy", "full", START_MS, DeckOptions(), False)
    now_ms = int(time.time() * 1_000)
    slip = draft(desk, tmp_path, "two", "44,UK,5.5,0,1,1\n", now_ms + 30 * DAY_MS, side="buy")
    assert [n for n in desk.drafts.get(slip).notes if "5.5" in n and n.startswith("odd: ")]
    dearer = draft(desk, tmp_path, "two", "44,UK,0.6,0,1,1\n", now_ms + DAY_MS, side="buy")
    with pytest.raises(DraftRefused, match="1 increases begin sooner than the 7 days"):
        desk.approve(dearer, "ann")
    assert desk.approve(dearer, "ann", "agreed by phone").short_notice == 1


def test_a_draft_goes_stale_and_is_checked_again(
    platform: Platform, desk: DeckDesk, tmp_path: Path
) -> None:
    published(desk, draft(desk, tmp_path, "stale", "44,UK,0.5,0,1,1\n"))
    number = draft(desk, tmp_path, "stale", "44,UK,0.6,0,1,1\n")
    desk.approve(number, "ann")
    published(desk, draft(desk, tmp_path, "stale", "44,UK,0.7,0,1,1\n"))
    with pytest.raises(DraftRefused, match="look at the difference and check it again"):
        desk.publish(number, "ann")
    assert desk.diff(number).kinds[Kind.DECREASED].codes == 1
    assert published(desk, number).draft.life.state is State.PUBLISHED


def test_publishing_that_was_cut_short_goes_on(
    platform: Platform, desk: DeckDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = draft(desk, tmp_path, "cut", "44,UK,0.5,0,1,1\n")
    desk.approve(number, "ann")
    kept = desk.drafts.get(number)

    def cut(*arguments: object) -> None:
        publish(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("deploy.decks.desk.publish", cut)
        with pytest.raises(KeyboardInterrupt):
            desk.publish(number, "ann")
    assert desk.drafts.get(number).life.state is State.CHECKED
    done = desk.publish(number, "ann")
    assert done.published.already
    numbers = [v.number for v in reference.list_versions(desk.client) if v.deck == "cut"]
    assert numbers == [done.draft.life.version]
    with pytest.raises(DraftRefused, match="was published as version"):
        desk.publish(number, "ann")
    with pytest.raises(DraftRefused, match="changed by somebody else"):
        desk.drafts.write(kept, kept)


def test_a_version_is_restored_as_a_new_one(
    platform: Platform, desk: DeckDesk, tmp_path: Path
) -> None:
    lines = "44,UK,0.5,0,1,1\n33,France,0.4,0,1,1\n"
    one = published(desk, draft(desk, tmp_path, "again", lines)).published.version
    partial = draft(desk, tmp_path, "again", "44,UK,0.7,0,1,1\n", coverage="partial")
    two = published(desk, partial).published.version
    published(desk, draft(desk, tmp_path, "again", "44,UK,0.9,0,1,1\n"))
    now_ms = int(time.time() * 1_000)
    for number, wanted in ((one.number, NANOS // 2), (two.number, 7 * NANOS // 10)):
        made = desk.restore(number, now_ms, "ann")
        back = published(desk, made.number).published.version
        assert back.number > number
        _, rates = deck_at(desk.client, "again", "sell", now_ms)
        found = {r["prefix"]: r["next_rate_nanos"] for r in rates.to_pylist()}
        assert found == {"33": 4 * NANOS // 10, "44": wanted}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_an_exported_version_is_the_same_when_loaded_again(
    platform: Platform, desk: DeckDesk, tmp_path: Path, suffix: str
) -> None:
    name = f"out{suffix}"
    lines = "44,UK,0.5,0.01,30,6\n4420,=London,0.123456789,0,60,60\n33,France,0.4,0,1,0\n"
    published(desk, draft(desk, tmp_path, name, lines))
    state, _ = deck_at(desk.client, name, "sell", START_MS)
    path = tmp_path / f"exported{suffix}"
    write_file(path, state.rates)
    sheet = read_rates(path, Asked("sell", START_MS, DeckOptions(), "full", "", START_MS))
    assert sheet.problems == ()
    terms = (name, "sell", "full", START_MS, DeckOptions(), sheet.source, sheet.sha256)
    found = desk.diff_of(Terms(*terms), sheet)
    assert found.kinds[Kind.UNCHANGED].codes == found.whole.codes == 3
    read = {r["prefix"]: r["destination"] for r in sheet.rates.to_pylist()}
    assert read["4420"] == "=London"


def test_a_sell_deck_of_the_buy_decks_in_the_store(
    platform: Platform, desk: DeckDesk, tmp_path: Path
) -> None:
    for name, lines in (("n", "44,UK,0.01,0,1,1\n"), ("m", "4420,London,0.008,0,1,1\n")):
        published(desk, draft(desk, tmp_path, name, lines, side="buy"))
    rules = tmp_path / "rules.toml"
    date = "2030-01-01"
    rules.write_text(
        f'[sell]\ndeck = "made"\nvalid_from = "{date}"\n[buy]\ndecks = ["n", "m"]\n'
        '[[margin]]\npercent = "10"\n'
    )
    terms, sheet, made = generated(desk, rules)
    assert (made.blocked, sheet.rates.num_rows) == (0, 2)
    done = published(desk, desk.make(terms, sheet, "ann").number).published
    rates = {r["prefix"]: r["next_rate_nanos"] for r in done.version.rates.to_pylist()}
    assert rates == {"44": 11_000_000, "4420": 8_800_000}
    rules.write_text(rules.read_text().replace('"m"]', '"nobody"]'))
    with pytest.raises(OptionsRefused, match=r"rules.toml: buy.decks: there is no buy deck"):
        generated(desk, rules)


def test_a_countrys_list_in_a_carriers_own_format(
    platform: Platform, desk: DeckDesk, tmp_path: Path
) -> None:
    lines = "44,UK,0.5,0,1,1\n4420,London,0.9,0,1,1\n447,Mobile,2,0,1,1\n33,France,1,0,1,1\n"
    published(desk, draft(desk, tmp_path, "land", lines))
    path = tmp_path / "uk.csv"
    path.write_text(
        "Country;Code;Price per minute;Increment\n"
        "United Kingdom;44;0,6;60/60\nUnited Kingdom Mobile;447;2,0;1/1\n"
    )
    asked = Asked("sell", START_MS, DeckOptions(), "country", today_ms=START_MS)
    sheet = read_rates(path, asked)
    assert sheet.problems == ()
    assert sheet.country_prefixes == ("44",)
    desk.save_layout("land", "sell", sheet.layout, "ann")
    again = asked._replace(layout=desk.layout_of("land", "sell"))
    assert read_rates(path, again).rates.equals(sheet.rates)
    terms = Terms("land", "sell", "country", START_MS, DeckOptions(), sheet.source, sheet.sha256)
    made = desk.make(terms, sheet, "ann")
    kinds = {r["code"]: r["kind"] for r in desk.diff(made.number).lines.to_pylist()}
    assert kinds == {"33": "unchanged", "44": "increased", "4420": "decreased", "447": "unchanged"}
    stale = desk.make(terms, sheet, "ann").number
    assert published(desk, made.number).published.version.coverage == "partial"
    with pytest.raises(DraftRefused, match="make the draft again"):
        desk.approve(stale, "ann")
