"""A generated deck against one made the slow way, by fractions and a scan of every rate."""

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Decimal,
    localcontext,
)
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.deck import DeckVersion
from billing.deck_margin.generate import Made, generate, rounded
from billing.deck_margin.rules import parse_rules
from billing.errors import OptionsRefused
from billing.fx import FX
from kernels.layout import ROUNDINGS
from tests.billing.deck_diff.worlds import NOW, deck, paid, row

DATE = "2025-12-05"
"""the date of NOW or later: every rate has begun"""
DECIMAL = {
    "up": ROUND_CEILING,
    "down": ROUND_DOWN,
    "half_up": ROUND_HALF_UP,
    "half_down": ROUND_HALF_DOWN,
    "half_even": ROUND_HALF_EVEN,
}


def rules(margins: str = '[[margin]]\npercent = "10"', **buy: Any) -> str:
    decks = buy.pop("decks", ["a"])
    rounding = buy.pop("round", 'mode = "up"\ndecimals = 4')
    more = "\n".join(f"{name} = {value!r}" for name, value in buy.items())
    return f"""
[sell]
deck = "gold"
valid_from = "{DATE}"
[buy]
decks = {decks!r}
{more}
[round]
{rounding}
{margins}
"""


def made(text: str, **lines: DeckVersion) -> Made:
    return generate(parse_rules(text, "r.toml"), {name: [own] for name, own in lines.items()})


def sold(found: Made) -> dict[str, str | None]:
    """Code -> rate, None where it is blocked."""
    return {
        r["prefix"]: None
        if r["blocked"]
        else str(Decimal(r["next_rate_nanos"]).scaleb(-9).normalize())
        for r in found.rates.to_pylist()
    }


A = deck(1, "44,UK,0.01,0,1,1", "447,UK Mobile,0.02,0,1,1")
B = deck(1, "44,Britain,0.012,0,60,60", "4420,London,0.008,0,1,1", "33,France,0.01,0,1,1")


def test_per_cent_of_one_vendor() -> None:
    found = made(rules(), a=A)
    assert sold(found) == {"44": "0.011", "447": "0.022"}
    assert (found.blocked, found.no_vendor) == (0, 0)


def test_codes_of_all_vendors_and_the_cheapest_of_them() -> None:
    text = rules('[[margin]]\nfixed = "0.001"', decks=["a", "b"])
    assert sold(made(text, a=A, b=B)) == {
        "33": "0.011",
        "44": "0.011",
        "4420": "0.009",
        "447": "0.013",
    }


def test_the_second_cheapest_and_the_average() -> None:
    second = rules('[[margin]]\nfixed = "0"', decks=["a", "b"], depth=2)
    assert sold(made(second, a=A, b=B)) == {
        "33": None,
        "44": "0.012",
        "4420": "0.01",
        "447": "0.02",
    }
    average = rules("[[margin]]\n", decks=["a", "b"], depth=2, take="average", too_few="use_fewer")
    assert sold(made(average, a=A, b=B)) == {
        "33": "0.01",
        "44": "0.011",
        "4420": "0.009",
        "447": "0.016",
    }


def test_increments_of_vendors_count_by_the_sample() -> None:
    text = rules("[[margin]]\n", decks=["a", "b"], sample_s=[30])
    # 30 s of B's 60/60 at 0.012 cost 0.012: 0.024 a minute; A's cost 0.01.
    assert sold(made(text, a=A, b=B))["44"] == "0.01"
    only_b = rules("[[margin]]\n", decks=["b"], sample_s=[30])
    assert sold(made(only_b, b=B))["44"] == "0.024"


def test_the_first_margin_that_fits() -> None:
    margins = """
[[margin]]
destinations = ["*mobile*"]
percent = "50"
most = "0.005"
[[margin]]
prefixes = ["+33"]
percent = "1"
least = "0.002"
[[margin]]
fixed = "0.0001"
"""
    found = sold(made(rules(margins, decks=["a", "b"]), a=A, b=B))
    # The cheapest for 447 is B's 44 at 0.012; half of it is more than the most.
    assert found == {"33": "0.012", "44": "0.0101", "4420": "0.0081", "447": "0.017"}


def test_a_code_that_is_blocked_at_all_vendors_is_blocked() -> None:
    old = deck(1, "44,UK,0.01,0,1,1", "449,Premium,,,,,,,,,yes")
    assert sold(made(rules(), a=old)) == {"44": "0.011", "449": None}


