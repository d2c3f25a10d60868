"""Sums per currency and per destination, and the currency the page shows. Pure.

Money of different currencies is never added, and a margin exists only within one currency.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from billing.money import format_nanos
from clickhouse.queries import Destination, Earning
from dashboards.kpi import percent
from dashboards.schemas import CurrencySum, DestinationRow

DESTINATIONS_SHOWN_MAX: Final = 8
LOSING_SHOWN_MAX: Final = 4
SWITCH_RATIO: Final = Decimal("1.25")
"""Another currency takes over the page only when it earns this much more: no flapping."""


def per_currency(earned: Sequence[Earning]) -> dict[str, tuple[int, int]]:
    """(sell_nanos, buy_nanos) of each currency that has any money."""
    found: dict[str, tuple[int, int]] = {}
    for step in earned:
        if step.sell_nanos or step.buy_nanos:
            sell_nanos, buy_nanos = found.get(step.currency, (0, 0))
            found[step.currency] = (sell_nanos + step.sell_nanos, buy_nanos + step.buy_nanos)
    return found


def main_currency(totals: Mapping[str, tuple[int, int]], shown: str | None) -> str | None:
    """The currency with the largest revenue, staying with the one shown until clearly beaten."""
    if not totals:
        return shown
    largest = max(sorted(totals), key=lambda currency: totals[currency][0])
    if (
        shown is not None
        and shown in totals
        and totals[largest][0] < totals[shown][0] * SWITCH_RATIO
    ):
        return shown
    return largest


def currency_sums(totals: Mapping[str, tuple[int, int]]) -> list[CurrencySum]:
    """One line a currency, the largest revenue first."""
    lines = sorted(totals.items(), key=lambda line: (-line[1][0], line[0]))
    return [
        CurrencySum(
            currency=currency,
            sell=format_nanos(sell_nanos),
            buy=format_nanos(buy_nanos),
            margin=format_nanos(sell_nanos - buy_nanos),
            margin_percent=percent(sell_nanos - buy_nanos, sell_nanos),
        )
        for currency, (sell_nanos, buy_nanos) in lines
    ]


def _row(found: Destination) -> DestinationRow:
    margin_nanos = found.sell_nanos - found.buy_nanos
    whole = not found.foreign_calls
    return DestinationRow(
        name=found.name,
        calls=found.calls,
        billed_s=found.billed_s,
        sell=format_nanos(found.sell_nanos),
        buy=format_nanos(found.buy_nanos),
        margin=format_nanos(margin_nanos) if whole else None,
        margin_percent=percent(margin_nanos, found.sell_nanos) if whole else None,
        foreign_calls=found.foreign_calls,
    )


def _loss_nanos(found: Destination) -> int:
    return 0 if found.foreign_calls else max(0, found.buy_nanos - found.sell_nanos)


def split_destinations(
    found: Sequence[Destination], currency: str | None
) -> tuple[list[DestinationRow], list[DestinationRow], int]:
    """The largest by revenue; the worst losses among the rest; how many lose money at all."""
    mine = [each for each in found if each.currency == currency]
    mine.sort(key=lambda each: (-each.sell_nanos, each.name))
    losing = sum(1 for each in mine if _loss_nanos(each))
    rest = [each for each in mine[DESTINATIONS_SHOWN_MAX:] if _loss_nanos(each)]
    rest.sort(key=lambda each: (-_loss_nanos(each), each.name))
    top = [_row(each) for each in mine[:DESTINATIONS_SHOWN_MAX]]
    return top, [_row(each) for each in rest[:LOSING_SHOWN_MAX]], losing
