"""Files made to cost memory or to confuse a reader: each refused, quickly and in little memory."""

import io
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.errors import FileRefused
from billing.sheets import SheetRates
from billing.sheets.limits import CELL_CHARS_MAX, COLUMNS_MAX
from tests.sheets.made import ods_bytes, ods_of, read, sound, text_bytes, xls_bytes, xlsx_bytes

ROWS = [["Code", "Rate", "Name"], ["44", 0.1, "UK"], ["45", 0.2, "DK"]]
MIB = 1 << 20


def rewritten(data: bytes, part: str, change: "dict[bytes, bytes]") -> bytes:
    """A workbook in which one part's bytes are replaced."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            content = old.read(info)
            if info.filename == part:
                for before, after in change.items():
                    assert before in content, content[:500]
                    content = content.replace(before, after)
            new.writestr(info.filename, content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
CELL = b'<c r="A2"'


def spread(reference: bytes) -> bytes:
    return rewritten(xlsx_bytes(("Rates", ROWS)), SHEET, {CELL: b'<c r="' + reference + b'"'})


def strings() -> bytes:
    """A text of 30,000 characters in each of 100,000 cells: three gigabytes when laid out."""
    rows = [["Code", "Rate"], *[["44", "x" * 30_000] for _ in range(2)]]
    many = b"".join(
        b'<row r="%d"><c r="A%d" t="s"><v>3</v></c></row>' % (n, n) for n in range(10, 100_000)
    )
    return rewritten(xlsx_bytes(("Rates", rows)), SHEET, {b"</sheetData>": many + b"</sheetData>"})


def lying_header() -> bytes:
    """A part that says it is small and unpacks to 128 MiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = b"".join(packer.compress(b" " * (16 * MIB)) for _ in range(8)) + packer.flush()
    data = bytearray(rewritten(xlsx_bytes(("Rates", ROWS)), SHEET, {}))
    out = io.BytesIO(bytes(data))
    with zipfile.ZipFile(out, "a") as package:
        info = zipfile.ZipInfo("xl/more.xml")
        package.writestr(info, body)
    made = bytearray(out.getvalue())
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = made.rfind(mark)
        made[at + offset : at + offset + 2] = (8).to_bytes(2, "little")  # "deflated"
    return bytes(made)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a cell in the last corner": (lambda: spread(b"XFD1048576"), "spread over"),
    "a row number of eleven digits": (lambda: spread(b"A99999999999"), "place cannot be read"),
    "a reference in small letters": (lambda: spread(b"xfd1048576"), "spread over"),
    "a reference behind an escape": (lambda: spread(b"&#88;FD1048576"), "place cannot be read"),
    "cells without references": (
        lambda: rewritten(
            xlsx_bytes(("Rates", ROWS)),
            SHEET,
            {b"</sheetData>": b'<row r="1048576">' + b"<c/>" * 5_000 + b"</row></sheetData>"},
        ),
        "spread over",
    ),
    "references hidden behind a prefix": (
        lambda: rewritten(
            xlsx_bytes(("Rates", ROWS)), SHEET, {CELL: b'<x:c s="1"  r = "XFD1048576"'}
        ),
        "spread over",
    ),
    "more texts claimed than there are": (
        lambda: rewritten(
            xlsx_bytes(("Rates", ROWS)),
            "xl/sharedStrings.xml",
            {b'uniqueCount="': b'uniqueCount="9999'},
        ),
        "texts, which it has not",
    ),
    "more styles claimed than a file can have": (
        lambda: rewritten(
            xlsx_bytes(("Rates", ROWS)),
            "xl/styles.xml",
            {b'<cellXfs count="': b'<cellXfs count="9999999999'},
        ),
        "entries of a kind",
    ),
    "one long text in all cells": (strings, "texts of .* MiB"),
    "a part larger than it says": (lying_header, "more than 250 times its size"),
    "a document type": (
        lambda: rewritten(
            xlsx_bytes(("Rates", ROWS)),
            SHEET,
            {b"<worksheet": b"<!DOCTYPE a [<!ENTITY b 'c'>]><worksheet"},
        ),
        "document type",
    ),
    "entities in an ODS": (
        lambda: rewritten(
            ods_bytes(ROWS), "content.xml",
            {b"<office:document-c": b"<!DOCTYPE a [<!ENTITY b 'c'>]><office:document-c"},
        ),
        "document type",
    ),
    "a filled cell repeated": (
        lambda: ods_of(
            '<table:table table:name="R"><table:table-row table:number-rows-repeated="1000000">'
            '<table:table-cell table:number-columns-repeated="1000" office:value-type="float" '
            'office:value="1"/></table:table-row></table:table>'
        ),
        "spread over",
    ),
    "a long text repeated": (
        lambda: ods_of(
            '<table:table table:name="R"><table:table-row table:number-rows-repeated="1000000">'
            '<table:table-cell office:value-type="string"><text:p>' + "x" * 1_000 +
            "</text:p></table:table-cell></table:table-row></table:table>"
        ),
        "texts of",
    ),
    "too many sheets": (lambda: xlsx_bytes(*((f"S{i}", ROWS) for i in range(65))), "64 sheets"),
    "too many columns": (lambda: text_bytes([["a"] * (COLUMNS_MAX + 1)]), "more than 256 columns"),
    "a cell too long": (
        lambda: text_bytes([["Code", "Rate"], ["4" * (CELL_CHARS_MAX + 1), "1"]]),
        "longer than 32,767",
    ),
    "a quote without an end": (lambda: b'Code,Rate\n"44,1\n' + b"45,1\n" * 20_000, "a lost quote"),
    "a line without an end": (lambda: b"4," * MIB, "a lost quote"),
    "a password": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_096), "cannot be read"),
    "another zip": (
        lambda: rewritten(ods_bytes(ROWS), "mimetype", {}).replace(b"content", b"kontent"),
        "neither XLSX nor ODS",
    ),
    "an image": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "NUL bytes|not "),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_refused_before_it_costs_memory(name: str) -> None:
    make, why = REFUSED[name]
    data = make()
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused, match=why):
            read(data)
        assert tracemalloc.get_traced_memory()[1] < 96 * MIB
    finally:
        tracemalloc.stop()


