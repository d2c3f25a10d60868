"""A month of rated calls in ClickHouse, as the stream would have left them, and decks to change."""

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.charges import leg_columns
from billing.deck import ALWAYS_MS, DeckOptions, DeckVersion, encode_options
from billing.deck_csv import parse_deck
from billing.parties import Account, parties_of
from billing.rating import REASONS, rate
from billing.tariff import Tariff, compile_tariff
from clickhouse import reference
from clickhouse.client import insert_arrow
from clickhouse.tables import CDR, CHARGE, LIVE_VERSIONS
from deploy.traffic import seed_decks
from kernels import parse_numbers

DAY_MS: Final = 86_400_000
DAYS: Final = 10
FROM_MS: Final = 20_400 * DAY_MS
BATCH: Final = 500_000
CUSTOMERS, VENDORS = 200, 20
SHARES: Final = {"all": 1.0, "tenth": 0.1, "thousandth": 0.001}
"""name -> share of the calls whose sell price another deck changes"""


def decks() -> dict[tuple[str, str], list[dict[str, str]]]:
    """The demo's decks: (side, name) -> rows."""
    return {(deck.side, deck.name): list(deck.rows) for deck in seed_decks(1)}


def publish(client: Client, name: str, side: str, rows: list[dict[str, str]]) -> DeckVersion:
    """Store a full version."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    options = DeckOptions()
    rates = parse_deck(text.getvalue().encode(), name, ALWAYS_MS, options).rates
    number = reference.claim_number(client)
    version = DeckVersion(number, name, side, "full", ALWAYS_MS, number, options, rates)
    reference.save_version(client, version, encode_options(options), name, "0" * 64)
    return version


def sold() -> list[str]:
    """The names of the sell decks."""
    return [name for side, name in decks() if side == "sell"]


def publish_dearer(client: Client) -> None:
    """Store, for every sell deck NAME and each share, the deck NAME-SHARE."""
    for (side, name), rows in decks().items():
        for share, part in SHARES.items() if side == "sell" else ():
            publish(client, f"{name}-{share}", side, dearer(rows, part))


def dearer(rows: list[dict[str, str]], share: float) -> list[dict[str, str]]:
    """The same deck, with one code in 1 / share of them a hundredth of a cent dearer a minute."""
    every = round(1 / share)
    found = []
    for at, row in enumerate(rows):
        more = Decimal("0.0001") if at % every == 0 else Decimal(0)
        found.append({**row, "rate_per_min": str(Decimal(row["rate_per_min"]) + more)})
    return found


def accounts(sell: list[str], buy: list[str]) -> list[Account]:
    """Customers and vendors, decks in turn."""
    return [
        *(
            Account(f"customer-{i:03d}", "customer", "", sell[i % len(sell)], "USD")
            for i in range(CUSTOMERS)
        ),
        *(
            Account(f"vendor-{i:02d}", "vendor", "", buy[i % len(buy)], "USD")
            for i in range(VENDORS)
        ),
    ]


def fill(client: Client, calls: int, progress: Callable[[int], None]) -> None:
    """Store decks, accounts and so many rated calls of DAYS days."""
    all_decks = decks()
    versions = [publish(client, name, side, rows) for (side, name), rows in all_decks.items()]
    sell, buy = ([name for own, name in all_decks if own == side] for side in ("sell", "buy"))
    everybody = accounts(sell, buy)
    reference.save_accounts(client, everybody, 1)
    tariff = compile_tariff(versions, parties_of(everybody))
    rng = np.random.default_rng(1)
    prefixes = [row["prefix"] for row in all_decks["sell", sell[0]]]
    left, done = [calls // DAYS + (day < calls % DAYS) for day in range(DAYS)], 0
    for day, own in enumerate(left):
        for begin in range(0, own, BATCH):
            n = min(BATCH, own - begin)
            _store(client, tariff, _calls(rng, prefixes, day, n), done)
            done += n
            progress(done)


def _calls(rng: np.random.Generator, prefixes: list[str], day: int, n: int) -> pa.RecordBatch:
    def pick(name: str, width: int, of: int) -> pa.Array:
        names = pa.array([f"{name}-{i:0{width}d}" for i in range(of)])
        return names.take(pa.array(rng.integers(0, of, n)))

    codes = pa.array(prefixes).take(pa.array(rng.integers(0, len(prefixes), n)))
    rest = pa.array(rng.integers(1_000_000, 9_999_999, n)).cast(pa.string())
    called = pa.compute.binary_join_element_wise(codes, rest, "")
    answered = FROM_MS + day * DAY_MS + rng.integers(0, DAY_MS, n)
    return pa.RecordBatch.from_pydict(
        {
            "customer": pick("customer", 3, CUSTOMERS),
            "vendor": pick("vendor", 2, VENDORS),
            "calling": pa.repeat("15550100", n),
            "called": called,
            "answered_at": pa.array(answered, pa.timestamp("ms", "UTC")),
            "duration_ms": pa.array(rng.exponential(120_000, n).astype(np.int64) + 1),
        }
    )


def _store(client: Client, tariff: Tariff, calls: pa.RecordBatch, first: int) -> None:
    n = calls.num_rows
    digits, count = parse_numbers(calls.column("called"))
    priced = rate(calls, digits, count, tariff)
    ids = np.zeros((n, 2), np.uint64)
    serial = np.arange(first, first + n, dtype=np.uint64)
    ids[:, 0], ids[:, 1] = serial * np.uint64(0x9E3779B97F4A7C15), serial
    cdr_id = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), n, [None, pa.py_buffer(ids)])
    common = {name: calls.column(name) for name in calls.schema.names}
    common |= {
        "cdr_id": cdr_id,
        "duration_ms": calls.column("duration_ms").cast(pa.uint32()),
        "received_at": calls.column("answered_at"),
        "version": pa.repeat(pa.scalar(LIVE_VERSIONS - 1, pa.uint64()), n),
    }
    texts = {"switch": "sbc-1", "call_id": "c", "leg": "a", "log": "bench"}
    numbers = {"sip_code": 200, "pdd_ms": 900, "node_id": 0, "dialcode_epoch": 0}
    numbers |= {"partition": 0, "offset": 0, "row": 0}
    constants = {name: pa.repeat(value, n) for name, value in (texts | numbers).items()}
    _insert(client, CDR, {**constants, **common})
    reason = pa.array(REASONS, pa.string()).take(pa.array(priced.reason))
    legs = [
        {
            **common,
            **leg_columns(priced, leg, tariff)._asdict(),
            "leg": pa.repeat(leg, n),
            "reason": reason,
            "run": pa.repeat(0, n),
        }
        for leg in ("sell", "buy")
    ]
    for leg in legs:
        _insert(client, CHARGE, leg)


def _insert(client: Client, table: object, columns: dict[str, pa.Array]) -> None:
    schema = table.schema  # type: ignore[attr-defined]
    arrays = [columns[field.name].cast(field.type) for field in schema]
    insert_arrow(client, table, pa.Table.from_arrays(arrays, schema=schema))  # type: ignore[arg-type]
