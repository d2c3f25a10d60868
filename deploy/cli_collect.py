"""`tollwire collect`: switches' files and posts into the stream, and the account of each file."""

import secrets
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billing.errors import TollwireError
from billing.instants import format_instant_ms
from deploy.cli_files import say
from deploy.runtime.settings import load_settings

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from clickhouse.collected import Row

app = typer.Typer(help="Collect switches' CDRs: run, files, show. docs/collect.md tells all of it.")
TOKEN_BYTES = 24
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


@app.callback(invoke_without_command=True)
def collect(
    context: typer.Context,
    source: Annotated[Path | None, typer.Option(help="switches.toml: what to collect")] = None,
) -> None:
    """Collect in the foreground until SIGTERM or Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    if source is None:
        raise TollwireError("tollwire collect: --source FILE says what to collect")
    from deploy.runtime import logs  # noqa: PLC0415
    from streams.collect import process  # noqa: PLC0415

    settings = load_settings()
    sources = process.read_intakes(source)
    logs.configure("collect", settings.log_level)
    process.serve(settings, sources)


@app.command()
def check(
    source: Annotated[Path, typer.Option(help="switches.toml")],
) -> None:
    """Read switches.toml and say what would be collected. Nothing is touched."""
    from streams.collect.process import read_intakes  # noqa: PLC0415

    for intake in read_intakes(source):
        own, folder, post = intake.source, intake.folder, intake.post
        if folder:
            whole = "whole" if folder.whole else "growing"
            typer.echo(
                f"{own.name}: {own.format}, {whole} files {', '.join(folder.globs)} of "
                f"{folder.directory}, finished after {folder.finished_after_s:,} s, then "
                f"{folder.done}"
            )
            if not Path(folder.directory).is_dir():
                say(f"note: {folder.directory} is no directory")
        if post:
            typer.echo(f"{own.name}: {own.format}, POST {post.path}, {len(post.tokens)} tokens")


@app.command()
def token() -> None:
    """Make a token for a switch that posts, and the hash for switches.toml."""
    made = secrets.token_urlsafe(TOKEN_BYTES)
    typer.echo(f"token, for the switch:  {made}")
    typer.echo(f'switches.toml:          token_sha256 = "{sha256(made.encode()).hexdigest()}"')


@app.command()
def files(
    source: Annotated[str, typer.Option(help="only of this source")] = "",
    state: Annotated[str, typer.Option(help="only in this state")] = "",
    last: Annotated[int, typer.Option(min=1, max=10_000, help="so many, the newest")] = 50,
    as_json: AsJson = False,
) -> None:
    """The files that were collected, the newest first, with what became of their records."""
    from clickhouse import collected  # noqa: PLC0415
    from clickhouse.client import connect  # noqa: PLC0415
    from deploy import collect_report  # noqa: PLC0415

    with closing(connect(load_settings())) as client:
        found = collected.files(client, source, state, rows_max=last)
    if as_json:
        typer.echo(collect_report.as_json(found))
    else:
        collect_report.show_files(found)


@app.command()
def show(
    file: Annotated[str, typer.Argument(help="its id, the beginning of it, or its name")],
    as_json: AsJson = False,
) -> None:
    """One file: what it had, where it went, and what its calls are now."""
    from clickhouse import collected  # noqa: PLC0415
    from clickhouse.client import connect  # noqa: PLC0415
    from deploy import collect_report  # noqa: PLC0415

    with closing(connect(load_settings())) as client:
        row = one(client, file)
        now = collected.now(client, row["file"], row["first_ms"], row["last_ms"])
    if as_json:
        typer.echo(collect_report.as_json([{**row, "now": now}]))
    else:
        collect_report.show_file(row, now)


@app.command()
def rollback(
    file: Annotated[str, typer.Argument(help="its id, the beginning of it, or its name")],
    reason: Annotated[str, typer.Option(help="why; it stands in the run")],
    by: Annotated[str, typer.Option(help="who you are; default: your login")] = "",
) -> None:
    """Take one file back: a run that leaves its calls no money, for another to approve."""
    from clickhouse.client import connect  # noqa: PLC0415
    from deploy import cli_rerate  # noqa: PLC0415

    with closing(connect(load_settings())) as client:
        row = one(client, file)
    if not row["calls"]:
        raise TollwireError(f"file {row['file']} ({row['name']}) brought no calls")
    if row["sent"] != row["received"]:
        waiting = row["sent"] - row["received"]
        raise TollwireError(f"{waiting:,} records of {row['name']} wait to be rated; try later")
    cli_rerate.preview(
        from_=format_instant_ms(row["first_ms"]),
        to=format_instant_ms(row["last_ms"] + 1),
        file=[row["file"]],
        withdraw=True,
        note=f"{row['name']}: {reason}",
        by=by,
    )
    say("next: tollwire rerate submit RUN, approve by another person, apply; docs/collect.md")


def one(client: "Client", file: str) -> "Row":
    """The file of an id, the beginning of one, or a name. Raises TollwireError."""
    from clickhouse import collected  # noqa: PLC0415

    found = collected.files(client, file=file, rows_max=10)
    if len(found) == 1:
        return found[0]
    if not found:
        raise TollwireError(f"no collected file {file}: `tollwire collect files` shows all")
    every = ", ".join(f"{row['file']} ({row['name']}, {row['state']})" for row in found)
    raise TollwireError(f"{len(found)} files are {file}; say which by its id: {every}")
