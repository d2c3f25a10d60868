"""The sender's own account: what it put into each message, and where the broker said it stands.

Two Arrow streams in a folder. `Fold` reads them back and, with the log of the broker beside them,
says what must have become of every position of cdr.raw: the first record of a call counts, the same
again is a duplicate, another content of the same call is a conflict, poison is dead.
"""

from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tests.chaos.calls import POISON, RECORD, Records
from tests.chaos.messages import Message
from tests.chaos.world import CUSTOMERS, KNOWN_CUSTOMERS, NOWHERE

Ints = npt.NDArray[np.int64]

_RECORDS: Final = pa.schema(
    [(name, pa.from_numpy_dtype(RECORD[name])) for name in RECORD.names or ()]
)
_SENT: Final = pa.schema(
    [
        ("message", pa.uint32()),
        ("digest", pa.binary(16)),
        ("partition", pa.uint16()),
        ("offset", pa.int64()),
        ("tries", pa.uint16()),
    ]
)
FLUSH_MESSAGES: Final = 500
RATED, SUSPENDED, DEAD, DUPLICATE = range(4)
"""What becomes of a record; a conflict is dead."""
REASONS: Final = ("", "customer_unknown", "sell_rate_missing")
PRICED: Final = 0
"""The reason of a call that is rated."""


def digest(payload: bytes) -> bytes:
    """What a message is known by when it is read back."""
    return blake2b(payload, digest_size=16).digest()


class Account:
    """Written by the sender alone: records before they are sent, places when acknowledged."""

    def __init__(self, folder: Path) -> None:
        self._records = pa.ipc.new_stream(str(folder / "records.arrow"), _RECORDS)
        self._sent = pa.ipc.new_stream(str(folder / "sent.arrow"), _SENT)
        self._places: list[tuple[int, bytes, int, int, int]] = []

    def about_to_send(self, message: Message) -> None:
        """Note what is in a message."""
        own = message.records
        columns = [pa.array(np.ascontiguousarray(own[name])) for name in RECORD.names or ()]
        self._records.write_batch(pa.record_batch(columns, schema=_RECORDS))

    def acknowledged(self, message: Message, partition: int, offset: int, tries: int) -> None:
        """Note where the broker says a message stands, after so many tries."""
        place = (message.number, digest(message.payload), partition, offset, tries)
        self._places.append(place)
        if len(self._places) >= FLUSH_MESSAGES:
            self._flush()

    def _flush(self) -> None:
        columns = [list(column) for column in zip(*self._places, strict=True)] or [[]] * len(_SENT)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, _SENT, strict=True)]
        self._sent.write_batch(pa.record_batch(arrays, schema=_SENT))
        self._places.clear()

    def close(self) -> None:
        """Write the rest."""
        self._flush()
        self._records.close()
        self._sent.close()


class Sent(NamedTuple):
    """The account read back: all records in order of messages, and the acknowledged messages."""

    records: Records
    digests: dict[bytes, int]
    """payload -> a message with it"""
    places: dict[tuple[int, int], bytes]
    """(partition, offset) -> payload, as acknowledged"""
    resent: int


def read(folder: Path) -> Sent:
    """The account of a sender that ended properly."""
    with pa.ipc.open_stream(str(folder / "records.arrow")) as stream:
        table = stream.read_all()
    records = np.zeros(table.num_rows, RECORD)
    for name in RECORD.names or ():
        records[name] = table.column(name).to_numpy()
    with pa.ipc.open_stream(str(folder / "sent.arrow")) as stream:
        sent = stream.read_all().to_pylist()
    digests: dict[bytes, int] = {}
    for row in sent:
        digests.setdefault(row["digest"], row["message"])
    return Sent(
        records,
        digests,
        {(row["partition"], row["offset"]): row["digest"] for row in sent},
        sum(row["tries"] > 1 for row in sent),
    )


class Log(NamedTuple):
    """What stands in cdr.raw, in order of partition and offset."""

    partition: Ints
    offset: Ints
    message: Ints
    """the account's number of the message, -1 if it is none of ours"""


class Fate(NamedTuple):
    """What must have become of every record in the log, in log order."""

    record: Records
    partition: Ints
    offset: Ints
    row: Ints
    outcome: Ints


def fates(records: Records, log: Log) -> Fate:
    """The outcome of each record of each message of the log, whose messages are all known."""
    first = np.searchsorted(records["message"], log.message)
    count = np.searchsorted(records["message"], log.message, side="right") - first
    starts = np.cumsum(count) - count
    row = np.arange(count.sum()) - np.repeat(starts, count)
    own = records[np.repeat(first, count) + row]
    outcome = np.full(len(own), DEAD)
    at = np.flatnonzero(own["call"] != POISON)
    _, first_at, of_call = np.unique(own["call"][at], return_index=True, return_inverse=True)
    standing = at[first_at][of_call]
    same = own["variant"][at] == own["variant"][standing]
    outcome[at[same]] = DUPLICATE
    priced = (own["customer"] < KNOWN_CUSTOMERS) & (own["destination"] != NOWHERE)
    counted = at[first_at]
    outcome[counted] = np.where(priced[counted], RATED, SUSPENDED)
    partition, offset = (np.repeat(column, count) for column in (log.partition, log.offset))
    return Fate(own, partition, offset, row, outcome)


def reasons(records: Records) -> npt.NDArray[np.int8]:
    """Why each call is suspended, by number in REASONS."""
    unknown = records["customer"] >= KNOWN_CUSTOMERS
    nowhere = records["destination"] == NOWHERE
    return np.where(unknown, 1, np.where(nowhere, 2, PRICED)).astype(np.int8)


assert len(CUSTOMERS) > KNOWN_CUSTOMERS
