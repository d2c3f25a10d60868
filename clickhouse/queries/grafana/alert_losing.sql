-- What is lost in half an hour, by name and currency; no row, no loss.
SELECT name, currency, toFloat64(buy_sum - sell_sum) / 1e9 AS loss
FROM ({named})
WHERE foreign_calls = 0 AND buy_sum > sell_sum
ORDER BY loss DESC, name
LIMIT 50
