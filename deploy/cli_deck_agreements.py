"""`tollwire deck agreements`: notice of increases, and how many people it takes to publish."""

from pathlib import Path

import typer

from deploy.cli_deck_draft import By, desk
from deploy.cli_words import instant, me

app = typer.Typer(no_args_is_help=True, help="What was agreed with partners.")


@app.command("load")
def load(file: Path, by: By = "") -> None:
    """Take agreements of a TOML file in the place of the same partners' earlier ones."""
    from billing.deck_agreements import parse_agreements  # noqa: PLC0415
    from deploy.files import read_text  # noqa: PLC0415

    found = parse_agreements(read_text(file), str(file))
    with desk() as own:
        own.agreements.save(found, me(by), instant("now", "now"))
    typer.echo(f"{len(found)} agreements loaded")


@app.command("list")
def list_() -> None:
    """All agreements, a line each."""
    with desk() as found:
        for own in found.agreements.all():
            people = [n for n in ("publish_by_another", "four_eyes") if getattr(own, n)]
            typer.echo(
                f"{own.side} {own.partner}: decks {', '.join(own.decks)}; notice of increases "
                f"{own.notice_days} days; {', '.join(people) or 'one person may do all'}"
            )
