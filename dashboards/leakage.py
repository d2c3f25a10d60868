"""Sold against bought, per group: what is earned, what leaks and why. Pure; rows in.

CAUSES says what each cause means, once: the pages and docs/console.md have the same words. A call
has one cause, the first that holds. Sums and orders never cross currencies. Calls sold and bought
in two currencies have a margin only by an exchange rate, which then stands beside it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from billing.fx import format_factor
from billing.money import format_nanos
from clickhouse.route_money import Cause, Money
from dashboards.leakage_schemas import CauseSum, DayMoney, LeakLine, Ranking, RouteView

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
    "any": "Whatever leaks: the call has a margin.",
}
RANKED_MAX: Final = 100
REPRICE_MAX: Final = 500
PLACES: Final = 1_000
"""nanos in the last of six decimals"""
Rate = Callable[[str, str], tuple[int, int] | None]
"""(bought, sold) currencies -> how many of the second one of the first is, as a fraction"""


def cause_sums(found: Iterable[Money], rate: Rate) -> list[CauseSum]:
    """Sums by currency and cause, in the order of CAUSES."""
    order = list(CAUSES)
    own = sorted(found, key=lambda m: (m.sell_currency, m.buy_currency, order.index(m.cause)))
    return [_cause_sum(m, rate(m.buy_currency, m.sell_currency)) for m in own]


def day_sums(found: Iterable[Money]) -> list[DayMoney]:
    """Days by currencies, the newest first; of groups by day and cause."""
    own: dict[tuple[str, str, str], list[Money]] = defaultdict(list)
    for m in found:
        own[m.day, m.sell_currency, m.buy_currency].append(m)
    return [_day(*key, own[key]) for key in sorted(own, key=lambda k: (k[0], *k[1:]))[::-1]]


def _day(day: str, sell_currency: str, buy_currency: str, rows: list[Money]) -> DayMoney:
    sold, bought, leak = (
        sum(getattr(m, name) for m in rows) for name in ("sell_nanos", "buy_nanos", "leak_nanos")
    )
    waits = sum(m.calls for m in rows if m.cause in ("suspended", "sell_only"))
    whole = sell_currency == buy_currency and sell_currency != ""
    return DayMoney(
        day=day,
        calls=sum(m.calls for m in rows),
        sold=format_nanos(sold),
        sell_currency=sell_currency,
        bought=format_nanos(bought),
        buy_currency=buy_currency,
        margin=format_nanos(sold - bought) if whole else None,
        leak=format_nanos(leak),
        waiting=waits,
    )


def leak_line(m: Money) -> LeakLine:
    """A customer by a vendor to a destination, with what leaks."""
    return LeakLine(
        customer=m.customer,
        vendor=m.vendor,
        destination=m.destination,
        cause=m.cause,
        **_figures(m),
        leak=format_nanos(m.leak_nanos),
    )


def routes(found: Iterable[Money], before: Iterable[Money] = ()) -> list[RouteView]:
    """What groups of one kind and currency earn, the least margin first.

    found, before: of `earned`, the second of the window before it.
    """
    then = {_name(m): m.sell_nanos - m.buy_nanos for m in before}
    own = sorted(found, key=lambda m: (m.sell_nanos - m.buy_nanos, _name(m)))
    return [_route(m, then) for m in own]


def ranking(found: list[RouteView]) -> Ranking:
    """Both ends of what `routes` found."""
    return Ranking(count=len(found), least=found[:RANKED_MAX], most=found[: -RANKED_MAX - 1 : -1])


def losing(found: list[RouteView]) -> list[RouteView]:
    """Those whose margin is below zero."""
    return [each for each in found if each.margin.startswith("-")]


def main_currency(found: Iterable[Money]) -> str:
    """The sold currency of most calls, "" without calls; of equal ones the first by name."""
    counts = sorted((-m.calls, m.sell_currency) for m in found)
    return counts[0][1] if counts else ""


def break_even(money: Money) -> str | None:
    """The price a minute, up to six decimals, at which the billed seconds would pay the cost."""
    if not money.sell_s:
        return None
    nanos = -(-money.buy_nanos * 60 // money.sell_s)
    return format_nanos(-(-nanos // PLACES) * PLACES)


def _name(m: Money) -> str:
    return {
        "day": m.day,
        "customer": m.customer,
        "vendor": m.vendor,
        "destination": m.destination,
    }[m.by]


def _cause_sum(m: Money, rate: tuple[int, int] | None) -> CauseSum:
    own = {**_figures(m), "rate": None}
    if m.cause == "currencies" and rate:
        cost_nanos = -(-m.buy_nanos * rate[0] // rate[1])
        own |= {"margin": format_nanos(m.sell_nanos - cost_nanos), "rate": format_factor(*rate)}
    return CauseSum(cause=m.cause, means=CAUSES[m.cause], **own, leak=format_nanos(m.leak_nanos))


def _route(m: Money, before: Mapping[str, int]) -> RouteView:
    margin = m.sell_nanos - m.buy_nanos
    percent = f"{margin * 1000 // m.sell_nanos / 10:.1f}" if m.sell_nanos else None
    figures = _figures(m)
    name = _name(m)
    return RouteView(
        name=name,
        **{name: figures[name] for name in ("calls", "minutes", "sold", "bought")},
        currency=m.sell_currency,
        margin=format_nanos(margin),
        margin_before=format_nanos(before[name]) if name in before else None,
        margin_percent=percent,
        now_per_min=format_nanos(m.sell_nanos * 60 // m.sell_s) if m.sell_s else None,
        break_even_per_min=break_even(m),
    )


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
