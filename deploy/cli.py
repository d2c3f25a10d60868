"""The command line: one Typer app; an operator's error is one clear message and exit status 1."""

import json
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from billing.errors import TollwireError
from deploy import (
    cli_collect,
    cli_credit,
    cli_deck,
    cli_files,
    cli_fraud,
    cli_identity,
    cli_invoiced,
    cli_rerate,
)
from deploy.cli_words import choice
from deploy.runtime.settings import SettingsError, load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Wholesale voice rating.",
)
accounts_app = typer.Typer(no_args_is_help=True, help="Customers and vendors.")
fx_app = typer.Typer(no_args_is_help=True, help="Exchange rates: load, list.")
app.add_typer(cli_deck.app, name="deck")
app.add_typer(accounts_app, name="accounts")
app.add_typer(fx_app, name="fx")
app.add_typer(cli_rerate.app, name="rerate")
app.add_typer(cli_credit.app, name="credit")
app.add_typer(cli_fraud.app, name="fraud")
app.add_typer(cli_collect.app, name="collect")
app.add_typer(cli_identity.user_app, name="user")
app.add_typer(cli_identity.key_app, name="key")
app.add_typer(cli_identity.audit_app, name="audit")

PROCESSES = (
    *("broker", "clickhouse", "rater", "controls", "fraud", "rerate", "webhooks", "console"),
    "traffic",
)


@app.command()
def serve(process: Annotated[str, typer.Argument(help=", ".join(PROCESSES))]) -> None:
    """Run one process in the foreground."""
    from deploy import serving  # noqa: PLC0415 - each command loads only what it needs

    serving.serve(choice("process", process, PROCESSES), load_settings())


@app.command()
def run() -> None:
    """Run everything on this machine, with a gentle stream of demo calls, until Ctrl-C."""
    from deploy import local  # noqa: PLC0415

    settings = load_settings()
    cli_files.say(
        f"starting; the NOC page will be at http://{settings.console}  (Ctrl-C stops everything)"
    )
    raise typer.Exit(local.run(settings))


@app.command()
def demo(
    calls: Annotated[int, typer.Option(min=1, max=50_000_000, help="distinct calls")] = 200_000,
    as_json: Annotated[bool, typer.Option("--json", help="end with one JSON line")] = False,
) -> None:
    """Send a day's generated calls through the real processes and account for every one."""
    from deploy import demo as demonstration  # noqa: PLC0415
    from deploy import demo_report, report  # noqa: PLC0415

    with report.live() as (stage, progress):
        result = demonstration.demo(load_settings(), calls, stage, progress)
    demo_report.show(result)
    if as_json:
        typer.echo(json.dumps(result.summary()))
    raise typer.Exit(0 if result.holds() else 1)


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from clickhouse.migrate import migrate as apply  # noqa: PLC0415

    applied = apply(load_settings())
    for name in applied:
        typer.echo(f"applied {name}")
    typer.echo(f"{len(applied)} migrations applied; the database is up to date")


@app.command()
def contract(folder: Annotated[Path, typer.Argument()] = Path("docs/contract")) -> None:
    """Write what other teams may rely on, made of the code: AsyncAPI, schemas, a page."""
    from deploy.contract import documents  # noqa: PLC0415

    for name in (written := documents.write(folder)):
        typer.echo(f"written: {folder / name}")
    typer.echo(f"{len(written)} files written; the others are as the code has them")


@app.command()
def balances() -> None:
    """What has been posted to each account, beside its charges; status 1 where they differ."""
    from deploy import balance_report  # noqa: PLC0415

    raise typer.Exit(0 if balance_report.show(load_settings()) else 1)


@accounts_app.command("load")
def accounts_load(file: Path) -> None:
    """Load customers, vendors and their limits from TOML or CSV; the workers are told."""
    from deploy.accounts import load_accounts  # noqa: PLC0415

    accounts = load_accounts(load_settings(), file)
    customers = sum(a.role == "customer" for a in accounts)
    typer.echo(f"{customers} customers and {len(accounts) - customers} vendors loaded")


@accounts_app.command("export")
def accounts_export(
    csv: Annotated[bool, typer.Option("--csv", help="CSV, which has no trunks, not TOML")] = False,
) -> None:
    """Print every account with its limit as the file that makes the same of it."""
    from deploy.accounts import exported  # noqa: PLC0415

    typer.echo(exported(load_settings(), csv), nl=False)


accounts_app.command()(cli_invoiced.invoiced)


@fx_app.command("load")
def fx_load(file: Path) -> None:
    """Add the exchange rates of a CSV file and hand them to the running workers."""
    from deploy.reference import load_fx  # noqa: PLC0415

    loaded = load_fx(load_settings(), file)
    typer.echo(f"{loaded.rates:,} exchange rates, {loaded.new:,} new; the workers have been told")


@fx_app.command("list")
def fx_list() -> None:
    """All exchange rates as CSV, oldest first; of one pair and date the last line counts."""
    from deploy import fx_report  # noqa: PLC0415

    fx_report.exchange_rates(load_settings())


app.command()(cli_files.rate)
app.command()(cli_files.whatif)


def main() -> None:
    """Run the command line; known errors become one message on stderr and exit status 1."""
    for library in ("aiokafka", "clickhouse_connect"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        app()
    except (TollwireError, SettingsError) as error:
        cli_files.say(f"error: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
