"""`tollwire fraud`: try rules on the past."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.runtime.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Fraud detection: try rules on the past.")


@app.callback()
def fraud() -> None:
    """Fraud detection: try rules on the past."""


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
