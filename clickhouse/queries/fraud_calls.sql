-- Calls by the first halves of their cdr_ids, with what they were sold for.
SELECT
    lower(hex(substring(toString(told.cdr_id), 1, 8))) AS half,
    told.call_id AS call_id, toString(told.switch) AS switch, told.calling AS calling,
    told.called AS called, toString(told.vendor) AS vendor,
    toUnixTimestamp64Milli(told.answered_at) AS answered_ms, told.duration_ms AS duration_ms,
    sold.nanos AS sell_nanos
FROM
(
    SELECT * FROM cdr FINAL
    WHERE answered_at >= fromUnixTimestamp64Milli({from_ms:Int64})
      AND answered_at < fromUnixTimestamp64Milli({to_ms:Int64})
      AND lower(hex(substring(toString(cdr_id), 1, 8))) IN {halves:Array(String)}
) AS told
LEFT JOIN
(
    SELECT cdr_id, nanos FROM charge FINAL
    WHERE leg = 'sell' AND reason = ''
      AND answered_at >= fromUnixTimestamp64Milli({from_ms:Int64})
      AND answered_at < fromUnixTimestamp64Milli({to_ms:Int64})
) AS sold ON told.cdr_id = sold.cdr_id
ORDER BY answered_ms, call_id
