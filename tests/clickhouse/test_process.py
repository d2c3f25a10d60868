"""The embedded server as a process: what it survives, what it refuses, how it stops."""

import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from clickhouse.client import ClickHouseDown, connect, insert_arrow
from clickhouse.embedded import CannotListen, listen
from clickhouse.engine import Engine, EngineUnusable
from clickhouse.migrate import migrate
from clickhouse.tables import RECEIPT
from tests.clickhouse.test_tables import NOON
from tests.conftest import POLL_S, Server, free_port, launch, settings_for

ROWS = 200
ACKNOWLEDGED_MIN = 25


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, running."""
    server = Server(tmp_path / "data").start()
    yield server
    server.kill()


def refusal(*arguments: str) -> str:
    """What the command line says when it does not start."""
    command = [sys.executable, "-m", "clickhouse.embedded", *arguments]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, check=False, cwd=root, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr


def receipts(writer: int, batch: int) -> pa.Table:
    """One batch of rows that are found again by writer and batch."""
    values = {name: [0] * ROWS for name in RECEIPT.schema.names}
    fixed = {
        "log": ["test"] * ROWS,
        "partition": [writer] * ROWS,
        "offset": [batch * ROWS + row for row in range(ROWS)],
        "received_at": [NOON] * ROWS,
        "calls": [batch] * ROWS,
    }
    return pa.Table.from_pydict(values | fixed, schema=RECEIPT.schema)


def test_acknowledged_rows_survive_a_kill(server: Server, tmp_path: Path) -> None:
    settings = settings_for(server.url, tmp_path)
    migrate(settings)
    acknowledged: list[tuple[int, int]] = []
    cut_off: list[int] = []
    enough = threading.Event()

    def write(writer: int) -> None:
        client = connect(settings)
        try:
            for batch in range(10_000):
                insert_arrow(client, RECEIPT, receipts(writer, batch))
                acknowledged.append((writer, batch))
                if len(acknowledged) >= ACKNOWLEDGED_MIN:
                    enough.set()
        except ClickHouseDown:
            cut_off.append(writer)
        finally:
            client.close()

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(2)]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    server.kill()
    for thread in threads:
        thread.join()
    assert sorted(cut_off) == [0, 1], "the kill hit nobody: it proves nothing"

    server.start()
    client = connect(settings_for(server.url, tmp_path))
    sql = "SELECT partition, calls, count(), uniqExact(offset) FROM receipt GROUP BY ALL"
    stored = {(row[0], row[1]): row[2:] for row in client.query(sql).result_rows}
    client.close()
    assert {batch: stored.get(batch) for batch in acknowledged} == dict.fromkeys(
        acknowledged, (ROWS, ROWS)
    )
    assert set(stored.values()) == {(ROWS, ROWS)}, "a batch is there whole or not at all"


def test_a_second_server_is_refused_for_what_it_would_share(server: Server, tmp_path: Path) -> None:
    said = refusal("--port", str(free_port()), "--path", str(server.folder))
    assert "another process has this data folder open" in said
    assert "TOLLWIRE_DATA_DIR" in said
    said = refusal("--port", str(server.port), "--path", str(tmp_path / "other"))
    assert f"port {server.port} of 127.0.0.1 cannot be used" in said
    assert "TOLLWIRE_CLICKHOUSE" in said
    assert not (tmp_path / "other").exists()
    assert urllib.request.urlopen(server.url, data=b"SELECT 1", timeout=9).read() == b"1\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::"])
def test_only_this_machine_is_served(host: str) -> None:
    with pytest.raises(CannotListen, match="loopback addresses only"):
        listen(host, free_port())


@pytest.mark.parametrize("name", ["file", "file/below", "a?b"])
def test_a_folder_that_cannot_be_one_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineUnusable, match=re.escape(str(tmp_path / name))):
        Engine(tmp_path / name)
    assert "chdb" not in sys.modules


def test_it_stops_when_asked_and_keeps_what_it_had(server: Server) -> None:
    make = b"CREATE TABLE t ENGINE = MergeTree ORDER BY n AS SELECT 7 AS n"
    urllib.request.urlopen(server.url, data=make, timeout=9).close()
    assert server.stop() == 0
    said = server.log.read_text()
    assert "clickhouse ready" in said
    assert "clickhouse stopped" in said
    server.start()
    assert urllib.request.urlopen(server.url, data=b"SELECT n FROM t", timeout=9).read() == b"7\n"


def test_a_statement_without_end_does_not_hold_it_up(server: Server) -> None:
    endless = b"SELECT sleepEachRow(1) FROM numbers(60) SETTINGS max_block_size = 1"
    failures: list[type[BaseException]] = []

    def ask() -> None:
        try:
            urllib.request.urlopen(server.url, data=endless, timeout=60).read()
        except OSError as error:
            failures.append(type(error))

    asking = threading.Thread(target=ask)
    asking.start()
    running = b"SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow(1)%60%'"
    while int(urllib.request.urlopen(server.url, data=running, timeout=9).read()) < 2:
        pass
    assert server.stop() == 0
    asking.join()
    assert failures
    assert "a statement that was still running" in server.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_it_starts_is_not_lost(tmp_path: Path, number: signal.Signals) -> None:
    port, log = free_port(), tmp_path / "log"
    process = launch(port, tmp_path / "data", log)
    while not accepts(port):
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL_S)
    process.send_signal(number)
    assert process.wait(30) in {0, -number}
    assert "Traceback" not in log.read_text()


def accepts(port: int) -> bool:
    """Whether something listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
