"""Where ASR or ACD moved most, by customer and destination: the last hour against the one before.

Pure. An ASR moves by points, an ACD by its part of what it was; the larger of both is the rank.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from clickhouse.queries import Tried
from dashboards.kpi import TENTH, percent, tenths
from dashboards.schemas import MoverRow

SPAN_MS: Final = 3_600_000
ATTEMPTS_MIN: Final = 30
"""in each of the two hours"""
SHOWN_MAX: Final = 6
MOVED_MIN: Final = Decimal(5)
"""points of ASR, or % of ACD: less is no news"""


def rows(found: Sequence[Tried]) -> list[MoverRow]:
    """The largest changes first; what hardly moved is left out."""
    made = [_row(each) for each in found]
    moved = [row for row in made if _rank(row) >= MOVED_MIN]
    moved.sort(key=lambda row: (-_rank(row), row.customer, row.destination))
    return moved[:SHOWN_MAX]


def _row(found: Tried) -> MoverRow:
    asr_before = percent(found.answered_then, found.attempts_then)
    acd_before = tenths(found.billed_s_then, found.answered_then)
    asr = percent(found.answered_now, found.attempts_now)
    acd_s = tenths(found.billed_s_now, found.answered_now)
    return MoverRow(
        customer=found.customer,
        destination=found.destination,
        attempts=found.attempts_now,
        attempts_before=found.attempts_then,
        asr=asr,
        asr_before=asr_before,
        asr_delta=_less(asr, asr_before),
        acd_s=acd_s,
        acd_s_before=acd_before,
        acd_delta_percent=_part(acd_s, acd_before),
    )


def _rank(row: MoverRow) -> Decimal:
    return max(abs(Decimal(each or 0)) for each in (row.asr_delta, row.acd_delta_percent))


def _less(now: str | None, then: str | None) -> str | None:
    if now is None or then is None:
        return None
    return format(Decimal(now) - Decimal(then), "f")


def _part(now: str | None, then: str | None) -> str | None:
    """The change in % of what it was; None where there was nothing to be a part of."""
    if now is None or then is None or not Decimal(then):
        return None
    part = (Decimal(now) - Decimal(then)) * 100 / Decimal(then)
    return str(part.quantize(TENTH, ROUND_HALF_EVEN))
