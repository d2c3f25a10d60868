-- The last dead letters: what was wrong in which field, without the original bytes.
SELECT
    received_at AS "Arrived",
    toString(reason) AS "Reason",
    toString(field) AS "Field",
    substringUTF8(value, 1, 60) AS "Value",
    substringUTF8(detail, 1, 60) AS "Detail"
FROM dead_letter FINAL
WHERE $__timeFilter_ms(received_at)
ORDER BY received_at DESC, log, partition, offset, row
LIMIT 50
