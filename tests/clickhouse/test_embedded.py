"""The embedded server answers ClickHouse's HTTP protocol as its clients expect."""

import gzip
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import lz4.frame  # type: ignore[import-untyped]
import pytest
from backports import zstd

from clickhouse import client as client_module
from clickhouse import http_app, migrate
from clickhouse.client import connect
from deploy.runtime.settings import Settings


@dataclass
class Reply:
    """What came back, the body not decoded."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@pytest.fixture
def wire(clickhouse_url: str) -> Iterator[http.client.HTTPConnection]:
    """A plain keep-alive connection to the server."""
    connection = http.client.HTTPConnection(urlsplit(clickhouse_url).netloc, timeout=30)
    yield connection
    connection.close()


def send(
    wire: http.client.HTTPConnection,
    body: bytes | Iterator[bytes] | None,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    **url: str,
) -> Reply:
    wire.request(method, f"/?{urlencode(url)}", body, dict(headers or {}))
    answer = wire.getresponse()
    return Reply(answer.status, answer.headers, answer.read())


@pytest.fixture
def table(settings: Settings, wire: http.client.HTTPConnection) -> str:
    """A small table of one number and one text, in the test's own database."""
    assert send(wire, f"CREATE DATABASE {settings.database}".encode()).status == 200
    name = f"{settings.database}.t"
    kind = "(n UInt32, s String) ENGINE = MergeTree ORDER BY n"
    assert send(wire, f"CREATE TABLE {name} {kind}".encode()).status == 200
    return name


def test_it_is_alive(wire: http.client.HTTPConnection) -> None:
    for path in ("/ping", "/"):
        wire.request("GET", path)
        answer = wire.getresponse()
        assert (answer.status, answer.read()) == (200, b"Ok.\n")
    wire.request("GET", "/play")
    answer = wire.getresponse()
    assert (answer.status, bool(answer.read())) == (404, True)


def test_a_question_by_url_and_by_body(wire: http.client.HTTPConnection) -> None:
    for reply in (
        send(wire, None, "GET", query="SELECT 1, 'a\tb'"),
        send(wire, b"SELECT 1, 'a\tb'"),
        send(wire, b"'a\tb'", query="SELECT 1,"),
    ):
        assert (reply.status, reply.body) == (200, b"1\ta\\tb\n")
        assert reply.headers["X-ClickHouse-Format"] == "TabSeparated"
        assert reply.headers["X-ClickHouse-Timezone"] == "UTC"
        assert json.loads(reply.headers["X-ClickHouse-Summary"])["result_rows"] == "1"


def test_formats(wire: http.client.HTTPConnection) -> None:
    reply = send(wire, b"SELECT 7 AS n FORMAT JSON")
    assert reply.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert json.loads(reply.body)["data"] == [{"n": 7}]
    assert send(wire, b"SELECT 7", default_format="CSVWithNames").body == b'"7"\n7\n'
    assert send(wire, b"SELECT now()", default_format="Nope").status == 404


def test_bound_values_are_values(wire: http.client.HTTPConnection) -> None:
    text = "it's; DROP TABLE x -- \\n ü"
    escaped = text.replace("\\", "\\\\")
    reply = send(
        wire,
        b"SELECT {t:String}, {n:UInt64} + 1, {a:Array(UInt8)}[2] FORMAT JSONCompactEachRow",
        param_t=escaped,
        param_n="41",
        param_a="[1,2]",
        output_format_json_quote_64bit_integers="0",
    )
    assert json.loads(reply.body) == [text, 42, 2]
    assert send(wire, b"SELECT {t:String}").status == 500


