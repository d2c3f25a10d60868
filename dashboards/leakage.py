"""Sold against bought, per group: what is earned, what leaks and why. Pure; rows in.

CAUSES says what each cause means, once: the pages and docs/console.md have the same words. A call
has one cause, the first that holds. Sums never cross currencies; a margin stands only where a call
is sold and bought in one currency.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from billing.money import format_nanos
from clickhouse.route_money import Cause, Money
from dashboards.leakage_schemas import CauseSum, LeakLine, RouteView

CAUSES: Final[dict[Cause, str]] = {
    "suspended": "In suspense: a rate or an account is missing, so there is no price yet.",
    "sell_only": "Sold, but no leg was bought: the cost is not known.",
    "currencies": "Sold in another currency than bought: the margin depends on an exchange rate.",
    "negative": "Bought dearer than sold; the leak is the difference.",
    "increments": "More seconds are paid for than are billed; the leak is what these seconds cost "
    "at the call's own price a second, rounded down to the nano.",
    "codes": "The dial codes that price the two legs differ in length: the sell rate does not "
    "follow the cost. Nothing is said to leak by it.",
    "none": "None of these.",
}
PLACES: Final = 1_000
"""nanos in the last of six decimals"""
Group = Callable[[Money], tuple[str, ...]]


def cause_sums(found: Iterable[Money]) -> list[CauseSum]:
    """Sums by currency and cause, in the order of CAUSES."""
    order = list(CAUSES)
    own = _summed(found, lambda m: (m.sell_currency, m.buy_currency, m.cause))
    own.sort(key=lambda m: (m.sell_currency, m.buy_currency, order.index(m.cause)))
    return [
        CauseSum(
            cause=m.cause, means=CAUSES[m.cause], **_figures(m), leak=format_nanos(m.leak_nanos)
        )
        for m in own
    ]


def lines(found: Sequence[Money], rows_max: int) -> list[LeakLine]:
    """Customer, vendor and destination with what leaks, the most first."""
    leaking = [m for m in found if m.cause != "none"]
    return [
        LeakLine(
            customer=m.first,
            vendor=m.vendor,
            destination=m.destination,
            cause=m.cause,
            **_figures(m),
            leak=_leak(m),
        )
        for m in leaking[:rows_max]
    ]


def routes(found: Iterable[Money]) -> list[RouteView]:
    """Groups of one name and currency, the least margin first; only calls that have a margin."""
    priced = [m for m in found if m.cause not in ("suspended", "sell_only", "currencies")]
    own = _summed(priced, lambda m: (_name(m), m.sell_currency))
    own.sort(key=lambda m: (m.sell_nanos - m.buy_nanos, _name(m)))
    return [_route(m) for m in own]


def break_even(money: Money) -> str | None:
    """The price a minute, up to six decimals, at which the billed seconds would pay the cost."""
    if not money.sell_s:
        return None
    nanos = -(-money.buy_nanos * 60 // money.sell_s)
    return format_nanos(-(-nanos // PLACES) * PLACES)


def _name(m: Money) -> str:
    return m.first or m.vendor or m.destination


def _route(m: Money) -> RouteView:
    margin = m.sell_nanos - m.buy_nanos
    percent = f"{margin * 1000 // m.sell_nanos / 10:.1f}" if m.sell_nanos else None
    figures = _figures(m)
    return RouteView(
        name=_name(m),
        **{name: figures[name] for name in ("calls", "minutes", "sold", "bought")},
        currency=m.sell_currency,
        margin=format_nanos(margin),
        margin_percent=percent,
        now_per_min=format_nanos(m.sell_nanos * 60 // m.sell_s) if m.sell_s else None,
        break_even_per_min=break_even(m),
    )


def _leak(m: Money) -> str:
    return format_nanos(m.leak_nanos)


def _figures(m: Money) -> dict[str, Any]:
    same = m.sell_currency == m.buy_currency and m.cause not in ("suspended", "sell_only")
    return {
        "calls": m.calls,
        "minutes": f"{m.duration_ms // 6_000 / 10:.1f}",
        "sold": format_nanos(m.sell_nanos),
        "sell_currency": m.sell_currency,
        "bought": format_nanos(m.buy_nanos),
        "buy_currency": m.buy_currency,
        "margin": format_nanos(m.sell_nanos - m.buy_nanos) if same else None,
    }


def _summed(found: Iterable[Money], group: Group) -> list[Money]:
    own: dict[tuple[str, ...], Money] = {}
    for m in found:
        key = group(m)
        if key not in own:
            own[key] = m
            continue
        sums = {name: getattr(own[key], name) + getattr(m, name) for name in _ADDED}
        own[key] = own[key]._replace(**sums)
    return list(own.values())


_ADDED: Final = (
    *("calls", "duration_ms", "sell_s", "buy_s"),
    *("sell_nanos", "buy_nanos", "leak_nanos"),
)
