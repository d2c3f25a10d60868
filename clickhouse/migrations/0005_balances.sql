-- What the controls have posted: for each log and partition the balances of its accounts, as of the
-- position in the row of role 'partition'. A later balance has more calls than the one it replaces.

CREATE TABLE IF NOT EXISTS balance
(
    log       LowCardinality(String),
    partition UInt16,
    role      LowCardinality(String),
    account   String,
    currency  LowCardinality(String),
    offset    UInt64,
    row       UInt32,
    nanos     Int64,
    calls     UInt64
)
ENGINE = ReplacingMergeTree(calls)
ORDER BY (log, partition, role, account, currency);
