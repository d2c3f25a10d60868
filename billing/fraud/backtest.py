"""What rules would have found in the facts of a period, and what that would have been worth.

The facts go through the very same watch as live ones. An incident's calls are those its alert
proposes to block: to a prefix, of an account, over a vendor. Money after the alert is that of the
calls which began later, until the incident is over; blocking at once would have saved it. Where
labels are given, an incident is false when fewer than a third of its sample calls are fraud.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billing.fraud.facts import CDR
from billing.fraud.incidents import Alert
from billing.fraud.rules import Rules
from billing.fraud.watch import Watch
from kernels.layout import U64

FOLLOWED_MS: Final = 24 * 3_600_000
"""how long after its last alert an incident's calls are counted"""
TRUE_SHARE: Final = 1 / 3


@dataclass
class Incident:
    """All alerts of one incident; money in nanos of the account's currency."""

    first: Alert
    last: Alert
    after_nanos: int = 0
    after_calls: int = 0
    false: bool | None = None

    @property
    def until_nanos(self) -> int:
        """Money spent in it when it was first told."""
        return self.first.money_nanos


@dataclass
class Outcome:
    """Incidents in the order they were told, and what went by."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    facts: int = 0
    sell_nanos: int = 0


@dataclass(frozen=True)
class Labels:
    """Calls known to be fraud: their hashes, sorted."""

    fraud: U64

    def share(self, calls: Iterable[int]) -> float:
        """How much of these calls is fraud."""
        asked = np.array(list(calls), np.uint64)
        return float(np.isin(asked, self.fraud).mean()) if len(asked) else 0.0


def replay(
    batches: Iterable[pa.Table], rules: Rules, until_ms: int, labels: Labels | None = None
) -> Outcome:
    """Fold the facts of a period, in the order they arrived; it ends at until_ms."""
    watch, out = Watch(rules), Outcome()
    for batch in batches:
        _tell(out, watch.take(batch), labels)
        out.facts += len(batch)
        _follow(out, batch)
    _tell(out, watch.pass_time(until_ms), labels)
    return out


def _tell(out: Outcome, alerts: list[Alert], labels: Labels | None) -> None:
    for alert in alerts:
        out.alerts.append(alert)
        found = out.incidents.setdefault(alert.id, Incident(alert, alert))
        found.last = alert
        if labels is not None:
            found.false = labels.share(alert.calls) < TRUE_SHARE


def _follow(out: Outcome, batch: pa.Table) -> None:
    """Add the calls of a batch to the incidents they belong to."""
    records = batch.filter(pc.equal(batch.column("kind"), CDR))
    if not len(records):
        return
    sell = records.column("sell_nanos").to_numpy()
    out.sell_nanos += int(sell.sum())
    end = records.column("at_ms").to_numpy()
    begun = end - records.column("duration_ms").to_numpy() - records.column("setup_ms").to_numpy()
    newest = int(end.max())
    for incident in out.incidents.values():
        if newest > incident.last.updated_ms + FOLLOWED_MS or newest < incident.first.raised_ms:
            continue
        for belongs in _belonging(incident.last, records):
            hit = belongs & (begun >= incident.first.raised_ms)
            incident.after_nanos += int(sell[hit].sum())
            incident.after_calls += int(hit.sum())


def _belonging(alert: Alert, records: pa.Table) -> Iterator[npt.NDArray[np.bool_]]:
    """Per thing to block, the records it concerns."""
    own = pc.equal(records.column("customer"), alert.account)
    prefixes = [block.value for block in alert.block if block.kind == "prefix"]
    for block in alert.block:
        if block.kind == "prefix":
            hit = pc.and_(own, pc.starts_with(records.column("called"), block.value))
        elif block.kind == "vendor":
            hit = pc.equal(records.column("vendor"), block.value)
        elif not prefixes:
            hit = own
        else:
            continue
        yield hit.to_numpy(zero_copy_only=False) if isinstance(hit, pa.Array) else hit.to_numpy()
