-- Calls in suspense, by reason.
SELECT
    toString(reason) AS "Reason",
    count() AS "Calls",
    sum(toUInt64(duration_ms)) / 60000 AS "Minutes",
    max(received_at) AS "Newest"
FROM charge FINAL
WHERE leg = 'sell' AND reason != ''
    AND {calls of charge}
GROUP BY reason
ORDER BY count() DESC, reason
LIMIT 50
