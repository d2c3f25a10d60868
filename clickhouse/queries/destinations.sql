-- Money per destination of the sell leg, over the calls that arrived since a moment.
-- A call bought in another currency than it was sold in adds nothing to buy_nanos and is counted
-- in foreign_calls: its margin is not a number in one currency.
-- The rate table is read only at the rows in use; ANY, because a rate row may be stored twice.
-- FINAL reads whole days: of those only that have a call which arrived then. All rows of a key have
-- one answered_at, so none that FINAL must see is left out.
SELECT
    if(rate.destination = '', concat('deck version ', toString(deck_version)), rate.destination) AS name,
    currency,
    count() AS calls,
    sum(toUInt64(billed_s)) AS billed_s_sum,
    sum(toInt128(sell_nanos)) AS sell_nanos_sum,
    sumIf(toInt128(buy_nanos), buy_currency = currency) AS buy_nanos_sum,
    countIf(buy_currency != currency) AS foreign_calls
FROM
(
    SELECT
        cdr_id,
        anyIf(deck_version, leg = 'sell') AS deck_version,
        anyIf(rate_row, leg = 'sell') AS rate_row,
        anyIf(toString(charge.currency), leg = 'sell') AS currency,
        anyIf(toString(charge.currency), leg = 'buy') AS buy_currency,
        sumIf(charge.billed_s, leg = 'sell') AS billed_s,
        sumIf(nanos, leg = 'sell') AS sell_nanos,
        sumIf(nanos, leg = 'buy') AS buy_nanos
    FROM charge FINAL
    WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
        AND toYYYYMMDD(answered_at) IN
        (
            SELECT DISTINCT toYYYYMMDD(answered_at)
            FROM charge
            WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
        )
        AND reason = ''
    GROUP BY cdr_id
    HAVING countIf(leg = 'sell') > 0
) AS sold
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
GROUP BY name, currency
ORDER BY sell_nanos_sum DESC, name
LIMIT {rows_max:UInt32}
