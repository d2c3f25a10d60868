"""The promises of docs/delivery.md, checked at every commit and again when everything is quiet."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition

from streams import topics, wire
from tests.simulation.broker import Record
from tests.simulation.market import Charge, Leg
from tests.simulation.store import Row, without
from tests.simulation.truth import Receipt, truth

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

FIRST_VERSION = 2**48 - 1


class Violation(Exception):
    """A promise was broken."""

    def __init__(self, promise: str, what: str) -> None:
        super().__init__(f"{promise}: {what}")
        self.promise = promise


def hold(promise: str, found: Any, expected: Any, what: str) -> None:
    """Raises Violation unless they are equal."""
    if found != expected:
        raise Violation(promise, f"{what}: {found!r}, expected {expected!r}")


def differing(
    promise: str, found: Mapping[Any, Any], expected: Mapping[Any, Any], what: str
) -> None:
    """Raises Violation for the first key whose values differ. None = not there."""
    if found != expected:
        for key in sorted({*found, *expected}, key=repr):
            hold(promise, found.get(key), expected.get(key), f"{what} {key!r}")


class Ledger:
    """Follows the logs and the commits of a run."""

    def __init__(self, of: "Simulation") -> None:
        self._of, self._truth = of, truth(of.world.number)
        self._rated: dict[TopicPartition, list[list[Row]]] = {}
        self._out: set[tuple[Any, ...]] = set()
        """what stands in the topics: (topic, partition, offset in cdr.raw, row)"""
        of.logs.watchers.append(self._appended)
        of.group.watchers.append(self._commits)

    def _appended(self, at: TopicPartition, record: Record) -> None:
        if at.topic == topics.RAW:
            return
        names = ["partition", "offset", "row"]
        if at.topic == topics.RATED:
            names += ["cdr_id", "has_buy", "reason", "sell_nanos", "buy_nanos", "margin_nanos"]
            names += ["sell_currency", "buy_currency"]
        if at.topic == topics.RECEIPT:
            names.remove("row")
        rows = wire.decode(record.value).select(names).to_pylist()
        self._of.note("broker", f"{at.topic}[{at.partition}]@{record.offset} {_places(rows)}")
        for row in rows:
            hold("P1", row["partition"], at.partition, f"{at.topic} is in the wrong partition")
            self._out.add((at.topic, at.partition, row["offset"], row.get("row", 0)))
        self._rated.setdefault(at, []).append(rows)

    def _commits(self, name: str, offsets: Mapping[TopicPartition, int]) -> None:
        for at, offset in offsets.items():
            for done in range(self._of.group.committed.get(at, 0), offset):
                end = len(self._of.logs.records[at])
                inside = f"{name} commits {at} up to {offset}, it ends at {end}"
                hold("P1", done < end, True, inside)
                lacks = self._raw(at, done) if at.topic == topics.RAW else self._stored(at, done)
                if lacks:
                    where = f"{at.topic}[{at.partition}]={offset}"
                    raise Violation("P1", f"{name} commits {where} but {done} lacks {lacks[0]}")

    def _raw(self, at: TopicPartition, offset: int) -> list[Any]:
        place = (at.partition, offset)
        wanted = [(topics.RECEIPT, *place, 0)]
        wanted += [(topics.RATED, *place, row) for row in self._truth.accepted[place]]
        wanted += [(topics.DEAD, *key) for key in self._truth.dead if key[:2] == place]
        return [key for key in wanted if key not in self._out]

    def _stored(self, at: TopicPartition, offset: int) -> list[Any]:
        rows, partition = self._rated[at][offset], at.partition
        version = FIRST_VERSION - offset
        wanted: list[tuple[Any, ...]] = []
        if at.topic == topics.RATED:
            for row in rows:
                legs = ("sell", "buy") if row["has_buy"] else ("sell",)
                wanted.append(("cdr", row["cdr_id"], version))
                wanted += [("charge", row["cdr_id"], leg, version) for leg in legs]
        elif at.topic == topics.DEAD:
            wanted = [("dead_letter", partition, row["offset"], row["row"]) for row in rows]
        else:
            wanted = [("receipt", partition, row["offset"]) for row in rows]
        return [key for key in wanted if key not in self._of.store.holds]

    def finish(self) -> None:
        """Everything there is to say at the end. Raises Violation."""
        of = self._of
        for worker in of.buggy:
            hold("P7", worker.dead, True, f"{worker.name} met a bug and has ended")
        unplanted = {name for name, _ in of.exits} - {worker.name for worker in of.buggy}
        hold("P7", unplanted, set(), "workers stopped by bugs that nobody planted")
        self._receipts()
        self._dead_letters()
        charges = self._calls_and_charges()
        self._first_ratings(charges)
        self._sums(charges)
        self._balances(charges)

    def _receipts(self) -> None:
        found = {}
        for row in self._of.store.final("receipt"):
            for unit in ("", "_ms"):
                row[f"accepted{unit}"] = row[f"rated{unit}"] + row[f"suspended{unit}"]
            found[row["partition"], row["offset"]] = Receipt(*(row[n] for n in Receipt._fields))
        differing("P1", found, self._truth.receipts, "receipt of message")

    def _dead_letters(self) -> None:
        rows = self._of.store.final("dead_letter")
        found = {(row["partition"], row["offset"], row["row"]): row["reason"] for row in rows}
        differing("P2", found, self._truth.dead, "dead letter")
        hold("P2", len(rows), len(found), "dead letters under different keys")

    def _calls_and_charges(self) -> dict[tuple[bytes, str], Row]:
        calls, charges = self._of.store.final("cdr"), self._of.store.final("charge")
        places = {r["cdr_id"]: (r["partition"], r["offset"], r["row"]) for r in calls}
        expected = {key: place for key, (place, _, _) in self._truth.calls.items()}
        differing("P2", places, expected, "place of call")
        hold("P2", len(calls), len(places), "rows of cdr, one a call")
        legs = {(r["cdr_id"], r["leg"]): r for r in charges}
        hold("P2", len(charges), len(legs), "rows of charge, one a leg")
        said: dict[bytes, Charge] = {}
        for (key, leg), row in legs.items():
            before = said.get(key, Charge(row["reason"], None, None))
            fields = (row["deck_version"], row["billed_s"], row["nanos"], row["currency"])
            found = None if row["reason"] else Leg(*fields)
            both = (found, before.buy) if leg == "sell" else (before.sell, found)
            said[key] = Charge(row["reason"], *both)
            if row["reason"]:
                hold("P3", (row["billed_s"], row["nanos"]), (0, 0), f"suspended money of {key!r}")
        for key, (place, call, right) in self._truth.calls.items():
            wanted = 2 if call.vendor else 1
            hold(
                "P2", sum((key, leg) in legs for leg in ("sell", "buy")), wanted, f"legs of {place}"
            )
            if said[key] not in right:
                raise Violation("P3", f"charge of {call}: {said[key]}, expected {right}")
        hold("P2", len(said), len(self._truth.calls), "calls that are charged")
        return legs

    def _first_ratings(self, charges: Mapping[tuple[bytes, str], Row]) -> None:
        """cdr.rated's first row of a call is what ClickHouse says; margin is sell less buy."""
        seen: set[bytes] = set()
        for at, messages in self._rated.items():
            for row in (row for rows in messages for row in rows if at.topic == topics.RATED):
                money = not row["reason"] and (
                    not row["has_buy"] or row["sell_currency"] == row["buy_currency"]
                )
                margin = row["sell_nanos"] - row["buy_nanos"] if money else None
                hold("P3", row["margin_nanos"], margin, f"margin of {row['cdr_id']!r}")
                if row["cdr_id"] in seen:
                    continue
                seen.add(row["cdr_id"])
                for leg in ("sell", "buy") if row["has_buy"] else ("sell",):
                    charge = charges[row["cdr_id"], leg]
                    found = (charge["reason"], charge["nanos"], charge["currency"])
                    first = (row["reason"], row[f"{leg}_nanos"], row[f"{leg}_currency"])
                    hold("P2", found, first, f"{leg} charge of {row['cdr_id']!r} and first rating")

    def _sums(self, charges: Mapping[tuple[bytes, str], Row]) -> None:
        if self._of.world.published_s is not None:
            return
        found, expected = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for (_, leg), row in charges.items():
            if not row["reason"]:
                found[leg, row["currency"]] += row["nanos"]
        for _, _, (right, *_) in self._truth.calls.values():
            for name, side in (("sell", right.sell), ("buy", right.buy)):
                if side is not None:
                    expected[name, side.currency] += side.nanos
        differing("P3", found, expected, "sum of")

    def _balances(self, charges: Mapping[tuple[bytes, str], Row]) -> None:
        posted, owed = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
        for book in self._of.posted.books().values():
            for key, balance in book.items():
                if key.role != "partition":
                    posted[key.role, key.account, key.currency] += balance.nanos
        for (_, leg), row in charges.items():
            if not row["reason"]:
                role = "customer" if leg == "sell" else "vendor"
                owed[role, row[role], row["currency"]] += row["nanos"]
        differing("P4", posted, owed, "balance of")


def tables(of: "Simulation") -> dict[str, list[Row]]:
    """The final tables, less what may differ between two runs of one input."""
    return {
        name: without(of.store.final(name), "version")
        for name in ("cdr", "charge", "dead_letter", "receipt")
    }


def _places(rows: list[Row]) -> str:
    return " ".join(f"{row['offset']}" + (f".{row['row']}" if "row" in row else "") for row in rows)
