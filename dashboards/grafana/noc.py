"""The NOC's dashboard: quality, traffic and what needs a look now."""

from typing import Any

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

_RECEIPTS = "Of all customers and vendors: the count of what came in knows no accounts."
_PERCENT = {"unit": "percent", "decimals": 1}
_PDD = {"unit": "ms", "decimals": 0}
_QUALITY = fields(
    {
        "Attempts": {"decimals": 0},
        "ASR": {**_PERCENT, "thresholds": steps((30, AMBER), (45, GREEN), low=RED)},
        "NER": {**_PERCENT, "thresholds": steps((80, AMBER), (90, GREEN), low=RED)},
        "ACD": {"unit": "s", "decimals": 1},
        "Short calls": {**_PERCENT, "thresholds": steps((20, AMBER), (40, RED))},
        "PDD p50": _PDD,
        "PDD p95": {**_PDD, "thresholds": steps((4_000, AMBER), (8_000, RED))},
    }
)
_MONEY = fields(
    {
        "Revenue": {"decimals": 2},
        "Cost": {"decimals": 2},
        "Margin": {"decimals": 2, "thresholds": steps((0, GREEN), low=RED)},
        "Margin %": {**_PERCENT, "thresholds": steps((0, AMBER), (5, GREEN), low=RED)},
    }
)
_INTAKE = fields(
    {
        "CPS": {"decimals": 1},
        "Received": {"decimals": 0},
        "Not rated": {**_PERCENT, "thresholds": steps((5, RED))},
    }
)


_MONEY_MEANS = meaning(
    [("Revenue", "sell"), ("Cost", "buy"), ("Margin", "margin"), ("Margin %", "margin_percent")],
    "Sums are exact; showing them rounds. Tollwire: margin has them to the last digit.",
)


def _figures() -> list[Row]:
    quality = meaning(
        [
            ("Attempts", "attempts"),
            ("ASR", "asr"),
            ("NER", "ner"),
            ("ACD", "acd"),
            ("Short calls", "short"),
            ("PDD", "pdd"),
        ],
        "Over the time range, by arrival.",
    )
    taken = meaning([("CPS", "cps"), ("Not rated", "unrated")], _RECEIPTS)
    alerts = (
        "**Losing destinations**: see the table. **Incidents**: fraud alerts told in the range."
    )
    count = fields({"Critical, unanswered, fresh": {"thresholds": steps((1, RED))}})
    return [
        (
            5,
            [
                (6, stat("Traffic", [sql("intake")], taken, overrides=_INTAKE)),
                (
                    18,
                    stat(
                        "Quality", [sql("answers"), sql("signalling")], quality, overrides=_QUALITY
                    ),
                ),
            ],
        ),
        (
            4,
            [
                (12, stat("Money, ${currency}", [sql("money")], _MONEY_MEANS, overrides=_MONEY)),
                (
                    4,
                    stat(
                        "Losing destinations, ${currency}",
                        [sql("losing_count", "by_destination")],
                        meaning([("Losing destinations", "losing")]),
                        thresholds=steps((1, AMBER)),
                    ),
                ),
                (8, stat("Fraud", [sql("fraud_summary")], alerts, overrides=count)),
            ],
        ),
    ]


def _charts() -> list[Row]:
    per_second = meaning([("Received", "cps")], f"And what became of them. {_RECEIPTS}")
    return [
        (8, [(12, _traffic(per_second)), (12, _money())]),
        (8, [(12, _answers()), (12, _signalling())]),
    ]


def _traffic(about: str) -> Panel:
    asked = [sql("intake_over_time", over_time=True)]
    return lines("Calls per second by outcome", asked, about)


def _money() -> Panel:
    return lines(
        "Money per minute, ${currency}",
        [sql("money_over_time", over_time=True)],
        meaning([("Margin %", "margin_percent")]),
        overrides=fields({"Margin %": {"unit": "percent", "custom.axisPlacement": "right"}}),
    )


def _answers() -> Panel:
    return lines(
        "ASR and ACD",
        [sql("answers_over_time", over_time=True)],
        meaning([("ASR", "asr"), ("ACD", "acd")]),
        unit="percent",
        overrides=fields({"ACD": {"unit": "s", "custom.axisPlacement": "right"}}),
    )


def _signalling() -> Panel:
    return lines(
        "NER and PDD",
        [sql("signalling_over_time", over_time=True)],
        meaning([("NER", "ner"), ("PDD", "pdd")]),
        unit="ms",
        overrides=fields({"NER": {"unit": "percent", "custom.axisPlacement": "right"}}),
    )


def _tables() -> list[Row]:
    return [
        (
            9,
            [
                (
                    12,
                    table(
                        "Worst routes, ${currency}",
                        [sql("losing", "by_route")],
                        "Customer → vendor, ranked by money lost in an hour at this rate.",
                        overrides=fields({"Loss / h": {"decimals": 2}, "Margin %": _PERCENT}),
                    ),
                ),
                (
                    12,
                    table(
                        "Vendors",
                        [sql("signalling_by_vendor")],
                        meaning([("ASR", "asr"), ("NER", "ner"), ("PDD", "pdd")])
                        + "\n\nASR here also of vendors whose calls were all answered.",
                        overrides=_QUALITY,
                    ),
                ),
            ],
        ),
    ]


def noc() -> dict[str, Any]:
    """Quality and traffic, now."""
    return board(
        "noc",
        "NOC",
        "Quality, traffic and money of the calls that arrived in the time range.",
        [*_figures(), *_charts(), *_tables()],
        variables=(CURRENCY, CUSTOMER, VENDOR),
        since="now-30m",
        refresh="30s",
    )
