"""What the real code reaches for in a simulated run: modelled parts in place of real ones."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

import clickhouse.calls
import streams.agents.alarm
import streams.connections
import streams.lookup
import streams.memory
import streams.rater
import streams.retry
import streams.step
import streams.unstored
import streams.wire
from billing.mediation import mediate
from deploy.runtime.settings import Settings
from tests.simulation.clients import PlainConsumer, in_thread
from tests.simulation.loop import PROCESS
from tests.simulation.process import LOG, Process

if TYPE_CHECKING:
    from tests.simulation.run import Simulation


class _Notes:
    """The real code's log, as lines of the trace."""

    def __init__(self, of: "Simulation") -> None:
        self._of = of

    def _line(self, event: str, **fields: Any) -> None:
        process = PROCESS.get()
        said = " ".join(f"{name}={value}" for name, value in fields.items())
        self._of.note(getattr(process, "name", "-"), f"{event} {said}")

    info = warning = error = exception = _line


def _exit(code: int) -> None:
    process = PROCESS.get()
    assert isinstance(process, Process)
    process.exit(code)


async def _cluster(_settings: Settings) -> str:
    return LOG


@contextmanager
def installed(of: "Simulation") -> Iterator[None]:
    """The simulated parts in place of what the real code imports."""
    notes = _Notes(of)
    clock = SimpleNamespace(time=lambda: of.now_ms() / 1_000)
    consumer = lambda **_: PlainConsumer(of)  # noqa: E731
    parts: list[tuple[Any, str, Any]] = [
        (asyncio, "to_thread", partial(in_thread, of)),
        (clickhouse.calls, "find", lambda client, ids, at_ms: client.find(ids, at_ms)),
        (clickhouse.calls, "none_of_other_logs", lambda client, _log: client.none_of_other_logs()),
        (streams.connections, "connect", lambda _settings: of.store),
        (streams.connections, "insert_arrow", of.insert),
        (streams.lookup, "connect", lambda _settings: of.store),
        (streams.memory, "AIOKafkaConsumer", consumer),
        (streams.memory, "time", clock),
        (streams.unstored, "AIOKafkaConsumer", consumer),
        (streams.unstored, "_log", notes),
        (streams.agents.alarm, "_log", notes),
        (streams.rater, "_log", notes),
        (streams.rater, "cluster_id", _cluster),
        (streams.rater, "new_app", lambda _name, _settings: of.app()),
        (streams.retry, "_log", notes),
        (streams.retry, "os", SimpleNamespace(_exit=_exit)),
        (streams.step, "mediate", _mediated),
        (streams.wire, "_LZ4", _PLAIN),
        (streams.wire, "decode", _decoded),
    ]
    slices = streams.wire.slices
    sizes, slices.__defaults__ = slices.__defaults__, (of.plan.slice_rows,)
    cores = pa.cpu_count()
    pa.set_cpu_count(1)
    real = [getattr(where, name) for where, name, _ in parts]
    for where, name, part in parts:
        setattr(where, name, part)
    try:
        yield
    finally:
        slices.__defaults__ = sizes
        pa.set_cpu_count(cores)
        for (where, name, _), was in zip(parts, real, strict=True):
            setattr(where, name, was)


# Messages of a few rows are slow to compress, by a pool of threads, and slow to read.
_PLAIN = pa.ipc.IpcWriteOptions(use_threads=False)
# Pure functions of bytes, and the same bytes come many times: in every plan of a world, to the
# store, to the memory of ids and to the checks.
_decoded = lru_cache(maxsize=4_096)(streams.wire.decode)
_mediate = lru_cache(maxsize=4_096)(mediate)


def _mediated(messages: Any) -> Any:
    return _mediate(tuple(messages))
