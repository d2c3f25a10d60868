"""The command line: one Typer app; an operator's error is one clear message and exit status 1."""

import json
import logging
import shlex
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from billing.deck import COVERAGES, SIDES
from billing.errors import TollwireError
from billing.instants import format_instant_ms, parse_instant_ms
from deploy import cli_collect, cli_credit, cli_files, cli_fraud, cli_invoiced, cli_rerate
from deploy.runtime.settings import SettingsError, load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Wholesale voice rating.",
)
deck_app = typer.Typer(no_args_is_help=True, help="Rate decks: load, list, show.")
accounts_app = typer.Typer(no_args_is_help=True, help="Customers and vendors.")
fx_app = typer.Typer(no_args_is_help=True, help="Exchange rates: load, list.")
app.add_typer(deck_app, name="deck")
app.add_typer(accounts_app, name="accounts")
app.add_typer(fx_app, name="fx")
app.add_typer(cli_rerate.app, name="rerate")
app.add_typer(cli_credit.app, name="credit")
app.add_typer(cli_fraud.app, name="fraud")
app.add_typer(cli_collect.app, name="collect")

PROCESSES = ("broker", "clickhouse", "rater", "controls", "fraud", "rerate", "console", "traffic")


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise TollwireError(f"--{name} {value}: one of {', '.join(allowed)}")
    return value


def _instant(name: str, text: str) -> int:
    try:
        return parse_instant_ms(text)
    except ValueError as error:
        raise TollwireError(f"--{name} {text!r}: {error}") from None


def _now() -> str:
    return format_instant_ms(int(time.time() * 1_000))


@app.command()
def serve(process: Annotated[str, typer.Argument(help=", ".join(PROCESSES))]) -> None:
    """Run one process in the foreground."""
    from deploy import serving  # noqa: PLC0415 - each command loads only what it needs

    serving.serve(_choice("process", process, PROCESSES), load_settings())


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
def balances() -> None:
    """What has been posted to each account, beside its charges; status 1 where they differ."""
    from deploy import balance_report  # noqa: PLC0415

    raise typer.Exit(0 if balance_report.show(load_settings()) else 1)


@deck_app.command("load")
def deck_load(
    file: Path,
    name: Annotated[str, typer.Option(help="the deck; a new version of it is made")],
    side: Annotated[str, typer.Option(help="sell or buy")],
    valid_from: Annotated[str, typer.Option(help="ISO 8601 or epoch; of rows without their own")],
    currency: Annotated[str | None, typer.Option(help="three letters; default USD")] = None,
    coverage: Annotated[
        str, typer.Option(help="full: codes not listed are closed; partial: they stay")
    ] = "full",
    deck_options: Annotated[Path | None, typer.Option(help="TOML with the deck's rules")] = None,
    skip_bad_rows: Annotated[bool, typer.Option(help="load the good rows of a bad file")] = False,
) -> None:
    """Load a CSV deck as a new immutable version and hand it to the running workers."""
    from deploy.files import read_options  # noqa: PLC0415
    from deploy.reference import load_deck  # noqa: PLC0415

    loaded = load_deck(
        load_settings(),
        file,
        name,
        _choice("side", side, SIDES),
        _choice("coverage", coverage, COVERAGES),
        _instant("valid-from", valid_from),
        read_options(deck_options, currency),
        skip_bad_rows,
    )
    for column in loaded.unused:
        cli_files.say(f"note: {file}: column {column} means nothing here and was not used")
    for problem in loaded.problems[:100]:
        cli_files.say(f"skipped {problem}")
    version = loaded.version
    what = "was loaded before as" if loaded.already else "is"
    typer.echo(
        f"{side} deck {name}: {version.rates.num_rows:,} rates in {version.currency}; this file "
        f"{what} version {version.number}; the workers have been told"
    )
    if loaded.late_calls:
        cli_files.say(
            f"note: {loaded.late_calls:,} calls answered since --valid-from were priced by an "
            "earlier version; they keep that price until they are re-rated. What that would "
            f"change: tollwire rerate preview --from {valid_from} --to {_now()} --side {side} "
            f"--deck {shlex.quote(name)}"
        )


@deck_app.command("list")
def deck_list() -> None:
    """All deck versions, oldest first."""
    from deploy import deck_report  # noqa: PLC0415

    deck_report.versions(load_settings())


@deck_app.command("show")
def deck_show(
    version: int, prefix: Annotated[str, typer.Option(help="only these codes")] = ""
) -> None:
    """The rates of one version as CSV."""
    from deploy import deck_report  # noqa: PLC0415

    deck_report.rates(load_settings(), version, prefix)


@accounts_app.command("load")
def accounts_load(file: Path) -> None:
    """Load customers and vendors from a TOML file and hand them to the running workers."""
    from deploy.reference import load_accounts  # noqa: PLC0415

    accounts = load_accounts(load_settings(), file)
    customers = sum(a.role == "customer" for a in accounts)
    typer.echo(f"{customers} customers and {len(accounts) - customers} vendors loaded")


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
    from deploy import deck_report  # noqa: PLC0415

    deck_report.exchange_rates(load_settings())


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
