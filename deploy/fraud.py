"""Fraud detection over the past: what rules would have found in the stored calls."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.errors import TollwireError
from billing.fraud.backtest import Labels, Outcome, replay
from billing.fraud.rule_file import parse_rules
from billing.fraud.rules import Rules
from billing.instants import parse_instant_ms
from clickhouse.client import connect
from clickhouse.fraud import History
from deploy.files import read_file
from deploy.runtime.settings import Settings


def read_rules(path: Path | None) -> Rules:
    """The rules of a file, the defaults without one. Raises OptionsRefused, FileRefused."""
    if path is None:
        return Rules()
    try:
        return parse_rules(read_file(path).decode(), str(path))
    except UnicodeDecodeError:
        raise TollwireError(f"{path}: not UTF-8 text: is it TOML?") from None


def period_ms(from_: str, to: str) -> tuple[int, int]:
    """A period of the command line. Raises TollwireError."""
    ends = []
    for name, text in (("from", from_), ("to", to)):
        try:
            ends.append(parse_instant_ms(text))
        except ValueError as error:
            raise TollwireError(f"--{name} {text!r}: {error}") from None
    if ends[0] >= ends[1]:
        raise TollwireError(f"--from {from_} is not before --to {to}")
    return ends[0], ends[1]


def backtest(
    settings: Settings, span_ms: tuple[int, int], rules: Rules, fraud: frozenset[str]
) -> Outcome:
    """What the rules would have found in the calls of a period, known from their records only.

    fraud: call ids that are known to be fraud. Raises ClickHouseDown.
    """
    with closing(connect(settings)) as client:
        history = History(client, *span_ms)
        labels = _labels(history, fraud) if fraud else None
        return replay((facts for facts, _ in history.batches()), rules, span_ms[1], labels)


def _labels(history: History, fraud: frozenset[str]) -> Labels:
    """The hashes of the calls that are fraud. Raises TollwireError where one was not found."""
    wanted = pa.array(sorted(fraud), pa.string())
    found, seen = [np.zeros(0, np.uint64)], set()
    for facts, call_ids in history.batches():
        own = pc.is_in(call_ids, wanted)
        found.append(facts.column("call").filter(own).to_numpy())
        seen |= set(call_ids.filter(own).to_pylist())
    if missing := sorted(fraud - seen):
        raise TollwireError(
            f"{len(missing)} of the calls that are fraud are not in this period, such as "
            f"{missing[0]!r}"
        )
    return Labels(np.unique(np.concatenate(found)))
