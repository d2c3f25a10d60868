"""Hands over changed accounts: whatever waits in the outbox, within a second or two.

An outage is told once, when it begins; the accounts wait until it is over.
"""

import asyncio
from collections.abc import Callable
from contextlib import closing
from typing import Final

import structlog
from clickhouse_connect.driver.client import Client

from billing.errors import TollwireError
from dashboards.documents.accounts import Accounts
from deploy.accounts import hand_over
from deploy.runtime.documents import documents_url
from deploy.runtime.settings import Settings

EACH_S: Final = 1.0
_log = structlog.get_logger()


class Relay:
    """Of one console; several may run at once. Raises DocumentsDown when it is made."""

    def __init__(self, settings: Settings, connect: Callable[[], Client]) -> None:
        self._settings, self._connect = settings, connect
        self._accounts = Accounts(documents_url(settings))
        self._trouble = ""

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.to_thread(self.round)
            await asyncio.sleep(EACH_S)

    def round(self) -> None:
        """Hand over what waits now."""
        try:
            if self._accounts.due().numbers:
                with closing(self._connect()) as client:
                    count = hand_over(self._settings, client, self._accounts)
                _log.info("accounts handed over", accounts=count)
            self._trouble = ""
        except TollwireError as error:
            if not self._trouble:
                _log.warning("accounts wait to be handed over", reason=str(error))
            self._trouble = str(error)
