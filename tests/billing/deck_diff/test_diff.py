"""What a version changes: each kind by example, and on random decks by what numbers pay."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.deck import DeckVersion
from billing.deck_diff.lines import Kind
from billing.deck_diff.report import Diff, Sum, diff
from billing.deck_diff.weigh import TRAFFIC
from billing.origin_classes import parse_origin_classes
from billing.time_classes import parse_time_classes
from tests.billing.deck_diff.worlds import DAY, NOW, deck, lines, paid, row, worlds

HOLIDAY = {"default": "off-peak", "peak": ["mon-fri 08:00-20:00"]}


def kinds(found: Diff) -> dict[str, str]:
    """Code -> kind, of the first changes."""
    return {line["code"]: line["kind"] for line in lines(found) if line["first"]}


def traffic(*groups: tuple[Any, ...]) -> pa.Table:
    """(digits, calls, seconds) or (digits, calls, seconds, calling, week_ms)"""
    rows = [
        (g[0], g[3] if len(g) > 3 else "", g[4] if len(g) > 3 else 0, g[1], g[2] * 1_000)
        for g in groups
    ]
    return pa.table(list(zip(*rows, strict=True)), schema=TRAFFIC)


def test_every_kind() -> None:
    old = deck(
        1,
        *("44,UK,0.5,0,1,1", "33,France,0.4,0,1,1", "49,Germany,0.3,0,1,1", "41,Swiss,0.2,0,1,1"),
        *("43,Austria,0.2,0,1,1", "39,Italy,0.2,0,1,1"),
    )
    new = deck(
        2,
        *("44,UK,0.6,0,1,1", "33,France,0.3,0,1,1", "49,Germany,0.3,0,60,60", "41,Swiss,0.2,0,1,1"),
        *("351,Portugal,0.1,0,1,1", "39,Italy,,,,,,,,,yes"),
        valid_from_ms=NOW,
    )
    found = diff([old], new)
    assert kinds(found) == {
        "33": "decreased",
        "351": "new",
        "39": "blocked",
        "41": "unchanged",
        "43": "closed",
        "44": "increased",
        "49": "increments",
    }
    assert {line["effective_ms"] for line in lines(found)} == {NOW}
    assert found.whole.codes == 7
    assert found.destinations["France"] == {Kind.DECREASED: Sum(1)}


def test_a_shorter_code_takes_over_what_a_full_version_does_not_list() -> None:
    old = deck(1, "44,UK,0.5,0,1,1", "4420,London,0.9,0,1,1")
    found = diff([old], deck(2, "44,UK,0.5,0,1,1", valid_from_ms=NOW))
    assert kinds(found) == {"44": "unchanged", "4420": "decreased"}
    [london] = [line for line in lines(found) if line["code"] == "4420"]
    assert (london["destination"], london["new_next_rate_nanos"]) == ("UK", 500_000_000)


def test_a_finer_breakdown_at_the_same_price_changes_nothing() -> None:
    old = deck(1, "44,UK,0.5,0,1,1")
    new = deck(2, "44,UK,0.5,0,1,1", "4420,London,0.5,0,1,1", valid_from_ms=NOW)
    assert kinds(diff([old], new)) == {"44": "unchanged", "4420": "unchanged"}


def test_an_increase_a_week_later_has_its_own_date() -> None:
    old = deck(1, "44,UK,0.5,0,1,1", "33,France,0.4,0,1,1")
    later = row("44,UK,0.6,0,1,1", NOW + 7 * DAY)
    found = diff([old], deck(2, later, "33,France,0.3,0,1,1", valid_from_ms=NOW))
    [before, after] = [line for line in lines(found) if line["code"] == "44"]
    assert (before["kind"], before["first"], before["effective_ms"]) == ("unchanged", False, NOW)
    assert (after["kind"], after["first"]) == ("increased", True)
    assert after["effective_ms"] == NOW + 7 * DAY
    assert found.kinds[Kind.INCREASED].codes == 1
    assert found.whole.codes == 2


def test_other_rules_of_the_deck_are_a_change_of_terms() -> None:
    old = deck(1, "44,UK,0.5,0,1,1")
    new = deck(2, "44,UK,0.5,0,1,1", valid_from_ms=NOW, options={"round_decimals": 2})
    found = diff([old], new)
    assert kinds(found) == {"44": "terms"}
    assert found.terms == ("round_decimals: 9 becomes 2",)


def test_a_deck_without_versions_has_only_new_codes() -> None:
    found = diff([], deck(1, "44,UK,0.5,0,1,1", "33,France,0.4,0,1,1"))
    assert found.kinds[Kind.NEW].codes == 2
    assert found.whole.codes == 2


def test_a_partial_version_leaves_the_rest() -> None:
    old = deck(1, "44,UK,0.5,0,1,1", "33,France,0.4,0,1,1")
    new = deck(2, "33,France,0.5,0,1,1", valid_from_ms=NOW, coverage="partial")
    assert kinds(diff([old], new)) == {"33": "increased", "44": "unchanged"}


def test_classes_are_compared_each_for_itself() -> None:
    options = {
        "time_classes": parse_time_classes(HOLIDAY),
        "origin_classes": parse_origin_classes({"EEA": ["49"]}),
    }
    rows = ("44,UK,0.5,0,1,1,,,peak,any,", "44,UK,0.4,0,1,1,,,off-peak,any,")
    old = deck(1, *rows, "44,UK,0.9,0,1,1,,,any,other,", options=options)
    new = deck(2, rows[0], "44,UK,0.45,0,1,1,,,off-peak,any,", valid_from_ms=NOW, options=options)
    found = {(x["time_class"], x["origin_class"]): x["kind"] for x in lines(diff([old], new))}
    assert found == {
        ("peak", "EEA+missing"): "unchanged",
        ("off-peak", "EEA+missing"): "increased",
        ("peak", "other"): "decreased",
        ("off-peak", "other"): "decreased",
    }


def test_traffic_makes_money_of_it() -> None:
    old = deck(1, "44,UK,0.6,0,1,1", "4420,London,1.2,0.01,1,1")
    new = deck(2, "44,UK,0.9,0,1,1", "4420,London,1.2,0.01,60,60", valid_from_ms=NOW)
    month = traffic(("44123", 10, 600), ("44207", 2, 90), ("33", 7, 70))
    found = diff([old], new, month)
    uk, london = lines(found)
    assert (uk["calls"], uk["duration_ms"]) == (10, 600_000)
    assert (uk["old_nanos"], uk["new_nanos"]) == (6_000_000_000, 9_000_000_000)
    # Two calls of 45 s: 0.9 and the fee each, against a whole minute each.
    assert (london["old_nanos"], london["new_nanos"]) == (1_820_000_000, 2_420_000_000)
    assert found.kinds[Kind.INCREASED].delta_nanos == 3_000_000_000
    assert found.unmatched_calls == 7


def test_traffic_counts_in_its_own_class() -> None:
    options = {"time_classes": parse_time_classes(HOLIDAY)}
    rows = ("44,UK,0.6,0,1,1,,,peak,any,", "44,UK,0.3,0,1,1,,,off-peak,any,")
    old = deck(1, *rows, options=options)
    new = deck(2, "44,UK,1.2,0,1,1,,,peak,any,", rows[1], valid_from_ms=NOW, options=options)
    month = traffic(("44", 1, 60, "", 12 * 3_600_000), ("44", 4, 240, "", 2 * 3_600_000))
    found = {x["time_class"]: x for x in lines(diff([old], new, month))}
    assert (found["peak"]["calls"], found["off-peak"]["calls"]) == (1, 4)
    assert (found["peak"]["old_nanos"], found["peak"]["new_nanos"]) == (600_000_000, 1_200_000_000)
    assert found["off-peak"]["new_nanos"] == 1_200_000_000


def test_jurisdictions_are_compared_each_for_itself() -> None:
    states = (("1212", "NY"), ("1213", "CA"), ("1518", "NY"))
    options = {"jurisdiction": "nanp", "states": states}
    rows = [
        f"1212,New York,{rate},0,1,1,,,any,{name},"
        for name, rate in (("intrastate", 0.3), ("interstate", 0.2), ("indeterminate", 0.3))
    ]
    old = deck(1, *rows, options=options)
    dearer = rows[1].replace("0.2", "0.25")
    new = deck(2, rows[0], dearer, rows[2], valid_from_ms=NOW, options=options)
    month = traffic(("1212555", 1, 60, "1518555", 0), ("1212555", 2, 120, "1213555", 0))
    by_origin = {line["origin_class"]: line for line in lines(diff([old], new, month))}
    assert by_origin["interstate"]["kind"] == "increased"
    assert {k: (v["kind"], v["calls"]) for k, v in by_origin.items()} == {
        "interstate": ("increased", 2),
        "intrastate": ("unchanged", 1),
        "indeterminate": ("unchanged", 0),
    }


@settings(deadline=None, max_examples=60)
@given(worlds())
def test_a_version_published_again_changes_nothing(world: list[DeckVersion]) -> None:
    assert set(kinds(diff(world, world[-1])).values()) <= {"unchanged"}


@settings(deadline=None, max_examples=60)
@given(worlds(), st.data())
def test_the_old_price_with_the_lines_is_the_new_price(
    world: list[DeckVersion], data: st.DataObject
) -> None:
    *line, new = world
    found = lines(diff(line, new))
    digits = data.draw(st.text("012", min_size=1, max_size=5))
    at_ms = new.valid_from_ms + data.draw(st.integers(0, 6)) * DAY
    before, after = paid(line, digits, at_ms), paid([*line, new], digits, at_ms)
    begun = [x for x in found if x["effective_ms"] <= at_ms and digits.startswith(x["code"])]
    if not begun:
        assert before is None
        assert after is None
        return
    last = max(begun, key=lambda x: (len(x["code"]), x["effective_ms"]))
    assert [last[f"{side}_next_rate_nanos"] for side in ("old", "new")] == [before, after]


@settings(deadline=None, max_examples=60)
@given(worlds())
def test_the_kinds_count_every_code_once(world: list[DeckVersion]) -> None:
    *line, new = world
    found = diff(line, new)
    codes = {x["code"] for x in lines(found)}
    assert sum(own.codes for own in found.kinds.values()) == len(codes)
    assert {x["code"] for x in lines(found) if x["first"]} == codes
    by_destination = [own for of in found.destinations.values() for own in of.values()]
    assert sum(own.codes for own in by_destination) == len(codes)


def test_dates_without_end_are_refused() -> None:
    from billing.deck_diff.pair import INSTANTS_MAX, DiffRefused

    rows = [row(f"44{i},UK,0.5,0,1,1", NOW + i * DAY) for i in range(INSTANTS_MAX + 1)]
    with pytest.raises(DiffRefused, match="at most 400"):
        diff([], deck(1, *rows, valid_from_ms=NOW))
