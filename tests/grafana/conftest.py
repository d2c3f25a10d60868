"""One seeded database for all tests of the dashboards: they only read it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import settings_for
from tests.grafana.seeded import Seeded, seed


@pytest.fixture(scope="session")
def seeded(clickhouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """Calls of the last minutes by the wall clock: alert rules go by the server's."""
    from clickhouse.client import connect
    from clickhouse.migrate import migrate

    folder: Path = tmp_path_factory.mktemp("grafana")
    settings = settings_for(clickhouse_url, folder, f"test_{os.getpid()}_grafana")
    migrate(settings)
    client = connect(settings)
    yield seed(client, time.time_ns() // 1_000_000)
    client.command(f"DROP DATABASE {settings.database} SYNC")
    client.close()
