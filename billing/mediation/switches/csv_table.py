"""Lines with separated fields to columns, by pyarrow; a bad line is found out, not its neighbours.

pyarrow reads the lines whose quotes stand where RFC 4180 has them, which is nearly all. A line that
is otherwise is read alone by Python's csv module, or is a dead letter: a quote left open would
swallow the lines after it. Lines of another width than the first are read by width.
"""

import csv
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from billing.mediation.switches.columns import Flags, Table
from billing.mediation.switches.lines import LINE_BYTES_MAX, Records
from kernels.layout import I64
from kernels.text_lines import fields, gathered, odd_lines

FIELDS_MAX: Final = 1_000
WIDE: Final = 1.5
"""times as many fields as are read"""
WIDTHS_MAX: Final = 16
"""different numbers of fields in one piece of a file; lines of further widths are read one by one
"""


class Form(NamedTuple):
    """How fields are separated, which of them are read, and how many a line may have."""

    delimiter: str
    quoted: bool
    columns: tuple[str, ...]
    """names by position; "" is not read"""
    width_min: int
    width_max: int
    lenient: bool = False
    """whether quotes within a quoted field may be taken as apostrophes, where that gives a line"""


class Unread(NamedTuple):
    """Records that are no line of fields: their places, and what is wrong, for each."""

    at: list[int]
    why: list[str]


def read_table(records: Records, which: I64, form: Form) -> tuple[Table, I64, Unread]:
    """(the fields of some records, the place of each row's record, what could not be read).

    Rows are in the order of the records.
    """
    unread = Unread([], [])
    odd = _odd(records, which, form)
    parts: list[tuple[I64, dict[str, pa.Array]]] = []
    left = which[~odd]
    whole, asked = records, form
    if len(left) and _is_wide(records, left, form):
        records, form, left = _narrowed(records, left, form, unread)
    for _ in range(WIDTHS_MAX):
        if not len(left):
            break
        done, columns, left = _read_width(records, left, form, unread, records is not whole)
        parts.append((done, columns))
    alone = np.concatenate([which[odd], left])
    if len(alone):
        parts.append(_read_alone(whole, np.sort(alone), asked, unread))
    return _joined(whole, parts, asked, unread)


def _is_wide(records: Records, which: I64, form: Form) -> bool:
    """Whether it saves time to drop the fields behind the last one that is read."""
    return len(fields_of(records.raw(int(which[0])), form)) > WIDE * len(form.columns)


def _narrowed(
    records: Records, which: I64, form: Form, unread: Unread
) -> tuple[Records, Form, I64]:
    """(records that end with the last field that is read, a form for them, the usable ones)."""
    start, end = records.start[which], records.end[which]
    most = len(form.columns)
    width, stop = fields(records.data, start, end, form.delimiter, form.quoted, most)
    fits = (width >= form.width_min) & (width <= form.width_max)
    unread.at.extend(which[~fits].tolist())
    unread.why.extend(_width_detail(w, form) for w in width[~fits].tolist())
    ends = records.end.copy()
    ends[which] = stop
    return records._replace(end=ends), form._replace(width_min=1, width_max=most), which[fits]


def _joined(
    records: Records, parts: list[tuple[I64, dict[str, pa.Array]]], form: Form, unread: Unread
) -> tuple[Table, I64, Unread]:
    parts = [part for part in parts if len(part[0])]
    if len(parts) == 1:
        rows, columns = parts[0]
    else:
        rows = np.concatenate([np.empty(0, np.int64), *(p[0] for p in parts)])
        order = np.argsort(rows, kind="stable")
        columns = {
            name: pa.concat_arrays([pa.array([], pa.string()), *(p[1][name] for p in parts)]).take(
                pa.array(order)
            )
            for name in form.columns
            if name
        }
        rows = rows[order]
    return Table(columns, records.line[rows]), rows, unread


