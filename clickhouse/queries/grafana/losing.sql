-- Names that lose money in one currency, ranked by what they lose in an hour.
SELECT
    name AS "Name",
    rated_calls AS "Calls",
    toFloat64(buy_sum - sell_sum) / 1e9 * 3600000
        / (toUnixTimestamp64Milli($__toTime_ms) - toUnixTimestamp64Milli($__fromTime_ms)) AS "Loss / h",
    if(sell_sum > 0, toFloat64(sell_sum - buy_sum) * 100 / toFloat64(sell_sum), NULL) AS "Margin %"
FROM ({named})
WHERE currency = ${currency:sqlstring} AND foreign_calls = 0 AND buy_sum > sell_sum
ORDER BY buy_sum - sell_sum DESC, name
LIMIT 100
