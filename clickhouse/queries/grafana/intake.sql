-- Calls received per second, and the share of them that has no price.
SELECT
    sum(toUInt64(calls)) * 1000
        / (toUnixTimestamp64Milli($__toTime_ms) - toUnixTimestamp64Milli($__fromTime_ms)) AS "CPS",
    sum(toUInt64(calls)) AS "Received",
    (sum(toUInt64(suspended)) + sum(toUInt64(dead))) * 100 / nullIf(sum(toUInt64(calls)), 0) AS "Not rated"
FROM receipt FINAL
WHERE $__timeFilter_ms(received_at)
