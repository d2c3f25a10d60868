-- The newest events of an account's credit: thresholds, blocks, disconnects, refused orders.
SELECT
    toUnixTimestamp64Milli(at) AS at_ms,
    kind,
    nanos,
    detail
FROM credit_event FINAL
WHERE account = {account:String}
ORDER BY at DESC, partition, offset DESC
LIMIT {rows_max:UInt32}
