"""`tollwire accounts invoiced` and `tollwire rerate adjustments`: what finance has billed."""

import getpass
from typing import Annotated

import typer

from billing.errors import TollwireError
from deploy.runtime.settings import load_settings

Names = Annotated[list[str] | None, typer.Option()]


def invoiced(
    customer: Names = None,
    vendor: Names = None,
    until: Annotated[str, typer.Option(help="calls answered before it have been invoiced")] = "",
    reopen: Annotated[bool, typer.Option(help="it may be earlier than before")] = False,
    by: Annotated[str, typer.Option(help="who you are; default: your login")] = "",
) -> None:
    """Up to when accounts have been invoiced, as CSV; with --until, say so for some.

    What a re-rating changes of invoiced calls is booked as an adjustment of the day it is made on.
    """
    from deploy import invoiced as books  # noqa: PLC0415

    settings = load_settings()
    if until:
        me = by or getpass.getuser()
        books.invoice(settings, customer or [], vendor or [], until, me, reopen)
    elif customer or vendor or reopen:
        raise TollwireError("give --until INSTANT")
    books.list_invoiced(settings)


def adjustments(
    from_: Annotated[str, typer.Option("--from", help="booked since")] = "",
    to: Annotated[str, typer.Option(help="booked before")] = "",
) -> None:
    """What runs have changed of invoiced calls, as CSV: what goes onto the next invoice."""
    from deploy import invoiced as books  # noqa: PLC0415

    books.list_adjustments(load_settings(), from_, to)
