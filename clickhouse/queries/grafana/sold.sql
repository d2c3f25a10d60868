-- Rated calls, a row each, with the money of both legs: the part that money by destination and by
-- account have in common. A call bought in another currency than it was sold in is foreign: its
-- margin is not a number in one currency.
SELECT
    cdr_id,
    anyIf(toString(charge.customer), leg = 'sell') AS sold_to,
    anyIf(toString(charge.vendor), leg = 'sell') AS bought_from,
    anyIf(deck_version, leg = 'sell') AS deck_version,
    anyIf(rate_row, leg = 'sell') AS rate_row,
    anyIf(toString(charge.currency), leg = 'sell') AS currency,
    anyIf(toString(charge.currency), leg = 'buy') AS buy_currency,
    sumIf(toUInt64(charge.billed_s), leg = 'sell') AS billed_s,
    sumIf(toInt128(nanos), leg = 'sell') AS sell_nanos,
    sumIf(toInt128(nanos), leg = 'buy') AS buy_nanos
FROM charge FINAL
WHERE reason = ''
    AND {calls of charge}
GROUP BY cdr_id
HAVING countIf(leg = 'sell') > 0
