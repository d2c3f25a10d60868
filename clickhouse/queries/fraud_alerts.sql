-- Incidents as they were told last, with the latest that was done about each.
SELECT
    told.id AS id, told.revision AS revision, told.family AS family,
    told.subject_kind AS subject_kind, told.subject AS subject, told.account AS account,
    told.currency AS currency, told.severity AS severity,
    toUnixTimestamp64Milli(told.since_at) AS since_ms,
    toUnixTimestamp64Milli(told.raised_at) AS raised_ms,
    toUnixTimestamp64Milli(told.updated_at) AS updated_ms,
    told.money_nanos AS money_nanos, told.at_risk_nanos_per_h AS at_risk_nanos_per_h,
    told.reasons AS reasons, told.evidence AS evidence, told.calls AS calls, told.block AS block,
    done.kind AS done
FROM
(
    SELECT * FROM fraud_alert FINAL
    WHERE updated_at >= fromUnixTimestamp64Milli({since_ms:Int64})
      AND ({alert:String} = '' OR id = {alert:String})
      AND ({account:String} = '' OR account = {account:String})
    ORDER BY id, revision DESC
    LIMIT 1 BY id
) AS told
LEFT JOIN
(
    SELECT alert, argMax(toString(kind), (at, log, partition, offset)) AS kind
    FROM fraud_action FINAL GROUP BY alert
) AS done ON told.id = done.alert
ORDER BY raised_ms DESC, id
