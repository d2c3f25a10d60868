"""What goes over the topics: Arrow IPC streams of these schemas (JSON for accounts)."""

import hashlib
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from billing.balances import Balance, Key
from billing.cdr import CALLS, INSTANT
from billing.credit.account import Block, Warned
from billing.credit.journal import Change
from billing.credit.limits import Limit
from billing.credit.session import Session
from billing.deck import RATES, DeckOptions, DeckVersion, whole_rates
from billing.fx import FX
from billing.parties import Account

_LEG_FIELDS = (
    ("currency", pa.string()),
    ("nanos", pa.int64()),
    ("billed_s", pa.uint32()),
    ("deck_version", pa.uint32()),
    ("rate_row", pa.uint32()),
    ("prefix", pa.string()),
    ("destination", pa.string()),
    ("fx_num", pa.uint64()),
    ("fx_den", pa.uint64()),
)

RATED: Final = pa.schema(
    [
        ("cdr_id", pa.binary(16)),
        *CALLS,
        ("content", pa.uint64()),
        ("received_at", INSTANT),
        ("log", pa.string()),
        ("partition", pa.uint16()),
        ("offset", pa.uint64()),
        ("row", pa.uint32()),
        ("node_id", pa.uint32()),
        ("dialcode_epoch", pa.uint64()),
        ("reason", pa.string()),
        ("has_buy", pa.bool_()),
        *((f"sell_{name}", kind) for name, kind in _LEG_FIELDS),
        *((f"buy_{name}", kind) for name, kind in _LEG_FIELDS),
        ("margin_nanos", pa.int64()),
    ]
)
"""cdr.rated: every rated or suspended call. reason "" = rated; of one cdr_id the first row counts;
margin_nanos is null where the call is suspended or its two sides differ in currency; fx_num /
fx_den is the exchange rate in the charge, 1 / 1 where none was needed."""

ROWS_MAX: Final = 3_000
"""of one cdr.rated message: at the longest texts a message stays below topics.MESSAGE_BYTES_MAX"""
LETTERS_BYTES_PER_MESSAGE: Final = 3 * 1024 * 1024
"""of one cdr.dead message: with one letter more it stays below topics.MESSAGE_BYTES_MAX"""
RATES_PER_PART: Final = 20_000


_LZ4: Final = pa.ipc.IpcWriteOptions(compression="lz4")


def encode(batch: pa.RecordBatch, metadata: dict[str, str] | None = None) -> bytes:
    """One batch as an Arrow IPC stream, its buffers compressed with LZ4."""
    schema = batch.schema.with_metadata(metadata) if metadata else batch.schema
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=_LZ4) as stream:
        stream.write_batch(batch.replace_schema_metadata(schema.metadata))
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def decode(payload: bytes) -> pa.Table:
    """The rows of an Arrow IPC stream that `encode` wrote."""
    with pa.ipc.open_stream(payload) as stream:
        return stream.read_all()


def decode_rated(payload: bytes) -> pa.Table:
    """Rows of cdr.rated; those written before there were exchange rates used none, nor LRNs."""
    rows = decode(payload)
    if "lrn" not in rows.column_names:
        rows = rows.append_column("lrn", pa.array([""] * rows.num_rows, pa.string()))
    for name in ("sell_fx_num", "sell_fx_den", "buy_fx_num", "buy_fx_den"):
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.array([1] * rows.num_rows, pa.uint64()))
    return rows.select(RATED.names)


def slices(batch: pa.RecordBatch, rows_max: int = ROWS_MAX) -> list[pa.RecordBatch]:
    """The batch in pieces of at most rows_max rows."""
    return [batch.slice(at, rows_max) for at in range(0, batch.num_rows, rows_max)]


class _Header(msgspec.Struct):
    number: int
    deck: str
    side: str
    coverage: str
    valid_from_ms: int
    published_ms: int
    options: DeckOptions
    parts: int
    part: int


def encode_version(version: DeckVersion) -> list[tuple[bytes, bytes]]:
    """A deck version as (key, value) messages of deck.version, in parts of RATES_PER_PART."""
    rates = version.rates.combine_chunks()
    starts = range(0, max(rates.num_rows, 1), RATES_PER_PART)
    messages = []
    for part, start in enumerate(starts):
        header = _Header(*version[:6], options=version.options, parts=len(starts), part=part)
        meta = {"tollwire.deck_version": msgspec.json.encode(header).decode()}
        rows = rates.slice(start, RATES_PER_PART).combine_chunks().to_batches()
        batch = rows[0] if rows else pa.RecordBatch.from_pylist([], schema=RATES)
        messages.append((f"{version.number}:{part}".encode(), encode(batch, meta)))
    return messages


