"""`tollwire deck`: versions of rate decks, and loading one the short way."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billing.deck import COVERAGES, SIDES
from billing.errors import TollwireError
from deploy import cli_deck_agreements, cli_deck_check, cli_deck_draft, cli_deck_generate
from deploy.cli_files import say
from deploy.cli_words import choice, instant, now
from deploy.runtime.settings import load_settings

if TYPE_CHECKING:
    import pyarrow as pa
    from clickhouse_connect.driver.client import Client

app = typer.Typer(
    no_args_is_help=True,
    help="Rate decks: from a file to a version that prices calls. docs/deck-life.md.",
)
cli_deck_draft.register(app)
app.add_typer(cli_deck_agreements.app, name="agreements")
app.command()(cli_deck_generate.generate)
app.command()(cli_deck_check.check)
At = Annotated[str, typer.Option(help="ISO 8601, epoch or now: what was valid then")]
KnownAt = Annotated[str, typer.Option(help="by the versions published until then; default: all")]


@app.command()
def load(
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
    """Publish a CSV deck at once; refused where an agreement wants two people."""
    from deploy.files import read_options  # noqa: PLC0415
    from deploy.reference import load_deck  # noqa: PLC0415

    loaded = load_deck(
        load_settings(),
        file,
        name,
        choice("side", side, SIDES),
        choice("coverage", coverage, COVERAGES),
        instant("valid-from", valid_from),
        read_options(deck_options, currency),
        skip_bad_rows,
    )
    for column in loaded.unused:
        say(f"note: {file}: column {column} means nothing here and was not used")
    for problem in loaded.problems[:100]:
        say(f"skipped {problem}")
    version = loaded.version
    what = "was loaded before as" if loaded.already else "is"
    typer.echo(
        f"{side} deck {name}: {version.rates.num_rows:,} rates in {version.currency}; this file "
        f"{what} version {version.number}; the workers have been told"
    )
    if loaded.late_calls:
        say(
            f"note: {loaded.late_calls:,} calls answered since --valid-from were priced by an "
            "earlier version; they keep that price until they are re-rated. What that would "
            f"change: tollwire rerate preview --from {valid_from} --to {now()} --side {side} "
            f"--deck {shlex.quote(name)}"
        )


@contextmanager
def _client() -> "Iterator[Client]":
    from clickhouse.client import connect  # noqa: PLC0415

    with closing(connect(load_settings())) as client:
        yield client


@app.command("list")
def list_(
    deck: Annotated[str, typer.Option(help="only this deck")] = "",
    side: Annotated[str, typer.Option(help="only this side: sell or buy")] = "",
) -> None:
    """All deck versions, oldest first: scheduled, in force, superseded."""
    from clickhouse import reference  # noqa: PLC0415
    from deploy.decks import version_report  # noqa: PLC0415

    with _client() as client:
        rows = reference.list_versions(client)
        states = version_report.standing_now(client, rows)
    shown = [r for r in rows if deck in ("", r.deck) and side in ("", r.side)]
    version_report.versions(shown, states)


@app.command()
def show(
    version: Annotated[int | None, typer.Argument(help="or --deck, --side and --at")] = None,
    prefix: Annotated[str, typer.Option(help="only these codes")] = "",
    deck: str = "",
    side: str = "",
    at: At = "",
    known_at: KnownAt = "",
) -> None:
    """The rates of a version as CSV, or what a deck charged at an instant as known at another."""
    import pyarrow.compute as pc  # noqa: PLC0415

    from deploy.decks.rate_rows import write_csv  # noqa: PLC0415

    rates = _rates(version, deck, side, at, known_at)
    write_csv(sys.stdout, rates.filter(pc.starts_with(rates.column("prefix"), prefix)))


@app.command()
def export(
    out: Annotated[Path, typer.Option(help=".csv or .xlsx; can be loaded again")],
    version: Annotated[int | None, typer.Argument(help="or --deck, --side and --at")] = None,
    deck: str = "",
    side: str = "",
    at: At = "",
    known_at: KnownAt = "",
) -> None:
    """Write a version, or what a deck charges from an instant on, to a file."""
    from deploy.decks.rate_rows import write_file  # noqa: PLC0415

    rates = _rates(version, deck, side, at, known_at, onwards=True)
    write_file(out, rates)
    typer.echo(f"{rates.num_rows:,} rates written to {out}")


def _rates(
    version: int | None, deck: str, side: str, at: str, known_at: str, onwards: bool = False
) -> "pa.Table":
    """The rates asked for; onwards: also those that begin later."""
    from clickhouse import reference  # noqa: PLC0415
    from deploy.decks.line import deck_at, row_of  # noqa: PLC0415

    if (version is None) == (not deck) or (version is not None and (at or known_at or side)):
        raise TollwireError("give a version, or --deck, --side and --at [--known-at]")
    with _client() as client:
        if version is not None:
            return reference.load_rates(client, row_of(client, version).number)
        known_ms = instant("known-at", known_at) if known_at else None
        at_ms = instant("at", at or "now")
        name = (deck, choice("side", side, SIDES))
        state, rates = deck_at(client, *name, at_ms, known_ms)
    if state.mixed:
        say(
            f"note: versions {', '.join(map(str, state.versions))} have other rules (rounding, "
            "grace, fees) than the last one; the rates alone do not tell"
        )
    return state.rates if onwards else rates
