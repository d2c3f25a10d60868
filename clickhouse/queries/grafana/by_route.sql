-- Nanos of each customer with each vendor, in each currency. Foreign calls add no cost.
SELECT
    concat(sold_to, ' → ', bought_from) AS name,
    currency,
    count() AS rated_calls,
    sum(billed_s) AS billed_s_sum,
    sum(sell_nanos) AS sell_sum,
    sumIf(buy_nanos, buy_currency = currency) AS buy_sum,
    countIf(buy_currency != currency) AS foreign_calls
FROM ({sold}) AS sold
GROUP BY name, currency
