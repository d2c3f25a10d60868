"""A bad line is its own dead letter, with its bytes; the lines around it are calls."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.mediation.switches import FORMATS
from billing.mediation.switches.csv_table import Form, read_table
from billing.mediation.switches.lines import split_lines
from tests.billing.switches.ledger import account
from tests.billing.switches.mutations import mutate
from tests.billing.switches.samples import SAMPLES, file_of, reader_of, source_of

CALLS = 12
BAD = {
    "a quote left open": b'"',
    "another format": b"hello",
    "a byte that is no UTF-8": b"\xff\xfe",
    "a carriage return within": b"a\rb",
    "a NUL": b"\0",
    "too long": b"x" * 70_000,
    "too many fields": b"," * 2_000,
    "half an object": b'{"a": [1, {',
    "no object": b"[1, 2]",
    "deeply nested": b'{"a":' * 5_000 + b"}",
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_good_lines_around_bad_ones_are_calls(name: str) -> None:
    lines = file_of(name, 2 * len(BAD)).splitlines(keepends=True)
    whole = account(source_of(name), b"".join(lines), [])
    spoilt = list(lines)
    at = SAMPLES[name].header.count(b"\n") + 1
    for bad in BAD.values():
        spoilt.insert(at, bad + b"\n")
        at += 3
    found = account(source_of(name), b"".join(spoilt), [])
    for what, dead in zip(BAD, found.dead, strict=True):
        assert (dead.raw, dead.reason) == (BAD[what], "unreadable"), what
        assert dead.detail
        assert spoilt[dead.line - 1] == dead.raw + b"\n"
    assert [call for _, call in found.calls] == [call for _, call in whole.calls]
    assert found.records == whole.records + len(BAD)


@pytest.mark.parametrize("name", FORMATS)
def test_line_ends_and_blank_lines(name: str) -> None:
    data = file_of(name, CALLS)
    wanted = [call for _, call in account(source_of(name), data, []).calls]
    for end in (b"\r\n", b"\n\n", b"\n  \n"):
        found = account(source_of(name), data.replace(b"\n", end), [])
        assert not found.dead
        assert [call for _, call in found.calls] == wanted


@pytest.mark.parametrize("name", FORMATS)
def test_a_byte_order_mark_in_front(name: str) -> None:
    data = file_of(name, CALLS)
    found = account(source_of(name), b"\xef\xbb\xbf" + data, [])
    assert found[:3] == account(source_of(name), data, [])[:3]


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_spoilt_lines_are_accounted_for(name: str, seed: int) -> None:
    data = mutate(file_of(name, CALLS), seed, 0.5)
    account(source_of(name), data, [])


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=8, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), st.text('{}[]",|;:019a\n\r ', max_size=200)))
def test_any_bytes_are_accounted_for(name: str, data: bytes | str) -> None:
    raw = data.encode() if isinstance(data, str) else data
    account(source_of(name), raw, [])
    account(source_of(name), SAMPLES[name].header + raw, [])


CELL = st.text('ab",\n\r é', max_size=6)


@settings(deadline=None)
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=8), st.booleans())
def test_lines_are_read_as_they_were_written(rows: list[list[str]], everywhere: bool) -> None:
    import csv
    import io

    plain = [[c.replace("\n", "").replace("\r", "") for c in row] for row in rows]
    text = io.StringIO(newline="")
    csv.writer(
        text, quoting=csv.QUOTE_ALL if everywhere else csv.QUOTE_MINIMAL, lineterminator="\n"
    ).writerows(plain)
    records = split_lines(text.getvalue().encode(), 1)
    form = Form(",", True, ("a", "", "c"), 3, 3)
    table, at, unread = read_table(records, records.line - 1, form)
    assert not unread.at
    assert at.tolist() == list(range(len(plain)))
    assert table.text("a").to_pylist() == [row[0] for row in plain]
    assert table.text("c").to_pylist() == [row[2] for row in plain]


def test_a_file_without_names_of_columns() -> None:
    body = file_of("yeti_csv", 3)[len(SAMPLES["yeti_csv"].header) :]
    taken = reader_of("yeti_csv").take(body, 1)
    assert [dead.line for dead in taken.dead] == [1, 2, 3]
    assert {dead.detail for dead in taken.dead} == {
        "the file does not begin with the names of its columns"
    }


def test_names_of_columns_again_in_the_middle_are_skipped() -> None:
    data = file_of("yeti_csv", 3)
    taken = reader_of("yeti_csv").take(data + data, 1)
    assert (taken.calls.num_rows, dict(taken.skipped), taken.dead) == (6, {"header": 2}, [])


def test_documents_of_several_lines_between_others() -> None:
    import json

    lines = file_of("freeswitch_json", 3).splitlines()
    pretty = json.dumps(json.loads(lines[1]), indent=1).encode()
    data = b"\n".join([lines[0], b"junk", pretty, b"", lines[2]]) + b"\n"
    found = account(source_of("freeswitch_json"), data, [len(data) // 2])
    assert [line for line, _ in found.calls] == [1, 3, 3 + pretty.count(b"\n") + 2]
    assert [(dead.line, dead.raw) for dead in found.dead] == [(2, b"junk")]