def _read_width(
    records: Records, which: I64, form: Form, unread: Unread, narrowed: bool
) -> tuple[I64, dict[str, pa.Array], I64]:
    """Read the lines that have as many fields as the first: (them, their fields, the others)."""
    width = len(fields_of(records.raw(int(which[0])), form))
    if width > FIELDS_MAX:
        unread.at.append(int(which[0]))
        unread.why.append(f"more than {FIELDS_MAX} fields")
        return which[:0], _no_columns(form), which[1:]
    other: list[int] = []

    def differs(row: pacsv.InvalidRow) -> str:
        other.append(row.number - 1)
        return "skip"

    names = [str(place) for place in range(width)]
    wanted = [n for n, name in zip(names, form.columns, strict=False) if name] or names[:1]
    payload = _payload(records, which, narrowed)
    table = pacsv.read_csv(
        pa.BufferReader(payload),
        pacsv.ReadOptions(use_threads=False, column_names=names, block_size=payload.size + 16),
        pacsv.ParseOptions(
            delimiter=form.delimiter,
            quote_char='"' if form.quoted else False,
            invalid_row_handler=differs,
            ignore_empty_lines=False,
        ),
        pacsv.ConvertOptions(
            column_types=dict.fromkeys(wanted, pa.string()),
            check_utf8=False,
            strings_can_be_null=False,
            null_values=[],
            include_columns=wanted,
        ),
    )
    fits = np.ones(len(which), np.bool_)
    fits[other] = False
    assert table.num_rows == int(fits.sum()), "a line was read as two, or two as one"
    done, left = which[fits], which[~fits]
    if not form.width_min <= width <= form.width_max:
        unread.at.extend(done.tolist())
        unread.why.extend([_width_detail(width, form)] * len(done))
        return done[:0], _no_columns(form), left
    columns = _no_columns(form, len(done))
    for place, name in enumerate(form.columns[:width]):
        if name:
            columns[name] = table.column(str(place)).combine_chunks()
    return done, columns, left


def _no_columns(form: Form, n: int = 0) -> dict[str, pa.Array]:
    return {name: pa.repeat("", n) for name in form.columns if name}


def _width_detail(width: int, form: Form) -> str:
    wanted = f"{form.width_min}"
    if form.width_max != form.width_min:
        wanted += f" to {form.width_max}"
    return f"{width} fields instead of {wanted}"


def _payload(records: Records, which: I64, narrowed: bool) -> pa.Buffer:
    """The bytes of some lines, as they stand where whole ones stand together."""
    first, last = int(which[0]), int(which[-1])
    begin, end = int(records.start[first]), int(records.end[last])
    if last - first + 1 == len(which) and not narrowed:
        return pa.py_buffer(records.data).slice(begin, end - begin)
    return pa.py_buffer(gathered(records.data, records.start[which], records.end[which]))


def fields_of(line: bytes, form: Form) -> list[str]:
    """The fields of one line. Raises ValueError."""
    text = line.decode()
    if not form.quoted:
        return text.split(form.delimiter)
    try:
        return _quoted(text, form)
    except ValueError:
        if not form.lenient:
            raise
    d = re.escape(form.delimiter)
    return _quoted(re.sub(f'(?<=[^{d}])"(?=[^{d}])', "'", text), form)


def _quoted(text: str, form: Form) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=form.delimiter, strict=True), [""])
    except csv.Error as error:
        raise ValueError(f"not CSV: {error}") from None


def _read_alone(
    records: Records, which: I64, form: Form, unread: Unread
) -> tuple[I64, dict[str, pa.Array]]:
    """Read lines one by one."""
    rows: list[int] = []
    found: list[Sequence[str]] = []
    for at in which.tolist():
        line = records.raw(at)
        try:
            fields = [] if len(line) > LINE_BYTES_MAX or b"\r" in line else fields_of(line, form)
        except ValueError as error:
            unread.at.append(at)
            unread.why.append(str(error))
            continue
        if not fields:
            unread.at.append(at)
            unread.why.append(f"a carriage return within, or longer than {LINE_BYTES_MAX} bytes")
        elif form.width_min <= len(fields) <= form.width_max:
            rows.append(at)
            found.append(fields)
        else:
            unread.at.append(at)
            unread.why.append(_width_detail(len(fields), form))
    columns = {
        name: pa.array([f[place] if place < len(f) else "" for f in found], pa.string())
        for place, name in enumerate(form.columns)
        if name
    }
    return np.array(rows, np.int64), columns


def _odd(records: Records, which: I64, form: Form) -> Flags:
    """Which records are not simply lines of UTF-8 with quotes where RFC 4180 has them."""
    data, start, end = records.data, records.start[which], records.end[which]
    odd = end - start > LINE_BYTES_MAX
    quoted = form.quoted and b'"' in data
    if quoted or data.count(b"\r") != data.count(b"\r\n"):
        odd |= odd_lines(data, start, end, form.delimiter, quoted)
    if not data.isascii() and not _decodes(data):
        held = np.frombuffer(data, np.uint8)
        first = np.searchsorted(np.flatnonzero(held > 127), start)
        odd |= np.searchsorted(np.flatnonzero(held > 127), end) > first
    return odd


def _decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