def test_vendors_in_another_currency() -> None:
    euro = A._replace(options=A.options._replace(currency="EUR"))
    with pytest.raises(OptionsRefused, match="no exchange rate to USD"):
        made(rules(), a=euro)
    rates = [("EUR", "USD", 11, 10, 0, 0)]
    fx = pa.Table.from_pylist([dict(zip(FX.names, r, strict=True)) for r in rates], schema=FX)
    found = generate(parse_rules(rules(), "r.toml"), {"a": [euro]}, fx)
    assert sold(found) == {"44": "0.0121", "447": "0.0242"}


def test_a_destination_without_margin() -> None:
    with pytest.raises(OptionsRefused, match=r"no .*margin.* fits code 44, 'UK'"):
        made(rules('[[margin]]\nprefixes = ["33"]'), a=A)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (rules("[[margin]]\npercent = 10"), 'a percentage is a text, such as "12.5"'),
        (rules('[[margin]]\nfixed = "-1"'), "margin 1: fixed='-1': 0 to 1000"),
        (rules('[[margin]]\nleast = "2"\nmost = "1"'), "most 1 is less than least"),
        (rules('[[margin]]\nprefixes = ["x"]'), "digits"),
        (rules(depth=0), "buy.depth=0: a whole number"),
        (rules(take="best"), "one of nth, average"),
        (rules(round='mode = "sideways"'), "round.mode='sideways'"),
        (rules(""), "tables .*margin.* are needed"),
        ("sell = 1", "expected a table"),
    ],
)
def test_bad_rules_are_refused(text: str, said: str) -> None:
    with pytest.raises(OptionsRefused, match=said):
        parse_rules(text, "r.toml")


@given(st.integers(0, 10**6), st.integers(1, 1_000), st.sampled_from(ROUNDINGS))
def test_rounding_is_that_of_decimals(up: int, down: int, mode: str) -> None:
    with localcontext() as context:
        context.prec = 60
        exact = Fraction(up, down)
        if exact.denominator in (1, 2, 4, 5, 8, 10, 20, 25, 40, 50, 100, 125, 200, 250, 500, 1_000):
            wanted = (Decimal(up) / Decimal(down)).to_integral_value(DECIMAL[mode])
            assert rounded(up, down, mode) == int(wanted)
    assert abs(rounded(up, down, mode) - exact) < 1


CODES = st.text("012", min_size=1, max_size=3).filter(lambda c: c[:2] != "00")
BUY = st.dictionaries(CODES, st.integers(1, 40), min_size=1, max_size=5)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(BUY, min_size=1, max_size=4),
    st.integers(1, 3),
    st.sampled_from(["nth", "average"]),
    st.sampled_from(["block", "use_fewer"]),
    st.integers(-50, 100),
    st.integers(0, 3),
    st.integers(0, 9),
    st.sampled_from(ROUNDINGS),
)
def test_every_rate_is_that_of_the_slow_way(
    buys: list[dict[str, int]],
    depth: int,
    take: str,
    too_few: str,
    percent: int,
    least: int,
    decimals: int,
    mode: str,
) -> None:
    lines = {
        f"v{i}": deck(1, *(row(f"{c},to {c},0.0{r:02d},0,1,1", NOW) for c, r in own.items()))
        for i, own in enumerate(buys)
    }
    margin = f'[[margin]]\npercent = "{percent}"\nleast = "0.00{least}"'
    rounding = f'mode = "{mode}"\ndecimals = {decimals}'
    text = rules(margin, decks=list(lines), depth=depth, take=take, too_few=too_few, round=rounding)
    found = {
        r["prefix"]: None if r["blocked"] else r["next_rate_nanos"]
        for r in made(text, **lines).rates.to_pylist()
    }
    assert set(found) == {code for own in buys for code in own}
    unit = 10 ** (9 - decimals)
    for code, sell in found.items():
        prices = (paid([own], code, NOW) for own in lines.values())
        costs = sorted(price for price in prices if price is not None)[:depth]
        if len(costs) < depth and too_few == "block":
            assert sell is None
            continue
        buy = Fraction(sum(costs), len(costs)) if take == "average" else Fraction(costs[-1])
        exact = buy + max(buy * percent / 100, Fraction(least * 1_000_000))
        quotient = exact / unit
        assert sell == rounded(quotient.numerator, quotient.denominator, mode) * unit
