"""What accounts owe that this cluster's own messages do not tell: earlier logs, and re-rating.

Read from ClickHouse as sums, again and again, so that nothing of it can count twice. Vendors'
exposure is read the same way: their calls come through every partition.
"""

import asyncio
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from clickhouse import credit
from clickhouse.client import ClickHouseDown, connect
from clickhouse.credit import Account, Sums
from deploy.runtime.settings import Settings
from streams.retry import until_done

NOTHING: Final = Sums()


class Money:
    """The sums as they were read last."""

    def __init__(self, settings: Settings, log: str) -> None:
        self._settings, self._log = settings, log
        self._client: Client | None = None
        self._sums: dict[Account, Sums] = {}
        self._rerated: dict[Account, int] = {}
        self._steps: list[Any] | None = None

    @property
    def known(self) -> bool:
        """Whether they have been read."""
        return self._steps is not None

    async def refresh(self) -> None:
        """Read them, for as long as ClickHouse is away."""
        await until_done(
            "read credit sums", (ClickHouseDown,), lambda: asyncio.to_thread(self._read)
        )

    def before_nanos(self, customer: str, currency: str) -> int:
        """What a customer owes besides what this log has charged and paid."""
        account = ("customer", customer, currency)
        sums = self._sums.get(account, NOTHING)
        return sums.charged_before_nanos - sums.paid_before_nanos + self._rerated.get(account, 0)

    def owed_nanos(self, vendor: str, currency: str) -> int:
        """What we owe a vendor for calls that are over."""
        account = ("vendor", vendor, currency)
        sums = self._sums.get(account, NOTHING)
        charged = sums.charged_nanos + sums.charged_before_nanos + self._rerated.get(account, 0)
        return charged - sums.paid_nanos - sums.paid_before_nanos

    def paid_nanos(self, customer: str, currency: str) -> int:
        """What a customer has paid through this log, as it is stored."""
        return self._sums.get(("customer", customer, currency), NOTHING).paid_nanos

    def payers(self) -> list[str]:
        """Customers with movements of this log."""
        return [
            name
            for (role, name, _), sums in self._sums.items()
            if role == "customer" and sums.paid_nanos
        ]

    def _read(self) -> None:
        self._client = self._client or connect(self._settings)
        steps = credit.applied_steps(self._client)
        if steps != self._steps:
            self._rerated = credit.rerated(self._client)
        self._sums = credit.sums(self._client, self._log)
        self._steps = steps
