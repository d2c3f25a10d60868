-- What accounts may owe. trunks: JSON, trunk -> [max_calls, max_calls_per_s].
CREATE TABLE IF NOT EXISTS credit_limit
(
    role            Enum8('customer' = 1, 'vendor' = 2),
    account         String,
    currency        LowCardinality(String),
    limit_nanos     Int64,
    max_calls       UInt32,
    max_calls_per_s UInt32,
    when_recovering LowCardinality(String),
    trunks          String,
    loaded_at       DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(loaded_at)
ORDER BY (role, account);

-- Payments, adjustments, opening balances: each id of an account counts once, the first one sent.
CREATE TABLE IF NOT EXISTS movement
(
    role        Enum8('customer' = 1, 'vendor' = 2),
    account     String,
    id          String,
    kind        LowCardinality(String),
    currency    LowCardinality(String),
    nanos       Int64,
    ordered_by  String,
    note        String,
    at          DateTime64(3, 'UTC'),
    received_at DateTime64(3, 'UTC'),
    log         LowCardinality(String),
    version     UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (role, account, id);

-- What every account may still spend, as its worker saw it last.
CREATE TABLE IF NOT EXISTS credit_state
(
    account        String,
    log            LowCardinality(String),
    partition      UInt16,
    limited        UInt8,
    limit_nanos    Int64,
    paid_nanos     Int64,
    spent_nanos    Int64,
    reserved_nanos Int64,
    free_nanos     Int64,
    overrun_nanos  Int64,
    calls          UInt32,
    level          UInt8,
    blocks         UInt32,
    at             DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY account;

-- Answers to calls that asked, or began without asking; a row for each message of credit.decisions.
CREATE TABLE IF NOT EXISTS credit_decision
(
    at             DateTime64(3, 'UTC'),
    account        LowCardinality(String),
    switch         LowCardinality(String),
    call_id        String,
    leg            LowCardinality(String),
    trunk          LowCardinality(String),
    called         String,
    destination    LowCardinality(String),
    allowed        UInt8,
    reason         LowCardinality(String),
    max_s          UInt32,
    granted_s      UInt32,
    reserved_nanos Int64,
    free_nanos     Int64,
    vendors        String,
    log            LowCardinality(String),
    partition      UInt16,
    offset         UInt64
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(at)
ORDER BY (account, at, log, partition, offset);

-- What people should know of accounts; a row for each message of credit.events.
CREATE TABLE IF NOT EXISTS credit_event
(
    at        DateTime64(3, 'UTC'),
    account   LowCardinality(String),
    kind      LowCardinality(String),
    nanos     Int64,
    detail    String,
    log       LowCardinality(String),
    partition UInt16,
    offset    UInt64
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(at)
ORDER BY (account, at, log, partition, offset);
