"""The topics of calls: cdr.rated, cdr.dead, cdr.receipt; all of them Arrow."""

from typing import Final

from billing.rating import REASONS, WITHDRAWN
from clickhouse.tables import DEAD_LETTER, RECEIPT
from deploy.contract.message import (
    INSTANT,
    MILLISECONDS,
    NANOS,
    SECONDS,
    ArrowMessage,
    Field,
)
from streams import topics, wire

NO_KEY: Final = "none: the partition is that of the call in cdr.raw, so that of its customer"
WHILE_SUSPENDED: Final = "0 while suspended"
_WHERE: Final = {
    "log": Field("id of the Kafka cluster that holds cdr.raw: an offset of another log is another"),
    "partition": Field("of cdr.raw"),
    "offset": Field("of the message of cdr.raw"),
}


def _leg(side: str, who: str) -> dict[str, Field]:
    named = {
        "currency": Field(f"currency of the {who}'s account, ISO 4217; empty where unknown"),
        "nanos": Field(f"the charge; {WHILE_SUSPENDED}", NANOS),
        "billed_s": Field(f"talk time that is charged; {WHILE_SUSPENDED}", SECONDS),
        "deck_version": Field(f"number of the deck version that priced it; {WHILE_SUSPENDED}"),
        "rate_row": Field(f"row of that version; {WHILE_SUSPENDED}"),
        "prefix": Field("dial code of that row"),
        "destination": Field("name of that row"),
        "fx_num": Field("numerator of the exchange rate in the charge; 1 where none was used"),
        "fx_den": Field("denominator of that rate; 1 where none was used"),
    }
    return {f"{side}_{name}": field for name, field in named.items()}


RATED: Final = ArrowMessage(
    topic=topics.RATED,
    version=1,
    name="RatedCalls",
    sender="platform",
    key=NO_KEY,
    summary="Every call that was priced or suspended. Of one cdr_id the first row counts.",
    schema=wire.RATED,
    rows_max=wire.ROWS_MAX,
    fields={
        "cdr_id": Field("id of the call: BLAKE2b of switch, call_id and leg, 16 bytes"),
        "call_id": Field("as the switch named it; unique within the switch"),
        "switch": Field("name of the switch; may be empty"),
        "leg": Field("which record of the call, where a switch writes several; else empty"),
        "customer": Field("account the call came from"),
        "vendor": Field("account it went to; empty where an attempt reached none"),
        "calling": Field("A-number, as in cdr.raw"),
        "called": Field("B-number, as in cdr.raw"),
        "answered_at": Field("when it was answered; of an attempt, when it was made", INSTANT),
        "duration_ms": Field("talk time; 0 = not answered", MILLISECONDS),
        "sip_code": Field("final response"),
        "pdd_ms": Field("post-dial delay", MILLISECONDS, null_when="the switch did not say"),
        "lrn": Field("location routing number of a ported number; empty where there is none"),
        "content": Field("hash of what is rated: tells a call sent again from another"),
        "received_at": Field("when the message came to cdr.raw, by the broker", INSTANT),
        **_WHERE,
        "row": Field("of the record within that message"),
        "node_id": Field("dial code node, of use within one dialcode_epoch only"),
        "dialcode_epoch": Field("which numbering of dial codes node_id belongs to"),
        "reason": Field(
            "why it is suspended, without money; empty = rated", values=REASONS[:WITHDRAWN]
        ),
        "has_buy": Field("whether there is a buy leg; without one the buy_ columns say nothing"),
        **_leg("sell", "customer"),
        **_leg("buy", "vendor"),
        "margin_nanos": Field(
            "sell less buy, in sell_currency",
            NANOS,
            null_when="the call is suspended, or its legs have two currencies",
        ),
    },
)

DEAD: Final = ArrowMessage(
    topic=topics.DEAD,
    version=1,
    name="DeadLetters",
    sender="platform",
    key=NO_KEY,
    summary="Records that are no usable call, with why and their bytes. Unique by log, partition,"
    " offset and row.",
    schema=DEAD_LETTER.schema,
    fields={
        **_WHERE,
        "row": Field("of the record within that message"),
        "received_at": Field("when the message came to cdr.raw, by the broker", INSTANT),
        "reason": Field("unreadable, missing, invalid, conflict, or a word of a collector"),
        "field": Field("which field; empty where the record cannot be read at all"),
        "value": Field("what it held, cut to 256 characters"),
        "detail": Field("what is allowed, in words"),
        "duration_ms": Field("talk time, as far as the record says", MILLISECONDS),
        "raw": Field("its original bytes; empty where detail says that they are in cdr.raw only"),
    },
)


def _count(name: str, meaning: str) -> dict[str, Field]:
    return {name: Field(f"records {meaning}")}


def _talk(name: str, meaning: str) -> dict[str, Field]:
    return {f"{name}_ms": Field(f"talk time of records {meaning}", MILLISECONDS)}


_BECAME: Final = {
    "calls": "found in the message",
    "rated": "that were priced",
    "suspended": "that are good calls without a price",
    "dead": "that are no usable call",
    "duplicate": "that came before",
}

RECEIPTS: Final = ArrowMessage(
    topic=topics.RECEIPT,
    version=1,
    name="Receipts",
    sender="platform",
    key=NO_KEY,
    summary="What became of each message of cdr.raw: calls = rated + suspended + dead + duplicate."
    " Unique by log, partition and offset; of several the last counts.",
    schema=RECEIPT.schema,
    fields={
        **_WHERE,
        "received_at": Field("when the message came to cdr.raw, by the broker", INSTANT),
        **{k: v for n, m in _BECAME.items() for k, v in _count(n, m).items()},
        **{k: v for n, m in _BECAME.items() for k, v in _talk(n, m).items()},
    },
)

MESSAGES: Final = (RATED, DEAD, RECEIPTS)
