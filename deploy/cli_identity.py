"""`tollwire user`, `key` and `audit`: who may use the console, and what they did.

They work on the database of documents, also while no console runs.
"""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from billing.errors import TollwireError
from billing.instants import format_instant_ms
from dashboards.identity.roles import Role
from deploy.cli_words import choice, me
from deploy.runtime.settings import load_settings

if TYPE_CHECKING:
    from dashboards.identity.store import Identity
    from dashboards.identity.users import By

user_app = typer.Typer(no_args_is_help=True, help="Users of the console.")
key_app = typer.Typer(no_args_is_help=True, help="API keys.")
audit_app = typer.Typer(no_args_is_help=True, help="Who changed what.")

Name = Annotated[str, typer.Argument(help="of the user")]
Roles = Annotated[list[str], typer.Option("--role", help=f"one or several: {', '.join(Role)}")]
Partner = Annotated[str, typer.Option(help="account whose data a partner sees")]
Reason = Annotated[str, typer.Option(help="goes into the audit log")]


def _opened() -> "Identity":
    from dashboards.identity.store import of_settings  # noqa: PLC0415

    return of_settings(load_settings(), lambda: int(time.time() * 1_000))


def _by(identity: "Identity", reason: str) -> "By":
    return identity.by(f"{me('')} at the command line", reason)


def _roles(given: list[str]) -> tuple[Role, ...]:
    return tuple(Role(choice("role", each, tuple(Role))) for each in given)


def _one_time(name: str, password: str) -> None:
    typer.echo(f"one-time password of {name}: {password}")
    typer.echo("it is shown this once and must be changed at the next sign-in", err=True)


@user_app.command("add")
def add(name: Name, role: Roles, partner: Partner = "", reason: Reason = "") -> None:
    """Add a user; prints a one-time password."""
    own = _opened()
    _one_time(name, own.users.add(name, _roles(role), partner, _by(own, reason)))


@user_app.command("list")
def list_users() -> None:
    """All users, a line each."""
    for user in _opened().users.all():
        notes = [f"of {user.partner}"] if user.partner else []
        notes += ["disabled"] if user.disabled else []
        notes += ["one-time password"] if user.must_change else []
        typer.echo(f"{user.name}: {', '.join([', '.join(user.roles), *notes])}")


@user_app.command("disable")
def disable(name: Name, reason: Reason = "") -> None:
    """Let a user in no longer: sessions end at once, keys stop working."""
    own = _opened()
    own.users.set_disabled(name, True, _by(own, reason))
    typer.echo(f"{name} is disabled")


@user_app.command("enable")
def enable(name: Name, reason: Reason = "") -> None:
    """Let a user in again."""
    own = _opened()
    own.users.set_disabled(name, False, _by(own, reason))
    typer.echo(f"{name} is enabled")


@user_app.command("password")
def password(name: Name, reason: Reason = "") -> None:
    """A new one-time password in the place of a lost one; every session ends."""
    own = _opened()
    _one_time(name, own.users.reset_password(name, _by(own, reason)))


@user_app.command("roles")
def roles(name: Name, role: Roles, partner: Partner = "", reason: Reason = "") -> None:
    """Give a user these roles in the place of earlier ones."""
    own = _opened()
    own.users.set_roles(name, _roles(role), partner, _by(own, reason))
    typer.echo(f"{name}: {', '.join(role)}")


@key_app.command("new")
def new_key(
    name: Name,
    role: Roles,
    label: Annotated[str, typer.Option(help="what it is for")],
    days: Annotated[int, typer.Option(help="until it expires")] = 90,
    reason: Reason = "",
) -> None:
    """Make an API key; prints it, this once."""
    from dashboards.identity.keys import Asked  # noqa: PLC0415

    own = _opened()
    typer.echo(own.keys.new(Asked(name, label, _roles(role), days), _by(own, reason)))


@key_app.command("list")
def list_keys(
    name: Annotated[str, typer.Argument(help="of the owner; all if left out")] = "",
) -> None:
    """Keys, newest first, a line each."""
    own = _opened()
    for key in own.keys.all(name):
        over = "expired" if key.expires_ms <= own.clock_ms() else f"until {_day(key.expires_ms)}"
        state = f"revoked {_day(key.revoked_ms)}" if key.revoked_ms else over
        used = f"used {_day(key.used_ms)}" if key.used_ms else "never used"
        typer.echo(
            f"{key.number}: {key.start}... of {key.name}, {', '.join(key.roles)}, {state}, {used}: "
            f"{key.label}"
        )


@key_app.command("revoke")
def revoke(number: int, reason: Reason = "") -> None:
    """Have a key work no longer."""
    own = _opened()
    own.keys.revoke(number, _by(own, reason))
    typer.echo(f"key {number} is revoked")


@audit_app.command("show")
def show(
    actor: Annotated[str, typer.Option(help="only what this person did")] = "",
    what: Annotated[str, typer.Option(help="only this, or what begins so: user, key.new")] = "",
    of: Annotated[str, typer.Option("--object", help="only what was done to this")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
) -> None:
    """The newest rows of the audit log, newest first."""
    from dashboards.identity.audit import Wanted  # noqa: PLC0415

    for row in _opened().audit.rows(Wanted(actor, what, of, limit)):
        said = row.event
        change = f": {said.before or 'nothing'} -> {said.after}" if said.after else ""
        change = change or (f": {said.before}" if said.before else "")
        why = f" ({said.reason})" if said.reason else ""
        at = format_instant_ms(said.at_ms)
        typer.echo(f"{row.number} {at} {said.actor} {said.what} {said.object}{change}{why}")


@audit_app.command("check")
def check(
    head: Annotated[str, typer.Option(help="NUMBER:HASH that an earlier check printed")] = "",
) -> None:
    """Follow the chain of the audit log; status 1 where a row was changed, removed or inserted."""
    number, _, own = head.partition(":")
    if head and not (number.isdecimal() and own):
        raise TollwireError(f"--head {head}: NUMBER:HASH, as an earlier check printed it")
    found = _opened().audit.check(int(number or 0), own)
    if found.fault:
        raise TollwireError(f"the audit log does not hold: {found.fault}")
    typer.echo(f"{found.rows} rows hold; head {found.rows}:{found.head}")


def _day(at_ms: int) -> str:
    return format_instant_ms(at_ms)[:10]
