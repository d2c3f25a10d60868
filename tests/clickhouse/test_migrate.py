"""Migrations go forward once, refuse a changed past, and survive company."""

import threading
from pathlib import Path

import pytest

from clickhouse.client import connect
from clickhouse.migrate import FOLDER, MigrationRefused, migrate, pending
from clickhouse.sql_text import statements
from deploy.runtime.settings import Settings

FIRST = "CREATE TABLE IF NOT EXISTS a (n UInt8, s String DEFAULT ';') ENGINE = Memory; -- ; end"
SECOND = "ALTER TABLE a ADD COLUMN IF NOT EXISTS m UInt8;"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One migration file."""
    (tmp_path / "0001_first.sql").write_text(FIRST)
    return tmp_path


def test_files_are_applied_once_and_in_order(settings: Settings, folder: Path) -> None:
    assert pending(settings, folder) == ["0001_first"]
    assert migrate(settings, folder) == ["0001_first"]
    assert pending(settings, folder) == migrate(settings, folder) == []
    (folder / "0003_second.sql").write_text(SECOND)
    assert pending(settings, folder) == ["0003_second"]
    assert migrate(settings, folder) == ["0003_second"]
    client = connect(settings)
    assert (
        client.command(
            "SELECT arrayStringConcat(groupArray(name)) FROM system.columns "
            "WHERE table = 'a' AND database = currentDatabase()"
        )
        == "nsm"
    )
    client.close()


def test_our_own_files_are_applied(settings: Settings) -> None:
    names = sorted(path.stem for path in FOLDER.iterdir())
    assert pending(settings) == names
    assert migrate(settings) == names
    assert pending(settings) == []


def test_a_changed_file_is_refused(settings: Settings, folder: Path) -> None:
    migrate(settings, folder)
    (folder / "0001_first.sql").write_text(FIRST + " ")
    for refused in (migrate, pending):
        with pytest.raises(MigrationRefused, match="0001_first was applied with another text"):
            refused(settings, folder)


def test_a_missing_file_is_refused(settings: Settings, folder: Path) -> None:
    migrate(settings, folder)
    (folder / "0001_first.sql").rename(folder / "0001_renamed.sql")
    with pytest.raises(MigrationRefused, match="0001_first was applied but its file is gone"):
        migrate(settings, folder)


def test_a_late_number_is_refused(settings: Settings, folder: Path) -> None:
    (folder / "0005_fifth.sql").write_text(SECOND)
    migrate(settings, folder)
    (folder / "0003_third.sql").write_text(SECOND)
    with pytest.raises(MigrationRefused, match="0003_third comes before 0005_fifth"):
        migrate(settings, folder)


@pytest.mark.parametrize("name", ["0001_again.sql", "2_two.sql", "0002_Two.sql", "README.md"])
def test_a_misnamed_file_is_refused(settings: Settings, folder: Path, name: str) -> None:
    (folder / name).write_text(SECOND)
    with pytest.raises(MigrationRefused, match="expected a number of its own"):
        migrate(settings, folder)


def test_an_unreadable_file_is_refused_before_it_is_run(settings: Settings, folder: Path) -> None:
    (folder / "0002_open.sql").write_text("ALTER TABLE a ADD COLUMN m UInt8; SELECT 'open")
    with pytest.raises(MigrationRefused, match="0002_open: quote opened at character 41"):
        migrate(settings, folder)
    assert pending(settings, folder) == ["0002_open"]


def test_a_run_that_was_cut_short_is_taken_up(settings: Settings, folder: Path) -> None:
    broken = f"{SECOND} SELECT throwIf(1)"
    (folder / "0002_second.sql").write_text(broken)
    with pytest.raises(Exception, match="throwIf"):
        migrate(settings, folder)
    (folder / "0002_second.sql").write_text(SECOND)
    assert migrate(settings, folder) == ["0002_second"]


def test_many_at_once_end_in_the_same_schema(settings: Settings) -> None:
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def one() -> None:
        try:
            start.wait()
            migrate(settings)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert pending(settings) == []


def test_every_statement_may_be_run_twice() -> None:
    for path in FOLDER.iterdir():
        for statement in statements(path.read_text()):
            assert "IF NOT EXISTS" in statement or "IF EXISTS" in statement, f"{path}: {statement}"
