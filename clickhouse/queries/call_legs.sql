-- The legs of some calls as they are charged now. The window is theirs, so that few parts are read.
SELECT
    lower(hex(cdr_id)) AS id,
    toString(leg) AS side,
    reason,
    billed_s,
    nanos,
    currency,
    deck_version,
    rate_row,
    fx_num,
    fx_den,
    run
FROM charge FINAL
WHERE answered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND answered_at <= fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    AND cdr_id IN (SELECT unhex(arrayJoin({ids:Array(String)})))
ORDER BY cdr_id, leg
