-- Per account what re-rating has changed of its charges: the ledger of what is applied.
SELECT
    if(leg = 'sell', 'customer', 'vendor') AS role,
    if(leg = 'sell', customer, vendor) AS account,
    (arrayJoin([(old_currency, -toInt128(old_nanos)), (new_currency, toInt128(new_nanos))]) AS side).1
        AS currency,
    sum(side.2) AS nanos
FROM rerate_delta FINAL
WHERE step IN (SELECT step FROM rerate_step FINAL WHERE phase = 'apply')
  AND step NOT IN (SELECT undoes FROM rerate_step)
GROUP BY role, account, currency
HAVING currency != ''
ORDER BY role, account, currency
