"""The tables of credit control."""

from typing import Final

from clickhouse.table import table

CREDIT_LIMIT: Final = table(
    "credit_limit",
    {
        "role": "Enum8('customer' = 1, 'vendor' = 2)",
        "account": "String",
        "currency": "LowCardinality(String)",
        "limit_nanos": "Int64",
        "max_calls": "UInt32",
        "max_calls_per_s": "UInt32",
        "when_recovering": "LowCardinality(String)",
        "trunks": "String",
        "loaded_at": "DateTime64(3, 'UTC')",
    },
)

MOVEMENT: Final = table(
    "movement",
    {
        "role": "Enum8('customer' = 1, 'vendor' = 2)",
        "account": "String",
        "id": "String",
        "kind": "LowCardinality(String)",
        "currency": "LowCardinality(String)",
        "nanos": "Int64",
        "ordered_by": "String",
        "note": "String",
        "at": "DateTime64(3, 'UTC')",
        "received_at": "DateTime64(3, 'UTC')",
        "log": "LowCardinality(String)",
        "version": "UInt64",
    },
)

CREDIT_STATE: Final = table(
    "credit_state",
    {
        "account": "String",
        "log": "LowCardinality(String)",
        "partition": "UInt16",
        "limited": "UInt8",
        **dict.fromkeys(
            (
                *("limit_nanos", "paid_nanos", "spent_nanos", "reserved_nanos", "free_nanos"),
                "overrun_nanos",
            ),
            "Int64",
        ),
        "calls": "UInt32",
        "level": "UInt8",
        "blocks": "UInt32",
        "at": "DateTime64(3, 'UTC')",
    },
)

_POSITION: Final = {
    "log": "LowCardinality(String)",
    "partition": "UInt16",
    "offset": "UInt64",
}

CREDIT_DECISION: Final = table(
    "credit_decision",
    {
        "at": "DateTime64(3, 'UTC')",
        "account": "LowCardinality(String)",
        "switch": "LowCardinality(String)",
        "call_id": "String",
        "leg": "LowCardinality(String)",
        "trunk": "LowCardinality(String)",
        "called": "String",
        "destination": "LowCardinality(String)",
        "allowed": "UInt8",
        "reason": "LowCardinality(String)",
        "max_s": "UInt32",
        "granted_s": "UInt32",
        "reserved_nanos": "Int64",
        "free_nanos": "Int64",
        "vendors": "String",
        **_POSITION,
    },
)

CREDIT_EVENT: Final = table(
    "credit_event",
    {
        "at": "DateTime64(3, 'UTC')",
        "account": "LowCardinality(String)",
        "kind": "LowCardinality(String)",
        "nanos": "Int64",
        "detail": "String",
        **_POSITION,
    },
)
