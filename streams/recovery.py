"""Tables that come back whole: Faust's recovery, corrected where Faust 0.15.3 loses messages.

When the tables have been read from their changelogs, Faust lets the source partitions flow, waits
for them to be sought to their committed offsets, and then empties the agents' queues: what arrived
meanwhile is gone. Here the source partitions flow when everything else is done.

Hot standbys have the same fault and are not corrected: apps with tables set
table_standby_replicas=0. The rest of the correction is in streams/transport.py and changelogs.py.
"""

from typing import Any

import faust
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery

from streams.transport import FAUST

if faust.__version__ != FAUST:
    raise ImportError(f"streams/recovery.py fits Faust {FAUST}, not {faust.__version__}")


class SourcesLast(Recovery):
    """Faust's recovery; the source partitions flow last."""

    _whole_of: int | None = None
    """the generation of the group whose tables have come back whole"""

    @property
    def whole(self) -> bool:
        """Whether the tables hold all they must of the partitions this worker has now.

        Faust's own flags leave out the time from the first assignment to the recovery's start.
        """
        same = self._whole_of == self.app.consumer_generation_id
        return same and not self.app.rebalancing

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """The tables are up to date: seek the sources, empty the queues, then let them flow."""
        with self.app.consumer.resuming_last():
            await super().on_recovery_completed(generation_id)
        self._whole_of = generation_id


class Tables(TableManager):
    """Faust's table manager with the recovery above: setting `TableManager` of an app."""

    _recovery: Any

    @property
    def recovery(self) -> Any:
        """The recovery service, made when it is first asked for."""
        if self._recovery is None:
            self._recovery = SourcesLast(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
