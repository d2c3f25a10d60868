-- What collectors have taken. A file: one row, the one with the highest change; first_at and last_at
-- are the answer times of its calls, 1970 while it has none; skipped_kinds: JSON.
CREATE TABLE IF NOT EXISTS collected_file
(
    source        LowCardinality(String),
    file          String,
    name          String,
    revision      LowCardinality(String),
    state         LowCardinality(String),
    detail        String,
    copy_of       String,
    sha256        String,
    start         UInt64,
    bytes         UInt64,
    lines         UInt64,
    records       UInt64,
    calls         UInt64,
    dead          UInt64,
    skipped       UInt64,
    skipped_kinds String,
    first_at      DateTime64(3, 'UTC'),
    last_at       DateTime64(3, 'UTC'),
    begun_at      DateTime64(3, 'UTC'),
    seen_at       DateTime64(3, 'UTC'),
    change        UInt64,
    log           LowCardinality(String),
    partition     UInt16,
    offset        UInt64
)
ENGINE = ReplacingMergeTree(change)
PARTITION BY toYYYYMM(begun_at)
ORDER BY (source, file);

-- Where in cdr.raw the records of a file are: a row for each message. Its receipt says what became
-- of them.
CREATE TABLE IF NOT EXISTS collected_message
(
    source        LowCardinality(String),
    file          String,
    raw_log       LowCardinality(String),
    raw_partition UInt16,
    raw_offset    UInt64,
    calls         UInt32,
    dead          UInt32,
    sent_at       DateTime64(3, 'UTC'),
    log           LowCardinality(String),
    partition     UInt16,
    offset        UInt64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(sent_at)
ORDER BY (file, raw_log, raw_partition, raw_offset);
