"""The texts of Grafana's queries: files of `queries/grafana/`, put together and with their filters.

They say what the console's queries say, in the words of the plugin grafana-clickhouse-datasource
(macros `$__...`, template variables `${...}`), which it replaces before ClickHouse sees them. Every
figure goes by arrival (`received_at`). The dashboards have these texts in their JSON.
"""

from functools import cache
from pathlib import Path
from typing import Final, Literal

Named = Literal["by_destination", "by_customer", "by_vendor", "by_route"]

_FOLDER: Final = Path(__file__).parent / "queries" / "grafana"
_CALLS: Final = """$__timeFilter_ms(received_at)
    AND $__conditionalAll(customer IN (${customer:sqlstring}), $customer)
    AND $__conditionalAll(vendor IN (${vendor:sqlstring}), $vendor)"""
_SETTLED: Final = """received_at >= $__fromTime_ms
        AND received_at <= least($__toTime_ms, now64(3) - INTERVAL 10 SECOND)"""
_TOLD: Final = "$__timeFilter_ms(updated_at)"


@cache
def _file(name: str) -> str:
    """A file without the remarks on top of it."""
    lines = (_FOLDER / f"{name}.sql").read_text("utf-8").strip().splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def _inside(text: str) -> str:
    """A query within parentheses."""
    return text.replace("\n", "\n    ").join(("\n    ", "\n"))


def _whole(name: str, named: Named | None, calls: str, told: str) -> str:
    parts = {
        "{named}": _inside(_file(named)) if named else "",
        "{sold}": _inside(_file("sold")),
        "{fraud}": _inside(_file("fraud")),
        "{settled}": _SETTLED,
        "{calls}": calls,
        "{told}": told,
    }
    text = _file(name)
    for place, part in parts.items():
        text = text.replace(place, part)
    return text


def panel(name: str, named: Named | None = None) -> str:
    """A query of a dashboard, over its time range, customers and vendors."""
    return _whole(name, named, _CALLS, _TOLD)


def alert(name: str, minutes: int, named: Named | None = None) -> str:
    """A query of an alert rule, over the last minutes of all calls; without macros."""
    since = f">= now64(3) - INTERVAL {minutes} MINUTE"
    return _whole(name, named, f"received_at {since}", f"updated_at {since}")
