-- Destinations that lose money in one currency.
SELECT countIf(foreign_calls = 0 AND buy_sum > sell_sum) AS "Losing destinations"
FROM ({named})
WHERE currency = ${currency:sqlstring}
