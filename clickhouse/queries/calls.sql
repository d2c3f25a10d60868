-- Calls of a window by what is known of them, newest first, from a cursor on.
-- The window is of the call's own time, by which the table is partitioned.
SELECT
    lower(hex(cdr_id)) AS id,
    toUnixTimestamp64Milli(answered_at) AS at_ms,
    customer,
    vendor,
    calling,
    called,
    duration_ms,
    sip_code
FROM cdr FINAL
WHERE answered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND answered_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    AND (toUnixTimestamp64Milli(answered_at), cdr_id) < ({before_ms:Int64}, unhex({before_id:String}))
    AND ({customer:String} = '' OR customer = {customer:String})
    AND ({vendor:String} = '' OR vendor = {vendor:String})
    AND startsWith(called, {called:String})
    AND ({reason:String} = '' OR cdr_id IN
    (
        SELECT cdr_id
        FROM charge FINAL
        WHERE answered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
            AND answered_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
            AND ({customer:String} = '' OR customer = {customer:String})
            AND leg = 'sell' AND reason = {reason:String}
    ))
ORDER BY at_ms DESC, cdr_id DESC
LIMIT {rows_max:UInt32}
