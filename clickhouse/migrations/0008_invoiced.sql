-- Up to when the calls of an account have been invoiced (a customer) or settled (a vendor). A change
-- of such a call is booked as an adjustment of the day on which it is made.
CREATE TABLE IF NOT EXISTS invoiced
(
    role    Enum8('customer' = 1, 'vendor' = 2),
    account String,
    until   DateTime64(3, 'UTC'),
    set_by  String,
    set_at  DateTime64(3, 'UTC') MATERIALIZED now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(set_at)
ORDER BY (role, account);

-- 1: the call had been invoiced when the change was made.
ALTER TABLE rerate_delta ADD COLUMN IF NOT EXISTS adjusts UInt8 DEFAULT 0;
