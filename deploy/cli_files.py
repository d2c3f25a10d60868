"""The commands that need files and no service: `tollwire rate`, `tollwire whatif`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billing.errors import TollwireError
from deploy.runtime.settings import load_settings

if TYPE_CHECKING:
    from deploy.rate_file import Offline


def say(text: str) -> None:
    """A line on stderr: stdout is for data."""
    typer.echo(text, err=True)


def _notes(decks: "Offline") -> None:
    for column in decks.unused:
        say(f"note: column means nothing here and was not used: {column}")
    for problem in decks.problems[:100]:
        say(f"skipped {problem}")


def rate(
    calls: Annotated[Path, typer.Argument(help=".csv, .jsonl or .parquet")],
    sell: Annotated[Path, typer.Option(help="CSV deck: what customers pay")],
    buy: Annotated[Path | None, typer.Option(help="CSV deck: what vendors charge")] = None,
    out: Annotated[Path | None, typer.Option(help=".csv, .jsonl or .parquet")] = None,
    deck_options: Annotated[Path | None, typer.Option(help="TOML with the decks' rules")] = None,
    explain: Annotated[
        str | None, typer.Option(help="print how this call's price came about")
    ] = None,
    skip_bad_rows: Annotated[bool, typer.Option(help="leave a deck's bad rows out")] = False,
    fx: Annotated[Path | None, typer.Option(help="CSV of exchange rates")] = None,
    account_currency: Annotated[
        str | None, typer.Option(help="charge in this currency; default: the decks'")
    ] = None,
) -> None:
    """Rate a file of calls offline, one row per call; no service is needed."""
    from deploy import rate_file as offline  # noqa: PLC0415
    from deploy import report  # noqa: PLC0415
    from deploy.files import read_options  # noqa: PLC0415

    if out is None and explain is None:
        raise TollwireError("give --out FILE, or --explain CALL_ID")
    if (fx is None) != (account_currency is None):
        raise TollwireError("--fx FILE and --account-currency CODE go together")
    settings = load_settings()
    terms = read_options(deck_options, None)
    decks = offline.compile_decks(sell, buy, terms, skip_bad_rows, fx, account_currency)
    _notes(decks)
    if explain is not None:
        typer.echo("\n".join(offline.explain_call(calls, explain, decks)))
    if out is not None:
        with report.counting("rated") as progress:
            bad_rows = report.FirstOnly(say)
            total = offline.rate_file(
                calls, out, decks, settings.kernel_threads, bad_rows, progress
            )
        bad_rows.rest()
        report.offline(total, out, decks)


def whatif(
    calls: Annotated[Path, typer.Argument(help=".csv, .jsonl or .parquet")],
    old: Annotated[Path, typer.Option(help="CSV deck: what the calls cost by it")],
    new: Annotated[Path, typer.Option(help="CSV deck: what they would cost by this one")],
    old_options: Annotated[Path | None, typer.Option(help="TOML with the old deck's rules")] = None,
    new_options: Annotated[Path | None, typer.Option(help="TOML with the new deck's rules")] = None,
    out: Annotated[
        Path | None, typer.Option(help="every changed call: .csv, .jsonl or .parquet")
    ] = None,
    skip_bad_rows: Annotated[bool, typer.Option(help="leave the decks' bad rows out")] = False,
    fx: Annotated[Path | None, typer.Option(help="CSV of exchange rates")] = None,
    account_currency: Annotated[
        str | None, typer.Option(help="charge in this currency; default: the decks'")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """What another deck would make of a file of calls; nothing is changed, no service is needed."""
    from deploy import rate_file as offline  # noqa: PLC0415
    from deploy import report, whatif_report  # noqa: PLC0415
    from deploy.files import read_options  # noqa: PLC0415
    from deploy.whatif import compare  # noqa: PLC0415

    if (fx is None) != (account_currency is None):
        raise TollwireError("--fx FILE and --account-currency CODE go together")
    before, after = (
        offline.compile_decks(
            deck, None, read_options(options, None), skip_bad_rows, fx, account_currency
        )
        for deck, options in ((old, old_options), (new, new_options))
    )
    for deck in (before, after):
        _notes(deck)
    with report.counting("compared") as progress:
        bad_rows = report.FirstOnly(say)
        threads = load_settings().kernel_threads
        found = compare(calls, before, after, threads, bad_rows, progress, out)
    bad_rows.rest()
    if as_json:
        typer.echo(whatif_report.as_json(found))
    else:
        whatif_report.show(found)
