"""Changes in the audit log: a row before something is done, and another if it then failed."""

from collections.abc import Callable
from typing import TypeVar

from dashboards.identity.audit import Event
from dashboards.identity.roles import Person
from dashboards.identity.store import Identity

T = TypeVar("T")


def told(
    identity: Identity, person: Person, what: str, of: str, why: str, act: Callable[[], T]
) -> T:
    """Do something; nothing is done that the log has not."""

    def tell(name: str) -> None:
        identity.audit.tell(Event(identity.clock_ms(), person.name, name, of, reason=why))

    tell(what)
    try:
        return act()
    except Exception:
        tell(f"{what}.failed")
        raise
