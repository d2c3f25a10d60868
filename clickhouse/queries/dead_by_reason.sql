-- Dead letters that arrived since a moment.
SELECT
    reason,
    count() AS calls,
    sum(duration_ms),
    max(toUnixTimestamp64Milli(received_at))
FROM dead_letter FINAL
WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
GROUP BY reason
ORDER BY calls DESC, reason
LIMIT {rows_max:UInt32}
