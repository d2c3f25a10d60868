"""The tables as Python values: the one place that says which Arrow columns are inserted into them.

A test compares this file with a freshly migrated database, both ways: neither can change alone.
Columns that ClickHouse fills by itself (MATERIALIZED) are not inserted and not here.
"""

from typing import Final

from clickhouse.credit_tables import (
    CREDIT_DECISION,
    CREDIT_EVENT,
    CREDIT_LIMIT,
    CREDIT_STATE,
    MOVEMENT,
)
from clickhouse.fraud_tables import FRAUD_ACTION, FRAUD_ALERT
from clickhouse.table import table

CDR: Final = table(
    "cdr",
    {
        "cdr_id": "FixedString(16)",
        "switch": "LowCardinality(String)",
        "call_id": "String",
        "leg": "LowCardinality(String)",
        "customer": "LowCardinality(String)",
        "vendor": "LowCardinality(String)",
        "calling": "String",
        "called": "String",
        "answered_at": "DateTime64(3, 'UTC')",
        "duration_ms": "UInt32",
        "sip_code": "UInt16",
        "pdd_ms": "Nullable(UInt32)",
        "lrn": "String",
        "node_id": "UInt32",
        "dialcode_epoch": "UInt64",
        "received_at": "DateTime64(3, 'UTC')",
        "log": "LowCardinality(String)",
        "partition": "UInt16",
        "offset": "UInt64",
        "row": "UInt32",
        "version": "UInt64",
    },
)

CHARGE: Final = table(
    "charge",
    {
        "customer": "LowCardinality(String)",
        "vendor": "LowCardinality(String)",
        "answered_at": "DateTime64(3, 'UTC')",
        "cdr_id": "FixedString(16)",
        "leg": "Enum8('sell' = 1, 'buy' = 2)",
        "reason": "LowCardinality(String)",
        "duration_ms": "UInt32",
        "billed_s": "UInt32",
        "nanos": "Int64",
        "currency": "LowCardinality(String)",
        "deck_version": "UInt32",
        "rate_row": "UInt32",
        "fx_num": "UInt64",
        "fx_den": "UInt64",
        "received_at": "DateTime64(3, 'UTC')",
        "run": "UInt32",
        "version": "UInt64",
    },
)

DEAD_LETTER: Final = table(
    "dead_letter",
    {
        "log": "LowCardinality(String)",
        "partition": "UInt16",
        "offset": "UInt64",
        "row": "UInt32",
        "received_at": "DateTime64(3, 'UTC')",
        "reason": "LowCardinality(String)",
        "field": "LowCardinality(String)",
        "value": "String",
        "detail": "String",
        "duration_ms": "UInt64",
        "raw": "String",
    },
)

RECEIPT: Final = table(
    "receipt",
    {
        "log": "LowCardinality(String)",
        "partition": "UInt16",
        "offset": "UInt64",
        "received_at": "DateTime64(3, 'UTC')",
        "calls": "UInt32",
        "rated": "UInt32",
        "suspended": "UInt32",
        "dead": "UInt32",
        "duplicate": "UInt32",
        "calls_ms": "UInt64",
        "rated_ms": "UInt64",
        "suspended_ms": "UInt64",
        "dead_ms": "UInt64",
        "duplicate_ms": "UInt64",
    },
)

DECK_VERSION: Final = table(
    "deck_version",
    {
        "deck_version": "UInt32",
        "deck": "String",
        "side": "Enum8('sell' = 1, 'buy' = 2)",
        "currency": "LowCardinality(String)",
        "coverage": "Enum8('full' = 1, 'partial' = 2)",
        "valid_from": "DateTime64(3, 'UTC')",
        "published_at": "DateTime64(3, 'UTC')",
        "options": "String",
        "source": "String",
        "sha256": "FixedString(64)",
        "rates": "UInt32",
    },
)

