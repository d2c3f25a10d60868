"""A batch of demo calls, what became of each on purpose, and the account of it.

What holds: in any Truth, sent = rated + duplicate + dead + unknown_customer + unknown_destination.
"""

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("call_id", pa.string()),
        ("switch", pa.string()),
        ("answered_at", pa.timestamp("ms", tz="UTC")),
        ("duration_ms", pa.int64()),
        ("calling", pa.string()),
        ("called", pa.string()),
        ("customer", pa.string()),
        ("vendor", pa.string()),
        ("sip_code", pa.uint16()),
        ("pdd_ms", pa.uint32()),
    ]
)


class Fate(IntEnum):
    """What a correct rater makes of a record. From NEGATIVE_DURATION on: a dead letter."""

    RATED = 0
    DUPLICATE = 1
    UNKNOWN_CUSTOMER = 2
    UNKNOWN_DESTINATION = 3
    NEGATIVE_DURATION = 4
    BAD_TIME = 5
    NO_CALL_ID = 6
    GARBAGE = 7

    @property
    def is_dead(self) -> bool:
        """Whether the record cannot be read as a call."""
        return self >= Fate.NEGATIVE_DURATION


@dataclass(frozen=True, slots=True)
class Dirt:
    """Shares of the calls, each 0..1. `duplicate` calls are sent twice, the rest are spoilt."""

    duplicate: float = 0.002
    malformed: float = 0.0005
    unknown_customer: float = 0.0005
    unknown_destination: float = 0.001

    def __post_init__(self) -> None:
        shares = [getattr(self, field.name) for field in fields(self)]
        if min(shares) < 0 or sum(shares) > 1:
            raise ValueError(f"shares of dirt must be >= 0 and together <= 1: {self}")


CLEAN = Dirt(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Truth:
    """What was sent, in records, and what must come of it; add them up with `+`.

    The `_ms` sums are of the duration field; dead records have none that could be relied on.
    """

    sent: int = 0
    rated: int = 0
    duplicate: int = 0
    dead: int = 0
    unknown_customer: int = 0
    unknown_destination: int = 0
    rated_ms: int = 0
    duplicate_ms: int = 0
    suspended_ms: int = 0

    @property
    def suspended(self) -> int:
        """Records that no rate or no account was found for."""
        return self.unknown_customer + self.unknown_destination

    def __add__(self, other: "Truth") -> "Truth":
        return Truth(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True, eq=False)
class Batch:
    """Records in the order sent (`records` has SCHEMA) and the Fate of each.

    Dirt in `records`: a negative duration is there, a bad time and a missing id are null,
    garbage is a row of nulls; the encoders write what a switch would.
    """

    records: Any
    fate: npt.NDArray[np.uint8]

    def truth(self) -> Truth:
        """The account of this batch alone."""
        counts = np.bincount(self.fate, minlength=len(Fate)).tolist()
        duration_ms = self.records.column("duration_ms").fill_null(0).to_numpy()
        sums = [int(duration_ms[self.fate == fate].sum()) for fate in Fate if not fate.is_dead]
        return Truth(
            sent=self.records.num_rows,
            rated=counts[Fate.RATED],
            duplicate=counts[Fate.DUPLICATE],
            dead=sum(counts[fate] for fate in Fate if fate.is_dead),
            unknown_customer=counts[Fate.UNKNOWN_CUSTOMER],
            unknown_destination=counts[Fate.UNKNOWN_DESTINATION],
            rated_ms=sums[Fate.RATED],
            duplicate_ms=sums[Fate.DUPLICATE],
            suspended_ms=sums[Fate.UNKNOWN_CUSTOMER] + sums[Fate.UNKNOWN_DESTINATION],
        )

    def by_customer(self) -> list[tuple[str, "Batch"]]:
        """One batch per customer, order kept, for topics keyed by customer; garbage has key ""."""
        names = self.records.column("customer").fill_null("").dictionary_encode()
        of_row = names.indices.to_numpy()
        parts = []
        for i, name in enumerate(names.dictionary.to_pylist()):
            rows = np.flatnonzero(of_row == i)
            parts.append((name, Batch(self.records.take(pa.array(rows)), self.fate[rows])))
        return parts
