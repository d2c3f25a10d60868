"""Every metric of the stream, by name, in one place; served for Prometheus by `serve`."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from deploy.runtime.settings import SettingsError, host_port

CALLS: Final = Counter("tollwire_calls", "Calls by what became of them", ["outcome"])
SECONDS: Final = Counter("tollwire_call_seconds", "Talk time by what became of it", ["outcome"])
DEAD: Final = Counter("tollwire_dead_letters", "Records that are no call", ["reason"])
SUSPENDED: Final = Counter("tollwire_suspended_calls", "Calls without a price", ["reason"])
STEP_SECONDS: Final = Histogram(
    "tollwire_step_seconds",
    "One step of the rater or the store",
    ["step"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
STORED: Final = Counter("tollwire_stored_rows", "Rows inserted into ClickHouse", ["table"])
RETRIES: Final = Counter("tollwire_retries", "Effects tried again after an outage", ["effect"])
LAG: Final = Gauge("tollwire_consumer_lag", "Messages not yet processed", ["topic", "partition"])
OLDEST_SECONDS: Final = Gauge(
    "tollwire_last_batch_age_seconds", "Age of the oldest call when its batch was rated"
)
READY: Final = Gauge("tollwire_rater_ready", "1 while the rater takes calls")
DECK_VERSIONS: Final = Gauge("tollwire_deck_versions", "Deck versions the rater prices from")
FX_RATES: Final = Gauge("tollwire_fx_rates", "Exchange rates the rater prices from")


def serve(address: str, setting: str) -> None:
    """Serve /metrics at HOST:PORT. Raises SettingsError when the port is taken."""
    host, port = host_port(address, setting)
    try:
        start_http_server(port, addr=host)
    except OSError as error:
        raise SettingsError(f"{setting}={address}: port {port} cannot be used: {error}") from None
