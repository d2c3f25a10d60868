-- Calls per second by what became of them, as the rater counted them when they came in.
SELECT
    $__timeInterval(received_at) AS time,
    sum(toUInt64(calls)) / $__interval_s AS "Received",
    sum(toUInt64(rated)) / $__interval_s AS "Rated",
    sum(toUInt64(suspended)) / $__interval_s AS "Suspended",
    sum(toUInt64(dead)) / $__interval_s AS "Dead",
    sum(toUInt64(duplicate)) / $__interval_s AS "Duplicate"
FROM receipt FINAL
WHERE $__timeFilter_ms(received_at)
GROUP BY time
ORDER BY time
