"""The one reader of a console process: a thread that asks ClickHouse on a beat.

However many pages are open, there is one poller. An outage of ClickHouse is noted and tried again
at the next beat; a bug ends the thread, which `/healthz` reports.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog
from clickhouse_connect.driver.client import Client

from billing.errors import TollwireError
from clickhouse.client import ClickHouseRefused
from dashboards.readings import Reader, Readings, TriagesOf
from dashboards.schemas import Outage
from deploy.runtime.settings import SettingsError

BEAT_S: Final = 2.0
REST_S_MIN: Final = 1.0
HANGS_MS: Final = 10_000
"""A read that takes longer counts as an outage: ClickHouse hangs, or somebody stopped it."""
ERROR_CHARS_MAX: Final = 200

AWAY: Final = Outage(title="ClickHouse away", detail="ClickHouse does not answer.")

log = structlog.get_logger()


def outage(error: Exception) -> Outage:
    """The error in words for the page; the driver's own words are in the log."""
    if isinstance(error, (ClickHouseRefused, SettingsError)):
        first = (str(error).strip().splitlines() or ["no reason given"])[0]
        return Outage(title="ClickHouse refuses", detail=first[:ERROR_CHARS_MAX])
    return AWAY


class Poller:
    """`connect` opens a client; `news` is called in the thread after each read, good or bad."""

    def __init__(
        self,
        connect: Callable[[], Client],
        news: Callable[[], None],
        clock_ms: Callable[[], int],
        triages_of: TriagesOf = lambda _: {},
    ) -> None:
        self._connect, self._news, self._clock_ms = connect, news, clock_ms
        self._reader = Reader(clock_ms, triages_of)
        self._client: Client | None = None
        self._began_ms: int | None = None
        self._error: Outage | None = None
        self.held = Readings()
        """the rows of the last reads; replaced whole, so that any thread may look at them"""
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

    @property
    def error(self) -> Outage | None:
        """Why there are no fresh figures, as far as this moment knows."""
        began_ms = self._began_ms
        hangs = began_ms is not None and self._clock_ms() - began_ms > HANGS_MS
        return self._error or (AWAY if hangs else None)

    def behind(self) -> None:
        """The stream is behind: a difference seen so far may be calls on their way."""
        self._reader.forget_settled = True

    def _run(self) -> None:
        while not self._stop.is_set():
            began_ms = self._clock_ms()
            self.read()
            self._news()
            spent_s = (self._clock_ms() - began_ms) / 1_000
            self._stop.wait(max(BEAT_S - spent_s, REST_S_MIN))

    def read(self) -> None:
        """Read what is due; never raises for an outage."""
        self._began_ms = self._clock_ms()
        try:
            if self._client is None:
                self._client = self._connect()
            self.held = replace(self._reader.read(self._client))
            if self._error:
                log.info("ClickHouse answers again")
            self._error = None
        except (TollwireError, SettingsError) as error:
            self._drop_client()
            if self._error is None:
                log.warning("ClickHouse gives no figures", error=str(error))
            self._error = outage(error)
        finally:
            self._began_ms = None

    def _drop_client(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
