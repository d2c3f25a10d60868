-- What the signalling said of the attempts that arrived: in steps of time, and over two spans up to
-- the end, 'last' and 'whole'. A call adds to its step and to each span that it is in.
-- FINAL reads whole days: of those only that have a call which arrived then. All rows of a key have
-- one answered_at, so none that FINAL must see is left out.
SELECT
    tupleElement(part, 1) AS span,
    tupleElement(part, 2) AS start_ms,
    count() AS attempts,
    countIf(duration_ms = 0) AS unanswered,
    countIf(duration_ms = 0 AND sip_code > 0) AS coded,
    countIf(duration_ms > 0 OR sip_code IN (200, 480, 486, 600, 603)) AS reached,
    count(pdd_ms) AS with_pdd,
    quantileExactOrNull(0.95)(pdd_ms) AS pdd_p95_ms
FROM
(
    SELECT
        duration_ms,
        sip_code,
        pdd_ms,
        toUnixTimestamp64Milli(received_at) AS at_ms,
        arrayJoin(arrayConcat(
            [('step', intDiv(at_ms, {step_ms:Int64}) * {step_ms:Int64})],
            if(at_ms >= {last_ms:Int64}, [('last', {last_ms:Int64})], []),
            if(at_ms >= {whole_ms:Int64}, [('whole', {whole_ms:Int64})], [])
        )) AS part
    FROM cdr FINAL
    WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
        AND received_at < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
        AND toYYYYMMDD(answered_at) IN
        (
            SELECT DISTINCT toYYYYMMDD(answered_at)
            FROM cdr
            WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
                AND received_at < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
        )
)
GROUP BY span, start_ms
ORDER BY span, start_ms
