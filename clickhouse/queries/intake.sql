-- Calls that arrived, by outcome, in steps of time between two moments.
SELECT
    intDiv(toUnixTimestamp64Milli(received_at), {step_ms:Int64}) * {step_ms:Int64} AS start_ms,
    sum(toUInt64(calls)),
    sum(toUInt64(rated)),
    sum(toUInt64(suspended)),
    sum(toUInt64(dead)),
    sum(toUInt64(duplicate))
FROM receipt FINAL
WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND received_at < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
GROUP BY start_ms
ORDER BY start_ms