def test_what_office_programs_write_is_not_refused() -> None:
    prefixed = rewritten(xlsx_bytes(("Rates", ROWS)), SHEET, {b"<row r=": b"<row  r="})
    for data in (prefixed, ods_bytes(ROWS), xls_bytes(ROWS)):
        assert sound(data).counts["rates"] == 2


def test_a_long_sheet_with_one_cell_far_right_is_not_refused() -> None:
    rows: list[list[object]] = [["Code", "Rate", *[""] * 18, "Remark"]]
    rows += [[str(200_000 + n), 0.1, "x" * 30] for n in range(48_000)]
    rows[-1] = [*rows[-1], *[None] * 17, "see the contract"]
    data = xlsx_bytes(("Rates", rows))
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.getinfo(SHEET).file_size > 4 * MIB, "several pieces"
    assert sound(data).counts["rates"] == 48_000


def test_a_formula_is_its_value_and_nothing_else() -> None:
    rows = [
        ["Code", "Rate", "Name"],
        ["44", 0.1, "=cmd|' /C calc'!A0"],
        ["45", 0.2, '=HYPERLINK("x")'],
    ]
    found = sound(xlsx_bytes(("Rates", rows)))
    assert found.rates.column("destination")[0].as_py() == "=cmd|' /C calc'!A0"
    made = rewritten(
        xlsx_bytes(("Rates", ROWS)), SHEET, {b"<v>0.1</v>": b"<f>1+WEBSERVICE(1)</f><v>0.7</v>"}
    )
    assert sound(made).rates.column("next_rate_nanos")[0].as_py() == 700_000_000


def outcome(data: bytes) -> "SheetRates | None":
    try:
        return read(data)
    except FileRefused:
        return None


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2_000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    outcome(data)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.one_of(st.text(max_size=12), st.sampled_from(["Code", "Rate", "44", "0,1", "1/1"])),
            max_size=6,
        ),
        max_size=8,
    )
)
def test_any_table_is_read_or_refused(rows: list[list[str]]) -> None:
    table = [["Code", "Rate", "Destination", "Date", "Increment", "Status"], *rows]
    found = outcome(text_bytes([[c.replace("\0", "") for c in row] for row in table]))
    if found is not None:
        assert found.counts["problems"] >= len(found.problems)
        assert found.rates.num_rows == found.counts["rates"]


WHOLE = {"xlsx": xlsx_bytes(("Rates", ROWS)), "xls": xls_bytes(ROWS), "ods": ods_bytes(ROWS)}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(WHOLE)),
    st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=4)), min_size=1, max_size=6),
)
def test_a_damaged_workbook_is_read_or_refused(kind: str, damage: list[tuple[int, bytes]]) -> None:
    data = bytearray(WHOLE[kind])
    for at, patch in damage:
        place = 8 + at % (len(data) - 8)
        data[place : place + len(patch)] = patch
    outcome(bytes(data))
