"""`tollwire deck check`: how a rate sheet is understood, before anything is done with it."""

from pathlib import Path
from typing import Annotated

import typer


def check(
    file: Annotated[Path, typer.Argument(help=".xlsx, .xls, .ods, .csv or other text")],
    side: Annotated[str, typer.Option(help="sell or buy")] = "buy",
    currency: Annotated[str | None, typer.Option(help="three letters; default USD")] = None,
    zone: Annotated[str, typer.Option(help="of dates, such as Europe/Berlin")] = "UTC",
    valid_from: Annotated[
        str, typer.Option(help="of rows without a date: ISO 8601 or epoch; default: now")
    ] = "",
    deck_options: Annotated[
        Path | None, typer.Option(help="TOML with the deck's rules and classes")
    ] = None,
    layout: Annotated[Path | None, typer.Option(help="a saved layout; default: detected")] = None,
    save_layout: Annotated[Path | None, typer.Option(help="write the layout used here")] = None,
    against: Annotated[
        Path | None, typer.Option(help="an earlier sheet or deck of the partner to compare with")
    ] = None,
    notice_days: Annotated[int, typer.Option(min=0, max=365, help="of increases")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Read a rate sheet, show how it was understood and what is wrong; nothing is loaded.

    Status 1 when there are problems.
    """
    from deploy import deck_check  # noqa: PLC0415 - each command loads only what it needs

    asked = deck_check.Asked(side, currency, zone, valid_from, deck_options, layout, against)
    found = deck_check.check(file, asked, notice_days)
    if save_layout is not None:
        deck_check.save_layout(found.sheet.layout, save_layout)
    if as_json:
        typer.echo(deck_check.as_json(found))
    else:
        deck_check.show(found)
    raise typer.Exit(1 if found.sheet.problems else 0)
