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
_ARRIVED: Final = "$__timeFilter_ms(received_at)"
_CHOSEN: Final = """
    AND $__conditionalAll(customer IN (${customer:sqlstring}), $customer)
    AND $__conditionalAll(vendor IN (${vendor:sqlstring}), $vendor)"""
_SETTLED: Final = """received_at >= $__fromTime_ms
        AND received_at <= least($__toTime_ms, now64(3) - INTERVAL 10 SECOND)"""
_TOLD: Final = "$__timeFilter_ms(updated_at)"


def _on_days(table: str, arrived: str) -> str:
    """A filter by arrival that reads only the days which have such calls.

    With FINAL alone every stored row is read, for an index on `received_at` might hide a newer row
    of the same key. All rows of a key have one `answered_at`, so they are of one of these days.
    """
    days = _file("days").replace("{table}", table).replace("{arrived}", arrived)
    return f"{arrived}\n    AND toYYYYMMDD(answered_at) IN ({days})"


@cache
def _file(name: str) -> str:
    """A file without the remarks on top of it."""
    lines = (_FOLDER / f"{name}.sql").read_text("utf-8").strip().splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def _inside(text: str) -> str:
    """A query within parentheses."""
    return text.replace("\n", "\n    ").join(("\n    ", "\n"))


def _whole(
    name: str, named: Named | None, arrived: str, settled: str, told: str, chosen: str
) -> str:
    parts = {
        "{named}": _inside(_file(named)) if named else "",
        "{sold}": _inside(_file("sold")),
        "{fraud}": _inside(_file("fraud")),
        "{settled}": settled,
        "{settled of charge}": _on_days("charge", settled),
        "{arrived of charge}": _on_days("charge", arrived),
        "{calls}": arrived + chosen,
        "{calls of charge}": _on_days("charge", arrived) + chosen,
        "{calls of cdr}": _on_days("cdr", arrived) + chosen,
        "{told}": told,
    }
    text = _file(name)
    for place, part in parts.items():
        text = text.replace(place, part)
    return text


def panel(name: str, named: Named | None = None) -> str:
    """A query of a dashboard, over its time range, customers and vendors."""
    return _whole(name, named, _ARRIVED, _SETTLED, _TOLD, _CHOSEN)


def alert(name: str, minutes: int, named: Named | None = None) -> str:
    """A query of an alert rule, over the last minutes of all calls; without macros."""
    since = f">= now64(3) - INTERVAL {minutes} MINUTE"
    arrived = f"received_at {since}"
    return _whole(name, named, arrived, arrived, f"updated_at {since}", "")
