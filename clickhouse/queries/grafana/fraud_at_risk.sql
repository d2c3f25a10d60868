-- Money of unanswered incidents, by currency and severity.
SELECT
    currency AS "Currency",
    severity AS "Severity",
    count() AS "Incidents",
    toFloat64(sum(toInt128(at_risk_nanos_per_h))) / 1e9 AS "At risk / h",
    toFloat64(sum(toInt128(money_nanos))) / 1e9 AS "Money so far"
FROM ({fraud})
WHERE done IN ('', 'refused')
GROUP BY currency, severity
ORDER BY currency, severity
