"""The pipeline dashboard: what flows, what waits, whether it adds up, and what was not rated.

The stream's own figures come from Prometheus: they hold while ClickHouse is away.
"""

from typing import Any

from dashboards.grafana.board import CUSTOMER, METRICS, VENDOR, board
from dashboards.grafana.panel import (
    AMBER,
    GREEN,
    RED,
    Panel,
    Row,
    fields,
    lines,
    meaning,
    prom,
    sql,
    stat,
    steps,
    table,
)

_RATE = "[$__rate_interval]"
_MINUTES = fields({"Minutes": {"decimals": 1}})


def _waits() -> list[Row]:
    oldest = [
        prom("max(tollwire_oldest_unrated_seconds)", "not rated"),
        prom("max(tollwire_oldest_unstored_seconds)", "not stored"),
    ]
    backlog = [
        prom("sum(max by (topic) (tollwire_backlog_messages))", "messages"),
        prom("max(tollwire_catch_up_seconds)", "until caught up"),
    ]
    seconds = fields({"until caught up": {"unit": "s", "decimals": 0}})
    age = steps((10, AMBER), (60, RED))
    return [
        (
            4,
            [
                (
                    6,
                    stat(
                        "Oldest call that waits", oldest, "In the broker.", unit="s", thresholds=age
                    ),
                ),
                (6, stat("Backlog", backlog, "In the broker, of all raters.", overrides=seconds)),
                (
                    4,
                    _adds_up(),
                ),
                (
                    4,
                    _accounts(),
                ),
                (4, _newest()),
            ],
        ),
        (4, [(24, _conservation())]),
    ]


def _adds_up() -> Panel:
    words = [{"type": "value", "options": {"0": {"text": "no"}, "1": {"text": "yes"}}}]
    return stat(
        "Adds up",
        [prom("min(tollwire_conservation_holds)", "holds")],
        meaning(
            [("Conservation", "conservation")],
            "The console's verdict: no after six checks in a row were off on the same side.",
        ),
        thresholds=steps((1, GREEN), low=RED),
        overrides=fields({"holds": {"mappings": words}}),
    )


def _accounts() -> Panel:
    differs = [
        prom("max(tollwire_balance_differences)", "balances"),
        prom("max(tollwire_credit_differences)", "payments"),
    ]
    return stat(
        "Accounts that differ",
        differs,
        "Balances that are not opening + payments - charges, when the controls compared them "
        "last; their log has both sides.",
        thresholds=steps((1, RED)),
    )


def _newest() -> Panel:
    about = "How long before the end of the range the newest stored call arrived."
    return stat("Newest call", [sql("newest")], about, unit="s", thresholds=steps((60, AMBER)))


def _conservation() -> Panel:
    about = (
        "Over the range, up to 10 s ago. A difference may be calls on their way while the stream "
        "is behind; the verdict beside is the console's."
    )
    differs = steps((0, GREEN), (1, RED), low=RED)
    return stat(
        "Received = rated + suspended + dead + duplicate",
        [sql("conservation")],
        meaning([("Conservation", "conservation")], about),
        unit="none",
        overrides=fields(
            {
                "Difference, calls": {"thresholds": differs},
                "Difference, s": {"thresholds": steps((0, GREEN), (0.001, RED), low=RED)},
            }
        ),
    )


def _charts() -> list[Row]:
    step = (
        f"histogram_quantile(0.95, sum by (le, step) (rate(tollwire_step_seconds_bucket{_RATE})))"
    )
    calls = prom(f"sum by (outcome) (rate(tollwire_calls_total{_RATE}))", "{{outcome}}")
    rows = prom(f"sum by (table) (rate(tollwire_stored_rows_total{_RATE}))", "{{table}}")
    retries = prom(f"sum by (effect) (rate(tollwire_retries_total{_RATE}))", "{{effect}}")
    return [
        (
            8,
            [
                (8, lines("Calls per second", [calls], "By outcome, as the raters count.")),
                (
                    8,
                    lines(
                        "Messages that wait",
                        [prom("max by (topic) (tollwire_backlog_messages)", "{{topic}}")],
                        "In the broker, by topic: measured by the console, for all raters.",
                    ),
                ),
                (8, lines("Steps, p95", [prom(step, "{{step}}")], "Of rater and store.", unit="s")),
            ],
        ),
        (
            8,
            [
                (8, lines("Rows stored per second", [rows], "By table.")),
                (
                    8,
                    lines(
                        "Waiting and tried again",
                        [prom("max by (part) (tollwire_waiting_seconds)", "{{part}}, s"), retries],
                        "How long an effect has waited; retries per second.",
                    ),
                ),
                (
                    8,
                    _answers(),
                ),
            ],
        ),
        (7, [(24, _memory())]),
    ]


def _answers() -> Panel:
    p99 = f"histogram_quantile(0.99, sum by (le) (rate(tollwire_authorize_seconds_bucket{_RATE})))"
    behind = prom("max(tollwire_fraud_behind_seconds)", "fraud watch behind")
    return lines(
        "Answers to switches, p99; fraud watch behind",
        [prom(p99, "answer"), behind],
        "By the worker that decides; age of the oldest message not looked at.",
        unit="s",
    )


def _memory() -> Panel:
    return lines(
        "Memory",
        [prom("process_resident_memory_bytes", "{{job}} {{instance}}")],
        "Of every process that is scraped, ours or not.",
        unit="bytes",
    )


def _unrated() -> list[Row]:
    return [
        (
            8,
            [
                (
                    12,
                    table(
                        "Suspense by reason",
                        [sql("suspense")],
                        "Calls without a price.",
                        overrides=_MINUTES,
                    ),
                ),
                (
                    12,
                    table(
                        "Dead letters by reason",
                        [sql("dead")],
                        "Records that are no call, of all customers and vendors.",
                        overrides=_MINUTES,
                    ),
                ),
            ],
        ),
        (
            8,
            [
                (
                    24,
                    table(
                        "Last dead letters", [sql("dead_last")], "What was wrong in which field."
                    ),
                )
            ],
        ),
    ]


def pipeline() -> dict[str, Any]:
    """What flows and what waits."""
    return board(
        "pipeline",
        "pipeline",
        "Whether every call gets through, and what waits where.",
        [*_waits(), *_charts(), *_unrated()],
        variables=(METRICS, CUSTOMER, VENDOR),
        since="now-1h",
        refresh="30s",
    )
