"""Answers to requests that carried an `Idempotency-Key`, kept for a day.

A key belongs to the person who sent it. It is taken before the request is carried out and freed
only where nothing was done; so a request is carried out once, however often it is sent.
"""

from typing import Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from deploy.runtime.documents import changing, opened

TABLES: Final = MetaData()
_ANSWERS: Final = Table(
    "idempotency_answer",
    TABLES,
    Column("name", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("status", Integer, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("tag", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
KEPT_MS: Final = 24 * 3_600_000
_UNDER_WAY: Final = 0


class Kept(NamedTuple):
    """An answer as it was given; status 0: the request is being carried out, or was cut off."""

    status: int
    media_type: str
    tag: str
    """the ETag, "" = none"""
    body: bytes

    @property
    def under_way(self) -> bool:
        """Whether there is no answer yet."""
        return self.status == _UNDER_WAY


class AnotherRequest(Exception):
    """The key was sent with another request before."""


class Answers:
    """All kept answers. Raises DocumentsDown."""

    def __init__(self, url: str) -> None:
        self._engine = opened(url)

    def take(self, name: str, key: str, sha256: str, now_ms: int) -> Kept | None:
        """What the key was answered, or None: it was free and is taken now. Raises
        AnotherRequest.
        """
        mine = (_ANSWERS.c.name == name) & (_ANSWERS.c.key == key)
        with changing(self._engine) as connection:
            connection.execute(delete(_ANSWERS).where(_ANSWERS.c.at_ms < now_ms - KEPT_MS))
            found = connection.execute(select(_ANSWERS).where(mine)).one_or_none()
            if found is None:
                fresh = Kept(_UNDER_WAY, "", "", b"")._asdict()
                row = {"name": name, "key": key, "sha256": sha256, "at_ms": now_ms, **fresh}
                connection.execute(insert(_ANSWERS).values(row))
                return None
        if found.sha256 != sha256:
            raise AnotherRequest
        return Kept(found.status, found.media_type, found.tag, found.body)

    def keep(self, name: str, key: str, answer: Kept) -> None:
        """Keep the answer to a request whose key was taken."""
        self._write(name, key, answer)

    def free(self, name: str, key: str) -> None:
        """Nothing was done: the key may be sent again."""
        self._write(name, key, None)

    def _write(self, name: str, key: str, answer: Kept | None) -> None:
        mine = (_ANSWERS.c.name == name) & (_ANSWERS.c.key == key)
        with changing(self._engine) as connection:
            if answer is None:
                connection.execute(delete(_ANSWERS).where(mine))
            else:
                connection.execute(update(_ANSWERS).where(mine).values(answer._asdict()))
