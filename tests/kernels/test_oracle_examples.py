"""Worked examples from other systems' tests and documents, read from beside the repository."""

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from kernels.charge import charge
from tests.kernels.compiled import charge_arguments
from tests.kernels.naive import NANOS, Price, Rule, naive_charge

EXAMPLES = Path(__file__).parents[3] / "shared" / "oracle" / "rating_examples.jsonl"
NOT_ONE_CHARGE = {
    "yeti-time-limit": "how long a balance lasts",
    "yeti-fx": "a charge in another currency than its rate",
    "cgrates-rerate-refund": "two charges and a balance in between",
}
"""rows that no single charge can answer, and why; each has a test of its own below"""
NOT_OF_A_CHARGE = {"gross": "VAT belongs to the invoice", "vat_percent": "the same", "source": ""}
"""fields of a row that are left out, and why"""


def read() -> dict[str, dict[str, Any]]:
    if not EXAMPLES.is_file():
        return {}
    rows = [json.loads(line) for line in EXAMPLES.read_text().splitlines()]
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows}


ROWS = read()
NAMES = [name for name in ROWS if name not in NOT_ONE_CHARGE] or ["(none)"]
needs_examples = pytest.mark.skipif(
    not ROWS, reason="the worked examples are not beside the repository"
)


def nanos(text: str) -> int:
    value = Decimal(text) * NANOS
    assert value == int(value)
    return int(value)


def rule_of(row: dict[str, Any]) -> Rule:
    mode, decimals = row.get("round") or ("half_up", 9)
    grace = row.get("grace") or {"seconds": 0, "rule": "none"}
    return Rule(
        duration_rounding=row.get("duration_rounding", "up"),
        grace_rule=grace["rule"],
        grace_s=grace["seconds"],
        anchor=row.get("anchor", "after_initial"),
        connect_rule=row.get("connect_rule", "additive"),
        round_mode=mode,
        round_decimals=decimals,
    )


def price_of(row: dict[str, Any]) -> Price:
    """A row without rates is one minute at the usage, or the amount, that it gives."""
    minute = nanos(row.get("usage") or row.get("amount") or "0")
    return Price(
        nanos(row["first_rate"]) if "first_rate" in row else minute,
        nanos(row["next_rate"]) if "next_rate" in row else minute,
        nanos(row.get("connect_fee", "0")),
        row.get("first_increment", 60 if minute else 1),
        row.get("next_increment", 60 if minute else 1),
    )


@needs_examples
@pytest.mark.parametrize("name", NAMES)
def test_example(name: str) -> None:
    row = ROWS[name]
    duration_ms = int(Decimal(row.get("duration_s", "60")) * 1_000)
    price, rule = price_of(row), rule_of(row)
    billed_s, net = charge(*charge_arguments(duration_ms, price, rule))
    assert (billed_s, net) == naive_charge(duration_ms, price, rule)
    asked = set(row) & {"billed_s", "rounded_duration_s", "net", "rounded"}
    assert asked, "the row expects nothing that a charge has"
    for field in asked & {"billed_s", "rounded_duration_s"}:
        assert billed_s == row[field]
    for field in asked & {"net", "rounded"}:
        expected = Decimal(row[field]).quantize(Decimal("1e-9"), ROUND_HALF_UP)
        assert Decimal(net) / NANOS == expected


@needs_examples
def test_every_row_is_tested_or_left_out_with_a_reason() -> None:
    assert set(ROWS) == set(NAMES) | set(NOT_ONE_CHARGE)
    used = {
        *("id", "duration_s", "usage", "amount", "billed_s", "rounded_duration_s", "net"),
        *("rounded", "round", "grace", "anchor", "connect_rule", "duration_rounding"),
        *("connect_fee", "first_rate", "next_rate", "first_increment", "next_increment"),
    }
    for name in NAMES:
        assert set(ROWS[name]) <= used | set(NOT_OF_A_CHARGE), name


def one_minute(rate: str, fx: tuple[int, int] = (1, 1)) -> int:
    """What a minute costs at a rate, billed by the second."""
    price = Price(nanos(rate), nanos(rate), 0, 1, 1)
    return charge(*charge_arguments(60_000, price, Rule(), fx))[1]


@needs_examples
def test_yeti_fx() -> None:
    row = ROWS["yeti-fx"]
    factor = (int(Decimal(row["rate_currency_value"])), int(Decimal(row["account_currency_value"])))
    assert one_minute(row["rate"], factor) == nanos(row["rate_in_account_currency"])


@needs_examples
def test_yeti_time_limit() -> None:
    row = ROWS["yeti-time-limit"]
    price, left = price_of(row), nanos(row["balance"]) - nanos(row["min_balance"])

    def cost(seconds: int) -> int:
        return charge(*charge_arguments(seconds * 1_000, price, Rule()))[1]

    assert cost(row["max_duration_s"]) <= left < cost(row["max_duration_s"] + 1)


@needs_examples
def test_cgrates_rerate_refund() -> None:
    row = ROWS["cgrates-rerate-refund"]
    balance = nanos(row["balance_before"]) - one_minute(row["first_charge"])
    assert balance == nanos(row["balance_after_first"])
    balance += one_minute(row["first_charge"]) - one_minute(row["second_charge"])
    assert balance == nanos(row["balance_after_rerate"])
