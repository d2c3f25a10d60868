"""What must be in ClickHouse: every call that counts, with its id and what each leg must cost.

Ids and prices are computed anew from the account; nothing of billing/ or kernels/ is asked.
"""

from hashlib import blake2b
from typing import Any, Final, NamedTuple

import numpy as np

from tests.chaos import world
from tests.chaos.account import PRICED, RATED, SUSPENDED, Fate, Ints, reasons
from tests.chaos.calls import Records
from tests.chaos.messages import call_id, switch
from tests.chaos.readback import Words

LEGS: Final = ("sell", "buy")


class Books(NamedTuple):
    """Every call that counts, with its id and what each leg must cost."""

    record: Records
    place: Ints
    """[call, 3]: partition, offset, row of its first record"""
    id_words: Words
    reason: "np.ndarray[Any, np.dtype[np.int8]]"
    """by number in REASONS"""
    billed_s: dict[str, Ints]
    nanos: dict[str, Ints]


def books(fate: Fate, versions: list[world.Version], run: str) -> Books:
    """What must be in ClickHouse, ordered by the first word of the id."""
    at = np.flatnonzero((fate.outcome == RATED) | (fate.outcome == SUSPENDED))
    own = fate.record[at]
    ids = b"".join(
        blake2b(f"{switch(n)}\0{call_id(run, n)}\0".encode(), digest_size=16).digest()
        for n in own["call"].tolist()
    )
    words = np.frombuffer(ids, np.uint64).reshape(-1, 2)
    order = np.argsort(words[:, 0])
    own, words = own[order], words[order]
    place = np.stack([fate.partition, fate.offset, fate.row], axis=1)[at][order]
    reason = reasons(own)
    billed_s, nanos = {}, {}
    decks = {
        "sell": world.DECK_OF_CUSTOMER[own["customer"]],
        "buy": world.DECK_OF_VENDOR[own["vendor"]],
    }
    for leg in LEGS:
        columns = own["destination"], own["answered_ms"], own["duration_ms"].astype(np.int64)
        counted, charged = world.price(versions, decks[leg], *columns)
        billed_s[leg] = np.where(reason == PRICED, counted, 0)
        nanos[leg] = np.where(reason == PRICED, charged, 0)
    return Books(own, place, words, reason, billed_s, nanos)


def find(kept: Books, words: Words) -> Ints:
    """The number of each id in the books, -1 where it is not in them."""
    if not len(kept.id_words):
        return np.full(len(words), -1)
    at = np.searchsorted(kept.id_words[:, 0], words[:, 0]).clip(max=len(kept.id_words) - 1)
    return np.where((kept.id_words[at] == words).all(axis=1), at, -1)
