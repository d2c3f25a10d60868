-- Arrival of the newest stored call since a moment; how many calls are stored at all.
SELECT
    (
        SELECT max(toUnixTimestamp64Milli(received_at))
        FROM cdr
        WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    ) AS newest_ms,
    (SELECT count() FROM cdr) AS stored_rows
