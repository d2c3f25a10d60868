"""A request of ClickHouse's HTTP protocol is read right, or refused with a status and a code."""

import gzip
import zlib

import lz4.frame  # type: ignore[import-untyped]
import pytest
from backports import zstd

from clickhouse import http_request
from clickhouse.http_request import BadRequest, pack, parse, unpack

PACKERS = {"gzip": gzip.compress, "lz4": lz4.frame.compress, "zstd": zstd.compress}


def test_a_statement_comes_from_the_url_the_body_or_both() -> None:
    assert parse("POST", {"query": "SELECT 1"}, {}, b"").sql == "SELECT 1"
    assert parse("POST", {}, {}, b"SELECT 2;\n").sql == "SELECT 2"
    assert parse("POST", {"query": "SELECT"}, {}, b"3").sql == "SELECT\n3"


def test_the_url_is_sorted_into_settings_values_and_protocol() -> None:
    url = {"max_threads": "2", "param_id": "7", "session_id": "s", "database": "d", "query": "x"}
    request = parse("POST", url, {}, b"")
    assert request.settings == {"max_threads": "2"}
    assert request.bound == {"id": "7"}
    assert request.database == "d"


def test_get_may_not_change_anything() -> None:
    assert parse("GET", {"query": "SELECT 1"}, {}, b"").settings == {"readonly": "2"}
    assert parse("GET", {"query": "x", "readonly": "0"}, {}, b"").settings == {"readonly": "2"}


@pytest.mark.parametrize(
    ("url", "headers", "body", "fmt"),
    [
        ({}, {}, b"SELECT 1", "TabSeparated"),
        ({"default_format": "JSON"}, {}, b"SELECT 1", "JSON"),
        ({}, {"x-clickhouse-format": "CSV"}, b"SELECT 1", "CSV"),
        ({"default_format": "JSON"}, {}, b"SELECT 1 FORMAT Native", "Native"),
    ],
)
def test_the_format_a_statement_names_wins(
    url: dict[str, str], headers: dict[str, str], body: bytes, fmt: str
) -> None:
    request = parse("POST", url, headers, body)
    assert (request.format, request.sql.strip()) == (fmt, "SELECT 1")


def test_an_insert_carries_its_bytes_untouched() -> None:
    rows = bytes(range(256)) + b"\n; SELECT '"
    head = "INSERT INTO `ü` (a) FORMAT RowBinary"
    for url, body in (({}, head.encode() + b"\n" + rows), ({"query": head}, rows)):
        request = parse("POST", url, {}, body)
        assert request.sql == "INSERT INTO `ü` (a)"
        assert (request.format, request.data) == ("RowBinary", rows)
        assert not request.returns_rows


def test_values_are_part_of_the_statement() -> None:
    request = parse("POST", {}, {}, b"INSERT INTO t VALUES (1, ';')")
    assert (request.sql, request.data) == ("INSERT INTO t VALUES (1, ';')", None)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"SELECT 1; DROP TABLE t", "Multi-statements"),
        (b" ; -- nothing", "Empty query"),
        (b"SELECT 'open", "quote opened at character 7"),
        (b"SELECT '\xff'", "utf-8"),
    ],
)
def test_what_is_not_one_statement_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(BadRequest, match=said) as error:
        parse("POST", {}, {}, body)
    assert (error.value.status, error.value.code) == (400, 62)


def test_the_name_of_a_setting_cannot_smuggle_sql() -> None:
    with pytest.raises(BadRequest, match="Unknown setting") as error:
        parse("POST", {"a = 1, readonly": "0"}, {}, b"SELECT 1")
    assert (error.value.status, error.value.code) == (404, 115)


def test_long_values_travel_in_a_form() -> None:
    kind = "multipart/form-data; boundary=XX"
    fields = {"query": "SELECT {a:String}", "param_a": "ü\r\nx"}
    body = "".join(
        f'--XX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    request = parse("POST", {"database": "d"}, {"content-type": kind}, f"{body}--XX--\r\n".encode())
    assert request.sql == "SELECT {a:String}"
    assert request.bound == {"a": "ü\r\nx"}
    file = '--XX\r\nContent-Disposition: form-data; name="t"; filename="t"\r\n\r\n1\r\n--XX--\r\n'
    with pytest.raises(BadRequest, match="no files"):
        parse("POST", {}, {"content-type": kind}, file.encode())


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_packed_body_is_unpacked(encoding: str) -> None:
    body = b"INSERT INTO t FORMAT CSV\n" + bytes(range(256)) * 100
    packed = PACKERS[encoding](body)
    assert unpack(encoding, packed) == body
    assert unpack(encoding, pack(f"br, {encoding};q=1.0", body)[1]) == body
    with pytest.raises(BadRequest, match="cut short"):
        unpack(encoding, packed[:-9])
    with pytest.raises(BadRequest, match="Cannot decompress"):
        unpack(encoding, b"not packed at all, not at all")


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_bomb_is_stopped_at_the_limit(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_request, "BODY_BYTES_MAX", 1_000)
    with pytest.raises(BadRequest, match="over 1000 B") as error:
        unpack(encoding, PACKERS[encoding](bytes(1_001)))
    assert error.value.status == 413


def test_encodings_that_are_not_known() -> None:
    assert unpack("", b"x") == unpack("identity", b"x") == b"x"
    assert pack("br, deflate", b"x") == ("", b"x")
    with pytest.raises(BadRequest, match="'deflate' is not known"):
        unpack("deflate", zlib.compress(b"x"))
