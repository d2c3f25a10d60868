-- Calls that arrived.
SELECT count() AS arrived
FROM cdr
WHERE {calls}
