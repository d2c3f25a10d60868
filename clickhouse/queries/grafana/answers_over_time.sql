-- ASR and ACD in steps of time; no ASR in a step without an unanswered attempt.
SELECT
    $__timeInterval(received_at) AS time,
    if(countIf(duration_ms > 0) < count(), countIf(duration_ms > 0) * 100 / count(), NULL) AS "ASR",
    sumIf(toUInt64(billed_s), duration_ms > 0 AND reason = '')
        / nullIf(countIf(duration_ms > 0 AND reason = ''), 0) AS "ACD"
FROM charge FINAL
WHERE leg = 'sell'
    AND {calls of charge}
GROUP BY time
ORDER BY time
