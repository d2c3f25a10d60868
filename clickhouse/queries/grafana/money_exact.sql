-- Money of every currency to the last nano, as text: a number in a browser has 15 digits or so.
SELECT
    toString(currency) AS "Currency",
    toString(toDecimal256(sell_nanos, 9) / toDecimal256(1000000000, 0)) AS "Revenue",
    toString(toDecimal256(buy_nanos, 9) / toDecimal256(1000000000, 0)) AS "Cost",
    toString(toDecimal256(sell_nanos - buy_nanos, 9) / toDecimal256(1000000000, 0)) AS "Margin",
    if(sell_nanos > 0, toFloat64(sell_nanos - buy_nanos) * 100 / toFloat64(sell_nanos), NULL) AS "Margin %"
FROM
(
    SELECT
        currency,
        sumIf(toInt128(nanos), leg = 'sell') AS sell_nanos,
        sumIf(toInt128(nanos), leg = 'buy') AS buy_nanos
    FROM charge FINAL
    WHERE reason = ''
        AND {calls of charge}
    GROUP BY currency
    HAVING sell_nanos != 0 OR buy_nanos != 0
)
ORDER BY sell_nanos DESC, currency
