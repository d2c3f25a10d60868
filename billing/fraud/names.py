"""Names of accounts, vendors and destinations, and the 64-bit hashes that stand for them inside."""

from typing import Final

import numpy as np
import pyarrow as pa

from kernels.layout import U64
from kernels.seen import content_hash

NAMES_MAX: Final = 400_000
"""names kept; one that comes later is watched all the same, and shown as the hash it has"""


def hash_of(texts: pa.Array) -> U64:
    """Hash of each text; the empty text is 0."""
    found = content_hash([texts], [np.zeros(len(texts), np.int64)])
    lengths = np.array([len(text) for text in texts.to_pylist()], np.int64)
    return np.where(lengths > 0, found | np.uint64(1), np.uint64(0))


class Names:
    """hash -> name, as far as NAMES_MAX reaches."""

    def __init__(self) -> None:
        self._name: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._name)

    def learn(self, texts: pa.Array) -> U64:
        """Hashes of distinct texts, which are remembered."""
        hashes = hash_of(texts)
        for key, text in zip(hashes.tolist(), texts.to_pylist(), strict=True):
            if key not in self._name and len(self._name) < NAMES_MAX:
                self._name[key] = text
        return hashes

    def of(self, key: int) -> str:
        """The name of a hash."""
        return "" if key == 0 else self._name.get(key, f"#{key:016x}")

    def known(self) -> list[str]:
        """All names, in the order they came."""
        return list(self._name.values())