def test_settings_and_database_end_with_their_request(
    wire: http.client.HTTPConnection, table: str
) -> None:
    database = table.split(".", maxsplit=1)[0]
    ask = b"SELECT getSetting('max_block_size'), currentDatabase()"
    assert send(wire, ask, max_block_size="77", database=database).body == (
        f"77\t{database}\n".encode()
    )
    assert send(wire, ask).body.endswith(b"\tdefault\n")
    assert not send(wire, ask).body.startswith(b"77\t")
    nested = send(wire, b"SELECT getSetting('log_comment')", log_comment="it's \\ 'x'")
    assert nested.body == b"it\\'s \\\\ \\'x\\'\n"


@pytest.mark.parametrize(
    ("body", "url", "status", "code"),
    [
        (b"SELECT nope", {}, 404, "47"),
        (b"SELECT * FROM nope", {}, 404, "60"),
        (b"SELECT 1", {"database": "nope"}, 404, "81"),
        (b"SELECT 1", {"nope_nope": "1"}, 404, "115"),
        (b"SELECT 1 1 1", {}, 400, "62"),
        (b"SELECT 1; SELECT 2", {}, 400, "62"),
        (b"SELECT throwIf(number = 3) FROM numbers(10)", {}, 500, "395"),
        (b"SELECT sleepEachRow(1) FROM numbers(3)", {"max_execution_time": "0.1"}, 500, "159"),
        (b"INSERT INTO nope FORMAT CSV\n1", {}, 404, "60"),
    ],
)
def test_errors_have_a_status_a_code_and_a_sentence(
    wire: http.client.HTTPConnection, body: bytes, url: dict[str, Any], status: int, code: str
) -> None:
    reply = send(wire, body, **url)
    assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (status, code)
    assert f"Code: {code}. DB::Exception: ".encode() in reply.body
    assert send(wire, b"SELECT 1").body == b"1\n", "the connection goes on"


def test_get_cannot_change_anything(wire: http.client.HTTPConnection, table: str) -> None:
    reply = send(wire, None, "GET", query=f"DROP TABLE {table}")
    assert reply.headers["X-ClickHouse-Exception-Code"] == "164"
    assert send(wire, f"SELECT count() FROM {table}".encode()).body == b"0\n"


def test_an_insert_by_body_and_by_chunks(wire: http.client.HTTPConnection, table: str) -> None:
    reply = send(wire, f"INSERT INTO {table} FORMAT CSV\n1,a\n2,b\n".encode())
    assert (reply.status, reply.body) == (200, b"")
    assert "X-ClickHouse-Format" not in reply.headers
    assert json.loads(reply.headers["X-ClickHouse-Summary"])["written_rows"] == "2"
    chunks = (f'{{"n":{n},"s":"é"}}\n'.encode() for n in range(3, 1_003))
    query = f"INSERT INTO {table} FORMAT JSONEachRow"
    assert send(wire, chunks, query=query).status == 200
    assert send(wire, f"INSERT INTO {table} VALUES (2000, ';')".encode()).status == 200
    reply = send(wire, f"SELECT count(), sum(n), countIf(s = 'é') FROM {table}".encode())
    assert reply.body == f"1003\t{sum(range(1_003)) + 2_000}\t1000\n".encode()


def test_a_bad_row_inserts_nothing(wire: http.client.HTTPConnection, table: str) -> None:
    reply = send(wire, f"INSERT INTO {table} FORMAT CSV\n1,a\nx,b\n".encode())
    assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (400, "27")
    assert send(wire, f"SELECT count() FROM {table}".encode()).body == b"0\n"


def test_an_insert_that_cannot_be_stored_is_not_acknowledged(
    wire: http.client.HTTPConnection, settings: Settings, table: str
) -> None:
    """Refused while the rows are written, not while they are read."""
    kind = "(n UInt32, CONSTRAINT small CHECK n < 10) ENGINE = MergeTree ORDER BY n"
    assert send(wire, f"CREATE TABLE {table}2 {kind}".encode()).status == 200
    reply = send(wire, f"INSERT INTO {table}2 FORMAT CSV\n5\n50\n".encode())
    assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (500, "469")
    assert send(wire, f"SELECT count() FROM {table}2".encode()).body == b"0\n"
    query = f"INSERT INTO {table} SETTINGS max_insert_block_size = 1 FORMAT CSV"
    assert send(wire, b'1,"a"\n', query=query).status == 200
    assert send(wire, f"SELECT * FROM {table}".encode()).body == b"1\ta\n"


