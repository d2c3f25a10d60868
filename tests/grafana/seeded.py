"""A database with something of everything that the dashboards show, and what was put in.

Calls arrive within the five minutes that the console's tiles look at, some before them; in two
currencies, suspended, unanswered, bought in another currency, written twice, re-rated.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from clickhouse_connect.driver.client import Client

from dashboards.kpi import RATIO_MS, window_end_ms
from tests.dashboards.fraud import store_alert, store_fraud_action
from tests.dashboards.traffic import (
    Call,
    Dead,
    store_calls,
    store_dead,
    store_duplicates,
    store_rates,
)
from tests.grafana.macros import ALL, View

CALLS: Final = 120
SETTLED_MS: Final = 20_000
SIP_UNANSWERED: Final = (480, 486, 487, 503, 600, 603, 404)
DESTINATIONS: Final = ("Latvia - Mobile", "Spain - Premium", "O'Higgins, \\Chile", "France")
CENT: Final = 10_000_000


@dataclass(frozen=True)
class Seeded:
    """The client, the moment, and the calls as they are stored now: the last version of each."""

    client: Client
    now_ms: int
    calls: list[Call]

    @property
    def end_ms(self) -> int:
        """The end of the console's windows."""
        return window_end_ms(self.now_ms)

    @property
    def inside(self) -> list[Call]:
        """The calls of the last five minutes."""
        start_ms = self.end_ms - RATIO_MS
        return [call for call in self.calls if start_ms <= call.received_ms < self.end_ms]

    def view(self, currency: str = "EUR", customer: str = ALL, vendor: str = ALL) -> View:
        """Grafana looking at those minutes; its ranges have both ends in them."""
        chosen = {"currency": currency, "customer": [customer], "vendor": [vendor]}
        return View(self.end_ms - RATIO_MS, self.end_ms - 1, 60, chosen)


def drawn(now_ms: int) -> Iterator[Call]:
    """Calls from a seed. Each has an offset of its own."""
    draw = Random(8)
    end_ms = window_end_ms(now_ms)
    for offset in range(CALLS):
        answered = draw.random() < 0.55
        usd = draw.random() < 0.3
        currency = "USD" if usd else "EUR"
        foreign = draw.random() < 0.05
        destination = draw.randrange(len(DESTINATIONS))
        sell_nanos = draw.randrange(CENT) * answered
        yield Call(
            offset,
            end_ms - SETTLED_MS - draw.randrange(RATIO_MS + 60_000),
            duration_ms=draw.choice((1_500, 6_000, 59_999, 240_000)) * answered,
            sell_nanos=sell_nanos,
            buy_nanos=sell_nanos * (3 if destination == 1 else 1) // 2 + draw.randrange(CENT // 9),
            currency=currency,
            buy_currency={"USD": "EUR", "EUR": "USD"}[currency] if foreign else currency,
            rate_row=destination,
            reason=draw.choice(("", "", "", "", "", "", "", "no_rate", "unknown_account")),
            customer=draw.choice(("acme", "o'neill", "atlas")),
            vendor=draw.choice(("carrier-a", "carrier-b")),
            age_ms=draw.choice((0, 0, 3 * 86_400_000)),
            sip_code=None if answered else draw.choice(SIP_UNANSWERED),
            pdd_ms=draw.choice((None, draw.randrange(200, 9_000))),
        )


def seed(client: Client, now_ms: int) -> Seeded:
    """Write everything; calls of every fifth offset twice, of every ninth again at a new price."""
    calls = list(drawn(now_ms))
    store_rates(client, DESTINATIONS)
    store_calls(client, calls)
    store_calls(client, calls[::5])
    rerated = [replace(call, sell_nanos=call.sell_nanos * 2, version=2) for call in calls[::9]]
    store_calls(client, rerated, receipts=False)
    calls[::9] = rerated
    at_ms = window_end_ms(now_ms) - SETTLED_MS
    store_dead(client, [Dead(1_000 + n, at_ms - n, duration_ms=10 * n) for n in range(4)])
    store_duplicates(client, calls[:3], 2_000)
    store_alert(client, "alert-1", "critical", 7 * 10**9, at_ms)
    store_alert(client, "alert-2", "critical", 9 * 10**9, at_ms - 1_000)
    store_alert(client, "alert-3", "warning", 10**9, at_ms - 2_000)
    store_fraud_action(client, "alert-2", "confirm", at_ms)
    return Seeded(client, now_ms, calls)
