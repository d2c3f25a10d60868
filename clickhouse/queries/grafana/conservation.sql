-- What arrived against what came out of it; the line holds when the difference is 0.
-- For arrivals of the last seconds the parts may still be on their way: the range ends 10 s ago.
WITH line AS
(
    SELECT 'received' AS part, sum(toUInt64(receipt.calls)) AS n, sum(calls_ms) AS ms
    FROM receipt FINAL
    WHERE {settled}
    UNION ALL
    SELECT 'duplicate' AS part, sum(toUInt64(duplicate)) AS n, sum(duplicate_ms) AS ms
    FROM receipt FINAL
    WHERE {settled}
    UNION ALL
    SELECT 'rated' AS part, countIf(reason = '') AS n, sumIf(toUInt64(duration_ms), reason = '') AS ms
    FROM charge FINAL
    WHERE leg = 'sell' AND {settled of charge}
    UNION ALL
    SELECT 'suspended' AS part, countIf(reason != '') AS n, sumIf(toUInt64(duration_ms), reason != '') AS ms
    FROM charge FINAL
    WHERE leg = 'sell' AND {settled of charge}
    UNION ALL
    SELECT 'dead' AS part, count() AS n, sum(duration_ms) AS ms
    FROM dead_letter FINAL
    WHERE {settled}
)
SELECT
    toInt64(sumIf(n, part = 'received')) AS "Received",
    toInt64(sumIf(n, part = 'rated')) AS "Rated",
    toInt64(sumIf(n, part = 'suspended')) AS "Suspended",
    toInt64(sumIf(n, part = 'dead')) AS "Dead",
    toInt64(sumIf(n, part = 'duplicate')) AS "Duplicate",
    "Received" - "Rated" - "Suspended" - "Dead" - "Duplicate" AS "Difference, calls",
    (toInt64(sumIf(ms, part = 'received')) - toInt64(sumIf(ms, part != 'received'))) / 1000 AS "Difference, s"
FROM line
