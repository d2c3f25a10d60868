"""Where records end: lines, and documents of one or several lines."""

import pytest

from billing.mediation.switches import lines
from billing.mediation.switches.lines import documents_end, lines_end, split_documents, split_lines


def documents(data: bytes) -> list[tuple[int, bytes]]:
    """Lines and bytes of the records."""
    found = split_documents(data, 1)
    return [(line, found.raw(i)) for i, line in enumerate(found.line.tolist())]


def test_lines() -> None:
    found = split_lines(b"a\r\n\nb\n\rc", 7)
    assert [found.raw(i) for i in range(4)] == [b"a", b"", b"b", b"\rc"]
    assert found.line.tolist() == [7, 8, 9, 10]
    assert lines_end(b"a\nb") == 2
    assert not len(split_lines(b"", 1).line)


def test_documents_of_one_and_of_several_lines() -> None:
    data = b'{"a":1}\n{\n "b":{\n }\n}\njunk\n\n{"c":1}'
    assert documents(data) == [
        (1, b'{"a":1}'),
        (2, b'{\n "b":{\n }\n}'),
        (6, b"junk"),
        (7, b""),
        (8, b'{"c":1}'),
    ]


def test_a_document_that_does_not_end_ends_before_the_next_one() -> None:
    assert documents(b'{"a":1\n{"b":1}\n') == [(1, b'{"a":1'), (2, b'{"b":1}')]
    assert documents(b'{\n "a"\n') == [(1, b'{\n "a"')]


def test_how_many_bytes_are_whole_documents() -> None:
    data = b'{"a":1}\n{\n "b":1\n}\n{"c"'
    ends = {documents_end(data[:n]) for n in range(len(data) + 1)}
    assert ends == {0, len(b'{"a":1}\n'), len(b'{"a":1}\n{\n "b":1\n}\n')}
    assert documents_end(b'{"c"\n') == 0
    assert documents_end(b"\xef\xbb\xbf{}\n") == 6


def test_a_document_ends_at_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "DOCUMENT_LINES_MAX", 3)
    assert documents(b"{\n1\n2\n3\n4\n}") == [(1, b"{\n1\n2"), (4, b"3"), (5, b"4"), (6, b"}")]
    assert documents_end(b"{\n1\n2\n3\n") == 8
    monkeypatch.setattr(lines, "DOCUMENT_LINES_MAX", 100)
    monkeypatch.setattr(lines, "DOCUMENT_BYTES_MAX", 4)
    assert documents(b"{\n1\n2\n3\n}")[0] == (1, b"{\n1")
