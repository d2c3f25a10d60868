"""Sessions and keys: when they let somebody in, and when no longer."""

import pytest

from dashboards.identity.keys import DAYS_MAX, Asked
from dashboards.identity.roles import Role
from dashboards.identity.sessions import PER_USER_MAX
from dashboards.identity.store import Identity
from dashboards.identity.users import IdentityRefused
from tests.dashboards.people import PASSWORD, entrance, person
from tests.identity.conftest import AGES, HOUR_MS, Clock

DAY_MS = 24 * HOUR_MS
VIEWER, OPERATOR, ADMIN = Role.NOC_VIEWER, Role.NOC_OPERATOR, Role.ADMIN


def test_a_session_lets_in_until_signed_out(identity: Identity) -> None:
    token = entrance(identity)
    found = identity.of_session(token)
    assert found is not None
    assert (found.name, set(found.roles), str(found.via)) == ("nora", {VIEWER}, "session")
    assert identity.of_session(token[:-1]) is None
    identity.sessions.end(token, identity.by("nora"))
    assert identity.of_session(token) is None


def test_an_unused_session_ends_and_a_used_one_goes_on(identity: Identity, clock: Clock) -> None:
    used, unused = entrance(identity), entrance(identity)
    for _ in range(3):
        clock.move(AGES.idle_ms * 2 // 3)
        assert identity.of_session(used) is not None
    assert identity.of_session(unused) is None
    clock.move(AGES.idle_ms + 1)
    assert identity.of_session(used) is None


def test_no_session_lasts_longer_than_its_whole_age(identity: Identity, clock: Clock) -> None:
    token, begun_ms = entrance(identity), clock()
    while clock() + AGES.idle_ms // 2 - begun_ms <= AGES.whole_ms:
        clock.move(AGES.idle_ms // 2)
        assert identity.of_session(token) is not None
    clock.move(AGES.idle_ms // 2)
    assert identity.of_session(token) is None


def test_every_session_ends_with_the_password_and_with_the_user(identity: Identity) -> None:
    person(identity, "root", (ADMIN,))
    by = identity.by("root")
    for change in (
        lambda: identity.users.set_password("nora", PASSWORD + "!", by),
        lambda: identity.users.reset_password("nora", by),
        lambda: identity.users.set_disabled("nora", True, by),
    ):
        tokens = [entrance(identity) for _ in range(3)]
        change()
        assert [identity.of_session(token) for token in tokens] == [None] * 3
    identity.users.set_disabled("nora", False, by)
    assert identity.of_session(tokens[0]) is None


def test_new_roles_count_from_the_next_request_on(identity: Identity) -> None:
    person(identity, "root", (ADMIN,))
    token = entrance(identity)
    identity.users.set_roles("nora", [OPERATOR], "", identity.by("root"))
    found = identity.of_session(token)
    assert found is not None
    assert found.roles == {OPERATOR}


def test_the_oldest_sessions_of_a_user_go(identity: Identity, clock: Clock) -> None:
    tokens = []
    for _ in range(PER_USER_MAX + 2):
        clock.move(1)
        tokens.append(entrance(identity))
    left = [identity.of_session(token) is not None for token in tokens]
    assert left == [False, False] + [True] * PER_USER_MAX


def made(identity: Identity, *roles: Role, days: int = 1) -> str:
    """A key of nora's."""
    return identity.keys.new(Asked("nora", "a test", roles, days), identity.by("nora"))


def test_a_key_is_scoped_and_ends_with_what_its_owner_may(identity: Identity, clock: Clock) -> None:
    person(identity, "root", (ADMIN,))
    person(identity, "nora", (VIEWER, OPERATOR))
    key = made(identity, VIEWER)
    found = identity.of_bearer(key)
    assert found is not None
    assert (set(found.roles), str(found.via)) == ({VIEWER}, "key")
    assert identity.of_bearer(key + "x") is None
    assert identity.of_bearer(key.removeprefix("tw_")) is None
    identity.users.set_roles("nora", [OPERATOR], "", identity.by("root"))
    found = identity.of_bearer(key)
    assert found is not None
    assert found.roles == frozenset()
    identity.users.set_disabled("nora", True, identity.by("root"))
    assert identity.of_bearer(key) is None
    identity.users.set_disabled("nora", False, identity.by("root"))
    clock.move(DAY_MS)
    assert identity.of_bearer(key) is None


def test_a_key_is_revoked_by_its_owner_only(identity: Identity) -> None:
    person(identity)
    key = made(identity, VIEWER)
    with pytest.raises(IdentityRefused, match="no key 1"):
        identity.keys.revoke(1, identity.by("ben"), owner="ben")
    assert identity.of_bearer(key) is not None
    identity.keys.revoke(1, identity.by("nora"), owner="nora")
    assert identity.of_bearer(key) is None


@pytest.mark.parametrize("days", [0, -1, DAYS_MAX + 1])
def test_a_key_lasts_no_longer_than_allowed(identity: Identity, days: int) -> None:
    person(identity)
    with pytest.raises(IdentityRefused, match="days"):
        made(identity, VIEWER, days=days)


def test_a_key_has_no_role_that_its_owner_has_not(identity: Identity) -> None:
    person(identity)
    for roles in ((OPERATOR,), (VIEWER, ADMIN), ()):
        with pytest.raises(IdentityRefused):
            made(identity, *roles)
    assert identity.keys.all() == []


def test_an_admin_s_key_may_be_less_than_its_owner(identity: Identity) -> None:
    person(identity, "nora", (ADMIN,))
    found = identity.of_bearer(made(identity, VIEWER))
    assert found is not None
    assert found.roles == {VIEWER}
