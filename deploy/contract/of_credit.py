"""The topics of credit control: what switches and people say, and what is answered."""

from typing import Final

import msgspec

from billing.credit.call_events import EVENTS_MAX, Sent
from billing.credit.orders import Order
from billing.credit.outcomes import REFUSALS, Decision, Disconnect, Notice, Outcome
from billing.rating import REASONS, WITHDRAWN
from deploy.contract.message import MILLISECONDS, SECONDS, Field, JsonMessage, instant, money
from streams import topics
from streams.credit_messages import messages_of

_AT_MS: Final = 1_795_428_000_000
ACCOUNT_KEY: Final = "the account; the partition is that of its calls"
CUSTOMER_KEY: Final = "the customer, with Kafka's default partitioner, as in cdr.raw"
_CALL: Final = {
    "switch": Field("name of the switch; may be empty"),
    "call_id": Field("as the switch named the call; unique within the switch"),
    "leg": Field("which record of the call, where a switch writes several; else empty"),
}
_OUT: Final = {"at_ms": instant("when it was said"), "account": Field("the customer")}
_REFUSED: Final = ("", *REFUSALS, *REASONS[1:WITHDRAWN])
NOTICES: Final = (
    *("threshold", "payment", "adjustment", "opening", "blocked", "throttled", "unblocked"),
    *("cdr_missing", "never_began", "disconnect", "order_refused", "event_refused"),
)
ENDS: Final = ("no_credit", "silent", "blocked")


def _said(outcome: Outcome) -> list[bytes]:
    return [value or b"" for _, _, value in messages_of([outcome])[:1]]


EVENT: Final = JsonMessage(
    topic=topics.CALL_EVENTS,
    version=1,
    name="CallEvent",
    sender="others",
    key=CUSTOMER_KEY,
    summary="A switch says that a call starts, is answered, goes on, or stops.",
    type=Sent,
    many_max=EVENTS_MAX,
    fields={
        "event": Field("what happened"),
        "at": Field("when, by the switch's clock: ISO 8601, or epoch seconds or milliseconds"),
        **_CALL,
        "customer": Field("account the call comes from: also the message's key"),
        "vendor": Field("account it goes to, once that is known"),
        "trunk": Field("trunk it came in by, where trunks have caps"),
        "calling": Field("A-number"),
        "called": Field("B-number: digits, + or 00 in front"),
        "lrn": Field("location routing number of a ported number"),
        "request_no": Field("of updates, counted by the switch: a repeated one grants nothing new"),
        "duration_ms": Field(
            "of talk in all: required of a stop; 0 = never answered",
            MILLISECONDS,
            null_when="it is no stop",
        ),
    },
    samples=lambda: [
        b'{"event":"start","at":"2026-11-23T10:00:00Z","switch":"fra1","call_id":"7f3a",'
        b'"customer":"atlas-voice","calling":"+442071234567","called":"+4930123456"}',
        b'[{"event":"stop","at":1795428061000,"switch":"fra1","call_id":"7f3a",'
        b'"customer":"atlas-voice","called":"+4930123456","duration_ms":60500}]',
    ],
)

ORDER: Final = JsonMessage(
    topic=topics.CREDIT_ORDER,
    version=1,
    name="CreditOrder",
    sender="both",
    key=ACCOUNT_KEY,
    summary="People, their tools and the fraud watch order payments and blocks.",
    type=Order,
    fields={
        "kind": Field("what is ordered"),
        "id": Field("the sender's own; the same id never counts twice"),
        "role": Field("of the account"),
        "account": Field("the account"),
        "by": Field("who orders it"),
        "at_ms": instant("when it was ordered"),
        "amount": Field(
            "of money orders: what it adds to the account's money, decimal text of its currency",
            pattern=r"^([+-]?\d{1,12}(\.\d{0,40})?)?$",
        ),
        "currency": Field("of money orders: the account's, ISO 4217", pattern=r"^([A-Z]{3})?$"),
        "note": Field("for people"),
        "prefix": Field("of blocks: a dial code; empty = every call", pattern=r"^\d*$"),
        "reason": Field("of blocks: why; a block needs one"),
        "until_ms": instant("of blocks: when it ends by itself; 0 = when it is lifted"),
        "disconnect": Field("of blocks: calls in progress end, too"),
        "calls_per_min": Field("of blocks: new calls a minute that it lets through; 0 = none"),
        "source": Field("id of the fraud alert it is about; empty = a person's own"),
    },
    samples=lambda: [
        msgspec.json.encode(
            Order(
                *("payment", "bank-2026-11-23-117", "customer", "atlas-voice", "eve", _AT_MS),
                amount="2500.00",
                currency="USD",
                note="wire transfer",
            )
        )
    ],
)

DECISION: Final = JsonMessage(
    topic=topics.CREDIT_DECISIONS,
    version=1,
    name="CreditDecision",
    sender="platform",
    key=ACCOUNT_KEY,
    summary="The answer to a call that asked to begin, or that began without asking.",
    type=Decision,
    fields={
        **_OUT,
        **_CALL,
        "trunk": Field("as asked"),
        "called": Field("B-number, digits"),
        "destination": Field("name of the rate that applies; empty where none does"),
        "allowed": Field("whether the call may go on"),
        "reason": Field("why not; empty = allowed", values=_REFUSED),
        "max_s": Field("what all the free money would last for", SECONDS),
        "granted_s": Field("talk time granted so far; more is as the call goes on", SECONDS),
        "reserved_nanos": money("held back for it"),
        "free_nanos": money("what is left to spend after it"),
        "vendors": Field("candidates that are left, in the order they were given"),
    },
    samples=lambda: _said(
        Decision(
            *(_AT_MS, "atlas-voice", "fra1", "7f3a", "", "", "4930123456", "Germany"),
            *(True, "", 54_000, 300, 87_500_000, 15_662_500_000, ("meridian",)),
        )
    ),
)

DISCONNECT: Final = JsonMessage(
    topic=topics.CALL_CONTROL,
    version=1,
    name="Disconnect",
    sender="platform",
    key=ACCOUNT_KEY,
    summary="An order to a switch: end this call now. Repeated, counting, where it did not end.",
    type=Disconnect,
    fields={
        **_OUT,
        **_CALL,
        "vendor": Field("account it went to; may be empty"),
        "called": Field("B-number, digits"),
        "reason": Field("why", values=ENDS),
        "order": Field("1, then one more each time", low=1),
    },
    samples=lambda: _said(
        Disconnect(
            *(_AT_MS, "atlas-voice", "fra1", "7f3a", "", "meridian", "4930123456"),
            *("no_credit", 1),
        )
    ),
)

NOTICE: Final = JsonMessage(
    topic=topics.CREDIT_EVENTS,
    version=1,
    name="CreditEvent",
    sender="platform",
    key=ACCOUNT_KEY,
    summary="Something that people should know of an account.",
    type=Notice,
    fields={
        "at_ms": instant("when it was said"),
        "account": Field("the account"),
        "kind": Field("what it is", values=NOTICES),
        "nanos": money("the money it is about; 0 where it is about none"),
        "detail": Field("in words, for people: do not parse it"),
    },
    samples=lambda: _said(
        Notice(_AT_MS, "atlas-voice", "threshold", 1_500_000_000, "90 % used: 1.5 is free")
    ),
)

MESSAGES: Final = (EVENT, ORDER, DECISION, DISCONNECT, NOTICE)
