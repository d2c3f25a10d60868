-- Rates may hold in one time class or for one origin class only; accounts may have another currency
-- than their deck. A charge names the exchange rate in it: fx_num / fx_den, 1 / 1 where none was.

ALTER TABLE rate ADD COLUMN IF NOT EXISTS
    time_class LowCardinality(String) DEFAULT 'any' AFTER valid_to;

ALTER TABLE rate ADD COLUMN IF NOT EXISTS
    origin_class LowCardinality(String) DEFAULT 'any' AFTER time_class;

ALTER TABLE charge ADD COLUMN IF NOT EXISTS fx_num UInt64 DEFAULT 1 AFTER rate_row;

ALTER TABLE charge ADD COLUMN IF NOT EXISTS fx_den UInt64 DEFAULT 1 AFTER fx_num;

-- Append-only: one unit of from_currency is numerator / denominator units of to_currency.
CREATE TABLE IF NOT EXISTS fx_rate
(
    from_currency LowCardinality(String),
    to_currency   LowCardinality(String),
    valid_from    DateTime64(3, 'UTC'),
    published_at  DateTime64(3, 'UTC'),
    numerator     UInt64,
    denominator   UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (from_currency, to_currency, valid_from, published_at, numerator, denominator);
