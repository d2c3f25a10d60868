"""Everything about identity in one database of documents: `Identity`."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar, TypeVarTuple

from dashboards.identity.audit import Audit
from dashboards.identity.keys import PREFIX, Keys
from dashboards.identity.roles import Person
from dashboards.identity.sessions import Ages, Sessions
from dashboards.identity.tokens import Issuer, Tokens
from dashboards.identity.tries import Tries
from dashboards.identity.users import By, Users
from deploy.runtime.documents import documents_url, opened
from deploy.runtime.settings import Settings

_MINUTE_MS: Final = 60_000
HASHES_AT_ONCE: Final = 2
"""argon2 takes 64 MiB and a core for each"""
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Identity:
    """Users, sessions, keys and the audit log. Raises DocumentsDown."""

    def __init__(
        self, url: str, ages: Ages, clock_ms: Callable[[], int], tokens: Tokens | None = None
    ) -> None:
        engine = opened(url)
        self.users, self.keys = Users(engine), Keys(engine)
        self.sessions, self.audit = Sessions(engine, ages), Audit(engine)
        self.tries = Tries()
        self.clock_ms, self.tokens = clock_ms, tokens
        self._hashers = ThreadPoolExecutor(HASHES_AT_ONCE, "argon2")

    def by(self, actor: str, reason: str = "") -> By:
        """Somebody, now."""
        return By(actor, self.clock_ms(), reason)

    def of_bearer(self, sent: str) -> Person | None:
        """Who asks by an API key, or by a token of the issuer that the settings name."""
        if sent.startswith(PREFIX):
            return self.keys.person(sent, self.clock_ms())
        return self.tokens.person(sent) if self.tokens and sent else None

    def of_session(self, token: str) -> Person | None:
        """Who asks by a session's cookie."""
        return self.sessions.person(token, self.clock_ms())

    async def slowly(self, call: Callable[[*Ts], T], *values: *Ts) -> T:
        """Do what hashes a password: in a thread, few at once, so that others are not held up."""
        return await asyncio.get_running_loop().run_in_executor(self._hashers, call, *values)


def of_settings(settings: Settings, clock_ms: Callable[[], int]) -> Identity:
    """Users, sessions and keys, in the documents of the settings. Raises DocumentsDown."""
    ages = Ages(settings.session_idle_min * _MINUTE_MS, settings.session_hours * 60 * _MINUTE_MS)
    issuer = Issuer(
        settings.oidc_issuer,
        settings.oidc_audience,
        settings.oidc_roles_claim,
        settings.oidc_partner_claim,
    )
    tokens = Tokens(issuer) if issuer.url and issuer.audience else None
    return Identity(documents_url(settings), ages, clock_ms, tokens)
