"""Planted bugs: each one replaces a piece of the real code, and some seed has to notice.

The names say what is wrong. A mutant is applied while a run lasts and taken back after it; one
that no seed notices is a promise that nobody checks.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from aiokafka.errors import KafkaError

import streams.agents.rate as rate_agent
import streams.agents.store as store_agent
import streams.lookup
import streams.memory
import streams.rater
import streams.step
import streams.unstored
import tests.simulation.poster
from clickhouse.client import ClickHouseDown
from kernels.seen import CONFLICT, DUPLICATE, NEW, REPLAY, Seen
from streams import wire
from streams.retry import until_done
from tests.simulation.checks import Violation
from tests.simulation.faust_app import Consumer
from tests.simulation.replay import calm_tables, simulate

SEEDS_MAX: Final = 200
"""A mutant that is not noticed by then has survived."""
RARE: Final = {
    "memory is trusted after a rebalance": 713,
    "own late rows hide those of another worker": 713,
    "what a lookup found is not remembered": 105,
    "late calls are looked up before they are stored": 2_798,
}
"""Seeds that notice what few do; they are tried first."""

Change = tuple[Any, str, Callable[[Any], Any]]
"""(where, name, the real thing -> what stands in for it)"""
RateAgent: Final = rate_agent.RateAgent


def _after(change: Callable[..., Any]) -> Callable[[Any], Any]:
    """Stand-in that changes what the real one answers: change(answer, *arguments)."""

    def made(real: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            return change(real(*args, **kwargs), *args)

        return run

    return made


def _instead(other: Any) -> Callable[[Any], Any]:
    return lambda _real: other


def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


async def _nothing_found(*_: Any) -> dict[bytes, Any]:
    return {}


def _verdicts(was: int, becomes: int) -> Callable[[Any], Any]:
    return _after(lambda verdict, *_: np.where(verdict == was, np.int8(becomes), verdict))


def _empty_memory(real: Any) -> Any:
    async def remember(settings: Any, *args: Any) -> Any:
        memory = await real(settings, *args)
        memory.seen = Seen(settings.dedupe_calls, 0)
        return memory

    return remember


async def _unwaited(effect: str, outages: Any, run: Any) -> Any:
    """An effect that is begun and not waited for."""
    if effect not in ("send", "store"):
        return await until_done(effect, outages, run)
    asyncio.ensure_future(until_done("unwaited", outages, run))  # noqa: RUF006
    return SimpleNamespace(offset=0)


async def _once(_effect: str, _outages: Any, run: Any) -> None:
    """An effect whose failure is taken for success."""
    with suppress(ClickHouseDown):
        await run()


def _sent_at_once(_real: Any) -> Any:
    async def send_all(self: Any, topic: str, partition: int, batches: Any) -> list[int]:
        def sending(batch: Any) -> Any:
            return partial(self._send, topic, partition, wire.encode(batch))

        sends = [until_done("send", (KafkaError,), sending(batch)) for batch in batches]
        return [record.offset for record in await asyncio.gather(*sends)]

    return send_all


def _one_past(offsets: dict[Any, int], *_: Any) -> dict[Any, int]:
    return {tp: offset + 1 for tp, offset in offsets.items()}


def _not_all_dead(receipts: pa.RecordBatch, *_: Any) -> pa.RecordBatch:
    return receipts.filter(pc.less(receipts.column("dead"), receipts.column("calls")))


def _set(rows: pa.RecordBatch, name: str, values: Any) -> pa.RecordBatch:
    at = rows.schema.get_field_index(name)
    return rows.set_column(at, rows.schema.field(at), values.cast(rows.schema.field(at).type))


def _next_offset(rows: pa.RecordBatch, *_: Any) -> pa.RecordBatch:
    return _set(rows, "offset", pc.add(rows.column("offset"), 1))


def _first_partition(rows: pa.RecordBatch, *_: Any) -> pa.RecordBatch:
    return _set(rows, "partition", pc.multiply(rows.column("partition"), 0))


def _in_float(priced: Any, *_: Any) -> Any:
    for side in (priced.sell, priced.buy):
        side.nanos[:] = (side.nanos / 1e9 * 1e9).astype(np.int64)
    return priced


def _a_moment_earlier(real: Any) -> Any:
    def rate(calls: pa.RecordBatch, *args: Any, **kwargs: Any) -> Any:
        at = calls.column("answered_at")
        earlier = pc.subtract(at.view(pa.int64()), 1).view(at.type)
        return real(_set(calls, "answered_at", earlier), *args, **kwargs)

    return rate


def _sell_alone(rows: Iterator[Any], *_: Any) -> Iterator[Any]:
    for table, part in rows:
        yield table, part.filter(pc.equal(part["leg"], "sell")) if table.name == "charge" else part


def _first_of(parts: Iterator[Any], *_: Any) -> Iterator[Any]:
    yield next(parts)


def _elsewhere(real: Any) -> Any:
    def settle(taken: Any, stored: Any, *args: Any) -> Any:
        return real(taken, {i: p._replace(row=p.row + 9) for i, p in stored.items()}, *args)

    return settle


def _wrote_last(_real: Any) -> Any:
    def wrote(self: Any, offsets: list[int]) -> None:
        if offsets:
            self.known_to = self.next_rated = max(self.next_rated, offsets[-1] + 1)

    return wrote


def _posted_again(real: Any) -> Any:
    def post(before: Any, rated: Any) -> Any:
        return real({k: b._replace(offset=-1, row=-1) for k, b in before.items()}, rated)

    return post


MUTANTS: Final[dict[str, tuple[Change, ...]]] = {
    "memory is not read after a takeover": ((streams.rater, "remember", _empty_memory),),
    "memory is trusted after a rebalance": (
        (RateAgent, "doubt", _instead(_nothing)),
        (RateAgent, "keep", _instead(_nothing)),
    ),
    "own late rows hide those of another worker": ((streams.memory.Memory, "wrote", _wrote_last),),
    "a replay counts as a duplicate": ((Seen, "judge", _verdicts(REPLAY, DUPLICATE)),),
    "a conflict overwrites": ((Seen, "judge", _verdicts(CONFLICT, NEW)),),
    "acknowledged before the broker has it": ((rate_agent, "until_done", _instead(_unwaited)),),
    "committed one past": ((Consumer, "_filter_committable_offsets", _after(_one_past)),),
    "no receipt for a message that is all dead": (
        (streams.step, "_receipts", _after(_not_all_dead)),
    ),
    "dead letters one offset on": ((streams.step, "dead_rows", _after(_next_offset)),),
    "partition left out of dead letters": ((streams.step, "dead_rows", _after(_first_partition)),),
    "partition left out of receipts": ((streams.step, "_receipts", _after(_first_partition)),),
    "money in floating point": ((streams.step, "rate", _after(_in_float)),),
    "a deck begins a moment late": ((streams.step, "rate", _a_moment_earlier),),
    "only the sell leg is stored": ((store_agent, "rows_of", _after(_sell_alone)),),
    "only the first day is stored": ((store_agent, "by_day", _after(_first_of)),),
    "acknowledged before ClickHouse has it": ((store_agent, "until_done", _instead(_unwaited)),),
    "a failed insert passes for done": ((store_agent, "until_done", _instead(_once)),),
    "the later rating stands": ((store_agent, "live_version", _instead(lambda offset: offset)),),
    "late calls are not looked up": ((streams.lookup.StoredCalls, "find", _after(lambda *_: {})),),
    "late calls are looked up before they are stored": (
        (streams.unstored.Unstored, "find", _instead(_nothing_found)),
    ),
    "a call is taken for its own duplicate": ((rate_agent, "settle", _elsewhere),),
    "what a lookup found is not remembered": ((rate_agent, "learn", _instead(_nothing)),),
    "slices are sent all at once": ((RateAgent, "_send_all", _sent_at_once),),
    "balances post what they have posted": ((tests.simulation.poster, "post", _posted_again),),
    "the rater goes on after a bug": ((rate_agent, "stop_the_process", _instead(_nothing)),),
    "the store goes on after a bug": ((store_agent, "stop_the_process", _instead(_nothing)),),
}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The bug of that name is in the code while the block lasts."""
    changes = MUTANTS[name]
    real = [getattr(where, attribute) for where, attribute, _ in changes]
    calm_tables.cache_clear()
    for (where, attribute, change), was in zip(changes, real, strict=True):
        setattr(where, attribute, change(was))
    try:
        yield
    finally:
        for (where, attribute, _), was in zip(changes, real, strict=True):
            setattr(where, attribute, was)
        calm_tables.cache_clear()


def caught(name: str) -> tuple[int, str] | None:
    """The first seed that notices the mutant, and what it says; None if it survives."""
    with planted(name):
        for seed in (*([RARE[name]] if name in RARE else ()), *range(SEEDS_MAX)):
            try:
                simulate(seed)
            except Violation as broken:
                return seed, str(broken)
    return None
