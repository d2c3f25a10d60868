"""The tables of the fraud watch."""

from typing import Final

from clickhouse.table import table

_POSITION: Final = {
    "log": "LowCardinality(String)",
    "partition": "UInt16",
    "offset": "UInt64",
}

FRAUD_ALERT: Final = table(
    "fraud_alert",
    {
        "id": "String",
        "revision": "UInt32",
        "family": "LowCardinality(String)",
        "subject_kind": "LowCardinality(String)",
        "subject": "String",
        "account": "String",
        "currency": "LowCardinality(String)",
        "severity": "LowCardinality(String)",
        "since_at": "DateTime64(3, 'UTC')",
        "raised_at": "DateTime64(3, 'UTC')",
        "updated_at": "DateTime64(3, 'UTC')",
        "money_nanos": "Int64",
        "at_risk_nanos_per_h": "Int64",
        "reasons": "String",
        "evidence": "String",
        "calls": "String",
        "block": "String",
        **_POSITION,
    },
)

FRAUD_ACTION: Final = table(
    "fraud_action",
    {
        "at": "DateTime64(3, 'UTC')",
        "alert": "String",
        "account": "String",
        "kind": "LowCardinality(String)",
        "ordered_by": "String",
        "value": "String",
        "until_at": "DateTime64(3, 'UTC')",
        "note": "String",
        **_POSITION,
    },
)
