-- Nanos of each vendor and currency that its calls were sold in. Foreign calls add no cost.
SELECT
    bought_from AS name,
    currency,
    count() AS rated_calls,
    sum(billed_s) AS billed_s_sum,
    sum(sell_nanos) AS sell_sum,
    sumIf(buy_nanos, buy_currency = currency) AS buy_sum,
    countIf(buy_currency != currency) AS foreign_calls
FROM ({sold}) AS sold
GROUP BY name, currency
