-- How long ago, at the end of the range, the newest stored call arrived; nothing without calls.
SELECT if(count() > 0, toUnixTimestamp64Milli($__toTime_ms) - toUnixTimestamp64Milli(max(received_at)), NULL)
    / 1000 AS "Newest call"
FROM cdr
WHERE $__timeFilter_ms(received_at)
