"""`tollwire fraud`: alerts and what is done about them; rules tried on the past."""

import getpass
import json
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.runtime.settings import load_settings

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from deploy.fraud_alerts import PersonSays

app = typer.Typer(
    no_args_is_help=True, help="Fraud: alerts, what is done about them, rules tried on the past."
)


class Answer(StrEnum):
    """What a person can have done about an alert."""

    throttle = "throttle"
    block_destination = "block_destination"
    block_account = "block_account"


By = Annotated[str, typer.Option(help="who you are; default: your login")]
Note = Annotated[str, typer.Option(help="why")]


@app.command()
def backtest(
    from_: Annotated[str, typer.Option("--from", help="calls answered since")],
    to: Annotated[str, typer.Option(help="calls answered before")],
    rules: Annotated[Path | None, typer.Option(help="TOML; default: the built-in rules")] = None,
    fraud_calls: Annotated[
        Path | None, typer.Option(help="file of call ids known to be fraud, one a line")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """What the rules would have found in stored calls, and what blocking at once would have saved.

    Calls are known from their records, so that each shows when it is over; begin some days before
    the time you ask about: an account without history has no usual.
    """
    from deploy import fraud as fraud_past  # noqa: PLC0415
    from deploy import fraud_report  # noqa: PLC0415
    from deploy.files import read_file  # noqa: PLC0415

    span_ms = fraud_past.period_ms(from_, to)
    wanted = fraud_past.read_rules(rules)
    known = read_file(fraud_calls).decode().split("\n") if fraud_calls else []
    labels = frozenset(line.strip() for line in known if line.strip())
    found = fraud_past.backtest(load_settings(), span_ms, wanted, labels)
    if as_json:
        typer.echo(fraud_report.as_json(found))
    else:
        fraud_report.print_table(found)


@app.command()
def alerts(
    hours: Annotated[int, typer.Option(min=1, help="told within the last hours")] = 24,
    account: Annotated[str, typer.Option(help="of this customer only")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON list")] = False,
) -> None:
    """Incidents the watch has told, the newest first, and what was done about each."""
    from deploy import fraud_alert_report, fraud_alerts  # noqa: PLC0415

    with _reading() as client:
        found = fraud_alerts.recent(client, hours, account)
    if as_json:
        typer.echo(fraud_alert_report.as_json(found))
    else:
        fraud_alert_report.print_table(found)


@app.command()
def show(alert: str) -> None:
    """All that is known of an incident as JSON: figures, sample calls, what was done by whom."""
    from deploy import fraud_alerts  # noqa: PLC0415

    with _reading() as client:
        typer.echo(json.dumps(fraud_alerts.whole(client, alert), indent=2))


@app.command()
def confirm(
    alert: str,
    action: Annotated[
        Answer | None, typer.Option(help="what to do; default: the account's policy")
    ] = None,
    note: Note = "",
    by: By = "",
) -> None:
    """Say that an alert is fraud: what the account's policy says is done about it at once."""
    _say("confirm", alert, by, action.value if action else "", note)


@app.command()
def undo(alert: str, note: Note = "", by: By = "") -> None:
    """Say that an alert is harmless: its blocks are lifted, and it starts none any more."""
    _say("undo", alert, by, "", note)


def _say(kind: "PersonSays", alert: str, by: str, value: str, note: str) -> None:
    from deploy import fraud_alerts  # noqa: PLC0415

    me = by or getpass.getuser()
    with _reading() as client:
        found = fraud_alerts.of_an_account(client, alert)
    fraud_alerts.say(load_settings(), found, kind, me, value, note)
    typer.echo(f"alert {alert} of {found.account}: {kind} is sent to the watch; "
               f"tollwire fraud show {alert} says what came of it")  # fmt: skip


def _reading() -> "closing[Client]":
    from clickhouse.client import connect  # noqa: PLC0415

    return closing(connect(load_settings()))
