-- The last dead letters: what was wrong, without the original bytes.
SELECT
    toUnixTimestamp64Milli(received_at) AS received_ms,
    reason,
    field,
    substringUTF8(value, 1, {value_chars_max:UInt32}),
    substringUTF8(detail, 1, {value_chars_max:UInt32})
FROM dead_letter FINAL
WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
ORDER BY received_at DESC, log, partition, offset, row
LIMIT {rows_max:UInt32}
