-- What runs have changed of calls that were invoiced before, by the day on which it is booked: an
-- apply on the day on which it ended, its roll-back, with the opposite sign, on that of its own.
WITH
    booked AS
    (
        SELECT step, changed_at AS at, 1 AS sign FROM rerate_step FINAL WHERE phase = 'apply'
        UNION ALL
        SELECT undoes AS step, changed_at AS at, -1 AS sign
        FROM rerate_step FINAL WHERE undoes != 0
    )
SELECT
    toString(toDate(at)) AS day,
    run,
    if(leg = 'sell', 'customer', 'vendor') AS role,
    if(leg = 'sell', customer, vendor) AS account,
    formatDateTime(answered_at, '%Y-%m') AS month,
    (arrayJoin([(old_currency, -toInt128(old_nanos)), (new_currency, toInt128(new_nanos))])
        AS side).1 AS currency,
    uniqExact(cdr_id) AS calls,
    sum(sign * side.2) AS nanos
FROM (SELECT * FROM rerate_delta FINAL WHERE adjusts = 1) AS changes INNER JOIN booked USING (step)
WHERE at >= fromUnixTimestamp64Milli({from_ms:Int64}) AND at < fromUnixTimestamp64Milli({to_ms:Int64})
GROUP BY day, run, sign, role, account, month, currency
HAVING currency != '' OR nanos != 0
ORDER BY day, run, sign DESC, role, account, month, currency
