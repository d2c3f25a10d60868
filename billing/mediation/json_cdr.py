"""One JSON object, one call."""

import re
from typing import Annotated, Any

import msgspec

from billing.cdr import Cdr
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


_decoder = msgspec.json.Decoder(_JsonCdr)
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
    )


def _flaw(payload: bytes, message: str) -> BadField:
    found = _FIELD.search(message)
    field = (found.group(1) or found.group(2)) if found else ""
    if "missing required field" in message:
        return BadField("missing", field, "", "required")
    record: Any = {}
    try:
        record = msgspec.json.decode(payload)
    except msgspec.ValidationError:
        pass  # a number of so many digits that it has no value to show
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return BadField("unreadable", "", payload[:80], f"not JSON: {error}")
    value = record.get(field, "") if isinstance(record, dict) else record
    return BadField("invalid", field, value, message)
