-- Calls in suspense, of those that arrived since a moment.
-- FINAL reads whole days: of those only that have a call which arrived then. All rows of a key have
-- one answered_at, so none that FINAL must see is left out.
SELECT
    reason,
    count() AS calls,
    sum(toUInt64(duration_ms)),
    max(toUnixTimestamp64Milli(received_at))
FROM charge FINAL
WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND toYYYYMMDD(answered_at) IN
    (
        SELECT DISTINCT toYYYYMMDD(answered_at)
        FROM charge
        WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    )
    AND leg = 'sell' AND reason != ''
GROUP BY reason
ORDER BY calls DESC, reason
LIMIT {rows_max:UInt32}
