"""The one reader of a console process: a thread that asks ClickHouse on a beat and publishes.

However many pages are open, there is one poller. An outage of ClickHouse is shown and tried again
at the next beat; a bug ends the thread, which `/healthz` reports.
"""

import threading
from collections.abc import Callable
from typing import Final

import structlog
from clickhouse_connect.driver.client import Client

from billing.errors import TollwireError
from clickhouse.client import ClickHouseRefused
from dashboards import compose, conserve
from dashboards import rater as rater_metrics
from dashboards.rater import Scrape
from dashboards.readings import Reader
from dashboards.schemas import Outage, Snapshot
from deploy.runtime.settings import SettingsError

BEAT_S: Final = 2.0
REST_S_MIN: Final = 1.0
SCRAPES_KEPT_MAX: Final = 6
ERROR_CHARS_MAX: Final = 200

log = structlog.get_logger()


def outage(error: Exception) -> Outage:
    """The error in words for the page; the driver's own words are in the log."""
    if isinstance(error, (ClickHouseRefused, SettingsError)):
        first = (str(error).strip().splitlines() or ["no reason given"])[0]
        return Outage(title="ClickHouse refuses", detail=first[:ERROR_CHARS_MAX])
    return Outage(title="ClickHouse away", detail="ClickHouse does not answer.")


class Poller:
    """`connect` opens a client, `scrape` looks at the rater, `publish` takes each snapshot."""

    def __init__(
        self,
        connect: Callable[[], Client],
        scrape: Callable[[int], Scrape | None],
        publish: Callable[[Snapshot], None],
        clock_ms: Callable[[], int],
    ) -> None:
        self._connect, self._scrape = connect, scrape
        self._publish, self._clock_ms = publish, clock_ms
        self._reader = Reader(clock_ms)
        self._client: Client | None = None
        self._error: Outage | None = None
        self._currency: str | None = None
        self._scrapes: list[Scrape | None] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def start(self) -> None:
        """Start the thread; it is a daemon, so a hanging query never holds the process."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end after the beat it is in."""
        self._stop.set()

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        self._publish(self._snapshot())
        while not self._stop.is_set():
            began_ms = self._clock_ms()
            self._publish(self.beat())
            spent_s = (self._clock_ms() - began_ms) / 1_000
            self._stop.wait(max(BEAT_S - spent_s, REST_S_MIN))

    def beat(self) -> Snapshot:
        """Read what is due and say what is known; never raises for an outage."""
        try:
            if self._client is None:
                self._client = self._connect()
            self._reader.read(self._client)
            if self._error:
                log.info("ClickHouse answers again")
            self._error = None
        except (TollwireError, SettingsError) as error:
            self._drop_client()
            if self._error is None:
                log.warning("ClickHouse gives no figures", error=str(error))
            self._error = outage(error)
        now = self._scrape(self._clock_ms())
        self._scrapes = [*self._scrapes, now][-SCRAPES_KEPT_MAX:]
        if now and (now.lag_messages or 0) > conserve.BEHIND_MESSAGES:
            self._reader.readings.settled.clear()
        return self._snapshot()

    def _drop_client(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    def _snapshot(self) -> Snapshot:
        now = self._scrapes[-1] if self._scrapes else None
        before = next((each for each in self._scrapes[:-1] if each), None)
        found = compose.snapshot(
            self._reader.readings,
            rater_metrics.row(before, now),
            self._error,
            self._currency,
            self._clock_ms(),
        )
        self._currency = found.currency
        return found
