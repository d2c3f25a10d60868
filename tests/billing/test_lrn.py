"""The LRN of a ported number: taken in, checked, and matched by the decks that say so."""

from typing import Any

import pytest

from billing.cdr import contents
from billing.credit.quote import Quote, quote
from billing.deck import decode_options, encode_options, options_from
from billing.explain import explain
from billing.rating import REASONS
from billing.tariff import Tariff
from kernels.layout import NO_DECK
from tests.billing.decks import buy, tariff, version
from tests.billing.records import (
    ARROW,
    CSV,
    CSV_ORDER,
    arrow_bytes,
    arrow_row,
    csv_line,
    json_bytes,
    mediated,
    only_call,
    only_dead,
)
from tests.billing.test_rating import GOOD, rated

HEADER = ",".join((*CSV_ORDER, "lrn")).encode() + b"\n"
LRN = {"match": "lrn"}
RATES = ("1202,DC,0.6,0,1,1", "1212,NY,0.3,0,1,1", "44,UK,0.9,0,1,1")
CALLED, ELSEWHERE = "+12025550100", "12125550199"


def by_lrn(sell: bool, buying: bool) -> Tariff:
    """Two decks of the same prices, each by the number called or by the LRN."""
    return tariff(
        version(1, *RATES, options=LRN if sell else {}),
        buy(2, *RATES, options=LRN if buying else {}),
    )


@pytest.mark.parametrize("lrn", ["12125550199", "+12125550199", "", "0012125550199"])
def test_it_is_taken_in_every_format(lrn: str) -> None:
    line = csv_line() + b"," + lrn.encode()
    assert only_call(json_bytes(lrn=lrn))["lrn"] == lrn
    assert only_call(HEADER + line, CSV)["lrn"] == lrn
    assert only_call(arrow_bytes([arrow_row(lrn=lrn)]), ARROW)["lrn"] == lrn


def test_a_call_without_one_has_none() -> None:
    assert only_call(json_bytes(lrn=None))["lrn"] == ""
    assert only_call(b'{"lrn":null,' + json_bytes()[1:])["lrn"] == ""
    assert only_call(b'{"lrn":12125550199,' + json_bytes()[1:])["lrn"] == "12125550199"
    rows = [arrow_row(lrn=None), arrow_row(call_id="2", lrn="1212")]
    assert mediated(arrow_bytes(rows), ARROW).calls.column("lrn").to_pylist() == ["", "1212"]


@pytest.mark.parametrize("bad", ["N/A", "+", "1212-555", "1" * 300])
def test_one_that_is_no_number_is_refused(bad: str) -> None:
    for letter in (
        only_dead(json_bytes(lrn=bad)),
        only_dead(arrow_bytes([arrow_row(lrn=bad)]), ARROW),
        only_dead(HEADER + csv_line() + b"," + bad.encode(), CSV),
    ):
        assert (letter.reason, letter.field, letter.value) == ("invalid", "lrn", bad[:256])


def test_it_is_part_of_what_is_rated() -> None:
    calls = mediated(json_bytes()).calls
    ported = mediated(json_bytes(lrn="1212")).calls
    again = mediated(json_bytes(lrn="1213")).calls
    assert len({int(contents(own)[0]) for own in (calls, ported, again)}) == 3


CASES: list[tuple[bool, bool, str, tuple[int, int]]] = [
    (False, False, ELSEWHERE, (600, 600)),
    (True, False, ELSEWHERE, (300, 600)),
    (False, True, ELSEWHERE, (600, 300)),
    (True, True, ELSEWHERE, (300, 300)),
    (True, True, "", (600, 600)),
    (True, True, "+4420", (900, 900)),
]


@pytest.mark.parametrize(("sell", "buying", "lrn", "expected"), CASES)
def test_each_side_is_matched_by_its_own_deck(
    sell: bool, buying: bool, lrn: str, expected: tuple[int, int]
) -> None:
    made = by_lrn(sell, buying)
    call = GOOD._replace(called=CALLED, lrn=lrn)
    plain = GOOD._replace(called="4420", duration_ms=0)
    found = rated(made, plain, call, plain)
    assert found.reason.tolist() == [0, 0, 0]
    assert (found.sell.nanos[1], found.buy.nanos[1]) == tuple(n * 10**6 for n in expected)
    for legs, leg in (("sell", found.sell), ("buy", found.buy)):
        alone = rated(made, call, legs=legs)
        assert getattr(alone, legs).nanos[0] == leg.nanos[1]
    for side, deck, nanos in zip(("sell", "buy"), ("retail", "a-z"), expected, strict=True):
        told = explain(made, side, deck, CALLED, call.answered_at, 60_000, lrn=lrn)
        assert told.nanos == nanos * 10**6, told.lines
        ported = any("ported: matched by its LRN" in line for line in told.lines)
        assert ported == bool(lrn and (sell if side == "sell" else buying))
    asked = quote(made, "acme", ("telco",), "", CALLED, call.answered_at, lrn)
    own = [asked.sell, asked.vendors["telco"]]
    charged = [q.terms.charge(60_000) for q in own if isinstance(q, Quote)]
    assert charged == [n * 10**6 for n in expected]


def test_a_number_without_a_rate_of_its_lrn_is_suspended() -> None:
    call = GOOD._replace(called=CALLED, lrn="33123")
    found = rated(by_lrn(True, False), call)
    assert REASONS[found.reason[0]] == "sell_rate_missing"
    assert found.buy.nanos.tolist() == [0]
    attempt = call._replace(vendor="", duration_ms=0, lrn=ELSEWHERE)
    found = rated(by_lrn(False, True), attempt)
    assert (found.reason[0], found.buy.rate_row[0]) == (0, NO_DECK)


REFUSED: dict[str, dict[str, Any]] = {
    "match='LRN': one of called, lrn": {"match": "LRN"},
    "match=True": {"match": True},
}


@pytest.mark.parametrize("said", REFUSED)
def test_a_word_that_says_nothing_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match=said):
        options_from(REFUSED[said])


def test_options_come_back() -> None:
    options = options_from(LRN)
    assert decode_options(encode_options(options)) == options
    assert "match" not in encode_options(options_from({}))
    assert by_lrn(False, False).asks_lrn is False
