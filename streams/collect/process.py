"""The collector as a process: folders and posts of switches.toml -> cdr.raw, until it is stopped.

One process has one ledger; a second one on the same folder is refused. Health and metrics are
those of every process.
"""

import asyncio
import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from billing.errors import FileRefused, TollwireError
from billing.mediation.switches import parse_ported, parse_sources
from deploy.runtime import health, metrics
from deploy.runtime.settings import Settings
from streams.collect.content import Stamp
from streams.collect.file_row import FileRow
from streams.collect.folder import FolderIntake
from streams.collect.ledger import Ledger
from streams.collect.options import Intake, intakes
from streams.collect.pipeline import Pipeline, new_id, now_ms
from streams.collect.post_http import PostHttp
from streams.collect.sending import LogChanged, Sending
from streams.collect.step import Step
from streams.collect.tidying import tidy
from streams.retry import EXIT_BUG
from streams.topics import ensure_topics, needing

WAIT_S: Final = 60.0
LOOK_S: Final = 1.0
AWAY_S: Final = 10.0
"""how long a directory that cannot be read is left alone"""
STOP_S_MAX: Final = 10.0
EXIT_LOG: Final = 75
SOURCE_BYTES_MAX: Final = 4 * 1024 * 1024
_log = structlog.get_logger()


class Busy(TollwireError):
    """Another collector has the folder."""


def read_intakes(path: Path) -> list[Intake]:
    """The sources of a switches.toml. Raises FileRefused, OptionsRefused."""
    try:
        if path.stat().st_size > SOURCE_BYTES_MAX:
            raise FileRefused(f"{path}: larger than {SOURCE_BYTES_MAX:,} bytes")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileRefused(f"{path}: cannot be read: {error}") from None
    return [_with_ported(each) for each in intakes(parse_sources(text, str(path)), str(path))]


def _with_ported(intake: Intake) -> Intake:
    if not intake.ported_file:
        return intake
    try:
        data = Path(intake.ported_file).read_bytes()
    except OSError as error:
        raise FileRefused(f"{intake.ported_file}: cannot be read: {error.strerror}") from None
    return intake._replace(ported=parse_ported(data, intake.ported_file))


def collect_dir(settings: Settings) -> Path:
    """Where the ledger is."""
    return Path(settings.collect_dir) if settings.collect_dir else settings.data_dir / "collect"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else collects with this folder meanwhile. Raises Busy."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "collect.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy(
                f"{folder} (TOLLWIRE_COLLECT_DIR): another collector works there; give this one "
                "a folder of its own, or stop that one"
            ) from None
        yield


def serve(settings: Settings, sources: list[Intake]) -> None:
    """Run until SIGTERM or SIGINT. Raises Busy, LedgerDown, BrokerDown, SettingsError."""
    folder = collect_dir(settings)
    with _alone(folder):
        state = health.serve("collect", settings.collect_metrics, "TOLLWIRE_COLLECT_METRICS")
        log = asyncio.run(ensure_topics(settings, WAIT_S))
        asyncio.run(_run(settings, sources, Ledger(folder), log, state))


async def _run(
    settings: Settings, sources: list[Intake], ledger: Ledger, log: str, state: health.Health
) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    beating = asyncio.create_task(state.beat(), name="heartbeat")
    sending = Sending(settings, log)
    with needing(settings, "collect"):
        await sending.start()
    pipeline = Pipeline(ledger, sending)
    posting = PostHttp(settings, sources, ledger, pipeline)
    stopped = asyncio.create_task(stop.wait(), name="signal")
    work = asyncio.create_task(_work(sources, ledger, pipeline, posting, state), name="collect")
    done, _ = await asyncio.wait({stopped, work}, return_when=asyncio.FIRST_COMPLETED)
    if work in done:
        _ended(work)
    metrics.COLLECT_READY.set(0)
    state.ready_when(lambda: ["stopping"])
    # What a step has kept is sent by the next process, if this one cannot.
    work.cancel()
    await asyncio.wait({work}, timeout=STOP_S_MAX)
    await posting.stop()
    try:
        async with asyncio.timeout(STOP_S_MAX):
            await sending.stop()
    except TimeoutError:
        _log.warning("left without goodbye: the broker did not answer; nothing is lost by it")
        os._exit(0)
    pipeline.close()
    ledger.close()
    beating.cancel()
    _log.info("collector stopped")


def _ended(work: "asyncio.Task[None]") -> None:
    """The work ended by itself: by an operator's error, a new log, or a bug."""
    error = work.exception()
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TollwireError):
        raise error
    if isinstance(error, LogChanged):
        _log.error("the collector ends: the broker began another log", why=str(error))
        os._exit(EXIT_LOG)
    _log.error(
        "the collector ends by a bug; what it kept is sent at the next start", exc_info=error
    )
    os._exit(EXIT_BUG)


async def _work(
    sources: list[Intake],
    ledger: Ledger,
    pipeline: Pipeline,
    posting: PostHttp,
    state: health.Health,
) -> None:
    await pipeline.recover()
    await posting.start()
    _log.info(
        "collector ready",
        folders={i.source.name: i.folder.directory for i in sources if i.folder},
        posts={i.source.name: i.post.path for i in sources if i.post},
    )
    metrics.COLLECT_READY.set(1)
    away: dict[str, str] = {}
    state.ready_when(lambda: list(away.values()) + _waiting())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(posting.run(), name="posts")
        for intake in (i for i in sources if i.folder):
            folder = await pipeline.run(partial(FolderIntake, intake, ledger, new_id))
            tasks.create_task(_follow(intake.source.name, folder, pipeline, away))


def _waiting() -> list[str]:
    from streams.waiting import waiting_s  # noqa: PLC0415

    waited_s = waiting_s("broker")
    return [f"messages have waited {waited_s:.0f} s for the broker"] if waited_s else []


def _taken(folder: FolderIntake, stamps: list[Stamp], step: Step) -> tuple[bool, list[FileRow]]:
    """Whether there is more, and the files that are finished."""
    return folder.take(stamps, step), step.tidy


async def _follow(
    source: str, folder: FolderIntake, pipeline: Pipeline, away: dict[str, str]
) -> None:
    """Look into a directory for ever: every second, or at once where there is more."""
    while True:
        try:
            stamps = await pipeline.run(lambda: folder.look(now_ms() / 1_000))
            if away.pop(source, None):
                _log.info("the directory is there again", source=source)
        except OSError as error:
            why = f"{folder.folder.directory} cannot be read: {error.strerror or error}"
            if away.get(source) != why:
                _log.error("a directory cannot be read", source=source, why=why)
            away[source] = why
            await asyncio.sleep(AWAY_S)
            continue
        more = False
        if stamps or folder.lost:
            more, finished = await pipeline.step(partial(_taken, folder, stamps))
            for row in finished:
                await pipeline.run(partial(tidy, folder.folder, row))
        if not more:
            await asyncio.sleep(LOOK_S)
