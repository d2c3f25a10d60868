-- Money by name in one currency, the largest revenue first; no margin where calls are foreign.
SELECT
    name AS "Name",
    rated_calls AS "Calls",
    billed_s_sum / 60 AS "Minutes",
    toFloat64(sell_sum) / 1e9 AS "Revenue",
    toFloat64(buy_sum) / 1e9 AS "Cost",
    if(foreign_calls = 0, toFloat64(sell_sum - buy_sum) / 1e9, NULL) AS "Margin",
    if(foreign_calls = 0 AND sell_sum > 0, toFloat64(sell_sum - buy_sum) * 100 / toFloat64(sell_sum), NULL)
        AS "Margin %",
    foreign_calls AS "Foreign calls"
FROM ({named})
WHERE currency = ${currency:sqlstring}
ORDER BY sell_sum DESC, name
LIMIT 500
