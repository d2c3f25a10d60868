"""How often somebody may try to sign in: counted for each name and for each address.

In the memory of one console: with N consoles it is N times as many. A try counts before its
password is looked at, so that tries at the same time do not slip through.
"""

import threading
from collections import OrderedDict, deque
from math import ceil
from typing import Final

WINDOW_MS: Final = 300_000
PER_NAME_MAX: Final = 10
PER_ADDRESS_MAX: Final = 50
KEPT_MAX: Final = 20_000
"""names and addresses remembered; the one that tried least recently is forgotten first"""


class Tries:
    """Instants of the tries of the last five minutes. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tried: OrderedDict[tuple[str, str], deque[int]] = OrderedDict()

    def wait_s(self, name: str, address: str, at_ms: int) -> int:
        """Count a try; how long to wait before it may be made, 0: go on."""
        kinds = ((("name", name), PER_NAME_MAX), (("address", address), PER_ADDRESS_MAX))
        with self._lock:
            waits = [self._wait_ms(key, most, at_ms) for key, most in kinds]
            if max(waits) > 0:
                return ceil(max(waits) / 1_000)
            for key, _ in kinds:
                self._tried.setdefault(key, deque()).append(at_ms)
                self._tried.move_to_end(key)
            while len(self._tried) > KEPT_MAX:
                self._tried.popitem(last=False)
        return 0

    def worked(self, name: str) -> None:
        """Forget the tries of a name that has signed in."""
        with self._lock:
            self._tried.pop(("name", name), None)

    def _wait_ms(self, key: tuple[str, str], most: int, at_ms: int) -> int:
        own = self._tried.get(key)
        while own and own[0] <= at_ms - WINDOW_MS:
            own.popleft()
        return own[0] + WINDOW_MS - at_ms if own and len(own) >= most else 0
