-- Per account what has been charged and paid, apart by whether it came through this log: what came
-- through it, the controls count themselves.
SELECT
    role,
    account,
    currency,
    sumIf(nanos, kind = 'charged' AND log = {log:String}) AS charged_nanos,
    sumIf(nanos, kind = 'charged' AND log != {log:String}) AS charged_before_nanos,
    sumIf(nanos, kind = 'paid' AND log = {log:String}) AS paid_nanos,
    sumIf(nanos, kind = 'paid' AND log != {log:String}) AS paid_before_nanos
FROM
(
    SELECT role, account, currency, log, toInt128(nanos) AS nanos, 'charged' AS kind
    FROM balance FINAL
    WHERE role != 'partition'
    UNION ALL
    SELECT toString(role), account, currency, log, toInt128(nanos), 'paid'
    FROM movement FINAL
)
GROUP BY role, account, currency
ORDER BY role, account, currency
