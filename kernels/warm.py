"""Compiling ahead: no live call and no new deck waits for a compiler."""

import numpy as np
import pyarrow as pa

from kernels.book import DeckRates
from kernels.classes import NONE, Classes, origin_labels, rows_of
from kernels.dialcodes import build_dialcodes, parse_numbers
from kernels.dispatch import rate
from kernels.layout import R_PLAIN, R_ROUND_UNIT, Calls, Leg, Numbers, read_only
from kernels.library import Library
from kernels.seen import Seen, content_hash
from kernels.terms import Terms


def warm() -> None:
    """Compile, or load from the cache, all that compiles a deck, rates a call and knows an id."""
    zero = np.zeros(1, np.int64)
    library, rule = Library(), np.zeros(R_PLAIN, np.int64)
    rule[R_ROUND_UNIT] = 1
    library.rule(tuple(rule.tolist()))
    library.classes(np.array([[0, 0, 0, 1]], np.int64))
    for code in ("12", "123"):  # the second moves the first
        digits, length = parse_numbers(pa.array([code]))
        library.put({code: DeckRates(digits, length, zero, zero + 1, zero)})
    called = Numbers(*parse_numbers(pa.array(["12025550100"])))
    leg = Leg(np.zeros(1, np.int32), np.empty(0, np.int32))
    rate(Calls(called, zero, np.full(1, 1_000, np.int32), leg, leg), library.book())
    ids = pa.array([b"0" * 16], pa.binary(16))
    Seen(1, 0).judge(ids, content_hash([pa.array([code])], [zero]), zero, zero, zero)
    rows_of(_classes(), leg.deck, zero, called)
    Terms((0, 0, 0, 1, 1), tuple(rule.tolist()), (1, 1)).longest(0)


def _classes() -> Classes:
    """One deck with one origin label."""
    digits, length = parse_numbers(pa.array(["1"]))
    codes, none = build_dialcodes(digits, length), read_only(np.zeros(1, np.int32))
    return Classes(
        plan=none,
        plans=read_only(np.array([[NONE, 0, 0, 1]], np.int32)),
        cells=none,
        day_first=read_only(np.zeros((1, 1), np.int32)),
        begin_ms=read_only(np.zeros(1, np.int64)),
        label=none,
        codes=codes,
        origin=read_only(origin_labels(codes, digits, length, none, 0, 0)[None]),
        window_ms=(0, 1),
    )
