"""Exchange rates: what a file says, and which rate is in force at an instant."""

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.cdr import Cdr, calls_from
from billing.charges import factors
from billing.errors import FileRefused, FxRefused
from billing.explain_terms import exchange_rate
from billing.fx import FX, FxTable, format_factor, fx_table, parse_rate
from billing.fx_csv import parse_fx
from billing.instants import parse_instant_ms
from billing.parties import parties_of
from billing.rating import REASONS, RatedCalls, rate
from billing.tariff import compile_tariff
from kernels import parse_numbers
from kernels.layout import FX_MAX
from tests.billing.decks import CUSTOMER, VENDOR, buy, version

JAN, FEB, MAR = (parse_instant_ms(f"2026-{m:02d}-01") for m in (1, 2, 3))
HEADER = "from,to,rate,valid_from"


def table(*rows: tuple[str, str, str, int, int]) -> FxTable:
    """From, to, rate, valid from, published."""
    columns = [(a, b, *parse_rate(text), since, at) for a, b, text, since, at in rows]
    return fx_table(
        pa.Table.from_pylist([dict(zip(FX.names, c, strict=True)) for c in columns], FX)
    )


def at(fx: FxTable, one: str, other: str, ms: int) -> Fraction | None:
    if (one, other) not in fx.pairs:
        return None
    row = int(fx.pairs[one, other].at(np.array([ms]))[0])
    found = Fraction(*fx.factors[row].tolist()) if row >= 0 else None
    assert found == exchange_rate(fx, (one, other), ms)[0]
    return found


def test_a_rate_holds_from_its_first_millisecond_until_the_next() -> None:
    fx = table(("EUR", "USD", "1.1", JAN, 1), ("EUR", "USD", "1.2", FEB, 1))
    found = [at(fx, "EUR", "USD", ms) for ms in (JAN - 1, JAN, FEB - 1, FEB, MAR)]
    assert found == [None, *[Fraction(11, 10)] * 2, *[Fraction(12, 10)] * 2]


def test_the_inverse_is_exact_and_comes_after_the_pair_itself() -> None:
    fx = table(("EUR", "USD", "1.1", JAN, 1), ("USD", "EUR", "0.9", FEB, 1))
    assert at(fx, "USD", "EUR", JAN) == Fraction(10, 11)
    assert at(fx, "USD", "EUR", FEB - 1) == Fraction(10, 11)
    assert at(fx, "USD", "EUR", FEB) == Fraction(9, 10)
    assert at(fx, "EUR", "USD", FEB) == Fraction(11, 10)
    backwards = table(("USD", "EUR", "0.9", FEB, 1), ("USD", "EUR", "0.8", MAR, 1))
    assert at(backwards, "EUR", "USD", MAR) == Fraction(10, 8)


def test_no_chain_leads_through_a_third_currency() -> None:
    fx = table(("EUR", "USD", "1.1", JAN, 1), ("USD", "GBP", "0.8", JAN, 1))
    assert at(fx, "EUR", "GBP", MAR) is None


def test_of_one_date_the_last_published_counts() -> None:
    rows = [("EUR", "USD", f"1.{n}", JAN, n) for n in (3, 1, 2)]
    for order in (rows, rows[::-1]):
        assert at(table(*order), "EUR", "USD", JAN) == Fraction(13, 10)


RATES = {
    "1": (1, 1),
    "1.0837": (10_837, 10_000),
    "0.50": (1, 2),
    " 3.0 ": (3, 1),
    "0.000000000001": (1, 10**12),
    "1000000000000": (10**12, 1),
    "1.": (1, 1),
}


@pytest.mark.parametrize("text", RATES)
def test_a_rate(text: str) -> None:
    assert parse_rate(text) == RATES[text]


@pytest.mark.parametrize(
    "text", ["", "0", "0.0", "-1", "+1", "1,5", "1e3", ".5", "x", "1.2.3", "1000000000001", "٣"]
)
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match=r"decimal|zero|pass|digits"):
        parse_rate(text)


@given(st.integers(1, FX_MAX), st.integers(0, 12))
def test_a_rate_is_read_as_it_is_written(digits: int, decimals: int) -> None:
    text = format_factor(digits, 10**decimals)
    assert Fraction(*parse_rate(text)) == Fraction(digits, 10**decimals)
    assert format_factor(*parse_rate(text)) == text


