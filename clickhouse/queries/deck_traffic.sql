-- Calls of the accounts that have a deck, in groups of equal leading digits and like duration, for
-- weighing a new version of the deck. Of the A-number and of the hour only what classes ask for.
-- Durations are alike within the steps that decks round to: 6 s, 30 s, whole minutes to the tenth.
SELECT
    substring(replaceRegexpOne(called, '^(\\+|00)', ''), 1, {digits:UInt8}) AS digits,
    substring(replaceRegexpOne(calling, '^(\\+|00)', ''), 1, {origin_digits:UInt8}) AS origin,
    if({by_hour:UInt8} = 0, 0,
        intDiv((toUnixTimestamp64Milli(answered_at) - {monday_ms:Int64}) % {week_ms:Int64}, 3600000) * 3600000)
        AS hour_ms,
    multiIf(duration_ms = 0, 0, duration_ms <= 6000, 1, duration_ms <= 30000, 2,
        least(2 + intDiv(duration_ms + 59999, 60000), 13)) AS like_duration,
    toInt64(count()) AS calls,
    toInt64(sum(toUInt64(duration_ms))) AS duration_ms_sum
FROM cdr FINAL
WHERE answered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND answered_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND if({side:String} = 'sell', customer, vendor) IN
    (
        SELECT account FROM account FINAL
        WHERE role = if({side:String} = 'sell', 'customer', 'vendor') AND deck = {deck:String}
    )
GROUP BY digits, origin, hour_ms, like_duration
ORDER BY duration_ms_sum DESC, digits, origin, hour_ms, like_duration
LIMIT {rows_max:UInt32}
