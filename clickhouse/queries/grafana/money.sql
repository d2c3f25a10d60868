-- Money of one currency: exact sums of nanos, divided once, for showing.
SELECT
    toFloat64(sell_nanos) / 1e9 AS "Revenue",
    toFloat64(buy_nanos) / 1e9 AS "Cost",
    toFloat64(sell_nanos - buy_nanos) / 1e9 AS "Margin",
    if(sell_nanos > 0, toFloat64(sell_nanos - buy_nanos) * 100 / toFloat64(sell_nanos), NULL) AS "Margin %"
FROM
(
    SELECT
        sumIf(toInt128(nanos), leg = 'sell') AS sell_nanos,
        sumIf(toInt128(nanos), leg = 'buy') AS buy_nanos
    FROM charge FINAL
    WHERE reason = '' AND currency = ${currency:sqlstring}
        AND {calls of charge}
)
