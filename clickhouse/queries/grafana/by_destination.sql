-- Nanos of each destination and currency, named by the sell leg. Foreign calls add no cost.
SELECT
    if(rate.destination = '', concat('deck version ', toString(deck_version)), rate.destination) AS name,
    currency,
    count() AS rated_calls,
    sum(billed_s) AS billed_s_sum,
    sum(sell_nanos) AS sell_sum,
    sumIf(buy_nanos, buy_currency = currency) AS buy_sum,
    countIf(buy_currency != currency) AS foreign_calls
FROM ({sold}) AS sold
ANY LEFT JOIN
(
    SELECT deck_version, rate_row, toString(destination) AS destination
    FROM rate
    WHERE (deck_version, rate_row) IN
    (
        SELECT deck_version, rate_row
        FROM charge
        WHERE leg = 'sell' AND reason = ''
            AND {calls}
    )
) AS rate USING (deck_version, rate_row)
GROUP BY name, currency
