-- What was done about incidents, by policy or by people, the newest first.
SELECT
    at AS "At",
    toString(kind) AS "Kind",
    account AS "Account",
    value AS "Value",
    ordered_by AS "By",
    note AS "Note",
    alert AS "Alert"
FROM fraud_action FINAL
WHERE $__timeFilter_ms(at)
ORDER BY at DESC, alert, log, partition, offset
LIMIT 200
