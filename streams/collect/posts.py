"""Records that are posted: bodies of HTTP requests into steps, an account of each hour. No network.

A body is taken whole or refused; who posted it is told only when the broker has its records.
"""

import hmac
from base64 import b64decode
from binascii import Error
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import parse_qs

import pyarrow as pa

from billing.cdr import CALLS
from billing.errors import BadField
from billing.instants import format_instant_ms
from billing.mediation.switches import Dead, Taken
from streams.collect.content import Stamp
from streams.collect.file_row import POSTED
from streams.collect.folder import new_row
from streams.collect.ledger import Ledger
from streams.collect.options import Intake, Post
from streams.collect.step import NewId, Step

BODY_BYTES_MAX: Final = 512 * 1024
"""of one request; its call is within a message of cdr.raw"""
FORM: Final = "application/x-www-form-urlencoded"
FIELD: Final = "cdr"
"""the form's field with the record"""
_HOUR_MS: Final = 3_600_000


class Posted(NamedTuple):
    """What became of a body."""

    calls: int = 0
    dead: int = 0
    refused: str = ""
    """why nothing was taken of it; "": it was"""


def may_post(post: Post, authorization: str) -> bool:
    """Whether a header Authorization, Bearer or Basic, has one of the tokens.

    Every token is compared, each in constant time.
    """
    scheme, _, given = authorization.strip().partition(" ")
    token = given.strip().encode(errors="replace")
    user_is_right = True
    if scheme.lower() == "basic":
        try:
            user, _, token = b64decode(token, validate=True).partition(b":")
        except (Error, ValueError):
            return False
        user_is_right = not post.user or hmac.compare_digest(user, post.user.encode())
    elif scheme.lower() != "bearer":
        return False
    found = [hmac.compare_digest(sha256(token).digest(), own) for own in post.tokens]
    return any(found) and user_is_right


def record_of(body: bytes, content_type: str) -> bytes:
    """The record in a body: as it is, or a form's field. Raises BadField."""
    if content_type.partition(";")[0].strip().lower() == FORM:
        try:
            fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=100)
        except (UnicodeDecodeError, ValueError) as error:
            raise BadField("unreadable", FIELD, body[:80], f"not a form: {error}") from None
        if not fields.get(FIELD):
            raise BadField("missing", FIELD, "", f"a form needs the field {FIELD}")
        body = fields[FIELD][0].encode(errors="replace")
    if not body.strip():
        raise BadField("missing", "", "", "the body is empty")
    return body if body.endswith(b"\n") else body + b"\n"


def take(
    intake: Intake,
    path: str,
    records: Sequence[bytes],
    step: Step,
    ledger: Ledger,
    new_id: NewId,
) -> list[Posted]:
    """Take the records of one source into a step; what became of each."""
    found, parts, read_bytes = [], list[Taken](), 0
    for record in records:
        taken = intake.reader().take(record, 1, last=True)
        outcome = _judged(taken)
        found.append(outcome)
        if not outcome.refused:
            parts.append(taken)
            read_bytes += len(record)
    if parts:
        hour_ms = step.now_ms // _HOUR_MS * _HOUR_MS
        name = f"{path} {format_instant_ms(hour_ms)}"
        source = intake.source.name
        row = ledger.named(source, name)
        if row is None:
            stamp = Stamp(name, 0, 0, 0, hour_ms * 1_000_000)
            row = new_row(new_id(), source, stamp, step.now_ms)._replace(state=POSTED)
        row = step.add(row, _together(parts), read_bytes)
        step.save(row._replace(position=row.position + read_bytes, line=row.line + len(parts)))
    return found


def _judged(taken: Taken) -> Posted:
    """What becomes of a body. One without any record that can be read is the sender's error."""
    unreadable = [dead for dead in taken.dead if dead.reason == "unreadable"]
    if unreadable and len(unreadable) == taken.records:
        return Posted(refused=f"not a record of this source: {unreadable[0].detail}")
    if not taken.records:
        return Posted(refused="no record in the body")
    return Posted(taken.calls.num_rows, len(taken.dead))


def _together(parts: Sequence[Taken]) -> Taken:
    skipped: dict[str, int] = {}
    for part in parts:
        for kind, count in part.skipped.items():
            skipped[kind] = skipped.get(kind, 0) + count
    dead: list[Dead] = [dead for part in parts for dead in part.dead]
    calls = pa.concat_batches([part.calls for part in parts])
    assert calls.schema.equals(CALLS)
    lines = pa.nulls(calls.num_rows, pa.int64()).fill_null(1).to_numpy()
    return parts[0]._replace(
        calls=calls,
        lines=lines,
        dead=dead,
        records=sum(part.records for part in parts),
        skipped=skipped,
    )
