"""The tables of identity in the database of documents.

No password, cookie or key is in them, only argon2 and SHA-256 of these.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, Table, Text

TABLES: Final = MetaData()
USERS: Final = Table(
    "identity_user",
    TABLES,
    Column("name", Text, primary_key=True),
    Column("hash", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("password_ms", BigInteger, nullable=False),
)
SESSIONS: Final = Table(
    "identity_session",
    TABLES,
    Column("sha256", Text, primary_key=True),
    Column("name", Text, nullable=False, index=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
)
KEYS: Final = Table(
    "identity_key",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("sha256", Text, nullable=False, unique=True),
    Column("start", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger, nullable=False),
)
AUDIT: Final = Table(
    "identity_audit",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("own", Text, nullable=False),
)
HEAD: Final = Table(
    "identity_audit_head",
    TABLES,
    Column("one", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("own", Text, nullable=False),
)
"""number and hash of the newest row: without it rows at the end could go unnoticed"""
