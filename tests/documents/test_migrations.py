"""The tables of the database of documents come by migrations, whatever was there before."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert, select, text

from dashboards.identity.roles import Role
from dashboards.identity.store import of_settings
from dashboards.identity.tables import USERS
from deploy.runtime.documents import DocumentsDown, changing, opened, reading
from deploy.runtime.migrations import FOLDER, HEAD
from deploy.runtime.settings import Settings
from tests.dashboards.people import now_ms, person
from tests.documents.tables import whole

USER = {
    "name": "nora",
    "hash": "x",
    "roles": "admin",
    "partner": "",
    "disabled": False,
    "must_change": False,
    "created_ms": 1,
    "password_ms": 1,
}
LATER = ("alert_triage", "account", "account_outbox")
"""tables that have come by files of their own"""
AT_ONCE = 6
OPEN = "import sys; from deploy.runtime.documents import opened; opened(sys.argv[1])"


@pytest.fixture
def url(documents_url: str) -> str:
    """A new database of documents."""
    return documents_url


def differences(url: str) -> list[object]:
    """What the tables of the code have that the database has not, and the other way round."""
    with reading(opened(url)) as connection:
        found: list[object] = compare_metadata(MigrationContext.configure(connection), whole())
    return found


def test_the_files_make_the_tables_of_the_code(url: str) -> None:
    assert differences(url) == []


def test_head_is_the_newest_file() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_table_without_a_file_is_found(url: str) -> None:
    with changing(opened(url)) as connection:
        connection.execute(text("DROP TABLE rerate_step"))
    assert [each[0] for each in differences(url)] == ["add_table"]  # type: ignore[index]


@pytest.mark.parametrize("partly", [False, True])
def test_a_database_from_before_is_taken_over_with_all_it_holds(url: str, partly: bool) -> None:
    before = create_engine(url)
    tables = whole()
    tables.create_all(before, [t for t in tables.sorted_tables if t.name not in LATER])
    with before.begin() as connection:
        connection.execute(insert(USERS).values(USER))
        if partly:
            connection.execute(text("DROP TABLE rerate_run"))
    assert differences(url) == []
    with reading(opened(url)) as connection:
        assert connection.execute(select(USERS.c.name)).scalars().all() == ["nora"]


def test_a_database_of_a_newer_tollwire_is_refused_and_left_alone(url: str) -> None:
    with changing(opened(url)) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DocumentsDown, match=r"TOLLWIRE_DOCUMENTS=.*newer Tollwire"):
        opened(url)
    with create_engine(url).connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        assert found == "9999"


def test_processes_that_start_at_once_are_in_nobodys_way(url: str) -> None:
    command = [sys.executable, "-c", OPEN, url]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(AT_ONCE)]
    said = [process.communicate(timeout=120)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * AT_ONCE, said
    assert differences(url) == []


def test_a_database_that_is_up_to_date_is_opened_without_alembic(url: str) -> None:
    opened(url)
    asks = f"{OPEN}; assert not [name for name in sys.modules if name.startswith('alembic')]"
    subprocess.run([sys.executable, "-c", asks, url], check=True)


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    person(of_settings(settings, now_ms), "nora", [Role.ADMIN])
    assert [user.name for user in of_settings(settings, now_ms).users.all()] == ["nora"]
