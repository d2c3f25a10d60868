"""`tollwire rerate whatif`: what other prices would make of a period, in seconds, without a run."""

import json
from contextlib import closing
from typing import Annotated

import typer

from deploy.cli_files import say
from deploy.runtime.settings import load_settings

Names = Annotated[list[str] | None, typer.Option()]


def whatif(
    from_: Annotated[str, typer.Option("--from", help="calls answered since")],
    to: Annotated[str, typer.Option(help="calls answered before")],
    side: Annotated[str, typer.Option(help="the legs that may change: sell, buy, both")] = "",
    status: Annotated[str, typer.Option(help="calls now rated, suspended, any")] = "",
    customer: Names = None,
    vendor: Names = None,
    deck: Annotated[list[str] | None, typer.Option(help="accounts that have it")] = None,
    code: Annotated[list[str] | None, typer.Option(help="called begins with it")] = None,
    instead: Annotated[
        list[str] | None, typer.Option(help="SIDE:DECK=OTHER, a loaded deck or a CSV file")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """What the decks of now, or others, would change in a period: sums, at once, and no run.

    A day that is over is read once and kept as a file; from then on it is compared in memory.
    """
    from clickhouse.client import connect  # noqa: PLC0415
    from deploy import report, rerate_ask, rerate_report  # noqa: PLC0415
    from rerate.prices import gather  # noqa: PLC0415
    from rerate.snapshots import Snapshots  # noqa: PLC0415
    from rerate.whatif import what_if  # noqa: PLC0415

    given = {"from": from_, "to": to, "side": side, "status": status}
    lists = {"customers": customer, "vendors": vendor, "decks": deck, "codes": code}
    settings = load_settings()
    scope = rerate_ask.scope_of(None, {**given, **lists}, None)
    others = rerate_ask.instead_of(settings, instead or [])
    with closing(connect(settings)) as client, report.counting("compared") as progress:
        snapshots = Snapshots(settings.data_dir / "snapshots", client)
        prices = gather(client, others)
        found = what_if(client, snapshots, scope, prices, settings.kernel_threads, progress)
    if as_json:
        said = {"scope": json.loads(scope.canonical()), "calls": found.calls}
        typer.echo(json.dumps({**said, **rerate_report.figures_as_json(found.figures)}))
    else:
        rerate_report.show_figures(found.figures)
    say(
        f"{found.calls:,} calls of {found.days} days, {found.held} of them from their snapshots; "
        "nothing is changed"
    )
