"""Every endpoint of the API with generated requests, by every role and by nobody.

No answer is a fault of the server, and each has a status, a type and a form that the OpenAPI
document names. What a partner gets names no other partner.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import schemathesis
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from clickhouse.client import connect
from dashboards.identity.keys import Asked
from dashboards.identity.roles import Role
from dashboards.identity.store import Identity
from deploy.runtime.settings import Settings
from tests.conftest import free_port
from tests.dashboards import people
from tests.dashboards.console_process import ConsoleProcess
from tests.dashboards.decks import store_decks
from tests.dashboards.fraud import store_alert
from tests.dashboards.traffic import Call, store_calls

WHO: Final = (None, *Role)
CHECKS: Final = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
ENDLESS: Final = {"/v1/noc/stream"}
ALERT: Final = "00000000000000aa"
KNOWN: Final = {
    "alert": ALERT,
    "role": "customer",
    "account": "acme",
    "call": Call(1, 0).cdr_id.hex(),
}
"""values of the address that lead to something stored"""
FEW, MANY = 4, 25
"""examples an operation and role; in the default run those who are not admins get one"""


@pytest.fixture
def client(migrated: Settings) -> Client:
    """A database with calls, decks and an alert."""
    opened = connect(migrated)
    now_ms = int(time.time() * 1_000)
    store_decks(opened)
    store_calls(opened, [Call(i, now_ms - i * 1_000) for i in range(5)])
    store_calls(opened, [Call(9, now_ms, reason="sell_rate_missing", customer="bolt")])
    store_alert(opened, ALERT, "critical", 10**9, now_ms)
    return opened


@pytest.fixture
def served(
    migrated: Settings, client: Client, broker_address: str, tmp_path: Path
) -> Iterator[Settings]:
    """A console on it, with a broker."""
    addresses = {name: f"127.0.0.1:{free_port()}" for name in ("console", "rater_metrics")}
    own = {**addresses, "broker": broker_address, "data_dir": tmp_path}
    settings = migrated.model_copy(update=own)
    running = ConsoleProcess(settings, tmp_path / "console.log").wait_ready()
    wait_for_figures(settings, key_of(people.opened(settings), Role.NOC_VIEWER))
    yield settings
    running.stop()


def wait_for_figures(settings: Settings, headers: dict[str, str]) -> None:
    """Until the console's first read is over: the stream sends its first figures then."""
    url = f"http://{settings.console}/v1/noc/stream"
    with httpx.stream("GET", url, headers=headers, timeout=60) as stream:
        events = (line for line in stream.iter_lines() if line.startswith("data:"))
        while json.loads(next(events)[5:])["state"] == "loading":
            pass


def key_of(identity: Identity, role: Role) -> dict[str, str]:
    """A new key of somebody with this role."""
    person = people.person(identity, f"some.{role}", [role], "bolt" if role is Role.PARTNER else "")
    key = identity.keys.new(Asked(person.name, "a test", (role,), 1), identity.by("a test"))
    return {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    ("examples", "others"), [(FEW, 1), pytest.param(MANY, MANY, marks=pytest.mark.slow)]
)
def test_no_request_gets_an_answer_that_is_not_documented(
    served: Settings, examples: int, others: int
) -> None:
    identity, url = people.opened(served), f"http://{served.console}"
    admin = key_of(identity, Role.ADMIN)
    schema = schemathesis.openapi.from_url(f"{url}/v1/openapi.json", headers=admin)
    keys: dict[Role | None, dict[str, str]] = {who: {} for who in WHO}
    flaws: list[str] = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path in ENDLESS:
            continue
        for role in WHO:
            headers = keys[role] = working(url, keys[role], identity, role)
            try:
                tried(operation, url, headers, examples if role is Role.ADMIN else others, role)
            except (FailureGroup, AssertionError) as error:
                flaws.append(f"{operation.label} by {role or 'nobody'}: {error}")
                break
    assert not flaws, "\n\n".join(flaws)


def working(
    url: str, headers: dict[str, str], identity: Identity, role: Role | None
) -> dict[str, str]:
    """These headers, or a new key if an example has revoked the last one."""
    if role is None or httpx.get(f"{url}/v1/session", headers=headers).status_code == 200:
        return headers
    return key_of(identity, role)


def tried(
    operation: Any, url: str, headers: dict[str, str], examples: int, role: Role | None
) -> None:
    """Send generated requests to one endpoint."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), known=st.booleans())
    def each(case: Any, known: bool) -> None:
        if known:
            case.path_parameters.update(
                {k: v for k, v in KNOWN.items() if k in case.path_parameters}
            )
        answer = case.call(base_url=url, headers=headers)
        case.validate_response(answer, checks=list(CHECKS))
        assert role is not Role.PARTNER or answer.status_code >= 400 or "acme" not in answer.text

    each()
