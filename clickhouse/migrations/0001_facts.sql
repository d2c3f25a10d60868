-- The facts of the stream. Every table is idempotent by its sort key (ReplacingMergeTree): a row
-- written again replaces itself; queries about money read FINAL. One insert touches one partition.

CREATE TABLE IF NOT EXISTS cdr
(
    cdr_id         FixedString(16),
    switch         LowCardinality(String),
    call_id        String,
    leg            LowCardinality(String),
    customer       LowCardinality(String),
    vendor         LowCardinality(String),
    calling        String,
    called         String,
    answered_at    DateTime64(3, 'UTC'),
    duration_ms    UInt32,
    sip_code       UInt16,
    pdd_ms         Nullable(UInt32),
    node_id        UInt32,
    dialcode_epoch UInt64,
    received_at    DateTime64(3, 'UTC'),
    log            LowCardinality(String),
    partition      UInt16,
    offset         UInt64,
    row            UInt32,
    version        UInt64,
    INDEX received received_at TYPE minmax GRANULARITY 1,
    INDEX id cdr_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMMDD(answered_at)
ORDER BY (customer, answered_at, cdr_id);

-- One row per call leg. A suspended call has its legs here too, with the reason and no money, so
-- that a later rating of the same call replaces the suspense instead of standing beside it.
CREATE TABLE IF NOT EXISTS charge
(
    customer     LowCardinality(String),
    vendor       LowCardinality(String),
    answered_at  DateTime64(3, 'UTC'),
    cdr_id       FixedString(16),
    leg          Enum8('sell' = 1, 'buy' = 2),
    reason       LowCardinality(String),
    duration_ms  UInt32,
    billed_s     UInt32,
    nanos        Int64,
    currency     LowCardinality(String),
    deck_version UInt32,
    rate_row     UInt32,
    received_at  DateTime64(3, 'UTC'),
    run          UInt32,
    version      UInt64,
    stored_at    DateTime64(3, 'UTC') MATERIALIZED now64(3, 'UTC') CODEC(DoubleDelta, ZSTD),
    INDEX received received_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMMDD(answered_at)
ORDER BY (customer, answered_at, cdr_id, leg);

CREATE TABLE IF NOT EXISTS dead_letter
(
    log         LowCardinality(String),
    partition   UInt16,
    offset      UInt64,
    row         UInt32,
    received_at DateTime64(3, 'UTC'),
    reason      LowCardinality(String),
    field       LowCardinality(String),
    value       String,
    detail      String,
    duration_ms UInt64,
    raw         String CODEC(ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (log, partition, offset, row);

-- The intake ledger: one row per message of cdr.raw, written from the rater's own count of what it
-- took in, so that it can be held against the rows that came out.
CREATE TABLE IF NOT EXISTS receipt
(
    log          LowCardinality(String),
    partition    UInt16,
    offset       UInt64,
    received_at  DateTime64(3, 'UTC'),
    calls        UInt32,
    rated        UInt32,
    suspended    UInt32,
    dead         UInt32,
    duplicate    UInt32,
    calls_ms     UInt64,
    rated_ms     UInt64,
    suspended_ms UInt64,
    dead_ms      UInt64,
    duplicate_ms UInt64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (log, partition, offset);

CREATE VIEW IF NOT EXISTS suspense AS
SELECT customer, vendor, answered_at, cdr_id, reason, duration_ms, received_at
FROM charge FINAL
WHERE leg = 'sell' AND reason != '';
