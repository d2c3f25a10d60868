"""The audit, on rows that the product's own step makes of the generator's messages: it finds
nothing where nothing is off, and each planted error where one is.
"""

from collections.abc import Callable
from contextlib import closing
from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from billing.account_terms import parse_terms
from billing.deck import DeckVersion
from billing.deck_csv import parse_deck
from billing.mediation import Message as RawMessage
from billing.parties import parties_of
from billing.tariff import Tariff, compile_tariff
from clickhouse.client import connect, insert_arrow
from clickhouse.tables import CHARGE, DEAD_LETTER, RECEIPT
from deploy.runtime.settings import Settings
from kernels.seen import Seen
from streams import topics, wire
from streams.agents.store import by_day, rows_of
from streams.step import Outcome, Raw, settle, take_in
from tests.chaos import world
from tests.chaos.account import Fate, Ints, Log, fates
from tests.chaos.audit import Findings, check
from tests.chaos.books import Books, books
from tests.chaos.calls import Draw
from tests.chaos.messages import Encoder, Message
from tests.chaos.readback import Rated, id_words

NOW_MS = 1_800_000_000_000
LOG, RUN = "log-1", "run"
Change = Callable[[str, pa.Table], pa.Table]


def versions() -> list[world.Version]:
    return [world.Version(NOW_MS - 100 * 3_600_000, world.draw_prices(7, 0))]


def tariff() -> Tariff:
    """The world's decks, through the product's own reader."""
    own = versions()[0]
    parsed = [
        parse_deck(
            world.deck_csv(own.prices, deck).encode(),
            *("deck.csv", own.valid_from_ms, world.options(deck)),
        )
        for deck in range(len(world.DECKS))
    ]
    accounts = parties_of(
        [each.account for each in parse_terms(world.accounts_toml().encode(), "accounts.toml")]
    )
    decks = [
        DeckVersion(n + 1, name, side, "full", own.valid_from_ms, 0, world.options(n), p.rates)
        for n, ((side, name), p) in enumerate(zip(world.DECKS, parsed, strict=True))
    ]
    return compile_tariff(decks, accounts)


def messages() -> list[Message]:
    """A first beat, its copies and conflicts, and a message that stands in the log twice."""
    draw, encoder = Draw(5), Encoder(RUN, 1)
    first = list(encoder.messages(draw.fresh(4_000, NOW_MS)))
    for message in first:
        draw.plan_copies(message.records, 0.0)
    copies = list(encoder.messages(draw.due(1_000.0, set())))
    return [*first, *copies, first[3]]


class Run(NamedTuple):
    """What the product makes of the messages, and what the account says of them."""

    outcome: Outcome
    fate: Fate
    kept: Books
    messages: Ints


@cache
def run() -> Run:
    """One step over all messages, in partition 0."""
    sent = messages()
    raws = [
        Raw(RawMessage(m.payload, m.kind), offset, NOW_MS + 5_000) for offset, m in enumerate(sent)
    ]
    outcome = settle(take_in(LOG, 0, raws, Seen(10_000, 0)), {}, tariff())
    numbers = np.array([m.number for m in sent])
    log = Log(np.zeros(len(sent), np.int64), np.arange(len(sent)), numbers)
    fate = fates(np.concatenate([m.records for m in sent[:-1]]), log)
    return Run(outcome, fate, books(fate, versions(), RUN), np.array([len(sent)]))


def audited(settings: Settings, change: Change) -> Findings:
    """Store the step's rows, changed, and audit them."""
    outcome, fate, kept, count = run()
    with closing(connect(settings)) as client:
        for topic, batch in (
            (topics.RATED, outcome.rated),
            (topics.DEAD, outcome.dead),
            (topics.RECEIPT, outcome.receipts),
        ):
            for table, rows in rows_of(topic, [(0, wire.encode(batch))]):
                for part in by_day(table, change(table.name, rows)):
                    insert_arrow(client, table, part)
    ids = id_words(outcome.rated.column("cdr_id"))
    sell, buy = (outcome.rated.column(f"{leg}_nanos").to_numpy() for leg in ("sell", "buy"))
    rated = Rated(ids, sell, buy, {0: outcome.rated.num_rows})
    return check(settings, LOG, fate, kept, rated, count)


def test_nothing_is_found_where_nothing_is_off(migrated: Settings) -> None:
    found = audited(migrated, lambda _, rows: rows)
    assert found.lines == []
    assert (found.lost, found.twice, found.money_mismatch, found.other) == (0, 0, 0, 0)
    outcomes = np.bincount(run().fate.outcome)
    assert len(outcomes) == 4
    assert (outcomes > 0).all(), "each outcome occurs"


def without_first(table: str) -> Change:
    return lambda name, rows: rows.slice(1) if name == table else rows


def with_column(table: str, column: str, change: Callable[[pa.Array], pa.Array]) -> Change:
    def changed(name: str, rows: pa.Table) -> pa.Table:
        if name != table:
            return rows
        values = rows.column(column).combine_chunks()
        new = pa.concat_arrays([change(values[:1]).cast(values.type), values[1:]])
        return rows.set_column(rows.column_names.index(column), rows.field(column), new)

    return changed


def charged_twice(name: str, rows: pa.Table) -> pa.Table:
    """The first charge once more, under another answer time: another key."""
    if name != CHARGE.name:
        return rows
    first = rows.slice(0, 1)
    later = pc.add(first.column("answered_at"), pa.scalar(1_000, pa.duration("ms")))
    at = rows.column_names.index("answered_at")
    return pa.concat_tables([rows, first.set_column(at, rows.field(at), later)])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (without_first(CHARGE.name), "lost"),
        (charged_twice, "twice"),
        (with_column(CHARGE.name, "nanos", lambda v: pc.add(v, 1)), "money_mismatch"),
        (with_column(CHARGE.name, "reason", lambda v: pa.array(["x"])), "money_mismatch"),
        (with_column(CHARGE.name, "customer", lambda v: pa.array(["nobody"])), "lost"),
        (without_first(RECEIPT.name), "other"),
        (with_column(RECEIPT.name, "duplicate", lambda v: pc.add(v, 1)), "other"),
        (without_first(DEAD_LETTER.name), "other"),
        (with_column(DEAD_LETTER.name, "row", lambda v: pc.add(v, 500)), "other"),
        (without_first("cdr"), "other"),
    ],
)
def test_a_planted_error_is_found(change: Change, field: str, migrated: Settings) -> None:
    found = audited(migrated, change)
    assert getattr(found, field) > 0
    assert found.lines


def test_a_wrong_price_in_the_topic_is_found(migrated: Settings) -> None:
    outcome, fate, kept, count = run()
    words = id_words(outcome.rated.column("cdr_id"))
    sell = outcome.rated.column("sell_nanos").to_numpy().copy()
    sell[7] += 1
    rated = Rated(words, sell, outcome.rated.column("buy_nanos").to_numpy(), {})
    found = check(migrated, LOG, fate, kept, rated, count)
    assert "1 sell legs in cdr.rated cost something else" in found.lines
