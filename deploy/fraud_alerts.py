"""What people do with alerts: look at them, say that one is fraud, or that it is harmless."""

import asyncio
import time
from dataclasses import asdict
from typing import Any, Final, Literal

import msgspec
from clickhouse_connect.driver.client import Client

from billing.errors import TollwireError
from billing.fraud.answers import Action
from billing.instants import format_instant_ms
from billing.money import format_nanos
from clickhouse import fraud_alerts
from clickhouse.fraud_alerts import FraudAlert
from deploy.runtime.settings import Settings
from streams import topics

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
EVER_MS: Final = 0
BROKER_S_MAX: Final = 5.0
"""somebody waits for the answer"""
PersonSays = Literal["confirm", "undo"]


class NoAlert(TollwireError):
    """Nobody has told an alert of this name."""


class NoAccount(TollwireError):
    """The alert is about no account of ours: nothing could be blocked."""


def recent(client: Client, hours: int, account: str) -> list[FraudAlert]:
    """Incidents told in the last hours, the newest first."""
    since_ms = int(time.time() * 1_000) - hours * HOUR_MS
    return fraud_alerts.alerts(client, since_ms, account=account)


def whole(client: Client, alert: str) -> dict[str, Any]:
    """All that is known of an incident; times and money as texts. Raises NoAlert.

    calls_without_record: sample calls that go on, or whose records are on their way, as the first
    halves of their cdr_ids.
    """
    found = asdict(told(client, alert))
    span_ms = (found["since_ms"] - DAY_MS, found["updated_ms"] + DAY_MS)
    halves = [half for half in found["calls"].split(",") if half]
    samples = fraud_alerts.calls(client, halves, *span_ms)
    actions = fraud_alerts.actions(client, alert)
    for name in ("evidence", "block"):
        found[name] = msgspec.json.decode(found[name])
    found["reasons"] = found["reasons"].split(",")
    stored = {row.pop("half"): row for row in samples}
    found["calls"] = [_readable(row) for row in stored.values()]
    found["calls_without_record"] = [half for half in halves if half not in stored]
    return _readable({**found, "actions": [_readable(row) for row in actions]})


def of_an_account(client: Client, alert: str) -> FraudAlert:
    """An alert that something can be done about. Raises NoAlert, NoAccount."""
    found = told(client, alert)
    if not found.account:
        said = f"alert {alert} is about {found.subject}: no account that could be blocked"
        raise NoAccount(said)
    return found


def say(
    settings: Settings, found: FraudAlert, kind: PersonSays, by: str, value: str, note: str
) -> None:
    """Tell the watch what an alert of an account is. Raises BrokerDown, within BROKER_S_MAX."""
    at_ms = int(time.time() * 1_000)
    action = Action(kind, found.id, found.account, by, at_ms, value, note=note)
    asyncio.run(topics.ensure_topics(settings, BROKER_S_MAX))
    message = (topics.FRAUD_ACTIONS, found.account.encode(), msgspec.json.encode(action))
    asyncio.run(topics.send_all(settings, [message], f"send the {kind}"))


def told(client: Client, alert: str) -> FraudAlert:
    """An alert as it was told last. Raises NoAlert."""
    found = fraud_alerts.alerts(client, EVER_MS, alert)
    if not found:
        raise NoAlert(f"no alert {alert!r}: tollwire fraud alerts lists them")
    return found[0]


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    """Instants and money as texts: of names that end in _ms or _nanos."""
    made: dict[str, Any] = {}
    for name, value in row.items():
        if name.endswith("_ms") and name != "duration_ms":
            stem = name.removesuffix("_ms")
            shown = "at" if stem == "at" else f"{stem}_at"
            made[shown] = format_instant_ms(value) if value else ""
        elif name.endswith("_nanos"):
            made[name.removesuffix("_nanos")] = format_nanos(value)
        elif name.endswith("_nanos_per_h"):
            made[f"{name.removesuffix('_nanos_per_h')}_per_h"] = format_nanos(value)
        else:
            made[name] = value
    return made
