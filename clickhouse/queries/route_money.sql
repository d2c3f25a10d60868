-- Calls of a window of the calls' own time, sold against bought, added up in one reading by each of
-- what is asked for: total, day, customer, vendor, destination or line (all three names).
-- with_causes: groups of each cause of leakage, the first that holds: suspended (no price yet),
-- sell_only (no buy leg), currencies (sold in another currency than bought), negative (bought dearer
-- than sold), increments (more seconds paid for than billed), codes (the dial codes of the legs
-- differ in length), none. Without: one group of all calls that have a margin.
-- leak_nanos: of negative what is lost; of increments the bought seconds beyond those billed, at the
-- call's own price a second, rounded down. Days are pruned by the window.
-- A line is of a cause other than none. rows_max of each of what is asked for and each sold currency; sums are whole before it cuts.
-- The rate table is read only at the rows in use; ANY, because a rate row may be stored twice.
SELECT
    by,
    if(by = 'day', toString(toDate(answered)), '') AS day_name,
    if(by IN ('customer', 'line'), customer, '') AS customer_name,
    if(by IN ('vendor', 'line'), vendor, '') AS vendor_name,
    if(by IN ('destination', 'line'), destination, '') AS destination_name,
    sell_currency,
    buy_currency,
    if({with_causes:Bool}, why, 'any') AS cause,
    count() AS calls_count,
    sum(toUInt64(duration_ms)) AS duration_ms_sum,
    sum(toUInt64(sell_s)) AS sell_s_sum,
    sum(toUInt64(buy_s)) AS buy_s_sum,
    sum(toInt128(sell_nanos)) AS sell_nanos_sum,
    sum(toInt128(buy_nanos)) AS buy_nanos_sum,
    sum(multiIf(
        why = 'negative', toInt128(buy_nanos) - toInt128(sell_nanos),
        why = 'increments', intDiv(toInt128(buy_nanos) * (toInt128(buy_s) - toInt128(sell_s)), toInt128(buy_s)),
        toInt128(0)
    )) AS leak_nanos_sum
FROM
(
    SELECT
        calls.*,
        if(sell_rate.destination = '' AND sell_version > 0, concat('deck version ', toString(sell_version)), sell_rate.destination) AS destination,
        multiIf(
            suspended, 'suspended',
            NOT bought, 'sell_only',
            sell_currency != buy_currency, 'currencies',
            buy_nanos > sell_nanos, 'negative',
            buy_s > sell_s, 'increments',
            sell_rate.code_length != buy_rate.code_length, 'codes',
            'none'
        ) AS why
    FROM
    (
        SELECT
            cdr_id,
            any(answered_at) AS answered,
            any(toString(charge.customer)) AS customer,
            any(toString(charge.vendor)) AS vendor,
            any(charge.duration_ms) AS duration_ms,
            countIf(reason != '') > 0 AS suspended,
            countIf(leg = 'buy' AND reason = '') > 0 AS bought,
            anyIf(deck_version, leg = 'sell') AS sell_version,
            anyIf(rate_row, leg = 'sell') AS sell_row,
            anyIf(deck_version, leg = 'buy') AS buy_version,
            anyIf(rate_row, leg = 'buy') AS buy_row,
            anyIf(toString(charge.currency), leg = 'sell') AS sell_currency,
            anyIf(toString(charge.currency), leg = 'buy') AS buy_currency,
            sumIf(billed_s, leg = 'sell') AS sell_s,
            sumIf(billed_s, leg = 'buy') AS buy_s,
            sumIf(nanos, leg = 'sell') AS sell_nanos,
            sumIf(nanos, leg = 'buy') AS buy_nanos
        FROM charge FINAL
        WHERE answered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
            AND answered_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
        GROUP BY cdr_id
    ) AS calls
    ANY LEFT JOIN
    (
        SELECT deck_version, rate_row, toString(destination) AS destination, length(prefix) AS code_length
        FROM rate
        WHERE (deck_version, rate_row) IN
        (
            SELECT deck_version, rate_row FROM charge
            WHERE answered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
                AND answered_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC') AND leg = 'sell'
        )
    ) AS sell_rate ON calls.sell_version = sell_rate.deck_version AND calls.sell_row = sell_rate.rate_row
    ANY LEFT JOIN
    (
        SELECT deck_version, rate_row, length(prefix) AS code_length
        FROM rate
        WHERE (deck_version, rate_row) IN
        (
            SELECT deck_version, rate_row FROM charge
            WHERE answered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
                AND answered_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC') AND leg = 'buy'
        )
    ) AS buy_rate ON calls.buy_version = buy_rate.deck_version AND calls.buy_row = buy_rate.rate_row
)
ARRAY JOIN {by:Array(String)} AS by
WHERE if({with_causes:Bool}, by != 'line' OR why != 'none', why NOT IN ('suspended', 'sell_only', 'currencies'))
GROUP BY by, day_name, customer_name, vendor_name, destination_name, sell_currency, buy_currency, cause
ORDER BY by, sell_currency = '', sell_currency, leak_nanos_sum DESC, calls_count DESC, customer_name, vendor_name, destination_name, cause
LIMIT {rows_max:UInt32} BY by, sell_currency
