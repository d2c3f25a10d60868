"""Users: the first one, passwords, roles, and that an admin is always left."""

import pytest
from sqlalchemy import select

from dashboards.identity.passwords import PasswordRefused, one_time
from dashboards.identity.roles import Role
from dashboards.identity.store import Identity
from dashboards.identity.tables import TABLES
from dashboards.identity.users import FIRST, IdentityRefused
from deploy.runtime.documents import opened, reading
from tests.dashboards.people import PASSWORD, entrance, person

ADMIN, VIEWER = (Role.ADMIN,), (Role.NOC_VIEWER,)


def test_the_first_admin_is_made_once(identity: Identity) -> None:
    password = identity.users.first(1)
    assert password is not None
    assert identity.users.first(2) is None
    found = identity.users.verified(FIRST, password)
    assert found is not None
    assert (found.roles, found.must_change) == (ADMIN, True)


def test_nothing_that_lets_in_is_stored(identity: Identity, url: str) -> None:
    token = entrance(identity)
    with reading(opened(url)) as connection:
        stored = str([connection.execute(select(t)).all() for t in TABLES.sorted_tables])
    assert "$argon2id$" in stored
    assert PASSWORD not in stored
    assert token not in stored


def test_a_wrong_password_an_unknown_name_a_disabled_user(identity: Identity) -> None:
    person(identity)
    assert identity.users.verified("nora", PASSWORD) is not None
    assert identity.users.verified("nora", PASSWORD + "!") is None
    assert identity.users.verified("nobody", PASSWORD) is None
    assert identity.users.verified("nora", "x" * 100_000) is None
    person(identity, "root", ADMIN)
    identity.users.set_disabled("nora", True, identity.by("root"))
    assert identity.users.verified("nora", PASSWORD) is None


@pytest.mark.parametrize("bad", ["short", "x" * 257, "nora is my name", "aaaaaaaaaaaaaa"])
def test_a_poor_password_is_refused(identity: Identity, bad: str) -> None:
    person(identity)
    with pytest.raises(PasswordRefused):
        identity.users.set_password("nora", bad, identity.by("nora"))
    assert identity.users.verified("nora", PASSWORD) is not None


def test_one_time_passwords_are_accepted_as_passwords_and_differ() -> None:
    made = {one_time() for _ in range(100)}
    assert len(made) == 100
    assert {len(each) for each in made} == {23}


@pytest.mark.parametrize(
    ("name", "roles", "partner"),
    [
        ("Nora", VIEWER, ""),
        ("", VIEWER, ""),
        ("a b", VIEWER, ""),
        ("x" * 65, VIEWER, ""),
        ("nora", (), ""),
        ("nora", (Role.PARTNER,), ""),
        ("nora", VIEWER, "acme"),
        ("nora", (Role.PARTNER, Role.NOC_VIEWER), "acme"),
    ],
)
def test_a_user_that_makes_no_sense(
    identity: Identity, name: str, roles: tuple[Role, ...], partner: str
) -> None:
    with pytest.raises(IdentityRefused):
        identity.users.add(name, roles, partner, identity.by("test"))
    assert identity.users.all() == []


def test_there_is_always_an_admin_who_is_let_in(identity: Identity) -> None:
    person(identity, "one", ADMIN)
    by = identity.by("one")
    with pytest.raises(IdentityRefused, match="nobody would be an admin"):
        identity.users.set_disabled("one", True, by)
    with pytest.raises(IdentityRefused, match="nobody would be an admin"):
        identity.users.set_roles("one", VIEWER, "", by)
    assert identity.users.all()[0].roles == ADMIN
    person(identity, "two", ADMIN)
    identity.users.set_disabled("one", True, by)
    with pytest.raises(IdentityRefused, match="nobody would be an admin"):
        identity.users.set_disabled("two", True, by)


def test_a_name_is_taken_once(identity: Identity) -> None:
    person(identity)
    with pytest.raises(IdentityRefused, match="already"):
        identity.users.add("nora", VIEWER, "", identity.by("test"))
    with pytest.raises(IdentityRefused, match="no user"):
        identity.users.reset_password("norma", identity.by("test"))
