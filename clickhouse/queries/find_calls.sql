-- The stored calls among late arrivals; ids and pairs are written by clickhouse/calls.py from
-- integers and hexadecimal digits only. The ids once more, alone, are what the skip index takes.
SELECT cdr_id, log, partition, offset, row, customer, vendor, calling, called, answered_at, duration_ms,
       lrn
FROM cdr FINAL
WHERE cdr_id IN ({ids}) AND (answered_at, cdr_id) IN ({pairs})
