-- Calls in suspense, of those that arrived since a moment.
SELECT
    reason,
    count() AS calls,
    sum(toUInt64(duration_ms)),
    max(toUnixTimestamp64Milli(received_at))
FROM charge FINAL
WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND leg = 'sell' AND reason != ''
GROUP BY reason
ORDER BY calls DESC, reason
LIMIT {rows_max:UInt32}
