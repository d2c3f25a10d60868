"""Tells of floods of dead letters: one line in the log when one begins or ends, and a gauge."""

import time
from collections.abc import Collection, Sequence

import structlog

from deploy.runtime import metrics
from streams.flood import WINDOW_S, Flood, FloodWatch
from streams.step import Outcome, Raw

_log = structlog.get_logger()


class FloodAlarm:
    """Watches the partitions of one worker."""

    def __init__(self, dead_max: int, percent_max: float) -> None:
        self._limits = dead_max, percent_max
        self._watches: dict[int, FloodWatch] = {}
        self._looked_s: dict[int, float] = {}

    def look(self, partition: int, raws: Sequence[Raw], outcome: Outcome) -> None:
        """Take note of what came of a step."""
        watch = self._watches.setdefault(partition, FloodWatch(*self._limits))
        before = watch.flood
        watch.take(outcome.receipts, outcome.dead, [raw.customer for raw in raws])
        self._looked_s[partition] = time.monotonic()
        if watch.flood and not before:
            self._begin(partition, watch, watch.flood)
        elif before and not watch.flood:
            self._end(partition, before)

    def keep(self, partitions: Collection[int]) -> None:
        """Forget the partitions that are none of these."""
        for partition in self._watches.keys() - set(partitions):
            if flood := self._watches.pop(partition).flood:
                metrics.DEAD_FLOOD.remove(str(partition), flood.cause.reason)

    def _begin(self, partition: int, watch: FloodWatch, flood: Flood) -> None:
        gauge = metrics.DEAD_FLOOD.labels(str(partition), flood.cause.reason)
        gauge.set_function(lambda: self._dead(partition, watch))
        _log.warning(
            "a flood of dead letters begins",
            partition=partition,
            dead=flood.dead,
            records=flood.records,
            reason=flood.cause.reason,
            field=flood.cause.field,
            customer=flood.cause.customer,
            sample_offset=flood.offset,
            sample_row=flood.row,
        )

    def _dead(self, partition: int, watch: FloodWatch) -> float:
        """Dead letters of the last minute; none once the partition has been silent so long."""
        silent = time.monotonic() - self._looked_s[partition] > WINDOW_S
        return 0.0 if silent or not watch.flood else float(watch.flood.dead)

    def _end(self, partition: int, flood: Flood) -> None:
        metrics.DEAD_FLOOD.remove(str(partition), flood.cause.reason)
        _log.warning("a flood of dead letters is over", partition=partition)
