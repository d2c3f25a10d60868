"""What a switch says of a call in progress: start, answer, update, stop; JSON to values."""

from typing import Annotated, Final, Literal, NamedTuple, TypeVar

import msgspec

from billing.cdr import TEXT_MAX, normalise
from billing.errors import BadField
from billing.instants import parse_instant_ms
from kernels.layout import DURATION_MS_MAX

Kind = Literal["start", "answer", "update", "stop"]
SKEW_MS_MAX: Final = 86_400_000
"""A switch's clock that differs more from ours is wrong, and the event with it."""
EVENTS_MAX: Final = 1_000
"""in one message"""
VENDORS_MAX: Final = 50
"""candidates of one call"""


class CallEvent(NamedTuple):
    """One event of one call; it names the call in full, so that it depends on no other."""

    event: Kind
    switch: str
    call_id: str
    leg: str
    customer: str
    vendor: str
    trunk: str
    calling: str
    called: str
    """digits"""
    at_ms: int
    """by the switch's clock; at most SKEW_MS_MAX from when the event came"""
    duration_ms: int
    """of talk in all (stop); 0 = never answered"""
    request_no: int
    """of updates, counted by the switch: a repeated one grants nothing new"""
    lrn: str = ""
    """of a ported number, where the switch knows it"""


_Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]


class _Call(msgspec.Struct, kw_only=True):
    """What an event and a request have in common."""

    call_id: _Text | int
    customer: _Text
    called: _Text | int
    switch: _Text = ""
    leg: _Text = ""
    trunk: _Text = ""
    calling: _Text | int = ""
    lrn: _Text | int = ""
    request_no: Annotated[int, msgspec.Meta(ge=0, le=2**31)] = 0


class Sent(_Call, kw_only=True):
    """One event as it is sent to call.events: a JSON object of these fields."""

    event: Kind
    at: str | int | float
    vendor: _Text = ""
    duration_ms: Annotated[int, msgspec.Meta(ge=0, le=DURATION_MS_MAX)] | None = None


class _Asked(_Call, kw_only=True, forbid_unknown_fields=True):
    vendors: Annotated[list[_Text], msgspec.Meta(max_length=VENDORS_MAX)] = []


_T = TypeVar("_T", bound=_Call)
_DECODER: Final = msgspec.json.Decoder(Sent)
_REQUEST: Final = msgspec.json.Decoder(_Asked)
_MANY: Final = msgspec.json.Decoder(list[msgspec.Raw])


def parse_events(payload: bytes, came_ms: int) -> list[CallEvent | BadField]:
    """The events of a message: one JSON object or a list; bad ones stand in their place."""
    if payload[:1] != b"[":
        return [_parsed(payload, came_ms)]
    try:
        many = _MANY.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return [BadField("unreadable", "", payload[:80], f"not JSON: {error}")]
    if len(many) > EVENTS_MAX:
        return [BadField("invalid", "", f"{len(many)} events", f"at most {EVENTS_MAX} in one")]
    return [_parsed(bytes(raw), came_ms) for raw in many]


def _parsed(payload: bytes, came_ms: int) -> CallEvent | BadField:
    try:
        return parse_event(payload, came_ms)
    except BadField as flaw:
        return flaw


def parse_event(payload: bytes, came_ms: int) -> CallEvent:
    """The event of one JSON object that came at an instant. Raises BadField."""
    sent = _decoded(_DECODER, payload)
    try:
        at_ms = parse_instant_ms(str(sent.at))
    except ValueError as error:
        raise BadField("invalid", "at", sent.at, str(error)) from None
    if abs(at_ms - came_ms) > SKEW_MS_MAX:
        raise BadField("invalid", "at", sent.at, "more than a day from when it came: clock skew?")
    if sent.duration_ms is None and sent.event == "stop":
        raise BadField("missing", "duration_ms", "", "a stop says how long the call was")
    return _checked(sent, sent.event, sent.vendor, at_ms, sent.duration_ms or 0)


def parse_request(payload: bytes, kind: Kind, now_ms: int) -> tuple[CallEvent, tuple[str, ...]]:
    """A call that asks to begin (a start) or for more time (an update), and its candidate vendors.

    One JSON object of call_id, customer, called, switch, leg, trunk, calling, lrn, vendors,
    request_no. Raises BadField.
    """
    asked = _decoded(_REQUEST, payload)
    return _checked(asked, kind, "", now_ms, 0), tuple(dict.fromkeys(asked.vendors))


def _decoded(decoder: "msgspec.json.Decoder[_T]", payload: bytes) -> _T:
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        field = str(error).partition("`$.")[2].partition("`")[0]
        raise BadField("invalid", field, payload[:TEXT_MAX], str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadField("unreadable", "", payload[:80], f"not JSON: {error}") from None


def _checked(call: _Call, kind: Kind, vendor: str, at_ms: int, duration_ms: int) -> CallEvent:
    called = normalise(str(call.called))
    for field, value, said in (
        ("call_id", str(call.call_id), "required"),
        ("customer", call.customer, "required"),
        ("called", called, "not a number: digits, '+' or '00' in front"),
        ("lrn", not call.lrn or normalise(str(call.lrn)), "not a number: leave it out"),
    ):
        if not value:
            raise BadField("invalid", field, getattr(call, field), said)
    for field in ("switch", "call_id", "leg"):
        if "\0" in str(getattr(call, field)):
            raise BadField("invalid", field, getattr(call, field), "has a NUL byte")
    return CallEvent(
        kind,
        call.switch,
        str(call.call_id),
        call.leg,
        call.customer,
        vendor,
        call.trunk,
        str(call.calling),
        called,
        at_ms,
        duration_ms,
        call.request_no,
        str(call.lrn or ""),
    )
