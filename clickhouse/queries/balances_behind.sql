-- Partitions whose calls have been posted further than they have been stored.
SELECT count()
FROM
(
    SELECT log, partition, (offset, row) AS reached FROM balance FINAL WHERE role = 'partition'
) AS position
LEFT JOIN
(
    SELECT log, partition, max((offset, row)) AS stored FROM cdr GROUP BY log, partition
) AS call
USING (log, partition)
WHERE stored < reached
