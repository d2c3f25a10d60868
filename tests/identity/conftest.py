"""An identity on a database of its own, with a clock that the test moves."""

import pytest
from argon2 import PasswordHasher

from dashboards.identity import passwords
from dashboards.identity.sessions import Ages
from dashboards.identity.store import Identity

HOUR_MS = 3_600_000
AGES = Ages(HOUR_MS, 16 * HOUR_MS)


class Clock:
    """Says when it is; moves only when told."""

    def __init__(self) -> None:
        self.now_ms = 1_790_000_000_000

    def __call__(self) -> int:
        """Now."""
        return self.now_ms

    def move(self, by_ms: int) -> None:
        """Later."""
        self.now_ms += by_ms


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same argon2id with little work, as many users are made here."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))


@pytest.fixture
def clock() -> Clock:
    """The clock of `identity`."""
    return Clock()


@pytest.fixture
def url(documents_url: str) -> str:
    """A new database of documents."""
    return documents_url


@pytest.fixture
def identity(url: str, clock: Clock) -> Identity:
    """Nobody yet."""
    return Identity(url, AGES, clock)
