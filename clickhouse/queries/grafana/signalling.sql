-- What the switches' signalling says of attempts.
SELECT
    countIf(duration_ms > 0 OR sip_code IN (200, 480, 486, 600, 603)) * 100 / nullIf(count(), 0) AS "NER",
    quantileExactOrNull(0.5)(pdd_ms) AS "PDD p50",
    quantileExactOrNull(0.95)(pdd_ms) AS "PDD p95"
FROM cdr FINAL
WHERE {calls of cdr}
