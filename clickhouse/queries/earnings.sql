-- Legs of the calls that arrived, in steps of time and per currency. Money of rated legs only.
-- A suspended leg may name no currency; its attempts count under ''.
-- FINAL reads whole days: of those only that have a call which arrived then. All rows of a key have
-- one answered_at, so none that FINAL must see is left out.
SELECT
    intDiv(toUnixTimestamp64Milli(received_at), {step_ms:Int64}) * {step_ms:Int64} AS start_ms,
    currency,
    countIf(leg = 'sell') AS attempts,
    countIf(leg = 'sell' AND duration_ms > 0) AS answered,
    countIf(leg = 'sell' AND duration_ms > 0 AND reason = '') AS answered_rated,
    sumIf(toUInt64(billed_s), leg = 'sell' AND duration_ms > 0 AND reason = '') AS billed_s,
    sumIf(toInt128(nanos), leg = 'sell' AND reason = '') AS sell_nanos,
    sumIf(toInt128(nanos), leg = 'buy' AND reason = '') AS buy_nanos
FROM charge FINAL
WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND received_at < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
    AND toYYYYMMDD(answered_at) IN
    (
        SELECT DISTINCT toYYYYMMDD(answered_at)
        FROM charge
        WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
            AND received_at < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
    )
GROUP BY start_ms, currency
ORDER BY start_ms, currency
