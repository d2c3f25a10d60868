"""Why this price: the text's numbers are the kernels' numbers, for any call and any deck."""

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from billing.cdr import normalise
from billing.deck import DeckVersion
from billing.explain import explain
from billing.instants import parse_instant_ms
from billing.money import parse_nanos
from billing.tariff import Tariff
from kernels import Calls, Leg, Numbers, parse_numbers, rate
from tests.billing.decks import tariff, version

JAN, DEC = parse_instant_ms("2026-01-01"), parse_instant_ms("2026-12-01")
AT = parse_instant_ms("2026-06-15T12:00:00Z")
WORDS = ("up", "down", "half_up", "half_down", "half_even")


def explained(made: Tariff, called: str, at_ms: int, duration_ms: int) -> Any:
    return explain(made, "sell", "retail", called, at_ms, duration_ms)


def random_version(number: int, draw: random.Random) -> DeckVersion:
    months = [f"2026-{m:02d}-01" for m in range(1, 13)]
    rows: dict[str, str] = {}
    for _ in range(25):
        code = "4" + "".join(draw.choices("047", k=draw.randint(0, 4)))
        start, end = draw.choice(["", draw.choice(months[:6])]), draw.choice(["", months[8]])
        money = f"{draw.randint(0, 9_999) / 1e4},{draw.choice([0, 0.05])}"
        increments = f"{draw.choice([1, 30, 60])},{draw.choice([0, 1, 6, 18])}"
        rows[code] = f"{code},Place {code},{money},{increments},{start},{end}"
    low = draw.choice([0, 0, 10**8])
    options = {
        "duration_rounding": draw.choice(WORDS),
        "grace_rule": draw.choice(["none", "free_if_at_most", "free_if_below", "deduct"]),
        "grace_s": draw.choice([0, 3, 10]),
        "anchor": draw.choice(["after_initial", "whole_call"]),
        "connect_rule": draw.choice(["additive", "minimum"]),
        "min_charge_nanos": low,
        "max_charge_nanos": draw.choice([-1, low + 10**9]),
        "round_mode": draw.choice(WORDS),
        "round_decimals": draw.choice([2, 4, 6, 9]),
        "attempt_fee_nanos": draw.choice([0, 5_000_000]),
    }
    return version(
        number,
        *rows.values(),
        options=options,
        coverage=draw.choice(["full", "partial"]),
        valid_from_ms=parse_instant_ms(draw.choice(months[:8])),
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_numbers_are_those_of_the_kernels(seed: int) -> None:
    draw = random.Random(seed)
    made = tariff(*(random_version(n, draw) for n in range(1, 4)))
    numbers = [
        draw.choice(["", "+", "00"]) + "4" + "".join(draw.choices("047", k=draw.randint(0, 6)))
        for _ in range(300)
    ]
    at_ms = [draw.choice([JAN, DEC, draw.randint(JAN, DEC)]) for _ in numbers]
    duration_ms = [draw.choice([0, draw.randint(1, 200_000)]) for _ in numbers]
    sell = np.zeros(300, np.int32)
    none = np.empty(0, np.int32)
    calls = Calls(
        Numbers(*parse_numbers(pa.array(numbers))),
        np.array(at_ms),
        np.array(duration_ms, np.int32),
        Leg(sell, none),
        Leg(sell - np.int32(1), none),
    )
    found = rate(calls, made.book).sell
    priced = 0
    for i, (number, at, lasted) in enumerate(zip(numbers, at_ms, duration_ms, strict=True)):
        answer = explained(made, number, at, lasted)
        row = int(found.rate_row[i])
        if row < 0:
            assert (answer.billed_s, answer.nanos) == (None, None)
            continue
        priced += 1
        assert (answer.billed_s, answer.nanos) == (found.billed_s[i], found.nanos[i])
        one = found.rate_row[i : i + 1]
        versions, locals_, prefixes, _ = made.rows.of(one, one < 0)
        place = f"version {versions[0]} row {locals_[0]}, code {prefixes[0]},"
        assert sum(place in line for line in answer.lines) == 1
        last = answer.lines[-1].rsplit(": ", 1)[1]
        assert parse_nanos(last.removesuffix(" USD")) == answer.nanos
    assert priced > 100


def test_every_step_is_told_with_its_numbers() -> None:
    made = tariff(
        version(
            1,
            "44,UK,0.6,0.01,30,18",
            options={
                "grace_rule": "deduct",
                "grace_s": 5,
                "anchor": "whole_call",
                "round_mode": "up",
                "round_decimals": 4,
                "max_charge_nanos": 540_000_000,
                "min_charge_nanos": 20_000_000,
            },
        )
    )
    assert explained(made, "+4420123", AT, 44_500).lines == [
        "sell: deck 'retail'",
        "  number '+4420123' -> 4420123",
        "  answered 2026-06-15T12:00:00.000Z, 44500 ms",
        "  code 44: 'UK', version 1, always to open end: effective",
        "  rate: version 1 row 0, code 44, 'UK'",
        "    0.6 USD/min in the first 30 s, then 0.6 USD/min by 18 s, connect 0.01 (additive), "
        "whole_call",
        "  duration rounded up: 45 s",
        "  grace deduct 5 s",
        "  left after deduction: 40 s",
        "  billed: 54 s = first 30 s + 24 s",
        "  usage: (30 x 0.6 + 24 x 0.6) / 60 = 0.54 USD",
        "  with connect fee: 0.55 USD",
        "  at most 0.54: 0.54 USD",
        "  at least 0.02: 0.54 USD",
        "  net, rounded up to 4 decimals: 0.54 USD",
    ]


def test_what_was_looked_at_and_left() -> None:
    made = tariff(
        version(1, "44,UK,1,0,1,1,,", "447,Mobile,2,0,1,1,,2026-03-01"),
        version(2, "44,UK,3,0,1,1", coverage="partial", valid_from_ms=DEC),
    )
    lines = explained(made, "4470", AT, 1_000).lines
    told = [line for line in lines if line.startswith("  code")]
    assert told == [
        "  code 447: 'Mobile', version 1, always to 2026-03-01T00:00:00.000Z: not effective",
        "  code 44: 'UK', version 1, always to open end: effective",
        "  code 44: 'UK', version 2, 2026-12-01T00:00:00.000Z to open end: not effective",
    ]


def test_without_a_rate_it_says_so() -> None:
    made = tariff(version(1, "44,UK,1,0,1,1"))
    for called in ("4", "33", "44x", ""):
        answer = explained(made, called, AT, 1_000)
        assert (answer.billed_s, answer.nanos) == (None, None)
        assert answer.lines[-1] == "  no code with a rate at that time"


def test_a_free_call_and_an_attempt() -> None:
    options = {"grace_rule": "free_if_at_most", "grace_s": 5, "attempt_fee_nanos": 10**7}
    made = tariff(version(1, "44,UK,1,1,1,1", options=options))
    assert explained(made, "4420", AT, 5_000)[1:] == (0, 0, "")
    assert "  within the grace: free, no connect fee" in explained(made, "4420", AT, 5_000).lines
    assert explained(made, "4420", AT, 0).lines[-1] == "  unanswered: 0.01 USD"
    assert explained(made, "4420", AT, 0)[1:] == (0, 10**7, "")


def test_numbers_are_normalised_as_the_kernels_do() -> None:
    texts = ["+44", "0044", "44", "", "+", "00", "000", "+0044", "44 ", "４４", "++4", "9" * 20]
    digits, count = parse_numbers(pa.array(texts))
    for text, padded, n in zip(texts, digits.tolist(), count.tolist(), strict=True):
        assert normalise(text)[:15] == f"{padded:015d}"[:n]
