-- The newest payments and adjustments of an account.
SELECT
    toUnixTimestamp64Milli(at) AS at_ms,
    id,
    kind,
    nanos,
    currency,
    ordered_by,
    note
FROM movement FINAL
WHERE role = {role:String} AND account = {account:String}
ORDER BY at DESC, id
LIMIT {rows_max:UInt32}
