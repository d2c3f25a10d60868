"""What other prices would make of stored calls: the figures of a preview, and no run.

The sums are those of a preview; the largest changes are left out, for they need each call's charge.
"""

from collections.abc import Callable
from itertools import chain
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from kernels.layout import DIGITS_MAX
from rerate.figures import Figures
from rerate.life import Refused
from rerate.prices import Prices, tariff_of
from rerate.scope import Scope
from rerate.snapshot_sums import Among, SnapshotSums, added
from rerate.snapshots import Snapshots
from rerate.work import wanted


class WhatIf(NamedTuple):
    """What came of it."""

    calls: int
    """that were compared"""
    figures: Figures
    days: int
    """that have calls"""
    held: int
    """days that were not read from ClickHouse but from their snapshots"""


def what_if(
    client: Client,
    snapshots: Snapshots,
    scope: Scope,
    prices: Prices,
    threads: int,
    progress: Callable[[int], None],
) -> WhatIf:
    """Compare the calls of a scope with what prices make of them. Raises Refused, ClickHouseDown.

    progress is told how many calls have been compared.
    """
    _refuse(scope)
    days = snapshots.days(scope.days)
    tariff = tariff_of(client, prices)
    among = Among(scope, wanted(scope, prices).of_decks)

    batches = chain.from_iterable(snapshots.batches(day) for day in days)
    whole = added(SnapshotSums(tariff, among), batches, threads, progress)
    if not whole.calls:
        raise Refused(f"the scope matches no calls: {scope.canonical()}")
    return WhatIf(whole.calls, whole.figures, len(days), sum(day.held for day in days))


def _refuse(scope: Scope) -> None:
    for name, texts in (("switches", scope.switches), ("calls", scope.calls)):
        if texts:
            raise Refused(f"scope: {name}: a what-if does not know them; `tollwire rerate preview`")
    for code in scope.codes:
        if len(code) > DIGITS_MAX:
            raise Refused(f"scope: codes: {code!r}: a what-if knows {DIGITS_MAX} digits of a code")
