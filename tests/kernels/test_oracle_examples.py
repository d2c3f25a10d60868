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
    "yeti-time-limit": "how long a balance lasts: credit, not a charge",
    "yeti-fx": "a rate converted to another currency: a charge is in its deck's currency",
    "cgrates-rerate-refund": "two charges and a balance in between",
}
"""rows that no single charge can answer, and why"""
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