RATE: Final = table(
    "rate",
    {
        "deck_version": "UInt32",
        "rate_row": "UInt32",
        "prefix": "String",
        "destination": "LowCardinality(String)",
        "first_rate_nanos": "Int64",
        "next_rate_nanos": "Int64",
        "connect_nanos": "Int64",
        "first_increment_s": "UInt16",
        "next_increment_s": "UInt16",
        "valid_from": "DateTime64(3, 'UTC')",
        "valid_to": "Nullable(DateTime64(3, 'UTC'))",
        "time_class": "LowCardinality(String)",
        "origin_class": "LowCardinality(String)",
        "blocked": "UInt8",
    },
)

ACCOUNT: Final = table(
    "account",
    {
        "account": "String",
        "role": "Enum8('customer' = 1, 'vendor' = 2)",
        "name": "String",
        "deck": "String",
        "currency": "LowCardinality(String)",
        "loaded_at": "DateTime64(3, 'UTC')",
    },
)

DECK_NUMBER: Final = table("deck_number", {"number": "UInt32", "claim": "UUID"})

FX_RATE: Final = table(
    "fx_rate",
    {
        "from_currency": "LowCardinality(String)",
        "to_currency": "LowCardinality(String)",
        "valid_from": "DateTime64(3, 'UTC')",
        "published_at": "DateTime64(3, 'UTC')",
        "numerator": "UInt64",
        "denominator": "UInt64",
    },
)

BALANCE: Final = table(
    "balance",
    {
        "log": "LowCardinality(String)",
        "partition": "UInt16",
        "role": "LowCardinality(String)",
        "account": "String",
        "currency": "LowCardinality(String)",
        "offset": "UInt64",
        "row": "UInt32",
        "nanos": "Int64",
        "calls": "UInt64",
    },
)

PRICED: Final = (
    *("reason", "billed_s", "nanos", "currency", "deck_version", "rate_row", "fx_num", "fx_den"),
    "run",
)
"""The columns of `charge` that a re-rating changes."""

RERATE_STEP: Final = table(
    "rerate_step",
    {
        "step": "UInt32",
        "run": "UInt32",
        "phase": "LowCardinality(String)",
        "state": "LowCardinality(String)",
        "undoes": "UInt32",
    },
)

RERATE_DELTA: Final = table(
    "rerate_delta",
    {
        "step": "UInt32",
        "run": "UInt32",
        **{name: CHARGE.columns[name] for name in ("customer", "vendor", "answered_at")},
        **{name: CHARGE.columns[name] for name in ("cdr_id", "leg", "duration_ms")},
        "received_at": "DateTime64(3, 'UTC')",
        **{f"{which}_{name}": CHARGE.columns[name] for which in ("old", "new") for name in PRICED},
        "adjusts": "UInt8",
    },
)

RERATE_CHUNK: Final = table(
    "rerate_chunk",
    {
        "step": "UInt32",
        "round": "UInt16",
        "chunk": "String",
        "run": "UInt32",
        "calls": "UInt64",
        "figures": "String",
        "refusal": "String",
        "device": "LowCardinality(String)",
        "worker": "LowCardinality(String)",
        "took_ms": "UInt64",
        "read_at": "DateTime64(3, 'UTC')",
    },
)

RERATE_PRICES: Final = table("rerate_prices", {"digest": "FixedString(32)", "body": "String"})

INVOICED: Final = table(
    "invoiced",
    {
        "role": ACCOUNT.columns["role"],
        "account": "String",
        "until": "DateTime64(3, 'UTC')",
        "set_by": "String",
    },
)

TABLES: Final = (
    *(CDR, CHARGE, DEAD_LETTER, RECEIPT, DECK_VERSION, RATE, ACCOUNT, DECK_NUMBER),
    *(FX_RATE, BALANCE, RERATE_STEP, RERATE_DELTA, RERATE_CHUNK, RERATE_PRICES, INVOICED),
    *(CREDIT_LIMIT, MOVEMENT, CREDIT_STATE, CREDIT_DECISION, CREDIT_EVENT),
    *(FRAUD_ALERT, FRAUD_ACTION),
)

LIVE_VERSIONS: Final = 1 << 48
"""The versions of rows written live lie below this, those of a re-rating step from here on."""
