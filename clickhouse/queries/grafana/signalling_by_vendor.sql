-- Attempts, NER and PDD of each vendor; a call that was tried at two vendors counts at both.
SELECT
    toString(vendor) AS "Vendor",
    count() AS "Attempts",
    countIf(duration_ms > 0) * 100 / count() AS "ASR",
    countIf(duration_ms > 0 OR sip_code IN (200, 480, 486, 600, 603)) * 100 / count() AS "NER",
    quantileExactOrNull(0.5)(pdd_ms) AS "PDD p50",
    quantileExactOrNull(0.95)(pdd_ms) AS "PDD p95"
FROM cdr FINAL
WHERE {calls of cdr}
GROUP BY vendor
ORDER BY count() DESC, vendor
LIMIT 200
