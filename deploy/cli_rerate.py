"""`tollwire rerate`: what a price change does to the money, and doing it, and taking it back."""

import getpass
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from billing.errors import TollwireError
from deploy.cli_files import say
from deploy.cli_invoiced import adjustments
from deploy.cli_rerate_whatif import whatif
from deploy.runtime.settings import Settings, load_settings

if TYPE_CHECKING:
    from rerate.desk import Desk
    from rerate.records import Record
    from rerate.steps import Progress

app = typer.Typer(
    no_args_is_help=True,
    help="Bulk re-rating: preview, approve, apply, roll back. docs/rerate.md walks through it.",
)
app.command()(whatif)
app.command()(adjustments)
POLL_S = 0.2
HINT_S = 15.0
SEND_AGAIN_S = 60.0
Number = Annotated[int, typer.Argument(help="the run")]
By = Annotated[str, typer.Option(help="who you are; default: your login")]
Names = Annotated[list[str] | None, typer.Option()]


@contextmanager
def _desk() -> Iterator[tuple["Desk", Settings]]:
    from clickhouse.client import connect  # noqa: PLC0415
    from deploy.runtime.documents import documents_url  # noqa: PLC0415
    from rerate.desk import Desk  # noqa: PLC0415
    from rerate.records import Records  # noqa: PLC0415
    from rerate.sending import Sender  # noqa: PLC0415
    from rerate.steps import Steps  # noqa: PLC0415

    settings = load_settings()
    with closing(connect(settings)) as client:
        records = Records(documents_url(settings))
        steps = Steps(client, records, Sender(settings), settings.rerate_chunk_calls)
        yield Desk(steps), settings


def _me(by: str) -> str:
    return by or getpass.getuser()


