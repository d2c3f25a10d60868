-- Calls answered in a period that any version of a deck has priced, and those that no rate of it
-- did: what a version that comes late would have been about. Money by currency of the charge.
SELECT
    currency,
    countIf(reason = '') AS calls,
    countIf(reason != '') AS without_price,
    sum(toInt128(nanos)) AS nanos_sum,
    toUnixTimestamp64Milli(min(answered_at)) AS first_ms
FROM charge FINAL
WHERE leg = {side:String}
    AND answered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND answered_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND if({side:String} = 'sell', customer, vendor) IN
    (
        SELECT account FROM account FINAL
        WHERE role = if({side:String} = 'sell', 'customer', 'vendor') AND deck = {deck:String}
    )
    AND
    (
        (reason = '' AND deck_version IN (SELECT deck_version FROM deck_version WHERE deck = {deck:String} AND side = {side:String}))
        OR reason IN ({missing:String}, {blocked:String})
    )
GROUP BY currency
ORDER BY currency
