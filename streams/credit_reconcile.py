"""What accounts have paid, as the desks count it, held against what is stored of it.

Balance = opening + payments - charges: the charges are compared by `streams.reconcile`, from the
same balances that the desks spend; here are the movements.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

import structlog

from billing.credit.desk import Desk
from deploy.runtime import metrics

SHOWN_MAX: Final = 20

_log = structlog.get_logger()


class Difference(NamedTuple):
    """An account whose two sides differ, nanos."""

    account: str
    counted_nanos: int
    stored_nanos: int


class PaidCheck:
    """The comparison of one worker; an account counts when it differs twice running."""

    def __init__(self) -> None:
        self._differed: set[Difference] = set()

    def judge(
        self,
        desks: Mapping[int, Desk],
        stored_nanos: Callable[[str], int],
        payers: Iterable[str] = (),
    ) -> list[Difference]:
        """The accounts that still differ as they did the last time: a movement is lost or twice.

        stored_nanos: what an account has paid through this log, by ClickHouse. The first time an
        order may have been under way. payers: accounts of these desks with stored movements.
        """
        found = {
            Difference(name, book.paid_nanos, stored_nanos(name))
            for desk in desks.values()
            for name, book in desk.journal.books.items()
        }
        known = {difference.account for difference in found}
        found |= {Difference(name, 0, stored_nanos(name)) for name in payers if name not in known}
        differ = {d for d in found if d.counted_nanos != d.stored_nanos}
        standing = sorted(differ & self._differed)
        self._differed = differ
        metrics.CREDIT_DIFFERENCES.set(len(standing))
        for difference in standing[:SHOWN_MAX]:
            _log.error("what is paid is not the sum of its movements", **difference._asdict())
        return standing
