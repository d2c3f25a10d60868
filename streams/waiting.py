"""Which effects wait for ClickHouse or the broker, and since when: the state of the back-pressure.

The ages are computed when they are asked for, so they grow while the event loop stands still.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Final, Literal

from deploy.runtime import metrics

Part = Literal["clickhouse", "broker"]

HANGS_S: Final = 30.0
"""A request without an answer for so long counts as waiting, as one that failed does at once. An
insert of a full batch may take this long on a busy server."""
_REQUESTS: Final[dict[str, Part]] = {"store": "clickhouse", "send": "broker"}
"""Effects that are one request to one part; the others may rightly take long."""


class Wait:
    """One effect under way."""

    def __init__(self, effect: str) -> None:
        self.effect = effect
        self.part: Part | None = _REQUESTS.get(effect)
        self._began_s = time.monotonic()
        self._failed = False

    def failed(self, part: Part) -> None:
        """It is tried again, because `part` did not do it."""
        self.part, self._failed = part, True
        _gauge(self.effect, part)

    def waiting_s(self) -> float:
        """Seconds since it began, 0 as long as nothing is wrong with it."""
        age_s = time.monotonic() - self._began_s
        return age_s if self._failed or (self.part and age_s > HANGS_S) else 0.0


_under_way: dict[Wait, None] = {}


@contextmanager
def under_way(effect: str) -> Iterator[Wait]:
    """Count an effect as under way until the block ends."""
    wait = Wait(effect)
    if wait.part:
        _gauge(effect, wait.part)
    _under_way[wait] = None
    try:
        yield wait
    finally:
        del _under_way[wait]


def waiting_s(part: Part, effect: str | None = None) -> float:
    """How long the longest effect (of this name, if one is given) has waited for `part`."""
    waits = [w for w in list(_under_way) if w.part == part and effect in (None, w.effect)]
    return max((w.waiting_s() for w in waits), default=0.0)


@cache
def _gauge(effect: str, part: Part) -> None:
    """Show the effect among the metrics from now on."""
    metrics.WAITING.labels(effect, part).set_function(partial(waiting_s, part, effect))
