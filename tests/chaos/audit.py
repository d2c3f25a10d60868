"""The final account: what ClickHouse has, held against what the generator wrote down, call by call.

Reads ClickHouse past the proxy, with FINAL.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from clickhouse import queries
from clickhouse.client import connect
from deploy.runtime.settings import Settings
from tests.chaos import world
from tests.chaos.account import DEAD, DUPLICATE, PRICED, RATED, REASONS, SUSPENDED, Fate, Ints
from tests.chaos.books import LEGS, Books, find
from tests.chaos.calls import POISON
from tests.chaos.readback import Rated, Words, id_words

FINAL: Final = {"do_not_merge_across_partitions_select_final": 1}
SHOWN_MAX: Final = 10


class Findings:
    """What is off. Counts, and lines for a person; nothing in it means that all is well."""

    def __init__(self) -> None:
        self.lost = 0
        self.twice = 0
        self.money_mismatch = 0
        self.balance_mismatch = 0
        self.other = 0
        self.lines: list[str] = []

    def note(self, line: str, count: int = 1) -> None:
        """Something else that is off."""
        self.other += count
        self.lines.append(line)


def check(
    settings: Settings, log: str, fate: Fate, kept: Books, rated: Rated, messages: Ints
) -> Findings:
    """Everything against everything. messages: how many stand in cdr.raw, by partition."""
    found = Findings()
    with closing(connect(settings)) as client:
        _charges(client, kept, found)
        _calls(client, kept, found)
        _sums(client, kept, found)
        _receipts(client, log, fate, messages, found)
        _dead(client, log, fate, found)
        _conservation(client, found)
    _rated(kept, rated, found)
    return found


def _ask(client: Client, query: str, **bound: object) -> pa.Table:
    return client.query_arrow(query, parameters=bound, settings=FINAL, use_strings=True)


def _charges(client: Client, kept: Books, found: Findings) -> None:
    """Each leg of each call exactly once, with exactly its money."""
    times = {leg: np.zeros(len(kept.record), np.int64) for leg in LEGS}
    for number, customer in enumerate(world.CUSTOMERS):
        rows = _ask(
            client,
            """SELECT cdr_id, toString(leg) AS leg, vendor, reason, billed_s, nanos, currency
            FROM charge FINAL WHERE customer = {customer:String}""",
            customer=customer,
        )
        at = find(kept, _ids(rows))
        foreign = int((at < 0).sum()) + int((kept.record["customer"][at[at >= 0]] != number).sum())
        if foreign:
            found.twice += foreign
            found.lines.append(f"{foreign} charges of {customer} are of calls never sent so")
        known = np.flatnonzero(at >= 0)
        of_leg = np.array(rows.column("leg").to_pylist(), "U4")
        for leg in LEGS:
            own = known[of_leg[known] == leg]
            np.add.at(times[leg], at[own], 1)
            _money(kept, leg, at[own], rows.take(pa.array(own)), found)
    for leg in LEGS:
        _times(kept, leg, times[leg], found)
    others = client.query(
        "SELECT count() FROM charge FINAL WHERE customer NOT IN {known:Array(String)}",
        parameters={"known": list(world.CUSTOMERS)},
        settings=FINAL,
    ).result_rows[0][0]
    if others:
        found.note(f"{others} charges of customers nobody knows", others)


def _times(kept: Books, leg: str, times: Ints, found: Findings) -> None:
    for word, bad in (("lost", np.flatnonzero(times == 0)), ("twice", np.flatnonzero(times > 1))):
        if len(bad):
            setattr(found, word, getattr(found, word) + len(bad))
            found.lines.append(f"{len(bad)} {leg} legs are {word}, among them:")
            found.lines += _shown(kept, bad)


def _shown(kept: Books, at: Ints) -> list[str]:
    """The first of these calls, with where they stand in cdr.raw."""
    lines = []
    for i in at[:SHOWN_MAX].tolist():
        partition, offset, row = kept.place[i].tolist()
        own = kept.record[i]
        lines.append(
            f"  call {own['call']} of message {own['message']} at {partition}:{offset}:{row}, "
            f"{world.CUSTOMERS[own['customer']]}, answered {own['answered_ms']}, "
            f"id {kept.id_words[i].tobytes().hex()}"
        )
    return lines


def _money(kept: Books, leg: str, at: Ints, rows: pa.Table, found: Findings) -> None:
    own = kept.record[at]
    deck = (
        world.DECK_OF_CUSTOMER[own["customer"]]
        if leg == "sell"
        else world.DECK_OF_VENDOR[own["vendor"]]
    )
    currency = np.array(world.CURRENCIES)[deck]
    rated = kept.reason[at] == PRICED
    wrong = (
        (rows.column("nanos").to_numpy() != kept.nanos[leg][at])
        | (rows.column("billed_s").to_numpy() != kept.billed_s[leg][at])
        | (_texts(rows, "reason") != np.array(REASONS)[kept.reason[at]])
        | (_texts(rows, "vendor") != np.array(world.VENDORS)[own["vendor"]])
        | (rated & (_texts(rows, "currency") != currency))
    )
    if wrong.any():
        bad = np.flatnonzero(wrong)
        found.money_mismatch += len(bad)
        found.lines.append(f"{len(bad)} {leg} legs cost something else, among them:")
        for i, line in zip(bad[:SHOWN_MAX].tolist(), _shown(kept, at[bad]), strict=False):
            has = rows.slice(i, 1).to_pylist()[0]
            found.lines.append(f"{line}; has {has['nanos']} nanos, {has['reason'] or 'rated'}")
            must = kept.nanos[leg][at[i]], REASONS[kept.reason[at[i]]] or "rated"
            found.lines.append(f"    must have {must[0]} nanos, {must[1]}")


def _texts(rows: pa.Table, name: str) -> "np.ndarray[Any, np.dtype[np.str_]]":
    return np.array(rows.column(name).to_pylist(), np.str_)


def _ids(rows: pa.Table) -> Words:
    column = rows.column("cdr_id").combine_chunks()
    return id_words(column.cast(pa.binary(16)))


def _calls(client: Client, kept: Books, found: Findings) -> None:
    stored = client.query("SELECT count() FROM cdr FINAL", settings=FINAL).result_rows[0][0]
    if stored != len(kept.record):
        found.note(f"cdr has {stored} calls, the account {len(kept.record)}")


def _sums(client: Client, kept: Books, found: Findings) -> None:
    """The sums of every account and currency, computed by ClickHouse and from the account."""
    for leg, role, names, decks in (
        ("sell", "customer", world.CUSTOMERS, world.DECK_OF_CUSTOMER),
        ("buy", "vendor", world.VENDORS, world.DECK_OF_VENDOR),
    ):
        rows = client.query(
            f"""SELECT {role}, currency, count(), sum(toInt128(nanos)) FROM charge FINAL
            WHERE leg = '{leg}' AND reason = '' GROUP BY 1, 2""",
            settings=FINAL,
        ).result_rows
        stored = {(name, currency): (n, int(nanos)) for name, currency, n, nanos in rows}
        rated = kept.reason == PRICED
        expected = {}
        for i, name in enumerate(names):
            own = rated & (kept.record[role] == i)
            if own.any():
                total = int(kept.nanos[leg][own].sum())
                expected[name, world.CURRENCIES[decks[i]]] = (int(own.sum()), total)
        for key in sorted({*stored, *expected}):
            if stored.get(key) != expected.get(key):
                line = f"the sum of {role} {key}: {stored.get(key)}, must be {expected.get(key)}"
                found.note(line)


def _receipts(client: Client, log: str, fate: Fate, messages: Ints, found: Findings) -> None:
    """One receipt per message, with the counts that the account says."""
    names = ("rated", "suspended", "dead", "duplicate")
    for partition, count in enumerate(messages.tolist()):
        rows = _ask(
            client,
            """SELECT offset, calls, rated, suspended, dead, duplicate FROM receipt FINAL
            WHERE log = {log:String} AND partition = {partition:UInt16} ORDER BY offset""",
            log=log,
            partition=partition,
        )
        offset = rows.column("offset").to_numpy().astype(np.int64)
        if not np.array_equal(offset, np.arange(count)):
            missing = np.setdiff1d(np.arange(count), offset)
            line = f"partition {partition}: {len(missing)} of {count} messages have no receipt"
            found.note(f"{line}: {missing[:SHOWN_MAX].tolist()}; receipts {len(offset)}")
            continue
        own = fate.partition == partition
        at, outcome = fate.offset[own], fate.outcome[own]
        for name, wanted in zip(names, (RATED, SUSPENDED, DEAD, DUPLICATE), strict=True):
            must = np.bincount(at[outcome == wanted], minlength=count)
            has = rows.column(name).to_numpy().astype(np.int64)
            for i in np.flatnonzero(has != must)[:SHOWN_MAX].tolist():
                where = f"receipt {partition}:{i}"
                found.note(f"{where} says {has[i]} {name}, must be {must[i]}")
        calls = rows.column("calls").to_numpy().astype(np.int64)
        if not np.array_equal(calls, np.bincount(at, minlength=count)):
            found.note(f"partition {partition}: receipts count other records than were sent")


def _dead(client: Client, log: str, fate: Fate, found: Findings) -> None:
    """A dead letter at each position that must have one, conflicts named so; none elsewhere."""
    rows = _ask(
        client,
        """SELECT partition, offset, row, reason FROM dead_letter FINAL
        WHERE log = {log:String}""",
        log=log,
    )
    places = zip(*(rows.column(n).to_pylist() for n in ("partition", "offset", "row")), strict=True)
    stored = dict(zip(places, rows.column("reason").to_pylist(), strict=True))
    expected = dict(_dead_places(fate))
    for word, bad in (
        ("missing", expected.keys() - stored.keys()),
        ("unexpected", stored.keys() - expected.keys()),
    ):
        if bad:
            found.note(f"{len(bad)} dead letters {word}: {sorted(bad)[:SHOWN_MAX]}", len(bad))
    for place in expected.keys() & stored.keys():
        if (stored[place] == "conflict") != expected[place]:
            found.note(f"dead letter {place} is called {stored[place]}")


def _dead_places(fate: Fate) -> Iterator[tuple[tuple[int, int, int], bool]]:
    at = np.flatnonzero(fate.outcome == DEAD)
    columns = (fate.partition[at], fate.offset[at], fate.row[at], fate.record["call"][at])
    for partition, offset, row, call in zip(*(c.tolist() for c in columns), strict=True):
        yield (partition, offset, row), call != POISON


def _conservation(client: Client, found: Findings) -> None:
    """The product's own line: received = rated + suspended + dead + duplicate, in both units."""
    for unit in ("calls", "duration_ms"):
        parts: dict[str, int] = {}
        for balance in queries.conservation(client, 0, 2**52):
            parts[balance.part] = parts.get(balance.part, 0) + getattr(balance, unit)
        received = parts.pop("received", 0)
        if received != sum(parts.values()):
            found.note(f"conservation in {unit}: received {received}, accounted {parts}")


def _rated(kept: Books, rated: Rated, found: Findings) -> None:
    """Every row of cdr.rated, repeats too, has the money it must have."""
    at = find(kept, rated.id_words)
    foreign = int((at < 0).sum())
    if foreign:
        found.note(f"{foreign} rows of cdr.rated are of calls never sent", foreign)
    known = at >= 0
    for leg, nanos in (("sell", rated.sell_nanos), ("buy", rated.buy_nanos)):
        wrong = int((nanos[known] != kept.nanos[leg][at[known]]).sum())
        if wrong:
            found.note(f"{wrong} {leg} legs in cdr.rated cost something else", wrong)
