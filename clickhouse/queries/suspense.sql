-- What waits in suspense of the calls of a window: per reason, customer and vendor.
-- The window is of the call's own time, by which the table is partitioned.
SELECT
    reason,
    customer,
    vendor,
    count() AS calls,
    sum(toUInt64(duration_ms)) AS talked_ms,
    min(toUnixTimestamp64Milli(answered_at)) AS oldest_ms,
    max(toUnixTimestamp64Milli(answered_at)) AS newest_ms
FROM charge FINAL
WHERE answered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND answered_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    AND leg = 'sell' AND reason != ''
GROUP BY reason, customer, vendor
ORDER BY talked_ms DESC, calls DESC, reason, customer, vendor
LIMIT {rows_max:UInt32}
