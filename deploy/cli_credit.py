"""`tollwire credit`: limits, payments, blocks, what is left; each command is one call of deploy."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.runtime.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Credit: limits, payments, blocks, what is left.")

By = Annotated[str, typer.Option(help="who you are; default: your login")]
Note = Annotated[str, typer.Option(help="what for, such as the number of a statement")]
Id = Annotated[str, typer.Option("--id", help="yours; the same id never counts twice")]
Currency = Annotated[str, typer.Option(help="the account's")]
Vendor = Annotated[bool, typer.Option("--vendor", help="of a vendor: what we have paid it")]


@app.command()
def load(file: Path) -> None:
    """Set limits from a TOML file: tables customers.NAME, vendors.NAME with limit = "100 USD"."""
    from deploy.accounts import load_limits  # noqa: PLC0415

    limits = load_limits(load_settings(), file)
    typer.echo(f"{len(limits)} limits are set; the workers have been told")


@app.command()
def pay(
    account: str,
    amount: Annotated[str, typer.Argument(help="above 0, such as 1500.00")],
    currency: Currency,
    order_id: Id = "",
    note: Note = "",
    by: By = "",
    vendor: Vendor = False,
) -> None:
    """Book a payment of a customer, or with --vendor ours to a vendor."""
    _money("payment", account, amount, currency, order_id, note, by, vendor)


@app.command()
def adjust(
    account: str,
    amount: Annotated[str, typer.Argument(help="what it adds to its money; -- -5 takes away")],
    currency: Currency,
    order_id: Id = "",
    note: Note = "",
    by: By = "",
    opening: Annotated[bool, typer.Option(help="it is the opening balance")] = False,
    vendor: Vendor = False,
) -> None:
    """Book an adjustment: a credit note, a correction, an opening balance."""
    kind = "opening" if opening else "adjustment"
    _money(kind, account, amount, currency, order_id, note, by, vendor)


@app.command()
def block(
    account: str,
    reason: Annotated[str, typer.Option(help="why")],
    prefix: Annotated[str, typer.Option(help="only numbers that begin with it")] = "",
    until: Annotated[str, typer.Option(help="when it ends by itself")] = "",
    disconnect: Annotated[bool, typer.Option(help="end calls in progress too")] = False,
    calls_per_min: Annotated[
        int, typer.Option(min=0, max=60_000, help="let so many new calls a minute pass")
    ] = 0,
    by: By = "",
) -> None:
    """Refuse new calls of a customer."""
    from deploy.credit import until_ms  # noqa: PLC0415

    what: dict[str, Any] = {"prefix": prefix, "reason": reason, "until_ms": until_ms(until)}
    what |= {"disconnect": disconnect, "calls_per_min": calls_per_min}
    _order("block", account, by, **what)
    word = f"slowed to {calls_per_min} a minute" if calls_per_min else "blocked"
    typer.echo(f"{account}: {prefix or 'every call'} is being {word}")


@app.command()
def unblock(
    account: str,
    prefix: Annotated[str, typer.Option(help="of the block")] = "",
    reason: Annotated[str, typer.Option(help="why")] = "",
    by: By = "",
) -> None:
    """Lift a block."""
    _order("unblock", account, by, prefix=prefix, note=reason)
    typer.echo(f"{account}: the block of {prefix or 'every call'} is being lifted")


@app.command("list")
def list_() -> None:
    """What accounts may spend, as CSV; at most a few seconds old."""
    from deploy.credit_report import print_states  # noqa: PLC0415

    print_states(load_settings())


@app.command()
def show(account: str) -> None:
    """What an account may spend just now, and its blocks, as JSON; asks the controls."""
    from deploy.credit import ask, path_of  # noqa: PLC0415

    _print(ask(load_settings(), "GET", path_of(account), None))


@app.command()
def authorize(
    account: str,
    called: str,
    calling: Annotated[str, typer.Option(help="A-number")] = "",
    vendor: Annotated[list[str] | None, typer.Option(help="candidate, in order")] = None,
    trunk: Annotated[str, typer.Option(help="over which it comes in")] = "",
    call_id: Annotated[str, typer.Option(help="the switch's; default: made up")] = "",
) -> None:
    """Ask as a switch does whether a call may begin; if so its first seconds are reserved."""
    from uuid import uuid4  # noqa: PLC0415

    from deploy.credit import ask  # noqa: PLC0415

    call = {
        "customer": account,
        "called": called,
        "calling": calling,
        "vendors": vendor or [],
        "trunk": trunk,
        "switch": "cli",
        "call_id": call_id or str(uuid4()),
    }
    answer = ask(load_settings(), "POST", "/v1/authorize", call)
    _print({"call_id": call["call_id"], **answer})
    raise typer.Exit(0 if answer["allowed"] else 1)


def _money(
    kind: str,
    account: str,
    amount: str,
    currency: str,
    order_id: str,
    note: str,
    by: str,
    vendor: bool,
) -> None:
    role = "vendor" if vendor else "customer"
    what = {"amount": amount, "currency": currency, "note": note}
    sent = _order(kind, account, by, role, order_id, **what)
    typer.echo(f"{account}: {kind} {sent} of {amount} {currency} is being booked")


def _order(
    kind: str, account: str, by: str, role: str = "customer", order_id: str = "", **more: Any
) -> str:
    from deploy.credit import send_order  # noqa: PLC0415

    me = by or getpass.getuser()
    return send_order(load_settings(), kind, role, account, id=order_id, by=me, **more)


def _print(answer: dict[str, Any]) -> None:
    import json  # noqa: PLC0415

    typer.echo(json.dumps(answer, indent=2))
