-- Money of one currency per minute, in steps of time.
SELECT
    time,
    toFloat64(sell_nanos) * 60 / $__interval_s / 1e9 AS "Revenue / min",
    toFloat64(buy_nanos) * 60 / $__interval_s / 1e9 AS "Cost / min",
    toFloat64(sell_nanos - buy_nanos) * 60 / $__interval_s / 1e9 AS "Margin / min",
    if(sell_nanos > 0, toFloat64(sell_nanos - buy_nanos) * 100 / toFloat64(sell_nanos), NULL) AS "Margin %"
FROM
(
    SELECT
        $__timeInterval(received_at) AS time,
        sumIf(toInt128(nanos), leg = 'sell') AS sell_nanos,
        sumIf(toInt128(nanos), leg = 'buy') AS buy_nanos
    FROM charge FINAL
    WHERE reason = '' AND currency = ${currency:sqlstring}
        AND {calls of charge}
    GROUP BY time
)
ORDER BY time
