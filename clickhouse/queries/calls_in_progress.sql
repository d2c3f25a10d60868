-- Calls that credit control holds money for, as it wrote last; NULL where it has written nothing since.
SELECT if(count() = 0, NULL, sum(toUInt64(calls))) AS calls
FROM credit_state FINAL
WHERE at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