def csv_bytes(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


def test_a_file() -> None:
    data = b"valid_from, FROM,to,rate,note\n2026-01-01,EUR,USD,1.1,x\n\n2026-01-01,USD,GBP,0.8,\n"
    assert parse_fx(data, "fx.csv", 7).to_pylist() == [
        dict(zip(FX.names, ("EUR", "USD", 11, 10, JAN, 7), strict=True)),
        dict(zip(FX.names, ("USD", "GBP", 4, 5, JAN, 7), strict=True)),
    ]


BAD = {
    "eur,USD,1.1,2026-01-01": "fx.csv:2: from='eur': not a three-letter",
    "EUR,US,1.1,2026-01-01": "fx.csv:2: to='US': not a three-letter",
    "EUR,EUR,1.1,2026-01-01": "fx.csv:2: to='EUR': the same currency on both sides",
    "EUR,USD,1;1,2026-01-01": "fx.csv:2: rate='1;1': not a decimal",
    "EUR,USD,0,2026-01-01": "fx.csv:2: rate='0': zero",
    "EUR,USD,1.1,": "fx.csv:2: valid_from='': neither ISO",
    "EUR,USD,1.1,1999-01-01": "fx.csv:2: valid_from='1999-01-01': outside the years",
    "EUR,USD,1.1": "fx.csv:2: ='EUR,USD,1.1': not as many fields",
    "EUR,USD,1.1,2026-01-01,x": "fx.csv:2: ='.*,x': not as many fields",
    "EUR,USD,1.1,2026-01-01\nEUR,USD,1.2,2026-01-01T00:00Z": (
        "fx.csv:3: valid_from='2026-01-01T00:00Z': the same pair and instant as line 2"
    ),
}


@pytest.mark.parametrize("lines", BAD)
def test_a_bad_row_is_named(lines: str) -> None:
    with pytest.raises(FxRefused, match=BAD[lines]):
        parse_fx(csv_bytes(lines), "fx.csv", 0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "header lacks from, to, rate, valid_from"),
        (b"from,to,rate\n", "header lacks valid_from"),
        (b"from,to,rate,valid_from,to\n", "named twice"),
        (b"\xff", "not UTF-8"),
        (b"a\0b", "NUL"),
        (csv_bytes(), "no rates in it"),
        (csv_bytes('"EUR'), "not CSV"),
    ],
)
def test_what_is_no_file_of_rates(data: bytes, said: str) -> None:
    with pytest.raises(FileRefused, match=f"fx.csv.*{said}"):
        parse_fx(data, "fx.csv", 0)


SELL = version(1, "44,UK,0.6,0,60,60", options={"round_mode": "half_up", "round_decimals": 4})
BUY = buy(2, "44,UK,1000,0,60,60")
CALL = Cdr("1", "sw", "", "acme", "telco", "", "4420", FEB, 60_000, 200, None)


def rated(fx: FxTable, sell: str, bought: str, *cdrs: Cdr) -> tuple[RatedCalls, list[str]]:
    parties = parties_of([CUSTOMER._replace(currency=sell), VENDOR._replace(currency=bought)])
    made = compile_tariff([SELL, BUY], parties, fx.published)
    calls = calls_from(list(cdrs))
    found = rate(calls, *parse_numbers(calls.column("called")), made)
    none = found.reason != 0
    used = [factors(made.fx, row, none) for row in (found.sell_fx, found.buy_fx)]
    told = [
        f"{num}/{den}"
        for pair in used
        for num, den in zip(*(c.tolist() for c in pair), strict=True)
    ]
    return found, told


def test_a_charge_is_in_the_account_s_currency_with_the_rate_used() -> None:
    fx = table(("EUR", "USD", "1.1", JAN, 1))
    found, used = rated(fx, "EUR", "USD", CALL)
    assert found.sell.nanos.tolist() == [545_500_000], "0.6 / 1.1 = 0.54545, once rounded"
    assert found.buy.nanos.tolist() == [1_000 * 10**9]
    assert found.sell_currency.to_pylist() == ["EUR"]
    assert used == ["10/11", "1/1"]


def test_without_a_rate_in_force_a_call_waits() -> None:
    fx = table(("EUR", "USD", "1.1", FEB, 1))
    early = CALL._replace(answered_at=FEB - 1)
    found, used = rated(fx, "EUR", "GBP", CALL, early)
    assert [REASONS[r] for r in found.reason] == ["buy_fx_missing", "sell_fx_missing"]
    assert found.sell.nanos.tolist() == found.buy.nanos.tolist() == [0, 0]
    assert used == ["1/1"] * 4


def test_accounts_in_their_deck_s_currency_need_no_column_of_rates() -> None:
    found, used = rated(table(("EUR", "USD", "1.1", FEB, 1)), "USD", "USD", CALL)
    assert len(found.sell_fx) == len(found.buy_fx) == 0
    assert used == ["1/1", "1/1"]


def test_a_charge_that_does_not_fit_is_suspended() -> None:
    fx = table(("USD", "XXX", "1000000", JAN, 1), ("USD", "XXY", "999999", JAN, 1))
    found, _ = rated(fx, "USD", "XXX", CALL)
    assert REASONS[found.reason[0]] == "charge_too_large"
    assert (found.sell.nanos[0], found.buy.nanos[0], found.buy.billed_s[0]) == (0, 0, 0)
    found, _ = rated(fx, "USD", "XXY", CALL)
    assert found.buy.nanos.tolist() == [999_999_000 * 10**9]
