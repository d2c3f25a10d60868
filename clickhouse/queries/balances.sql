-- Per account: what has been posted, beside the charges of the same calls: those whose place in
-- cdr.raw is at or before the position up to which their partition has been posted.
WITH
    position AS
    (
        SELECT log, partition, (offset, row) AS reached
        FROM balance FINAL
        WHERE role = 'partition'
    ),
    place AS
    (
        SELECT cdr_id, log, partition, (offset, row) AS stands FROM cdr FINAL
    ),
    posted_call AS
    (
        SELECT cdr_id FROM place INNER JOIN position USING (log, partition) WHERE stands <= reached
    )
SELECT
    role,
    account,
    currency,
    sum(posted_nanos) AS posted_nanos,
    sum(posted_calls) AS posted_calls,
    sum(charged_nanos) AS charged_nanos,
    sum(charged_calls) AS charged_calls
FROM
(
    SELECT
        role, account, currency,
        sum(toInt128(nanos)) AS posted_nanos, sum(calls) AS posted_calls,
        toInt128(0) AS charged_nanos, toUInt64(0) AS charged_calls
    FROM balance FINAL
    WHERE role != 'partition'
    GROUP BY role, account, currency
    UNION ALL
    SELECT
        if(leg = 'sell', 'customer', 'vendor') AS role,
        if(leg = 'sell', customer, vendor) AS account,
        currency,
        toInt128(0) AS posted_nanos, toUInt64(0) AS posted_calls,
        sum(toInt128(nanos)) AS charged_nanos, count() AS charged_calls
    FROM charge FINAL
    WHERE reason = '' AND cdr_id IN (SELECT cdr_id FROM posted_call)
    GROUP BY role, account, currency
)
GROUP BY role, account, currency
ORDER BY role, account, currency
