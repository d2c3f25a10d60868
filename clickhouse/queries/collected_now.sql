-- What the calls of a file are now, after every re-rating: by the reason of their sell leg. Calls
-- that another file's message brought first are not among them.
SELECT reason, count() AS calls, sum(toUInt64(duration_ms)) AS duration_ms
FROM charge FINAL
WHERE leg = 'sell'
  AND answered_at >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
  AND answered_at <= fromUnixTimestamp64Milli({last_ms:Int64}, 'UTC')
  AND cdr_id IN
(
    SELECT cdr_id FROM cdr FINAL
    WHERE answered_at >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
      AND answered_at <= fromUnixTimestamp64Milli({last_ms:Int64}, 'UTC')
      AND (log, partition, offset) IN
    (
        SELECT raw_log, raw_partition, raw_offset FROM collected_message
        WHERE file = {file:String}
    )
)
GROUP BY reason
ORDER BY reason
