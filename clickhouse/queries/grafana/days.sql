-- The days of the calls that arrived, within a table.
SELECT DISTINCT toYYYYMMDD(answered_at) FROM {table} WHERE {arrived}
