-- The stored calls among late arrivals; the pairs are written by clickhouse/calls.py from integers
-- and hexadecimal digits only.
SELECT cdr_id, log, partition, offset, row, customer, vendor, calling, called, answered_at, duration_ms
FROM cdr FINAL
WHERE (answered_at, cdr_id) IN ({pairs})
