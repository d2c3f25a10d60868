-- Attempts of each customer to each destination of the sell leg, of calls that arrived before and
-- since a moment. Only what was tried often enough on both sides: a quality of few calls is chance.
-- The rate table is read only at the rows in use; ANY, because a rate row may be stored twice.
-- FINAL reads whole days: of those only that have a call which arrived then. All rows of a key have
-- one answered_at, so none that FINAL must see is left out.
SELECT
    customer,
    if(rate.destination = '', concat('deck version ', toString(deck_version)), rate.destination) AS name,
    sum(attempts_before) AS attempts_then,
    sum(answered_before) AS answered_then,
    sum(billed_before) AS billed_s_then,
    sum(attempts_since) AS attempts_now,
    sum(answered_since) AS answered_now,
    sum(billed_since) AS billed_s_now
FROM
(
    SELECT
        toString(customer) AS customer,
        deck_version,
        rate_row,
        received_at >= fromUnixTimestamp64Milli({middle_ms:Int64}, 'UTC') AS later,
        countIf(NOT later) AS attempts_before,
        countIf(NOT later AND duration_ms > 0) AS answered_before,
        sumIf(toUInt64(billed_s), NOT later AND duration_ms > 0) AS billed_before,
        countIf(later) AS attempts_since,
        countIf(later AND duration_ms > 0) AS answered_since,
        sumIf(toUInt64(billed_s), later AND duration_ms > 0) AS billed_since
    FROM charge FINAL
    WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
        AND received_at < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
        AND toYYYYMMDD(answered_at) IN
        (
            SELECT DISTINCT toYYYYMMDD(answered_at)
            FROM charge
            WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
        )
        AND leg = 'sell' AND reason = ''
    GROUP BY customer, deck_version, rate_row, later
) AS tried
ANY LEFT JOIN
(
    SELECT deck_version, rate_row, toString(destination) AS destination
    FROM rate
    WHERE (deck_version, rate_row) IN
    (
        SELECT deck_version, rate_row
        FROM charge
        WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
            AND leg = 'sell' AND reason = ''
    )
) AS rate USING (deck_version, rate_row)
GROUP BY customer, name
HAVING attempts_then >= {attempts_min:UInt32} AND attempts_now >= {attempts_min:UInt32}
ORDER BY attempts_then + attempts_now DESC, customer, name
LIMIT {rows_max:UInt32}
