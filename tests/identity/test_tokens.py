"""Tokens of an issuer: believed if everything about them is right, and only then.

The issuer is a real HTTP server with key pairs of its own.
"""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from dashboards.app import build
from dashboards.identity.roles import Role
from dashboards.identity.tokens import AGAIN_S, ALGORITHMS, KEYS_S, TOKEN_CHARS_MAX, Issuer, Tokens
from deploy.runtime.settings import Settings
from tests.conftest import free_port
from tests.dashboards.stand_in import StandIn
from tests.identity.requests import asking, by_key

AUDIENCE = "tollwire"
FIRST, NEXT = (RSAKey.generate_key(2048, {"kid": name}) for name in ("first", "next"))
CURVE = ECKey.generate_key("P-256", {"kid": "curve"})


class Provider:
    """An issuer on this machine."""

    def __init__(self) -> None:
        self.keys: list[Key] = [FIRST, CURVE]
        self.asked: list[str] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                body = json.dumps(provider.answers()[self.path]).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.named = self.url
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answers(self) -> dict[str, Any]:
        """What is served."""
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.named,
                "jwks_uri": f"{self.url}/keys",
            },
            "/keys": {
                "keys": [{"kty": "new", "kid": "odd"}]
                + [key.as_dict(private=False) for key in self.keys]
            },
        }

    def stop(self) -> None:
        """Be away."""
        self._server.shutdown()
        self._server.server_close()


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def provider() -> Iterator[Provider]:
    """An issuer."""
    found = Provider()
    yield found
    found.stop()


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def tokens(provider: Provider, clock: Clock) -> Tokens:
    """What believes it."""
    return Tokens(Issuer(provider.url, AUDIENCE, "roles", "partner"), clock_s=clock)


def token(provider: Provider, key: Key = FIRST, algorithm: str = "RS256", **claims: Any) -> str:
    """A good token, but for what is named; a claim that is None is left out."""
    own = {
        "iss": provider.url,
        "aud": AUDIENCE,
        "sub": "u-1",
        "exp": int(time.time()) + 600,
        "roles": ["finance.analyst", "something.else"],
        **claims,
    }
    said = {name: value for name, value in own.items() if value is not None}
    return jwt.encode({"alg": algorithm, "kid": key.kid}, said, key, algorithms=[algorithm])


def test_a_good_token_is_somebody(provider: Provider, tokens: Tokens) -> None:
    person = tokens.person(token(provider))
    assert person is not None
    assert (person.name, person.roles) == ("oidc:u-1", frozenset({Role.FINANCE_ANALYST}))
    assert (person.via, person.must_change, person.works_here) == ("token", False, True)
    several = token(provider, CURVE, "ES256", aud=["other", AUDIENCE], sub="u-2")
    other = tokens.person(several)
    assert other is not None
    assert other.name == "oidc:u-2"
    partner = tokens.person(token(provider, roles=["partner"], partner="acme"))
    assert partner is not None
    assert (partner.partner, partner.works_here) == ("acme", False)
    assert len(provider.asked) == 2


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS256", FIRST),
        ("PS256", FIRST),
        ("ES256", CURVE),
        ("Ed25519", OKPKey.generate_key("Ed25519", {"kid": "edwards"})),
    ],
)
def test_each_algorithm_that_is_named_works(
    provider: Provider, tokens: Tokens, algorithm: str, key: Key
) -> None:
    provider.keys = [key]
    assert tokens.person(token(provider, key, algorithm)) is not None


def test_every_algorithm_is_tried() -> None:
    assert set(ALGORITHMS) == {"RS256", "PS256", "ES256", "Ed25519"}


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://another.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 9_000_000_000},
        {"sub": None},
        {"roles": None},
        {"roles": []},
        {"roles": "admin"},
        {"roles": ["Admin"]},
        {"roles": ["partner"]},
        {"roles": ["partner", "admin"], "partner": "acme"},
        {"partner": "acme"},
        {"partner": 7, "roles": ["partner"]},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 121},
    ],
)
def test_a_wrong_claim_is_nobody(
    provider: Provider, tokens: Tokens, claims: dict[str, Any]
) -> None:
    assert tokens.person(token(provider)) is not None
    assert tokens.person(token(provider, **claims)) is None


def test_a_token_that_the_issuer_has_not_signed_is_nobody(
    provider: Provider, tokens: Tokens
) -> None:
    good = token(provider)
    head, body, signature = good.split(".")
    forged = RSAKey.generate_key(2048, {"kid": "first"})
    secret = OctKey.import_key(json.dumps(FIRST.as_dict(private=False)), {"kid": "first"})
    none = "eyJhbGciOiJub25lIn0"
    for sent in (
        token(provider, forged),
        token(provider, secret, "HS256"),
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
        f"{head}.{body}.{signature[:-6]}AAAAAA",
        f"{head}.{body}",
        "",
        "a.b.c",
        "\x00",
        "x" * (TOKEN_CHARS_MAX + 1),
    ):
        assert tokens.person(sent) is None, sent
    assert tokens.person(good) is not None


def test_a_new_key_is_found_and_an_unknown_one_asks_seldom(
    provider: Provider, tokens: Tokens, clock: Clock
) -> None:
    assert tokens.person(token(provider)) is not None
    provider.keys = [NEXT]
    assert tokens.person(token(provider, NEXT)) is None
    assert len(provider.asked) == 2
    clock.now_s += AGAIN_S + 1
    assert tokens.person(token(provider, NEXT)) is not None
    asked = len(provider.asked)
    for _ in range(20):
        assert tokens.person(token(provider, FIRST)) is None
    assert len(provider.asked) == asked


def test_keys_outlive_an_issuer_that_is_away(
    provider: Provider, tokens: Tokens, clock: Clock
) -> None:
    good = token(provider)
    assert tokens.person(good) is not None
    provider.stop()
    clock.now_s += KEYS_S + AGAIN_S + 1
    assert tokens.person(good) is not None
    fresh = Tokens(Issuer(provider.url, AUDIENCE, "roles", "partner"))
    assert fresh.person(good) is None


def test_an_issuer_that_names_itself_otherwise_is_not_believed(
    provider: Provider, tokens: Tokens
) -> None:
    provider.named = "http://another.example"
    assert tokens.person(token(provider)) is None


def test_the_api_takes_tokens_where_the_settings_name_an_issuer(
    provider: Provider, tmp_path: Path
) -> None:
    names = ("rater_metrics", "broker")
    own: dict[str, Any] = {name: f"127.0.0.1:{free_port()}" for name in names}
    own |= {"data_dir": tmp_path, "oidc_issuer": provider.url, "oidc_audience": AUDIENCE}

    async def test(http: httpx.AsyncClient) -> None:
        said = await http.get("/v1/session", headers=by_key(token(provider)))
        assert (said.status_code, said.json()["name"]) == (200, "oidc:u-1"), said.text
        assert (await http.get("/v1/users", headers=by_key(token(provider)))).status_code == 403
        assert (await http.get("/v1/session", headers=by_key("nothing"))).status_code == 401
        made = await http.post(
            "/v1/keys",
            json={"label": "mine", "roles": ["finance.analyst"], "days": 9},
            headers=by_key(token(provider)),
        )
        assert made.status_code == 403, made.text

    asking(build(Settings.model_validate(own), StandIn), test)
    closed = {**own, "oidc_audience": ""}

    async def refused(http: httpx.AsyncClient) -> None:
        said = await http.get("/v1/session", headers=by_key(token(provider)))
        assert said.status_code == 401

    asking(build(Settings.model_validate(closed), StandIn), refused)
