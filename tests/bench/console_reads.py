"""What the console's questions cost ClickHouse: `make bench-console-reads`.

The calls of `tests.bench.grafana`: seven days, ten a second. Beside each question stands a plain
sum over the same rows of `charge` or `cdr`, in the same run: what reading them takes at least. The
last line is JSON.
"""

import json
import time
from collections.abc import Callable
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from billing.instants import DAY_MS
from clickhouse import queries
from clickhouse.queries import SETTINGS, Spans
from clickhouse.route_money import earned, leaks
from tests.bench.grafana import CALLS, DAYS, filled
from tests.dashboards.traffic import store_rates

HOUR_MS: Final = 3_600_000
TIMES: Final = 3
RANKED: Final = ("total", "destination", "vendor", "customer", "day")


def seconds(act: Callable[[], object]) -> float:
    """The least of TIMES."""
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return min(found)


def floor(client: Client, name: str, column: str, from_ms: int, until_ms: int) -> float:
    """Seconds of a plain sum over the rows of a window of one column of time."""
    value = "nanos" if name == "charge" else "duration_ms"
    asked = f"""SELECT count(), sum({value}) FROM {name} FINAL
        WHERE {column} >= fromUnixTimestamp64Milli({from_ms}, 'UTC')
        AND {column} < fromUnixTimestamp64Milli({until_ms}, 'UTC')"""
    return seconds(lambda: client.query(asked, settings=SETTINGS))


def measured(client: Client, now_ms: int) -> list[dict[str, Any]]:
    """Seconds of each question and of its floor."""
    week, day = now_ms - DAYS * DAY_MS, now_ms - DAY_MS
    spans = Spans(now_ms - HOUR_MS // 2, now_ms - 300_000, now_ms - HOUR_MS // 2, now_ms, 60_000)
    hour = (now_ms - HOUR_MS, now_ms)
    asked: list[tuple[str, Callable[[], object], tuple[str, str, int, int]]] = [
        (
            "profit, 7 days",
            lambda: earned(client, week, now_ms, RANKED),
            ("charge", "answered_at", week, now_ms),
        ),
        (
            "variance, a day",
            lambda: leaks(client, day, now_ms, ("total", "line"), 201),
            ("charge", "answered_at", day, now_ms),
        ),
        (
            "variance, the days",
            lambda: leaks(client, week, now_ms, ("day",), 100),
            ("charge", "answered_at", week, now_ms),
        ),
        (
            "signals, 30 min",
            lambda: queries.signals(client, spans),
            ("cdr", "received_at", now_ms - HOUR_MS // 2, now_ms),
        ),
        (
            "movers, 2 hours",
            lambda: queries.movers(client, now_ms - 2 * HOUR_MS, *hour, 30),
            ("cdr", "received_at", now_ms - 2 * HOUR_MS, now_ms),
        ),
        (
            "last week's hour",
            lambda: queries.earnings(client, week, HOUR_MS, week + HOUR_MS),
            ("charge", "received_at", week, week + HOUR_MS),
        ),
    ]
    found = []
    for name, act, rows in asked:
        took_s, least_s = seconds(act), floor(client, *rows)
        ratio = took_s / least_s
        print(f"{name:20} {took_s:8.3f} s, floor {least_s:8.3f} s, {ratio:6.1f} times")
        figures = {"seconds": took_s, "floor_s": least_s, "ratio": ratio}
        found.append({"question": name, **{k: round(v, 3) for k, v in figures.items()}})
    return found


def main() -> None:
    """Fill, measure, print."""
    with filled() as (client, now_ms):
        store_rates(client, [f"place {number}" for number in range(1_000)])
        print(json.dumps({"calls": CALLS, "questions": measured(client, now_ms)}))


if __name__ == "__main__":
    main()
