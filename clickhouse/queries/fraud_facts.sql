-- The calls answered in a span of time, as fraud detection takes them, at the price of their sell
-- rate; 0 where there is none.
SELECT
    reinterpretAsUInt64(substring(toString(told.cdr_id), 1, 8)) AS call,
    told.call_id AS call_id,
    toString(told.customer) AS customer,
    toString(told.vendor) AS vendor,
    told.calling AS calling,
    told.called AS called,
    toInt64(told.sip_code) AS sip_code,
    toInt64(told.duration_ms) AS duration_ms,
    toUnixTimestamp64Milli(told.answered_at) + toInt64(told.duration_ms) AS at_ms,
    sold.nanos AS sell_nanos,
    toString(listed.destination) AS destination,
    toInt64(intDiv(toInt128(listed.next_rate_nanos) * sold.fx_num, greatest(sold.fx_den, 1)))
        AS nanos_per_min
FROM
(
    SELECT * FROM cdr FINAL
    WHERE answered_at >= fromUnixTimestamp64Milli({from_ms:Int64})
      AND answered_at < fromUnixTimestamp64Milli({to_ms:Int64})
) AS told
LEFT JOIN
(
    SELECT cdr_id, nanos, deck_version, rate_row, fx_num, fx_den
    FROM charge FINAL
    WHERE leg = 'sell' AND reason = ''
      AND answered_at >= fromUnixTimestamp64Milli({from_ms:Int64})
      AND answered_at < fromUnixTimestamp64Milli({to_ms:Int64})
) AS sold ON told.cdr_id = sold.cdr_id
LEFT JOIN
(
    SELECT deck_version, rate_row, destination, next_rate_nanos FROM rate FINAL
) AS listed ON sold.deck_version = listed.deck_version AND sold.rate_row = listed.rate_row
ORDER BY at_ms, call
