-- Incidents as they were told: a row for each revision. reasons, calls: separated by commas, calls as
-- the first halves of cdr_ids in hexadecimal; evidence, block: JSON.
CREATE TABLE IF NOT EXISTS fraud_alert
(
    id                  String,
    revision            UInt32,
    family              LowCardinality(String),
    subject_kind        LowCardinality(String),
    subject             String,
    account             String,
    currency            LowCardinality(String),
    severity            LowCardinality(String),
    since_at            DateTime64(3, 'UTC'),
    raised_at           DateTime64(3, 'UTC'),
    updated_at          DateTime64(3, 'UTC'),
    money_nanos         Int64,
    at_risk_nanos_per_h Int64,
    reasons             String,
    evidence            String,
    calls               String,
    block               String,
    log                 LowCardinality(String),
    partition           UInt16,
    offset              UInt64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(updated_at)
ORDER BY (id, revision);

-- What was done about incidents, by policy or by people; a row for each message of fraud.actions.
CREATE TABLE IF NOT EXISTS fraud_action
(
    at         DateTime64(3, 'UTC'),
    alert      String,
    account    String,
    kind       LowCardinality(String),
    ordered_by String,
    value      String,
    until_at   DateTime64(3, 'UTC'),
    note       String,
    log        LowCardinality(String),
    partition  UInt16,
    offset     UInt64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (alert, at, log, partition, offset);
