"""One JSON object, one call."""

import re
from functools import lru_cache
from typing import Annotated

import msgspec

from billing.cdr import TEXT_MAX, Cdr
from billing.errors import BadField
from billing.mediation.fields import instant, seconds

_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class _JsonCdr(msgspec.Struct):
    call_id: str | int
    customer: str
    called: str | int
    answered_at: str | int | float
    duration_ms: _Int64 | None = None
    duration_s: str | int | float | None = None
    switch: str = ""
    leg: str = ""
    vendor: str | None = ""
    calling: str | int | None = ""
    sip_code: _Int64 | None = 0
    pdd_ms: _Int64 | None = None
    lrn: str | int | None = ""


_decoder = msgspec.json.Decoder(_JsonCdr)
_as_sent = msgspec.json.Decoder(
    msgspec.defstruct(
        "_AsSent", [(name, msgspec.Raw, msgspec.Raw()) for name in _JsonCdr.__struct_fields__]
    )
)
_FIELD = re.compile(r"`\$\.(\w+)|field `(\w+)`")


def parse(payload: bytes) -> Cdr:
    """The call of one JSON object; unknown fields are ignored. Raises BadField."""
    try:
        r = _decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise _flaw(payload, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadField("unreadable", "", payload[:80], f"not JSON: {error}") from None
    if r.duration_ms is not None:
        duration_ms = r.duration_ms
    elif r.duration_s is not None:
        duration_ms = seconds("duration_s", str(r.duration_s))
    else:
        raise BadField("missing", "duration_ms", "", "required (or duration_s)")
    return Cdr(
        str(r.call_id),
        r.switch,
        r.leg,
        r.customer,
        r.vendor or "",
        "" if r.calling is None else str(r.calling),
        str(r.called),
        instant("answered_at", str(r.answered_at)),
        duration_ms,
        r.sip_code or 0,
        r.pdd_ms,
        "" if r.lrn is None else str(r.lrn),
    )


@lru_cache(256)
def _field_in(message: str) -> str:
    found = _FIELD.search(message)
    return (found.group(1) or found.group(2)) if found else ""


def _flaw(payload: bytes, message: str) -> BadField:
    field = _field_in(message)
    if "missing required field" in message:
        return BadField("missing", field, "", "required")
    try:
        payload.decode()
        value = _shown(bytes(getattr(_as_sent.decode(payload), field, b"")))
    except msgspec.ValidationError:  # JSON, but no object
        return BadField("invalid", field, payload[:TEXT_MAX], message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return BadField("unreadable", "", payload[:80], f"not JSON: {error}")
    return BadField("invalid", field, value, message)


def _shown(value: bytes) -> str | bytes:
    """The text of a JSON string; anything else as it was written, for it may be nested deeply."""
    return str(msgspec.json.decode(value)) if value[:1] == b'"' else value
