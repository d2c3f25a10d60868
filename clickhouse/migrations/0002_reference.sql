-- What prices calls. Append-only: a deck version never changes, a correction is a new version.
-- The same version written twice (a retried insert) is one row; two that differ both stay.

CREATE TABLE IF NOT EXISTS deck_version
(
    deck_version UInt32,
    deck         String,
    side         Enum8('sell' = 1, 'buy' = 2),
    currency     LowCardinality(String),
    coverage     Enum8('full' = 1, 'partial' = 2),
    valid_from   DateTime64(3, 'UTC'),
    published_at DateTime64(3, 'UTC'),
    options      String,
    source       String,
    sha256       FixedString(64),
    rates        UInt32
)
ENGINE = ReplacingMergeTree
ORDER BY (deck_version, sha256);

CREATE TABLE IF NOT EXISTS rate
(
    deck_version      UInt32,
    rate_row          UInt32,
    prefix            String,
    destination       LowCardinality(String),
    first_rate_nanos  Int64,
    next_rate_nanos   Int64,
    connect_nanos     Int64,
    first_increment_s UInt16,
    next_increment_s  UInt16,
    valid_from        DateTime64(3, 'UTC'),
    valid_to          Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplacingMergeTree
ORDER BY (deck_version, rate_row);

CREATE TABLE IF NOT EXISTS account
(
    account   String,
    role      Enum8('customer' = 1, 'vendor' = 2),
    name      String,
    deck      String,
    currency  LowCardinality(String),
    loaded_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(loaded_at)
ORDER BY (role, account);

-- A version's number is claimed before its rates are written; a number claimed twice is burnt.
CREATE TABLE IF NOT EXISTS deck_number
(
    number UInt32,
    claim  UUID
)
ENGINE = MergeTree
ORDER BY number;
