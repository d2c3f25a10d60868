-- Incidents told, and those that nobody has answered. Fresh: told within an hour of the end.
SELECT
    count() AS "Incidents",
    countIf(done IN ('', 'refused')) AS "Unanswered",
    countIf(severity = 'critical' AND done IN ('', 'refused')
        AND updated_at >= $__toTime_ms - INTERVAL 1 HOUR) AS "Critical, unanswered, fresh"
FROM ({fraud})
