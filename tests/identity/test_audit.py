"""The audit log: what is told, and that a changed, removed or inserted row is found."""

from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from dashboards.identity import audit
from dashboards.identity.audit import Event, Wanted
from dashboards.identity.keys import Asked
from dashboards.identity.roles import Role
from dashboards.identity.store import Identity
from dashboards.identity.tables import AUDIT, HEAD
from deploy.runtime.documents import changing, opened
from tests.dashboards.people import entrance, person

ROWS = 12


@pytest.fixture
def filled(identity: Identity, url: str) -> Identity:
    """A log of ROWS rows."""
    with changing(opened(url)) as connection:
        for number in range(ROWS):
            by = identity.by("ann", f"reason {number}")
            audit.append(connection, by.event("test", f"thing {number}"))
    return identity


def changed(url: str, statement: Any) -> None:
    """What somebody with the database in their hands does."""
    with changing(opened(url)) as connection:
        assert connection.execute(statement).rowcount != 0  # -1: the driver does not count


def test_a_whole_log_holds(filled: Identity) -> None:
    found = filled.audit.check()
    assert (found.rows, found.fault) == (ROWS, "")
    assert filled.audit.check(ROWS, found.head).fault == ""


def test_an_empty_log_holds(identity: Identity) -> None:
    assert identity.audit.check() == (0, audit.START, "")


@pytest.mark.parametrize(
    "column", ["at_ms", "actor", "what", "object", "before", "after", "reason", "previous", "own"]
)
@pytest.mark.parametrize("number", [1, 7, ROWS])
def test_a_changed_row_is_found(filled: Identity, url: str, column: str, number: int) -> None:
    other: object = 5 if column == "at_ms" else "other"
    changed(url, update(AUDIT).where(AUDIT.c.number == number).values({column: other}))
    assert f"row {number} " in filled.audit.check().fault + " "


@pytest.mark.parametrize("number", [1, 7, ROWS])
def test_a_removed_row_is_found(filled: Identity, url: str, number: int) -> None:
    changed(url, delete(AUDIT).where(AUDIT.c.number == number))
    assert "missing" in filled.audit.check().fault


def test_rows_moved_up_into_a_gap_are_found(filled: Identity, url: str) -> None:
    changed(url, delete(AUDIT).where(AUDIT.c.number == 7))
    for number in range(8, ROWS + 1):
        changed(url, update(AUDIT).where(AUDIT.c.number == number).values(number=number - 1))
    assert filled.audit.check().fault == "row 7 does not follow row 6"


def test_an_inserted_row_is_found(filled: Identity, url: str) -> None:
    for number in range(ROWS, 6, -1):
        changed(url, update(AUDIT).where(AUDIT.c.number == number).values(number=number + 1))
    with changing(opened(url)) as connection:
        before = connection.execute(select(AUDIT).where(AUDIT.c.number == 6)).one()
    row = {**before._asdict(), "number": 7, "previous": before.own, "reason": "forged"}
    changed(url, insert(AUDIT).values(row))
    assert "row 7" in filled.audit.check().fault


def test_a_cut_end_is_found_also_with_its_head_if_the_head_was_noted(
    filled: Identity, url: str
) -> None:
    noted = filled.audit.check()
    changed(url, delete(AUDIT).where(AUDIT.c.number == ROWS))
    assert filled.audit.check().fault == f"rows after {ROWS - 1} are missing: there were {ROWS}"
    before = filled.audit.rows(Wanted(limit=1))[0]
    changed(url, update(HEAD).values(number=before.number, own=before.own))
    assert filled.audit.check().fault == ""
    assert "missing" in filled.audit.check(noted.rows, noted.head).fault
    filled.audit.tell(Event(1, "eve", "test", "another end"))
    assert "noted" in filled.audit.check(noted.rows, noted.head).fault


def test_every_change_of_identity_is_told(identity: Identity) -> None:
    person(identity, "root", (Role.ADMIN,))
    by = identity.by("root", "because")
    token = entrance(identity)
    identity.sessions.end(token, identity.by("nora"))
    identity.keys.new(Asked("nora", "export", (Role.NOC_VIEWER,), 1), by)
    identity.keys.revoke(1, by)
    identity.users.set_roles("nora", [Role.NOC_OPERATOR], "", by)
    identity.users.set_disabled("nora", True, by)
    identity.users.set_disabled("nora", False, by)
    identity.users.reset_password("nora", by)
    told = identity.audit.rows(Wanted())[::-1]
    assert [row.event.what for row in told] == [
        *("user.add", "user.password", "user.add", "user.password", "session.begin"),
        *("session.end", "key.new", "key.revoke", "user.roles", "user.disable", "user.enable"),
        "user.password.reset",
    ]
    roles = next(row.event for row in told if row.event.what == "user.roles")
    assert (roles.before, roles.after) == ("noc.viewer", "noc.operator")
    assert (roles.actor, roles.object, roles.reason) == ("root", "nora", "because")
    assert identity.audit.check().fault == ""


def test_rows_are_filtered(filled: Identity) -> None:
    filled.audit.tell(filled.by("bob").event("user.add", "zoe"))
    for wanted, count in (
        (Wanted(actor="bob"), 1),
        (Wanted(what="user"), 1),
        (Wanted(object="zoe"), 1),
        (Wanted(what="%"), 0),
    ):
        assert len(filled.audit.rows(wanted)) == count, wanted
    assert len(filled.audit.rows(Wanted(limit=5))) == 5
