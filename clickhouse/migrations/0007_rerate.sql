-- Bulk re-rating. A step is a preview, an apply or a roll-back of a run; later steps have higher
-- numbers. Workers write for a step only while its newest row here says 'open'. A roll-back names the
-- apply that it undoes, in every row of its own: no later word about that apply can take it back.
CREATE TABLE IF NOT EXISTS rerate_step
(
    step       UInt32,
    run        UInt32,
    phase      LowCardinality(String),
    state      LowCardinality(String),
    undoes     UInt32,
    changed_at DateTime64(6, 'UTC') MATERIALIZED now64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY step;

-- The ledger. Every change of a charge is written down before it is made: one row per leg and step,
-- the charge before and after. The charges are what was rated live plus the sum of this table over
-- the applies that no roll-back undoes.
CREATE TABLE IF NOT EXISTS rerate_delta
(
    step             UInt32,
    run              UInt32,
    customer         LowCardinality(String),
    vendor           LowCardinality(String),
    answered_at      DateTime64(3, 'UTC'),
    cdr_id           FixedString(16),
    leg              Enum8('sell' = 1, 'buy' = 2),
    duration_ms      UInt32,
    received_at      DateTime64(3, 'UTC'),
    old_reason       LowCardinality(String),
    old_billed_s     UInt32,
    old_nanos        Int64,
    old_currency     LowCardinality(String),
    old_deck_version UInt32,
    old_rate_row     UInt32,
    old_fx_num       UInt64,
    old_fx_den       UInt64,
    old_run          UInt32,
    new_reason       LowCardinality(String),
    new_billed_s     UInt32,
    new_nanos        Int64,
    new_currency     LowCardinality(String),
    new_deck_version UInt32,
    new_rate_row     UInt32,
    new_fx_num       UInt64,
    new_fx_den       UInt64,
    new_run          UInt32
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(answered_at)
ORDER BY (step, customer, answered_at, cdr_id, leg);

-- What became of a chunk: a step is done when each chunk of its plan has its row.
CREATE TABLE IF NOT EXISTS rerate_chunk
(
    step    UInt32,
    round   UInt16,
    chunk   String,
    run     UInt32,
    calls   UInt64,
    figures String CODEC(ZSTD),
    refusal String,
    device  LowCardinality(String),
    worker  LowCardinality(String),
    took_ms UInt64,
    read_at DateTime64(3, 'UTC'),
    done_at DateTime64(3, 'UTC') MATERIALIZED now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (step, round, chunk);

-- What a run prices from, whole and for good: deck versions by number, accounts, exchange rates.
CREATE TABLE IF NOT EXISTS rerate_prices
(
    digest FixedString(32),
    body   String CODEC(ZSTD)
)
ENGINE = ReplacingMergeTree
ORDER BY digest;
