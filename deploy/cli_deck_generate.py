"""`tollwire deck generate`: a sell deck from buy decks, as a file and as a draft."""

from pathlib import Path
from typing import Annotated

import typer

from billing.errors import TollwireError
from deploy.cli_deck_draft import By, desk, shown
from deploy.cli_words import me


def generate(
    rules: Annotated[Path, typer.Argument(help="TOML; docs/deck-life.md")],
    out: Annotated[Path | None, typer.Option(help=".csv or .xlsx; can be loaded again")] = None,
    draft: Annotated[bool, typer.Option(help="keep it as a draft of the sell deck")] = False,
    by: By = "",
) -> None:
    """Make sell rates of buy decks by rules of margin, and say what they would change."""
    from deploy.decks.generated import generated  # noqa: PLC0415
    from deploy.decks.rate_rows import write_file  # noqa: PLC0415

    if out is None and not draft:
        raise TollwireError("give --out FILE, or --draft, or both")
    with desk() as found:
        terms, sheet, made = generated(found, rules)
        if out is not None:
            write_file(out, sheet.rates)
            typer.echo(f"{sheet.rates.num_rows:,} rates written to {out}")
        typer.echo(
            f"{sheet.rates.num_rows - made.blocked:,} codes are sold, {made.blocked:,} blocked, "
            f"{made.no_vendor:,} of these because no vendor has a rate"
        )
        kept = found.make(terms, sheet, me(by)) if draft else None
        shown(found.diff_of(terms, sheet))
        if kept is not None:
            typer.echo(f"draft {kept.number}: go on with `tollwire deck approve {kept.number}`")
