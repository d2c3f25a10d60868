"""The margin dashboard: what is earned and lost, where, in one currency at a time."""

from typing import Any

from clickhouse.grafana import Named
from dashboards.grafana.board import CURRENCY, CUSTOMER, VENDOR, board
from dashboards.grafana.panel import (
    AMBER,
    GREEN,
    RED,
    Panel,
    Row,
    fields,
    lines,
    meaning,
    sql,
    stat,
    steps,
    table,
)

_PERCENT = {"unit": "percent", "decimals": 1}
_FIGURES = meaning(
    [("Revenue", "sell"), ("Cost", "buy"), ("Margin", "margin"), ("Margin %", "margin_percent")],
    "Sums are exact; showing them rounds.",
)
_FOREIGN = (
    "A call bought in another currency than it was sold in is foreign: its cost is not in these "
    "sums, and a line with foreign calls has no margin."
)
_STATS = fields(
    {
        "Revenue": {"decimals": 2},
        "Cost": {"decimals": 2},
        "Margin": {"decimals": 2, "thresholds": steps((0, GREEN), low=RED)},
        "Margin %": {**_PERCENT, "thresholds": steps((0, AMBER), (5, GREEN), low=RED)},
    }
)
_COLUMNS = fields(
    {
        "Minutes": {"decimals": 1},
        "Revenue": {"decimals": 2},
        "Cost": {"decimals": 2},
        "Margin": {"decimals": 2},
        "Margin %": {
            **_PERCENT,
            "thresholds": steps((0, GREEN), low=RED),
            "custom.cellOptions": {"type": "color-text"},
        },
    }
)


def _by(title: str, named: Named) -> Panel:
    what = meaning([("Revenue", "sell"), ("Cost", "buy"), ("Margin %", "margin_percent")])
    return table(
        f"{title}, ${{currency}}",
        [sql("margins", named)],
        f"{what}\n\n{_FOREIGN}",
        overrides=_COLUMNS,
    )


def _exact() -> Panel:
    what = "Every currency to the last nano, as text. Sums never cross currencies."
    return table(
        "Exact sums by currency",
        [sql("money_exact")],
        what,
        overrides=fields(
            {
                "Revenue": {"custom.align": "right"},
                "Cost": {"custom.align": "right"},
                "Margin": {"custom.align": "right"},
                "Margin %": _PERCENT,
            }
        ),
    )


def _losing(title: str, named: Named, what: str) -> Panel:
    return table(
        f"{title} that lose money, ${{currency}}",
        [sql("losing", named)],
        f"{what}\n\nRanked by what is lost in an hour.",
        overrides=fields({"Loss / h": {"decimals": 2}, "Margin %": _PERCENT}),
    )


def _rows() -> list[Row]:
    percent = fields({"Margin %": {"unit": "percent", "custom.axisPlacement": "right"}})
    return [
        (
            5,
            [
                (12, stat("Money, ${currency}", [sql("money")], _FIGURES, overrides=_STATS)),
                (12, _exact()),
            ],
        ),
        (
            8,
            [
                (
                    24,
                    lines(
                        "Money per minute, ${currency}",
                        [sql("money_over_time", over_time=True)],
                        _FIGURES,
                        overrides=percent,
                    ),
                )
            ],
        ),
        (
            9,
            [
                (
                    12,
                    _losing("Destinations", "by_destination", meaning([("Losing", "losing")])),
                ),
                (
                    12,
                    _losing("Routes", "by_route", "Customer → vendor."),
                ),
            ],
        ),
        (10, [(24, _by("Destinations", "by_destination"))]),
        (10, [(12, _by("Customers", "by_customer")), (12, _by("Vendors", "by_vendor"))]),
    ]


def margin() -> dict[str, Any]:
    """Revenue, cost and margin."""
    return board(
        "margin",
        "margin",
        "Money of rated calls that arrived in the time range, one currency at a time.",
        _rows(),
        variables=(CURRENCY, CUSTOMER, VENDOR),
        since="now-6h",
        refresh="5m",
    )
