-- One call by its id, as the switch told it and as it came in.
SELECT
    lower(hex(cdr_id)) AS id,
    toUnixTimestamp64Milli(answered_at) AS at_ms,
    customer,
    vendor,
    calling,
    called,
    duration_ms,
    sip_code,
    switch,
    call_id,
    pdd_ms,
    lrn,
    toUnixTimestamp64Milli(received_at) AS received_ms,
    partition,
    offset,
    row
FROM cdr FINAL
WHERE cdr_id = unhex({id:String})
ORDER BY answered_at DESC
LIMIT 1
