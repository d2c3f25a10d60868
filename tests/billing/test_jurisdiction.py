"""Jurisdiction: what belongs to which state, and US decks against the plain second opinion."""

import random
from pathlib import Path
from typing import Any

import pytest

from billing import class_plan, nanp
from billing.cdr import calls_from
from billing.credit.quote import Quote, quote
from billing.deck import decode_options, encode_options, options_from
from billing.errors import OptionsRefused
from billing.explain import explain
from billing.jurisdiction import parse_states_csv
from billing.parties import Account, parties_of
from billing.rating import REASONS, rate
from billing.tariff import compile_tariff
from deploy.files import read_options
from kernels import parse_numbers
from tests.billing.us_worlds import STATES, call, line, row_for
from tests.kernels.naive import Price, Rule, naive_charge

ACCOUNTS = parties_of(
    [Account("c", "customer", "", "us", "USD"), Account("v", "vendor", "", "us", "USD")]
)
CALLS = 1_200


@pytest.mark.parametrize("seed", range(6))
def test_every_charge_is_that_of_the_plain_rules(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_plan, "COMBINATIONS_MAX", 10_000)
    draw = random.Random(seed)
    decks = {"sell": line(draw, "sell", 1, 3), "buy": line(draw, "buy", 4, 2)}
    tariff = compile_tariff([v for own in decks.values() for v in own.versions], ACCOUNTS)
    cdrs = [call(draw) for _ in range(CALLS)]
    batch = calls_from(cdrs)
    found = rate(batch, *parse_numbers(batch.column("called")), tariff, threads=2)
    seen: dict[str, int] = {}
    for i, cdr in enumerate(cdrs):
        reasons, nanos = [], {}
        for side, deck in decks.items():
            row = row_for(deck, cdr)
            reason = f"{side}_{'blocked' if row else 'rate_missing'}"
            if row and not row.blocked:
                price = Price(row.nanos, row.nanos, 0, 1, 1)
                nanos[side] = naive_charge(cdr.duration_ms, price, Rule())[1]
                seen[row.origin_class] = seen.get(row.origin_class, 0) + 1
            else:
                reasons.append(reason)
            if i % 6 == 0:
                told = explain(tariff, side, "us", *cdr[6:9], cdr.calling, None, cdr.lrn)
                assert (told.reason or None, told.nanos) == (
                    None if side in nanos else reason,
                    nanos.get(side),
                ), told.lines
        reason = min(reasons, key=REASONS.index) if reasons else ""
        assert REASONS[found.reason[i]] == reason, cdr
        if not reason:
            assert (found.sell.nanos[i], found.buy.nanos[i]) == (nanos["sell"], nanos["buy"]), cdr
        if i % 40 == 0:
            asked = quote(tariff, "c", ("v",), cdr.calling, cdr.called, cdr.answered_at, cdr.lrn)
            for side, own in (("sell", asked.sell), ("buy", asked.vendors["v"])):
                charged = own.terms.charge(cdr.duration_ms) if isinstance(own, Quote) else None
                assert charged == nanos.get(side), cdr
    assert min(seen.get(name, 0) for name in ("intrastate", "interstate", "any")) > 10
    assert (found.reason == 0).sum() > CALLS // 10


def test_the_states_of_the_plan() -> None:
    states = dict(nanp.states())
    assert {npa: states.get(f"1{npa}", "") for npa in STATES} == STATES
    assert {states.get(f"1{npa}") for npa in ("800", "888", "900", "500", "555", "911")} == {None}
    assert (states["1345"], states["1502"]) == ("XKY", "KY")
    assert len(states) > 400


def test_a_file_of_states_takes_the_place_of_the_plan_s(tmp_path: Path) -> None:
    rows = ["NPA,NXX,State", "907,200,AK", "907,201,AK", "907,343,BC", "212,,NY", "202,555,", ""]
    (tmp_path / "lerg.csv").write_text("\n".join(rows))
    text = 'jurisdiction = "nanp"\nstates_file = "lerg.csv"\n[states]\nnone = ["212555"]\n'
    (tmp_path / "o.toml").write_text(text)
    options = read_options(tmp_path / "o.toml", None)
    states = dict(options.states)
    assert {p: s for p, s in states.items() if p[:4] in ("1907", "1212", "1202")} == {
        "1907": "AK",
        "1907343": "BC",
        "1212": "NY",
        "1212555": "none",
        "1202": "none",
    }
    assert states["1213"] == "CA"
    assert decode_options(encode_options(options)) == options


BAD_FILES = {
    "npa,state\n": "s.csv:1: the header must name npa, nxx, state",
    "npa,nxx,state\n9x7,200,AK\n": "s.csv:2: npa, nxx='9x7200': an area code, or one and",
    "npa,nxx,state\n907,200,Alaska\n": "s.csv:2: npa, nxx: state 'Alaska': 2 to 4 capital",
    "npa,nxx,state\n907,200\n": "s.csv:2: not 3 fields",
    "npa,nxx,state\n907,200,AK\n907,200,BC\n": "s.csv:3: 907 200 is in AK and in BC",
    'npa,nxx,state\n"': "s.csv: not CSV",
}


@pytest.mark.parametrize("text", BAD_FILES)
def test_a_bad_file_of_states_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=BAD_FILES[text]):
        parse_states_csv(text.encode(), "s.csv")


NANP: dict[str, Any] = {"jurisdiction": "nanp"}
BAD: dict[str, dict[str, Any]] = {
    "jurisdiction='us': one of nanp": {"jurisdiction": "us"},
    "indeterminate_as='dear': one of own": {**NANP, "indeterminate_as": "dear"},
    "indeterminate_as without jurisdiction": {"indeterminate_as": "highest"},
    "states without jurisdiction": {"states": {"NY": ["212"]}},
    "origin_classes beside jurisdiction": {**NANP, "origin_classes": {"EU": ["49"]}},
    "states=5: expected state = .prefixes.": {**NANP, "states": 5},
    "states.NY='212': expected a list": {**NANP, "states": {"NY": "212"}},
    "states.NY='12': an area code": {**NANP, "states": {"NY": ["12"]}},
    "states: 1212 is in NY and in NJ": {**NANP, "states": {"NY": ["212"], "NJ": ["1212"]}},
    "states_file='x.csv': expected the name of a file": {**NANP, "states_file": "x.csv"},
}


@pytest.mark.parametrize("said", BAD)
def test_bad_options_are_named(said: str) -> None:
    with pytest.raises(ValueError, match=said):
        options_from(BAD[said])


def test_too_many_tables_of_states_are_refused() -> None:
    draw = random.Random(3)
    made = line(draw, "sell", 1, 1).versions[0]
    many = [
        made._replace(
            number=n,
            options=options_from({**NANP, "states": {f"S{n - 1_000}": ["212"]}}),
            rates=made.rates.set_column(
                7, "valid_from_ms", [[n * 10**9 + ms for ms in range(made.rates.num_rows)]]
            ).set_column(9, "time_class", [["any"] * made.rates.num_rows]),
        )
        for n in range(1_000, 1_030)
    ]
    with pytest.raises(OptionsRefused, match="origin classes by 3 jurisdictions"):
        compile_tariff(many, ACCOUNTS)