class PartialVersions:
    """Puts deck versions together from their parts, in any order."""

    def __init__(self) -> None:
        self._parts: dict[int, dict[int, pa.Table]] = {}

    def add(self, payload: bytes) -> DeckVersion | None:
        """The version, once all of its parts have been added."""
        table = decode(payload)
        header = msgspec.json.decode(table.schema.metadata[b"tollwire.deck_version"], type=_Header)
        parts = self._parts.setdefault(header.number, {})
        parts[header.part] = whole_rates(table.replace_schema_metadata(None))
        if len(parts) < header.parts:
            return None
        del self._parts[header.number]
        return DeckVersion(
            header.number,
            header.deck,
            header.side,
            header.coverage,
            header.valid_from_ms,
            header.published_ms,
            header.options,
            pa.concat_tables([parts[i] for i in range(header.parts)]),
        )


def encode_fx(rates: pa.Table) -> Iterator[tuple[bytes, bytes]]:
    """Exchange rates (FX) as (key, value) messages of fx.rate: one or more of each publication."""
    ordered = rates.sort_by([(name, "ascending") for name in FX.names])
    published = ordered.column("published_ms")
    for published_ms in pc.unique(published).to_pylist():
        own = ordered.filter(pc.equal(published, published_ms)).combine_chunks()
        for start in range(0, own.num_rows, RATES_PER_PART):
            part = own.slice(start, RATES_PER_PART).combine_chunks().to_batches()[0]
            value = encode(part)
            yield f"{published_ms}:{hashlib.sha256(value).hexdigest()[:16]}".encode(), value


def decode_fx(payload: bytes) -> pa.Table:
    """Exchange rates from `encode_fx`."""
    return decode(payload).cast(FX)


def encode_account(account: Account) -> tuple[bytes, bytes]:
    """An account as (key, value) of the account topic."""
    return f"{account.role}/{account.account}".encode(), msgspec.json.encode(account._asdict())


def decode_account(payload: bytes) -> Account:
    """An account from `encode_account`."""
    return Account(**msgspec.json.decode(payload))


def encode_balance(key: Key, balance: Balance) -> tuple[bytes, bytes]:
    """A balance as (key, value) of the balances' changelog; the partition is the changelog's."""
    return msgspec.json.encode(key), msgspec.json.encode(balance)


def decode_balance(key: bytes, value: bytes) -> tuple[Key, Balance]:
    """A balance from `encode_balance`."""
    return msgspec.json.decode(key, type=Key), msgspec.json.decode(value, type=Balance)


def encode_limit(limit: Limit) -> tuple[bytes, bytes]:
    """A limit as (key, value) of credit.limit."""
    return f"{limit.role}/{limit.account}".encode(), msgspec.json.encode(limit)


def decode_limit(payload: bytes) -> Limit:
    """A limit from `encode_limit`."""
    return msgspec.json.decode(payload, type=Limit)


class Stamp(NamedTuple):
    """When a part of a book was written: of two the one with the higher stamp is the later.

    Each owner of a partition has a higher epoch than those before it.
    """

    epoch: int
    number: int


class _Kept(msgspec.Struct, array_like=True):
    stamp: Stamp
    value: msgspec.Raw


_KEPT: Final = {"session": Session, "order": int, "block": Block, "warned": Warned}


def encode_change(change: Change, stamp: Stamp) -> tuple[bytes, bytes | None]:
    """A part of a credit book as (key, value) of its changelog; no value where it is forgotten."""
    key = msgspec.json.encode(change[:3])
    if change.value is None:
        return key, None
    return key, msgspec.json.encode([stamp, change.value])


def decode_change(key: bytes, value: bytes | None) -> tuple[Change, Stamp | None]:
    """A part of a credit book from `encode_change`."""
    kind, account, name = msgspec.json.decode(key, type=tuple[str, str, str])
    if value is None:
        return Change(kind, account, name, None), None
    kept = msgspec.json.decode(value, type=_Kept)
    return Change(
        kind, account, name, msgspec.json.decode(kept.value, type=_KEPT[kind])
    ), kept.stamp
