"""The real A-Z deck beside the repository: naive rows, and calls to its numbers."""

import csv
import random
from decimal import Decimal
from pathlib import Path

import pytest

from tests.kernels.naive import NANOS, Price, RateRow, Rule

DECK = Path(__file__).parents[3] / "shared" / "data" / "az_deck_36k.csv"
needs_deck = pytest.mark.skipif(
    not DECK.is_file(), reason="the real deck is not beside the repository"
)
FIRST_MS = 1_767_225_600_000  # 2026-01-01
MONTH_MS = 30 * 86_400_000


def deck_rows() -> list[RateRow]:
    """The deck read the plain way."""
    with DECK.open(newline="") as file:
        return [
            RateRow(
                row["prefix"],
                -(2**62),
                2**62,
                Price(
                    int(Decimal(row["rate_per_min"]) * NANOS),
                    int(Decimal(row["rate_per_min"]) * NANOS),
                    int(Decimal(row["connect_fee"]) * NANOS),
                    int(row["first_increment"]),
                    int(row["next_increment"]),
                ),
                Rule(),
            )
            for row in csv.DictReader(file)
        ]


def write_calls(path: Path, calls: int, seed: int = 1) -> None:
    """A CSV of calls to codes of the deck, one in fifty to a number made up."""
    draw = random.Random(seed)
    codes = [row.code for row in deck_rows()]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["call_id", "answered_at", "called", "duration_ms"])
        for n in range(calls):
            code = draw.choice(codes) if draw.random() < 0.98 else ""
            number = code + str(draw.randrange(10**9))[: draw.randint(1, 9)]
            duration_ms = 0 if draw.random() < 0.3 else int(draw.expovariate(1 / 120_000))
            writer.writerow(
                [f"c{n}", FIRST_MS + draw.randrange(MONTH_MS), f"+{number}", duration_ms]
            )
