"""A database of its own for each test, and a desk on it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from clickhouse.client import connect
from deploy.runtime.settings import Settings
from tests.rerate.stored import Stored


@pytest.fixture
def stored(migrated: Settings, tmp_path: Path) -> Iterator[Stored]:
    """Accounts, no decks, no calls; in the end every invariant holds."""
    with closing(connect(migrated)) as client:
        found = Stored(client, f"sqlite:///{tmp_path}/documents.db")
        yield found
        found.holds()
