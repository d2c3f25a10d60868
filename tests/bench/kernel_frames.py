"""The job in data frames, for Polars and pandas: one list of columns to add, as in the SQL.

A side's calls are sorted by one key of deck and number and meet the ranges in an as-of join of two
sorted columns, which both libraries do by walking them side by side; Polars can also join by deck.
Sums only are asked for, so nobody puts the calls back into their order.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.kernel_columns import DECK_KEY, SIDES, Totals, Ways, read_table


def _charge(
    c: Callable[[str], Any], where: Callable[..., Any], largest: Callable[..., Any]
) -> Iterator[tuple[str, Any]]:
    """Columns to add, one after the other, to calls joined with their prices."""
    yield "d", (c("duration_ms") + c("duration_add")) // 1_000
    more = (c("d") - c("start_s") + c("next_s") - 1) // c("next_s") * c("next_s")
    yield "b", where(c("d") <= c("first_s"), c("first_s"), c("start_s") + more)
    usage = c("first_usage") + (c("b") - c("first_s")) * c("next_rate")
    yield "net", largest(usage + c("fee60"), c("least60")) + c("money_add")
    yield "q", c("net") // c("unit60")
    tie = (c("half_even") == 1) & (c("q") % 2 == 1) & (c("q") * c("unit60") == c("net"))
    yield "nanos", where(tie, c("q") - 1, c("q")) * c("unit")


class _Polars:
    """Polars, lazy, with all threads and the engine it chooses itself."""

    def __init__(self, folder: Path) -> None:
        self.pl = pl = import_module("polars")
        self.calls, self.decks, self.prices, sell, buy = (
            pl.DataFrame(read_table(folder, name)) for name in ("calls", "decks", "prices", *SIDES)
        )
        keys = {"sell": sell, "buy": buy}
        self.by_key = {s: f.with_columns(pl.col("key").set_sorted()) for s, f in keys.items()}
        self.by_start = {s: f.sort("start").drop("key") for s, f in keys.items()}
        self.dates = len(self.decks.columns) - 1

    def dated(self, side: str) -> Any:
        """The calls with the step of the deck's dates and the two keys."""
        pl, deck = self.pl, f"{side}_deck"
        later = [pl.col("answered_ms") >= pl.col(f"date_{k}") for k in range(self.dates)]
        step = pl.sum_horizontal([pl.lit(0, pl.Int8), *(b.cast(pl.Int8) for b in later)])
        key = pl.col(deck).cast(pl.Int64) * DECK_KEY + pl.col("number")
        calls = self.calls.lazy().join(self.decks.lazy(), left_on=deck, right_on="deck")
        return calls.select("number", "duration_ms", deck=pl.col(deck), step=step, key=key)

    def on_one_key(self, side: str) -> Any:
        left = self.dated(side).select("key", "duration_ms", "step").sort("key")
        return left.join_asof(self.by_key[side].lazy().drop("deck", "start"), on="key")

    def by_deck(self, side: str) -> Any:
        return (
            self.dated(side)
            .drop("key")
            .sort("number")
            .join_asof(
                self.by_start[side].lazy(),
                left_on="number",
                right_on="start",
                by="deck",
                check_sortedness=False,  # polars cannot check it by group and would say so
            )
        )

    def totals(self, joined: Any) -> Totals:
        pl = self.pl

        def where(test: Any, then: Any, otherwise: Any) -> Any:
            return pl.when(test).then(then).otherwise(otherwise)

        price = pl.col("price_0")
        for k in range(1, self.dates + 1):
            price = where(pl.col("step") == k, pl.col(f"price_{k}"), price)
        found = joined.select("duration_ms", price=price).filter(pl.col("price") >= 0).collect()
        talked = found.lazy().filter(pl.col("duration_ms") > 0)
        talked = talked.join(self.prices.lazy(), on="price")
        for name, column in _charge(pl.col, where, pl.max_horizontal):
            talked = talked.with_columns(column.alias(name))
        paid = talked.filter(pl.col("d") >= pl.col("free_below_s"))
        sums = paid.select(pl.col("b").cast(pl.Int64).sum(), pl.col("nanos").sum()).collect()
        return [len(found), *sums.row(0)]

    def both(self, join: Callable[[str], Any]) -> Totals:
        return [n for side in SIDES for n in self.totals(join(side))]


def polars_ways(folder: Path) -> Ways:
    """Polars' ways, its frames being loaded."""
    job = _Polars(folder)
    return {
        "join_asof on one key of deck and number": lambda: job.both(job.on_one_key),
        "join_asof by deck": lambda: job.both(job.by_deck),
    }


def pandas_ways(folder: Path) -> Ways:
    """pandas, which has one thread; the charge is numpy on whole columns."""
    pd = import_module("pandas")
    calls, decks, prices, *ranges = (
        pd.DataFrame(read_table(folder, name)) for name in ("calls", "decks", "prices", *SIDES)
    )
    right = {side: r.drop(columns=["deck", "start"]) for side, r in zip(SIDES, ranges, strict=True)}
    dates = len(decks.columns) - 1

    def totals(side: str) -> Totals:
        deck = calls[f"{side}_deck"].to_numpy()
        step = np.zeros(len(calls), np.int8)
        for k in range(dates):
            step += calls["answered_ms"].to_numpy() >= decks[f"date_{k}"].to_numpy()[deck]
        key = deck.astype(np.int64) * DECK_KEY + calls["number"].to_numpy()
        left = pd.DataFrame({"key": key, "duration_ms": calls["duration_ms"], "step": step})
        found = pd.merge_asof(left.sort_values("key"), right[side], on="key")
        steps = np.stack([found[f"price_{k}"].to_numpy() for k in range(dates + 1)])
        price = np.take_along_axis(steps, found["step"].to_numpy()[None], 0)[0]
        talked = (price >= 0) & (found["duration_ms"].to_numpy() > 0)
        columns = {name: column.to_numpy() for name, column in prices.take(price[talked]).items()}
        columns["duration_ms"] = found["duration_ms"].to_numpy()[talked]
        for name, column in _charge(columns.__getitem__, np.where, np.maximum):
            columns[name] = column
        paid = columns["d"] >= columns["free_below_s"]
        billed, nanos = (int(columns[name][paid].sum(dtype=np.int64)) for name in ("b", "nanos"))
        return [int((price >= 0).sum()), billed, nanos]

    return {
        "merge_asof on one key of deck and number": lambda: [n for s in SIDES for n in totals(s)]
    }
