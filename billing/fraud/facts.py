"""What the watch is told about calls: a batch of columns, and the same as numbers.

One call makes up to four facts: START (the INVITE), ANSWER, STOP, and CDR (the record, known at
the end). Any of them may be missing; a CDR alone is enough. Text ends here: inside, an account,
vendor or destination is the hash of its name, and a number is an integer.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billing.fraud.digits import number_of
from billing.fraud.names import Names
from kernels.layout import I64, RATE_NANOS_MAX, U64

START, ANSWER, STOP, CDR = range(4)

FACTS: Final = pa.schema(
    [
        pa.field("kind", pa.int8(), nullable=False),
        pa.field("at_ms", pa.int64(), nullable=False),
        pa.field("arrived_ms", pa.int64(), nullable=False),
        pa.field("call", pa.uint64(), nullable=False),
        pa.field("customer", pa.string(), nullable=False),
        pa.field("vendor", pa.string(), nullable=False),
        pa.field("calling", pa.string(), nullable=False),
        pa.field("called", pa.string(), nullable=False),
        pa.field("destination", pa.string(), nullable=False),
        pa.field("nanos_per_min", pa.int64(), nullable=False),
        pa.field("duration_ms", pa.int64(), nullable=False),
        pa.field("sell_nanos", pa.int64(), nullable=False),
        pa.field("setup_ms", pa.int64(), nullable=False),
        pa.field("sip_code", pa.int64(), nullable=False),
    ]
)
"""kind: START, ANSWER, STOP, CDR. at_ms: event time: the INVITE, the answer, the end (CDR, too).
arrived_ms: when the broker got it; 0 = unknown. It only judges clocks: what claims to lie in the
future happened when it arrived. call: hash of switch and call id, the same in all four.
destination: name of the sell rate's destination, "" unknown. nanos_per_min: sell rate in the
account's currency, 0 unknown. duration_ms: talk time (STOP, CDR; 0 unanswered or unknown).
sell_nanos: what a CDR was charged. setup_ms: from INVITE to answer, or to the end of an unanswered
call; 0 unknown. sip_code: 0 unknown."""

IDENTITY: Final = [
    *((name, "u8") for name in ("call", "who", "vendor", "dest")),
    *((name, "i8") for name in ("a", "b", "rate")),
]
"""what stays the same of a call: fields of its facts, of what is remembered, and of its events"""

FACT: Final = np.dtype(
    [
        ("at", "i8"),
        ("kind", "i1"),
        *IDENTITY,
        ("duration", "i8"),
        ("sell", "i8"),
        ("setup", "i8"),
        ("sip", "i8"),
    ]
)
"""a fact as numbers; a, b: 0 = absent or no number; times in ms, rate in nanos a minute"""

Rows = npt.NDArray[np.void]


def numbers_of(facts: pa.Table | pa.RecordBatch, names: Names) -> tuple[Rows, I64]:
    """Facts as rows of FACT in the order given, and when each arrived. New names are remembered.

    Rates and sums beyond RATE_NANOS_MAX, and negative figures, count as unknown (0): a watch that
    stopped for one bad row would watch nothing. Raises ValueError where columns are not FACTS.
    """
    if facts.schema.names != FACTS.names:
        raise ValueError(f"columns {facts.schema.names} are not {FACTS.names}")
    rows = np.zeros(facts.num_rows, FACT)
    if not len(rows):
        return rows, np.zeros(0, np.int64)
    for name, column in (("who", "customer"), ("vendor", "vendor"), ("dest", "destination")):
        rows[name] = _hashes(facts.column(column), names)
    rows["a"], rows["b"] = (number_of(facts.column(c)) for c in ("calling", "called"))
    for name, column, most in (
        ("kind", "kind", CDR),
        ("at", "at_ms", None),
        ("call", "call", None),
        ("rate", "nanos_per_min", RATE_NANOS_MAX),
        ("duration", "duration_ms", None),
        ("sell", "sell_nanos", RATE_NANOS_MAX * 10_080),
        ("setup", "setup_ms", None),
        ("sip", "sip_code", None),
    ):
        values = facts.column(column).to_numpy()
        rows[name] = values if most is None else np.where(values <= most, values, 0)
    for name in ("rate", "duration", "sell", "setup", "sip"):
        rows[name] = np.maximum(rows[name], 0)
    return rows, facts.column("arrived_ms").to_numpy().astype(np.int64)


def _hashes(column: pa.ChunkedArray | pa.Array, names: Names) -> U64:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    coded = pc.dictionary_encode(whole)
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    hashes: U64 = names.learn(coded.dictionary)[coded.indices.to_numpy()]
    return hashes
