"""JSON Web Tokens of an OpenID Connect issuer: who asks, as the issuer says, and in which roles.

Keys come from the issuer's discovery document (OpenID Connect Discovery 1.0) and are kept for
KEYS_S; a token that names a key nobody knows has them fetched anew, at most every AGAIN_S. Of a
token are checked: signature, algorithm, issuer, audience, times (RFC 7519, RFC 8725). Names begin
with `oidc:`, which no user's name can: nobody is taken for somebody else.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

import structlog
import urllib3
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, import_key

from dashboards.identity.roles import Person, Role

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "Ed25519")
"""of key pairs only: a shared secret or none is never accepted"""
KEYS_S: Final = 600.0
AGAIN_S: Final = 30.0
LEEWAY_S: Final = 30
ANSWER_S_MAX: Final = 5.0
ANSWER_BYTES_MAX: Final = 1 << 20
TOKEN_CHARS_MAX: Final = 16_384
NAME_CHARS_MAX: Final = 120
BEFORE: Final = "oidc:"
Fetch = Callable[[str], Mapping[str, Any]]
_log = structlog.get_logger()


class Issuer(NamedTuple):
    """Whom to believe, and what of it."""

    url: str
    audience: str
    roles_claim: str
    """a list of our roles' names; others in it are not ours"""
    partner_claim: str
    """the account of a partner"""


class IssuerDown(Exception):
    """The issuer's keys cannot be had."""


def fetch(url: str) -> Mapping[str, Any]:
    """A JSON object. Raises IssuerDown."""
    try:
        answer = urllib3.request(
            "GET", url, timeout=ANSWER_S_MAX, retries=False, preload_content=False
        )
        body = answer.read(ANSWER_BYTES_MAX)
        answer.release_conn()
        found = json.loads(body) if answer.status == 200 else None
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise IssuerDown(f"{url}: {error}") from error
    if not isinstance(found, dict):
        raise IssuerDown(f"{url}: status {answer.status}, no JSON object")
    return found


class Tokens:
    """The tokens of one issuer."""

    def __init__(
        self,
        issuer: Issuer,
        fetch: Fetch = fetch,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer, self._fetch, self._clock_s = issuer, fetch, clock_s
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._read_s = float("-inf")
        self._asked_s = float("-inf")
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": issuer.url},
            aud={"essential": True, "value": issuer.audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    def person(self, token: str) -> Person | None:
        """Who asks, None if the token is not to be believed or its keys cannot be had."""
        if len(token) > TOKEN_CHARS_MAX:
            return None
        for anew in (False, True):
            keys = self._known(anew)
            if keys is None:
                return None
            try:
                found = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
                self._claims.validate(found.claims)
            except InvalidKeyIdError:
                continue  # perhaps a new key of the issuer's
            except (JoseError, ValueError):
                return None
            return self._person(found.claims, token)
        return None

    def _person(self, claims: Mapping[str, Any], token: str) -> Person | None:
        said = claims["sub"]  # never changes; a name may, and would make two people of one
        sent, partner = claims.get(self._issuer.roles_claim), claims.get(self._issuer.partner_claim)
        roles = frozenset(role for role in Role if isinstance(sent, list) and role in sent)
        partner = partner or ""
        if not roles or not isinstance(said, str) or not isinstance(partner, str):
            return None
        if not 0 < len(said) <= NAME_CHARS_MAX:
            return None
        if (Role.PARTNER in roles) != bool(partner) or (partner and len(roles) > 1):
            return None  # a partner is tied to one account and has no other role, as users are
        name = f"{BEFORE}{said}"
        return Person(name, roles, partner, must_change=False, via="token", token=token)

    def _known(self, anew: bool) -> KeySet | None:
        """The issuer's keys; the last ones while it is away, or while somebody asks it."""
        if not self._lock.acquire(blocking=self._keys is None):
            return self._keys
        try:
            now_s = self._clock_s()
            old = now_s - self._read_s > KEYS_S
            if (anew or old) and now_s - self._asked_s > AGAIN_S:
                self._asked_s = now_s
                try:
                    self._keys, self._read_s = self._read(), now_s
                except (IssuerDown, JoseError, KeyError, ValueError) as error:
                    _log.warning("the issuer of tokens gives no keys", reason=str(error))
            return self._keys
        finally:
            self._lock.release()

    def _read(self) -> KeySet:
        base = self._issuer.url.rstrip("/")
        about = self._fetch(f"{base}/.well-known/openid-configuration")
        if about["issuer"] != self._issuer.url:
            raise IssuerDown(f"{base} says that it is {about['issuer']!r}")
        found = []
        for each in self._fetch(str(about["jwks_uri"]))["keys"]:
            with suppress(JoseError, ValueError):  # of a kind that we do not take anyway
                found.append(import_key(each))
        return KeySet(found)
