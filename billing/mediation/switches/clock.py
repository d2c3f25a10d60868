"""What switches write as a time, to milliseconds since 1970 in UTC, in bulk.

A time without an offset is in the source's zone. Where clocks are set back, an hour exists twice:
the source says whether it is the earlier or the later one, or refuses it; where clocks are set
forward, an hour does not exist, and "earlier" and "later" are the instants before and after.

Texts of one shape (the same places of digits) are read together; `SHAPES_MAX` shapes a call, what
comes in more shapes is read one by one. Digits below the millisecond are dropped.
"""

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.instants import DAY_MS, EPOCH_MS_FROM
from billing.mediation.switches.columns import Flags, Flaws, is_blank, scaled
from kernels.layout import I8, I64, U8

SHAPES_MAX: Final = 64
ZONED, NAIVE, BAD = range(3)
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
POLICIES: Final = ("earlier", "later", "refuse")
FAR_MS: Final = 2_114_380_800_000
"""2037-01-01: pyarrow 26 knows no summer time after that year, so such times are read one by one
"""

Forms = tuple[re.Pattern[str], ...]
ISO: Final = re.compile(
    r"(?P<Y>\d{4})-(?P<M>\d\d)-(?P<D>\d\d)(?:[T ](?P<h>\d\d):(?P<m>\d\d)(?::(?P<s>\d\d))?"
    r"(?:[.,](?P<f>\d{1,9}))?)? ?(?P<z>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?"
)
AMERICAN: Final = re.compile(
    r"(?P<M>\d\d)/(?P<D>\d\d)/(?P<Y>\d{4}) (?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)(?:\.(?P<f>\d{1,9}))?"
)
H323: Final = re.compile(
    r"(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)(?:\.(?P<f>\d{1,9}))? (?P<zone>[A-Z]{3,5}) "
    r"(?:[A-Za-z]{3} )?(?P<month>[A-Za-z]{3}) (?P<D>\d\d?) (?P<Y>\d{4})"
)
COMPACT: Final = re.compile(
    r"(?P<Y>\d{4})(?P<M>\d\d)(?P<D>\d\d)[T ]?(?P<h>\d\d)(?P<m>\d\d)(?P<s>\d\d)"
)
FORMS: Final[dict[str, Forms]] = {
    "iso": (ISO,),
    "american": (AMERICAN,),
    "h323": (H323,),
    "compact": (COMPACT,),
}


class Zone(NamedTuple):
    """How local times are read: the zone's name, and POLICIES' word for doubtful hours."""

    zone: ZoneInfo
    doubtful: str


