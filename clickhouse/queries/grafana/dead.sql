-- Dead letters by reason.
SELECT
    toString(reason) AS "Reason",
    count() AS "Calls",
    sum(duration_ms) / 60000 AS "Minutes",
    max(received_at) AS "Newest"
FROM dead_letter FINAL
WHERE $__timeFilter_ms(received_at)
GROUP BY reason
ORDER BY count() DESC, reason
LIMIT 50
