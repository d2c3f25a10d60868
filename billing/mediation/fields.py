"""Text and JSON values to the fields of a Cdr, with errors that name field and value."""

import re

from billing.cdr import Cdr
from billing.errors import BadField
from billing.instants import parse_instant_ms, parse_seconds_ms

_WHOLE = re.compile(r"-?[0-9]{1,18}")
COLUMNS = (
    "call_id",
    "switch",
    "leg",
    "answered_at",
    "duration_ms",
    "calling",
    "called",
    "customer",
    "vendor",
    "sip_code",
    "pdd_ms",
)
"""The order of a CSV line that comes without a header."""
ALSO_KNOWN = ("duration_s", "lrn")


def whole(field: str, text: str) -> int:
    """A whole number that fits 64 bits; raises BadField."""
    if not _WHOLE.fullmatch(text.strip()):
        raise BadField("invalid", field, text, "not a whole number of at most 18 digits")
    return int(text)


def instant(field: str, text: str) -> int:
    """Milliseconds since 1970; raises BadField."""
    try:
        return parse_instant_ms(text)
    except ValueError as error:
        raise BadField("invalid", field, text, str(error)) from None


def seconds(field: str, text: str) -> int:
    """Milliseconds of a decimal number of seconds; raises BadField."""
    try:
        return parse_seconds_ms(text)
    except ValueError as error:
        raise BadField("invalid", field, text, str(error)) from None


def cdr_from_text(record: dict[str, str]) -> Cdr:
    """A Cdr of named text fields (one CSV line); absent optional fields take their default."""
    for field in ("call_id", "answered_at", "called", "customer"):
        if not record.get(field):
            raise BadField("missing", field, "", "required")
    if record.get("duration_ms"):
        duration_ms = whole("duration_ms", record["duration_ms"])
    elif record.get("duration_s"):
        duration_ms = seconds("duration_s", record["duration_s"])
    else:
        raise BadField("missing", "duration_ms", "", "required (or duration_s)")
    return Cdr(
        call_id=record["call_id"],
        switch=record.get("switch", ""),
        leg=record.get("leg", ""),
        customer=record["customer"],
        vendor=record.get("vendor", ""),
        calling=record.get("calling", ""),
        called=record["called"],
        answered_at=instant("answered_at", record["answered_at"]),
        duration_ms=duration_ms,
        sip_code=whole("sip_code", record.get("sip_code") or "0"),
        pdd_ms=whole("pdd_ms", record["pdd_ms"]) if record.get("pdd_ms") else None,
        lrn=record.get("lrn", ""),
    )