@app.command()
def preview(
    run: Annotated[int | None, typer.Argument(help="a run to preview again")] = None,
    scope: Annotated[Path | None, typer.Option(help="TOML with the fields below")] = None,
    from_: Annotated[str, typer.Option("--from", help="calls answered since")] = "",
    to: Annotated[str, typer.Option(help="calls answered before")] = "",
    side: Annotated[str, typer.Option(help="the legs that may change: sell, buy, both")] = "",
    status: Annotated[str, typer.Option(help="calls now rated, suspended, any")] = "",
    customer: Names = None,
    vendor: Names = None,
    deck: Annotated[list[str] | None, typer.Option(help="accounts that have it")] = None,
    code: Annotated[list[str] | None, typer.Option(help="called begins with it")] = None,
    switch: Names = None,
    calls: Annotated[Path | None, typer.Option(help="file of call ids, one a line")] = None,
    instead: Annotated[
        list[str] | None,
        typer.Option(help="SIDE:DECK=OTHER, a loaded deck or a CSV file, for this run only"),
    ] = None,
    restate: Annotated[bool, typer.Option(help="correct invoiced calls too")] = False,
    file: Annotated[list[str] | None, typer.Option(help="id of a collected file")] = None,
    withdraw: Annotated[bool, typer.Option(help="take the files' calls off both sides")] = False,
    note: str = "",
    by: By = "",
    export: Annotated[Path | None, typer.Option(help=".xlsx or .parquet")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """What re-rating calls by the decks of now would change. Nothing is changed."""
    from deploy import rerate_ask, rerate_export  # noqa: PLC0415

    if export is not None:
        rerate_export.check(export)
    given: dict[str, Any] = {"from": from_, "to": to, "side": side, "status": status}
    given |= {"customers": customer, "vendors": vendor, "decks": deck, "codes": code}
    given |= {"switches": switch, "files": file, "restate": restate, "withdraw": withdraw}
    if run is not None and (any(given.values()) or scope or calls or instead or note):
        raise TollwireError(f"run {run} has its scope: give a run or a scope, not both")
    with _desk() as (desk, settings):
        number = run
        if number is None:
            wanted = rerate_ask.scope_of(scope, given, calls)
            others = rerate_ask.instead_of(settings, instead or [])
            number = desk.make(wanted, _me(by), others, note).number
            say(f"run {number}")
        done = _watched(desk, desk.preview(number, _me(by)))
        _shown(desk, done, export, as_json)


@app.command()
def show(
    run: Number,
    export: Annotated[Path | None, typer.Option(help=".xlsx or .parquet")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """A run: its state, its money, who did what."""
    from rerate.life import Refused  # noqa: PLC0415

    with _desk() as (desk, _):
        try:
            progress = desk.go_on(run)
        except Refused as refusal:
            say(str(refusal))
            progress = desk.look(run)
        _shown(desk, progress, export, as_json)


@app.command()
def explain(run: Number, call: Annotated[str, typer.Argument(help="its cdr id")]) -> None:
    """Why one call costs what it does, and what the run makes of it, step by step."""
    with _desk() as (desk, _):
        typer.echo("\n".join(desk.explained(run, call.lower())))


@app.command(name="list")
def list_() -> None:
    """All runs, oldest first."""
    from deploy import rerate_report  # noqa: PLC0415

    with _desk() as (desk, _):
        rerate_report.runs(desk.all())


@app.command()
def submit(
    run: Number,
    by: By = "",
    allow_suspending: Annotated[bool, typer.Option(help="calls may lose their price")] = False,
) -> None:
    """Hand a previewed run to another person for approval."""
    with _desk() as (desk, _):
        _said(desk.submit(run, _me(by), allow_suspending))


@app.command()
def approve(
    run: Number,
    delta: Annotated[str, typer.Option(help='what it changes, as typed: "sell -1.5 USD"')],
    by: By = "",
) -> None:
    """Approve a submitted run as another person."""
    with _desk() as (desk, _):
        _said(desk.approve(run, _me(by), delta))


@app.command()
def reject(run: Number, by: By = "") -> None:
    """Refuse a submitted run for good."""
    with _desk() as (desk, _):
        _said(desk.reject(run, _me(by)))


@app.command()
def apply(run: Number, by: By = "") -> None:
    """Change the charges as approved. Interrupted, it goes on in the workers; call it again."""
    with _desk() as (desk, _):
        _ended(desk, _watched(desk, desk.apply(run, _me(by))))


@app.command()
def rollback(run: Number, by: By = "") -> None:
    """Make the charges what they were before the run."""
    with _desk() as (desk, _):
        _ended(desk, _watched(desk, desk.roll_back(run, _me(by))))


@app.command()
def cancel(run: Number, by: By = "") -> None:
    """End a run; what was applied of it is taken back."""
    with _desk() as (desk, _):
        _ended(desk, _watched(desk, desk.cancel(run, _me(by))))


@app.command()
def pause(run: Number) -> None:
    """Have the workers leave a run alone."""
    with _desk() as (desk, _):
        desk.pause(run, True)
        typer.echo(f"run {run} is paused; `tollwire rerate resume {run}` goes on")


@app.command()
def resume(run: Number) -> None:
    """Go on with a paused run."""
    with _desk() as (desk, _):
        _ended(desk, _watched(desk, desk.pause(run, False)))


def _said(record: "Record") -> None:
    run = record.run
    typer.echo(f"run {record.number} is {run.state}: {run.delta}")


def _ended(desk: "Desk", progress: "Progress") -> None:
    from deploy import rerate_report  # noqa: PLC0415

    record = progress.record
    rerate_report.ended(record, desk.posted(record))


def _shown(desk: "Desk", progress: "Progress", export: Path | None, as_json: bool) -> None:
    from deploy import rerate_export, rerate_report  # noqa: PLC0415

    record = progress.record
    figures = desk.figures(record)
    if export is not None:
        rerate_export.write(export, record, figures)
        say(f"written to {export}")
    if as_json:
        typer.echo(rerate_report.as_json(progress, figures, desk.posted(record)))
    else:
        rerate_report.show(progress, figures, desk.posted(record))


def _watched(desk: "Desk", progress: "Progress") -> "Progress":
    """Wait until a step is done, with a bar on stderr."""
    from deploy.report import chunks  # noqa: PLC0415
    from rerate.records import Changed  # noqa: PLC0415

    number, hinted = progress.record.number, False
    moved_s = sent_s = time.monotonic()
    with chunks(str(progress.record.step.phase)) as bar:
        while progress.running and not progress.record.paused:
            bar(progress)
            time.sleep(POLL_S)
            now_s, before = time.monotonic(), progress.chunks_done
            again = now_s - max(moved_s, sent_s) > SEND_AGAIN_S
            sent_s = now_s if again else sent_s
            try:
                progress = desk.go_on(number, again)
            except Changed:
                continue  # somebody else looks after the run as well
            moved_s = now_s if progress.chunks_done != before else moved_s
            if not hinted and now_s - moved_s > HINT_S:
                hinted = True
                say("no chunk is being done: does a worker run? tollwire serve rerate")
        bar(progress)
    return progress