def epoch_ms(texts: pa.Array, field: str, found: Flaws, per_s: int | None = None) -> I64:
    """Milliseconds of epoch numbers; 0 where there is none.

    per_s: how many units make a second (1, 1,000, 1,000,000); None: seconds, or milliseconds from
    EPOCH_MS_FROM on.
    """
    if per_s is None:
        units = scaled(texts, 1_000, field, found)
        return np.where(units >= EPOCH_MS_FROM * 1_000, units // 1_000, units)
    if per_s == 1:
        return scaled(texts, 1_000, field, found)
    return scaled(texts, 1, field, found) // (per_s // 1_000)


def instants_ms(texts: pa.Array, forms: Forms, zone: Zone, field: str, found: Flaws) -> I64:
    """Milliseconds of times written in one of FORMS; 0 where there is none or it is flawed."""
    local, kind = np.zeros(len(texts), np.int64), np.full(len(texts), BAD, np.int8)
    nothing = is_blank(texts)
    left = np.flatnonzero(~nothing)
    for _ in range(SHAPES_MAX):
        if not len(left):
            break
        left = _read_shape(texts, left, forms, local, kind)
    for at in left.tolist():
        _read_shape(texts, np.array([at]), forms, local, kind)
    bad = (kind == BAD) & ~nothing
    found.note(bad, "invalid", field, texts, "not a time as this format writes it")
    naive = np.flatnonzero(kind == NAIVE)
    if len(naive):
        local[naive] = _in_zone(local[naive], naive, texts, zone, field, found)
    local[bad | nothing] = 0
    return local


def _read_shape(texts: pa.Array, left: I64, forms: Forms, local: I64, kind: I8) -> I64:
    """Read all texts of the shape of the first one; returns the rows that have another."""
    sample = texts[int(left[0])].as_py()
    match = next((m for m in (form.fullmatch(sample) for form in forms) if m), None)
    if not match or not sample.isascii():
        same: Flags = np.asarray(pc.equal(texts.take(pa.array(left)), sample))
        return left[~same]
    length = len(sample)
    chosen = texts if len(left) == len(texts) else texts.take(pa.array(left))
    fits: Flags = np.asarray(pc.equal(pc.binary_length(chosen), length))
    rows = left[fits]
    cells = _cells(texts, rows, length)
    conforms = _conforms(cells, match)
    value, valid = _milliseconds(cells, match)
    offset_ms = _offset_ms(match)
    now = NAIVE if offset_ms is None else ZONED
    here = rows[conforms]
    local[here] = value[conforms] - (offset_ms or 0)
    kind[here] = np.where(valid[conforms], now, BAD)
    fits[fits] = conforms
    return left[~fits]


def _conforms(cells: U8, match: re.Match[str]) -> Flags:
    """Which texts have digits where the matched one has, and otherwise the same bytes."""
    sample = match.string
    digit = [c.isdigit() for c in sample]
    begin, end = match.span("z") if "z" in match.re.groupindex else (-1, -1)
    conforms = np.ones(len(cells), np.bool_)
    for place, byte in enumerate(sample.encode()):
        column = cells[:, place]
        literal = not digit[place] or begin <= place < end
        conforms &= column == byte if literal else column - np.uint8(48) < 10
    return conforms


def _cells(texts: pa.Array, rows: I64, length: int) -> U8:
    """The bytes of texts of one length, a row each."""
    taken = texts if len(rows) == len(texts) else texts.take(pa.array(rows))
    _, offsets, held = taken.buffers()
    begin = int(np.frombuffer(offsets, np.int32, 1, taken.offset * 4)[0])
    flat = np.frombuffer(held, np.uint8, len(rows) * length, begin)
    return flat.reshape(len(rows), length)


def _milliseconds(cells: U8, match: re.Match[str]) -> tuple[I64, Flags]:
    """(milliseconds since 1970 as the clock shows, which are a time that exists)."""

    def part(name: str) -> I64:
        begin, end = match.span(name) if name in match.re.groupindex else (-1, -1)
        value = np.zeros(len(cells), np.int64)
        for place in range(begin, end):
            value = value * 10 + (cells[:, place].astype(np.int64) - 48)
        return value

    named = match.groupdict()
    year, day = part("Y"), part("D")
    if "month" in named:
        word = named["month"].lower()
        month = np.full(len(cells), MONTHS.index(word) + 1 if word in MONTHS else 13, np.int64)
    else:
        month = part("M")
    hour, minute, second = part("h"), part("m"), part("s")
    valid = (month >= 1) & (month <= 12) & (hour < 24) & (minute < 60) & (second < 60)
    valid &= (year >= 1970) & (year < 2200)
    days, exists = _days(year, np.clip(month, 1, 12), day)
    fraction = named.get("f") or ""
    ms = part("f") * 1_000 // 10 ** len(fraction) if fraction else 0
    seconds = (hour * 60 + minute) * 60 + second
    return days * DAY_MS + seconds * 1_000 + ms, valid & exists


def _days(year: I64, month: I64, day: I64) -> tuple[I64, Flags]:
    """Days since 1970 and whether the month has that day."""
    first = (np.clip(year, 1970, 2200) - 1970) * 12 + month - 1
    months = first.astype("datetime64[M]")
    begin = months.astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[D]").astype(np.int64)
    return begin + day - 1, (day >= 1) & (begin + day <= after)


def _offset_ms(match: re.Match[str]) -> int | None:
    """The offset a text has itself, or None."""
    named = match.groupdict()
    if (named.get("zone") or "") in ("UTC", "GMT"):
        return 0
    text = named.get("z")
    if not text:
        return None
    if text[0] not in "+-":
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return (-minutes if text[0] == "-" else minutes) * 60_000


def _in_zone(local: I64, rows: I64, texts: pa.Array, zone: Zone, field: str, found: Flaws) -> I64:
    """Local times to UTC."""
    if zone.zone.key == "UTC":
        return local
    earlier = _assumed(local, zone, "earliest")
    if zone.doubtful == "earlier":
        return earlier
    later = _assumed(local, zone, "latest")
    if zone.doubtful == "refuse":
        doubtful = np.zeros(len(texts), np.bool_)
        doubtful[rows] = earlier != later
        detail = f"this hour exists twice or never in {zone.zone.key}, and the source refuses it"
        found.note(doubtful, "invalid", field, texts, detail)
        return earlier
    return later


def _assumed(local: I64, zone: Zone, which: str) -> I64:
    """Local times to UTC, doubtful ones to the earliest or latest."""
    naive = pa.array(local, pa.timestamp("ms"))
    zoned = pc.assume_timezone(naive, zone.zone.key, ambiguous=which, nonexistent=which)
    utc: I64 = zoned.view(pa.int64()).to_numpy()
    far = np.flatnonzero(local >= FAR_MS)
    if len(far):
        utc = utc.copy()
        choose = min if which == "earliest" else max
        utc[far] = [choose(_either_ms(ms, zone.zone)) for ms in local[far].tolist()]
    return utc


def _either_ms(local_ms: int, zone: ZoneInfo) -> tuple[int, int]:
    """The instants a local time may stand for."""
    local = datetime.fromtimestamp(local_ms // 1_000, UTC).replace(tzinfo=zone)
    first, second = (int(local.replace(fold=fold).timestamp()) * 1_000 for fold in (0, 1))
    return first + local_ms % 1_000, second + local_ms % 1_000
