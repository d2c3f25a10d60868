-- NER and PDD in steps of time.
SELECT
    $__timeInterval(received_at) AS time,
    countIf(duration_ms > 0 OR sip_code IN (200, 480, 486, 600, 603)) * 100 / count() AS "NER",
    quantileExactOrNull(0.5)(pdd_ms) AS "PDD p50",
    quantileExactOrNull(0.95)(pdd_ms) AS "PDD p95"
FROM cdr FINAL
WHERE {calls of cdr}
GROUP BY time
ORDER BY time
