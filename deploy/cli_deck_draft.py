"""`tollwire deck draft ... publish`: a version on its way, by one person or two."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from billing.deck import SIDES
from billing.errors import TollwireError
from deploy.cli_files import say
from deploy.cli_words import choice, instant, me
from deploy.runtime.settings import load_settings

if TYPE_CHECKING:
    from billing.deck_diff.report import Diff
    from clickhouse.deck_touched import Touched
    from dashboards.documents.drafts import Draft
    from deploy.decks.desk import DeckDesk
    from deploy.decks.publish import Terms
    from deploy.decks.reading import Sheet

PROBLEMS_SHOWN = 20
COVERAGES = ("full", "country", "partial")
Number = Annotated[int, typer.Argument(help="the draft")]
By = Annotated[str, typer.Option(help="who you are; default: your login")]
Export = Annotated[Path | None, typer.Option(help="all of it as a workbook, .xlsx")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]
Name = Annotated[str, typer.Option(help="the deck that a version is to be made of")]
Side = Annotated[str, typer.Option(help="sell or buy")]
ValidFrom = Annotated[str, typer.Option(help="ISO 8601, epoch or now")]
Coverage = Annotated[
    str, typer.Option(help="full, country or partial; default: as the file says, else full")
]
LayoutFile = Annotated[Path | None, typer.Option("--layout", help="how the sheet is read, TOML")]
Options = Annotated[Path | None, typer.Option(help="TOML with the deck's rules")]
Currency = Annotated[str | None, typer.Option(help="three letters; default: the deck's, else USD")]


def register(app: typer.Typer) -> None:
    """Put the commands under `tollwire deck`."""
    for command in (draft, drafts, diff, approve, publish, reject, restore):
        app.command()(command)


@contextmanager
def desk() -> "Iterator[DeckDesk]":
    """The desk of drafts."""
    from clickhouse.client import connect  # noqa: PLC0415
    from deploy.decks.desk import DeckDesk  # noqa: PLC0415

    settings = load_settings()
    with closing(connect(settings)) as client:
        yield DeckDesk(settings, client)


def draft(
    file: Path,
    name: Name,
    side: Side,
    valid_from: ValidFrom,
    currency: Currency = None,
    coverage: Coverage = "",
    deck_options: Options = None,
    layout: LayoutFile = None,
    save_layout: Annotated[
        bool, typer.Option(help="read the partner's next sheets the same way")
    ] = False,
    why: Annotated[str, typer.Option(help="kept with the draft")] = "",
    by: By = "",
) -> None:
    """Keep a file of rates as a draft, and say what it would change. Nothing is priced by it."""
    with desk() as found:
        said = _Said(name, side, valid_from, currency, coverage, deck_options, layout)
        terms, sheet = _read(found, file, said)
        if save_layout:
            found.save_layout(terms.deck, terms.side, sheet.layout, me(by))
        made = found.make(terms, sheet, me(by), why)
        _problems(made)
        shown(found.diff(made.number))
        typer.echo(
            f"draft {made.number}: {made.rates:,} rates; go on with "
            f"`tollwire deck approve {made.number}`"
        )


def drafts() -> None:
    """All drafts, oldest first."""
    from deploy.decks import version_report  # noqa: PLC0415

    with desk() as found:
        version_report.drafts(found.drafts.all())


def diff(
    what: Annotated[str, typer.Argument(help="a draft's number, or a file")],
    name: Name = "",
    side: Side = "",
    valid_from: ValidFrom = "",
    currency: Currency = None,
    coverage: Coverage = "",
    deck_options: Options = None,
    layout: LayoutFile = None,
    export: Export = None,
    as_json: AsJson = False,
) -> None:
    """What a draft, or a file, changes of a deck: code by code, and money a month."""
    from deploy.decks import version_report  # noqa: PLC0415

    with desk() as found:
        if what.isdecimal():
            own = found.drafts.get(int(what))
            if not as_json:
                typer.echo("\n".join(version_report.history(own)))
                _problems(own)
            shown(found.diff(own.number), export, as_json)
            return
        if not name or not side or not valid_from:
            raise TollwireError("of a file: give --name, --side and --valid-from too")
        said = _Said(name, side, valid_from, currency, coverage, deck_options, layout)
        terms, sheet = _read(found, Path(what), said)
        for problem in sheet.problems[:PROBLEMS_SHOWN]:
            say(f"left out: {problem}")
        shown(found.diff_of(terms, sheet), export, as_json)


def approve(
    draft: Number,
    by: By = "",
    why: Annotated[str, typer.Option(help="needed for bad rows and short notice")] = "",
) -> None:
    """Check a draft: say that its difference was looked at and is meant."""
    with desk() as found:
        done = found.approve(draft, me(by), why)
        over = f"version {done.life.newest}" if done.life.newest else "nothing"
        typer.echo(
            f"draft {draft} is checked over {over}; go on with `tollwire deck publish {draft}`"
        )


def publish(draft: Number, by: By = "") -> None:
    """Make a checked draft an immutable version and hand it to the running workers."""
    with desk() as found:
        done = found.publish(draft, me(by))
        version = done.published.version
        typer.echo(
            f"{version.side} deck {version.deck}: {version.rates.num_rows:,} rates in "
            f"{version.currency} are version {version.number}; the workers have been told"
        )
        _late(done.published.touched, done.run)


def reject(
    draft: Number, why: Annotated[str, typer.Option(help="its maker must know")], by: By = ""
) -> None:
    """Refuse a draft for good."""
    with desk() as found:
        found.reject(draft, me(by), why)
        typer.echo(f"draft {draft} is rejected")


def restore(
    version: Annotated[int, typer.Argument(help="what the deck shall charge again")],
    valid_from: ValidFrom = "now",
    why: Annotated[str, typer.Option(help="kept with the draft")] = "",
    by: By = "",
) -> None:
    """A draft that brings back what a version charged."""
    with desk() as found:
        made = found.restore(version, instant("valid-from", valid_from), me(by), why)
        shown(found.diff(made.number))
        typer.echo(
            f"draft {made.number}: version {version} again; go on with "
            f"`tollwire deck approve {made.number}`"
        )


class _Said(NamedTuple):
    """What the options say of a file."""

    name: str
    side: str
    valid_from: str
    currency: str | None
    coverage: str
    deck_options: Path | None
    layout: Path | None


def _read(found: "DeckDesk", path: Path, said: _Said) -> "tuple[Terms, Sheet]":
    """What a file and the options say a version shall be."""
    from deploy.decks.publish import Terms  # noqa: PLC0415
    from deploy.decks.reading import Asked, read_rates  # noqa: PLC0415
    from deploy.files import read_text  # noqa: PLC0415

    coverage = choice("coverage", said.coverage, ("", *COVERAGES))
    side, valid_from_ms = choice("side", said.side, SIDES), instant("valid-from", said.valid_from)
    options = found.options_of(said.name, side, said.deck_options, said.currency)
    layout = read_text(said.layout) if said.layout else found.layout_of(said.name, side)
    today_ms = instant("now", "now")
    asked = Asked(side, valid_from_ms, options, coverage, layout, today_ms)
    sheet = read_rates(path, asked)
    for note in sheet.notes:
        say(f"note: {path}: {note}")
    terms = (said.name, side, sheet.coverage, valid_from_ms, options, sheet.source, sheet.sha256)
    return Terms(*terms), sheet


def _problems(draft: "Draft") -> None:
    for problem in draft.problems[:PROBLEMS_SHOWN]:
        say(f"left out: {problem}")
    if draft.bad_rows > PROBLEMS_SHOWN:
        say(f"and {draft.bad_rows - PROBLEMS_SHOWN:,} bad rows more")
    odd = [note for note in draft.notes if note.startswith("odd: ")]
    for note in odd[:PROBLEMS_SHOWN]:
        say(note)
    if len(odd) > PROBLEMS_SHOWN:
        say(f"and {len(odd) - PROBLEMS_SHOWN:,} odd things more")


def shown(found: "Diff", export: Path | None = None, as_json: bool = False) -> None:
    """A difference on the terminal or as JSON, and as a workbook."""
    from deploy.decks import diff_export, diff_report  # noqa: PLC0415

    if export is not None:
        diff_export.write(export, found)
        say(f"written to {export}")
    if as_json:
        typer.echo(diff_report.as_json(found))
    else:
        diff_report.show(found)


def _late(touched: "list[Touched]", run: int | None) -> None:
    from billing.money import format_nanos  # noqa: PLC0415

    for own in touched:
        say(
            f"note: since its date {own.calls:,} calls were priced by an earlier version, "
            f"{format_nanos(own.nanos)} {own.currency}, and {own.without_price:,} had no rate; "
            "they keep that until they are re-rated"
        )
    if run is not None:
        say(f"run {run} is drafted for them; go on with `tollwire rerate preview {run}`")
