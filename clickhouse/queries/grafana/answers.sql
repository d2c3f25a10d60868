-- What became of attempts. No ASR while no attempt went unanswered: such a feed has answered calls only.
SELECT
    count() AS "Attempts",
    if(countIf(duration_ms > 0) < count(), countIf(duration_ms > 0) * 100 / count(), NULL) AS "ASR",
    sumIf(toUInt64(billed_s), duration_ms > 0 AND reason = '')
        / nullIf(countIf(duration_ms > 0 AND reason = ''), 0) AS "ACD",
    countIf(duration_ms > 0 AND duration_ms < 6000) * 100 / nullIf(countIf(duration_ms > 0), 0)
        AS "Short calls"
FROM charge FINAL
WHERE leg = 'sell'
    AND {calls of charge}
