"""The kernels that look at lines and numbers byte by byte."""

import numpy as np
import pyarrow as pa
import pytest

from billing.mediation.switches.lines import split_lines
from kernels.plain_numbers import plain_numbers
from kernels.text_lines import fields, gathered, odd_lines
from kernels.text_parts import before_last

LINES = {
    b"a,b": False,
    b'"a","b"': False,
    b'"a""b",c': False,
    b'"",""': False,
    b'a,""': False,
    b'"a,b': True,
    b'a"b,c': True,
    b'a"b,c"d': True,
    b'a","b': True,
    b'"a"b,c': True,
    b'"a" ,b': True,
    b'"a""': True,
    b'"a"""': False,
    b"a\rb": True,
}


def test_oddly_quoted_lines() -> None:
    data = b"\n".join(LINES)
    records = split_lines(data, 1)
    odd = odd_lines(data, records.start, records.end, ",", True)
    assert dict(zip(LINES, odd.tolist(), strict=True)) == LINES


def test_quotes_mean_nothing_where_nothing_is_quoted() -> None:
    data = b'a"b|"c'
    one = np.array([0]), np.array([len(data)])
    assert odd_lines(data, *one, "|", False).tolist() == [False]


def test_lines_put_together() -> None:
    records = split_lines(b"a\n\nbcd\r\nef", 1)
    some = np.array([0, 2, 3])
    joined = gathered(records.data, records.start[some], records.end[some])
    assert joined.tobytes() == b"a\nbcd\nef\n"


def test_a_line_outside_the_bytes_is_refused() -> None:
    for start, end in ((0, 4), (-1, 2), (2, 1)):
        with pytest.raises(ValueError, match="outside"):
            gathered(b"abc", np.array([start]), np.array([end]))


def test_plain_numbers_of_a_slice() -> None:
    numbers = pa.array(["x", "SIP:+44@h", "(0)1", "", "<tel:7>9"])
    assert plain_numbers(numbers.slice(1)).to_pylist() == ["+44", "01", "", "7"]
    assert plain_numbers(numbers.slice(5)).to_pylist() == []


def test_what_stands_before_the_last_mark() -> None:
    texts = pa.array(["x-1", "SIP/a-b-0001", "none", "", "-", "é-é"])
    assert before_last(texts.slice(1), "-").to_pylist() == ["SIP/a-b", "none", "", "", "é"]


def test_fields_and_where_the_first_ones_end() -> None:
    lines = [b"a,b,c,d", b'"a,b",c,d', b"a", b"a,b", b",,,"]
    records = split_lines(b"\n".join(lines), 1)
    width, stop = fields(records.data, records.start, records.end, ",", True, 2)
    assert width.tolist() == [4, 3, 1, 2, 4]
    cut = [records.data[b:e] for b, e in zip(records.start, stop, strict=True)]
    assert cut == [b"a,b", b'"a,b",c', b"a", b"a,b", b","]
    assert fields(b'a"|b', np.array([0]), np.array([4]), "|", False, 9)[0].tolist() == [2]
