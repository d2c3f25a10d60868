"""What people do with credit: book payments, block accounts, look at what is left, try a call."""

import asyncio
import json
import time
import urllib.request
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from uuid import uuid4

import msgspec

from billing.credit.orders import Order, accept
from billing.errors import BadField, TollwireError
from billing.instants import parse_instant_ms
from clickhouse import credit, reference
from clickhouse.client import connect
from deploy.runtime.settings import Settings
from streams import topics

ANSWER_S_MAX = 10.0


class OrderRefused(TollwireError):
    """The controls would not take it."""


def send_order(settings: Settings, kind: str, role: str, account: str, **more: Any) -> str:
    """Check an order as the controls will, and send it; returns its id.

    Raises OrderRefused naming field and value, ClickHouseDown, BrokerDown.
    """
    order_id = more.pop("id") or str(uuid4())
    order = Order(kind, order_id, role, account, at_ms=int(time.time() * 1_000), **more)  # type: ignore[arg-type]
    client = connect(settings)
    try:
        known = {(a.role, a.account): a for a in reference.load_accounts(client)}
    finally:
        client.close()
    try:
        accept(order, known.get((role, account)))
    except BadField as flaw:
        raise OrderRefused(f"{kind} of {account}: {flaw}") from None
    message = (topics.CREDIT_ORDER, account.encode(), msgspec.json.encode(order))
    asyncio.run(topics.ensure_topics(settings))
    asyncio.run(topics.send_all(settings, [message], f"send the {kind}"))
    return order_id


def until_ms(text: str) -> int:
    """An instant of the command line, 0 for none. Raises TollwireError."""
    try:
        return parse_instant_ms(text) if text else 0
    except ValueError as error:
        raise TollwireError(f"--until {text!r}: {error}") from None


def list_states(settings: Settings, account: str) -> list[dict[str, Any]]:
    """What accounts may spend, as the controls wrote it last (every 3 s)."""
    client = connect(settings)
    try:
        return credit.states(client, account)
    finally:
        client.close()


def ask(settings: Settings, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    """The answer of the controls. Raises TollwireError where there is none."""
    url = f"http://{settings.controls}{path}"
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S_MAX) as answer:  # noqa: S310
            found: dict[str, Any] = json.loads(answer.read())
    except HTTPError as error:
        try:
            said = json.loads(error.read())
        except ValueError:
            said = {"title": error.reason}
        if "allowed" in said:
            return dict(said)
        raise TollwireError(str(said.get("title", error.reason))) from None
    except (URLError, OSError) as error:
        raise TollwireError(
            f"the controls do not answer at {settings.controls} (TOLLWIRE_CONTROLS): {error}"
        ) from None
    return found


def path_of(account: str) -> str:
    """The path of an account's credit."""
    return f"/v1/credit/{quote(account, safe='')}"