def test_packed_bodies_both_ways(wire: http.client.HTTPConnection, table: str) -> None:
    packers: dict[str, tuple[Any, Any]] = {
        "gzip": (gzip.compress, gzip.decompress),
        "lz4": (lz4.frame.compress, lz4.frame.decompress),
        "zstd": (zstd.compress, zstd.decompress),
    }
    for encoding, (pack, unpack) in packers.items():
        rows = pack(b"5,x\n" * 1_000)
        query = f"INSERT INTO {table} FORMAT CSV"
        assert send(wire, rows, headers={"Content-Encoding": encoding}, query=query).status == 200
        ask = f"SELECT s FROM {table} LIMIT 500".encode()
        accept = {"Accept-Encoding": encoding}
        assert "Content-Encoding" not in send(wire, ask, headers=accept).headers
        reply = send(wire, ask, headers=accept, enable_http_compression="1")
        assert reply.headers["Content-Encoding"] == encoding
        assert unpack(reply.body) == b"x\n" * 500
    assert send(wire, f"SELECT count() FROM {table}".encode()).body == b"3000\n"


def test_native_names_its_columns_even_without_rows(settings: Settings) -> None:
    client = connect(settings, "default")
    sql = "SELECT number AS n, CAST('a', 'Enum8(\\'a\\' = 1)') AS `it's` FROM numbers(0)"
    result = client.query(sql)
    assert list(result.column_names) == ["n", "it's"]
    assert [t.name for t in result.column_types] == ["UInt64", "Enum8('a' = 1)"]
    assert not result.result_rows
    assert list(client.query("SELECT 1 AS one LIMIT 0").column_names) == ["one"]
    client.close()


def test_a_list_too_long_for_a_url_is_bound(settings: Settings) -> None:
    client = connect(settings, "default")
    ids = [f"id-{n}" for n in range(5_000)]
    sql = "SELECT length({ids:Array(String)}), {ids:Array(String)}[-1]"
    assert client.query(sql, parameters={"ids": ids}).result_rows == [(5_000, "id-4999")]
    client.close()


def test_an_acknowledged_insert_is_on_the_disk(wire: http.client.HTTPConnection) -> None:
    ask = b"SELECT value FROM system.merge_tree_settings WHERE name IN "
    reply = send(wire, ask + b"('fsync_after_insert', 'fsync_part_directory')")
    assert reply.body == b"1\n1\n"
    assert send(wire, b"SELECT serverTimezone()").body == b"UTC\n"


def test_the_error_codes_are_called_what_we_call_them(wire: http.client.HTTPConnection) -> None:
    named = {**client_module._PASSING, **client_module._NOT_MIGRATED, **migrate._RACES}
    named |= {**http_app._NOT_FOUND, **http_app._BAD}
    ask = f"SELECT errorCodeToName(arrayJoin({list(named)}))"
    assert send(wire, ask.encode()).body.decode().split() == list(named.values())


def test_four_writers_and_two_readers_at_once(table: str, settings: Settings) -> None:
    failures: list[BaseException] = []

    def work(step: str) -> None:
        try:
            client = connect(settings)
            for n in range(15):
                client.command(step.format(n=n))
            client.close()
        except BaseException as error:
            failures.append(error)

    steps = [f"INSERT INTO {table} SELECT number, '{{n}}' FROM numbers(1000)"] * 4
    steps += [f"SELECT count(), sum(n), uniqExact(s) FROM {table}"] * 2
    threads = [threading.Thread(target=work, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    client = connect(settings)
    assert client.query(f"SELECT count() FROM {table}").result_rows == [(60_000,)]
    client.close()
