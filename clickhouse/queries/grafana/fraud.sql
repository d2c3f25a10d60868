-- Incidents as they were told last, with the latest that was done about each.
SELECT
    told.id AS id, toString(told.family) AS family, told.subject AS subject, told.account AS account,
    toString(told.currency) AS currency, toString(told.severity) AS severity,
    told.raised_at AS raised_at, told.updated_at AS updated_at,
    told.money_nanos AS money_nanos, told.at_risk_nanos_per_h AS at_risk_nanos_per_h,
    told.reasons AS reasons, done.kind AS done
FROM
(
    SELECT * FROM fraud_alert FINAL
    WHERE {told}
    ORDER BY id, revision DESC
    LIMIT 1 BY id
) AS told
LEFT JOIN
(
    SELECT alert, argMax(toString(kind), (at, log, partition, offset)) AS kind
    FROM fraud_action FINAL GROUP BY alert
) AS done ON told.id = done.alert
