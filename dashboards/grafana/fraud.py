"""The fraud dashboard: incidents, what is at risk, what was done."""

from typing import Any

from dashboards.grafana.board import board
from dashboards.grafana.panel import RED, Panel, Row, fields, lines, sql, stat, steps, table

_MONEY = {"decimals": 2}
_UNANSWERED = "Nothing was done yet, or what was ordered was refused."
_FRESH = "Fresh: told within an hour of the end of the range, as on the console."


def _summary() -> Panel:
    red = fields({"Critical, unanswered, fresh": {"thresholds": steps((1, RED))}})
    return stat(
        "Incidents",
        [sql("fraud_summary")],
        f"Incidents told in the time range. **Unanswered**: {_UNANSWERED} {_FRESH}",
        overrides=red,
    )


def _alerts() -> Panel:
    return table(
        "Alerts",
        [sql("fraud_alerts")],
        "As they were told last: unanswered and critical ones first, then by money at risk. "
        "`tollwire fraud show ALERT` has the evidence.",
        overrides=fields({"At risk / h": _MONEY, "Money so far": _MONEY}),
    )


def _rows() -> list[Row]:
    money = fields({"At risk / h": _MONEY, "Money so far": _MONEY})
    return [
        (
            6,
            [
                (10, _summary()),
                (
                    14,
                    table(
                        "Unanswered, by currency",
                        [sql("fraud_at_risk")],
                        f"{_UNANSWERED} Sums never cross currencies.",
                        overrides=money,
                    ),
                ),
            ],
        ),
        (
            11,
            [
                (
                    24,
                    _alerts(),
                )
            ],
        ),
        (
            8,
            [
                (
                    24,
                    lines(
                        "Incidents raised, by family",
                        [sql("fraud_over_time", over_time=True)],
                        "By the time at which they were raised.",
                        stacked=True,
                    ),
                )
            ],
        ),
        (
            9,
            [(24, table("What was done", [sql("fraud_actions")], "By policy or by people."))],
        ),
    ]


def fraud() -> dict[str, Any]:
    """Incidents and what was done about them."""
    return board(
        "fraud",
        "fraud",
        "What the fraud watch has told in the time range.",
        _rows(),
        since="now-24h",
        refresh="1m",
    )
