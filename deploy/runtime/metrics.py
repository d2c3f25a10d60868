"""Every metric of the stream, by name, in one place; `health.serve` serves them for Prometheus.

A worker knows its own partitions. What waits for the whole group, and for how long, the console
measures (dashboards/api/metrics.py), also while no worker runs.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

CALLS: Final = Counter("tollwire_calls", "Calls by what became of them", ["outcome"])
SECONDS: Final = Counter("tollwire_call_seconds", "Talk time by what became of it", ["outcome"])
MESSAGES: Final = Counter("tollwire_messages", "Messages this worker is done with", ["topic"])
SENT: Final = Counter("tollwire_sent_messages", "Messages this worker has sent", ["topic"])
DEAD: Final = Counter("tollwire_dead_letters", "Records that are no call", ["reason"])
DEAD_FLOOD: Final = Gauge(
    "tollwire_dead_letter_flood",
    "Dead letters of the last minute of a partition, while they are a flood",
    ["partition", "reason"],
)
SUSPENDED: Final = Counter("tollwire_suspended_calls", "Calls without a price", ["reason"])
STEP_SECONDS: Final = Histogram(
    "tollwire_step_seconds",
    "One step of the rater or the store",
    ["step"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
STORED: Final = Counter("tollwire_stored_rows", "Rows inserted into ClickHouse", ["table"])
RETRIES: Final = Counter("tollwire_retries", "Effects tried again after an outage", ["effect"])
LAG: Final = Gauge(
    "tollwire_consumer_lag",
    "Messages of this worker's partitions that it is not done with",
    ["topic", "partition"],
)
WAITING: Final = Gauge(
    "tollwire_waiting_seconds",
    "How long an effect has waited for ClickHouse or the broker; 0 when it does not",
    ["effect", "part"],
)
OLDEST_SECONDS: Final = Gauge(
    "tollwire_last_batch_age_seconds", "Age of the oldest call when its batch was rated"
)
READY: Final = Gauge("tollwire_rater_ready", "1 while the rater takes calls")
DECK_VERSIONS: Final = Gauge("tollwire_deck_versions", "Deck versions the rater prices from")
FX_RATES: Final = Gauge("tollwire_fx_rates", "Exchange rates the rater prices from")
CONTROLS_READY: Final = Gauge("tollwire_controls_ready", "1 while the controls take rated calls")
RERATE_READY: Final = Gauge("tollwire_rerate_ready", "1 while the worker takes chunks")
BALANCE_DIFFERENCES: Final = Gauge(
    "tollwire_balance_differences",
    "Balances that are not the sum of the stored charges, when this worker last compared them",
)
CREDIT_DIFFERENCES: Final = Gauge(
    "tollwire_credit_differences",
    "Accounts whose payments are not the sum of the stored movements, by the last comparison",
)
AUTHORIZE_SECONDS: Final = Histogram(
    "tollwire_authorize_seconds",
    "From a switch's question to the answer, by the worker that decides",
    buckets=(0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5),
)
FRAUD_READY: Final = Gauge("tollwire_fraud_ready", "1 while the watch looks at calls")
FRAUD_ALERTS: Final = Counter(
    "tollwire_fraud_alerts", "Alerts told, new or grown", ["family", "severity"]
)
FRAUD_ORDERS: Final = Counter("tollwire_fraud_orders", "Blocks ordered about alerts", ["kind"])
FRAUD_BEHIND: Final = Gauge(
    "tollwire_fraud_behind_seconds", "Age of the oldest message that the watch has yet to look at"
)
WEBHOOKS_READY: Final = Gauge("tollwire_webhooks_ready", "1 while webhooks are posted")
WEBHOOK_POSTS: Final = Counter(
    "tollwire_webhook_posts",
    "Posts of webhooks: failed ones are tried again, given up ones are not",
    ["target", "outcome"],
)
COLLECT_READY: Final = Gauge("tollwire_collect_ready", "1 while the collector takes records")
COLLECTED: Final = Counter(
    "tollwire_collected_records",
    "Records that the broker has, calls and dead ones",
    ["source", "outcome"],
)
COLLECTED_BYTES: Final = Counter(
    "tollwire_collected_bytes", "Content of files that was taken", ["source"]
)
COLLECTED_FILES: Final = Counter(
    "tollwire_collected_files", "Files that came into a state", ["source", "state"]
)
COLLECT_POSTS: Final = Counter(
    "tollwire_collect_posts", "Answers to what was posted, by HTTP status", ["status"]
)
AUTHORIZED: Final = Counter("tollwire_authorized_calls", "Answers to calls that ask", ["reason"])
