-- Per account: what has been posted, and changed by re-rating since, beside the charges of the same
-- calls: those whose place in cdr.raw is at or before the position up to which their partition has
-- been posted.
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
    ),
    changed AS
    (
        SELECT * FROM rerate_delta FINAL
        WHERE cdr_id IN (SELECT cdr_id FROM posted_call)
          AND step IN (SELECT step FROM rerate_step FINAL WHERE phase = 'apply' AND step NOT IN (SELECT undoes FROM rerate_step))
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
        sum(toInt128(nanos)) AS posted_nanos, toInt64(sum(calls)) AS posted_calls,
        toInt128(0) AS charged_nanos, toUInt64(0) AS charged_calls
    FROM balance FINAL
    WHERE role != 'partition'
    GROUP BY role, account, currency
    UNION ALL
    SELECT
        if(leg = 'sell', 'customer', 'vendor') AS role,
        if(leg = 'sell', customer, vendor) AS account,
        (arrayJoin([(old_currency, -toInt128(old_nanos), -toInt64(old_reason = '')),
                    (new_currency, toInt128(new_nanos), toInt64(new_reason = ''))]) AS side).1
            AS currency,
        sum(side.2) AS posted_nanos, sum(side.3) AS posted_calls,
        toInt128(0) AS charged_nanos, toUInt64(0) AS charged_calls
    FROM changed
    GROUP BY role, account, currency
    UNION ALL
    SELECT
        if(leg = 'sell', 'customer', 'vendor') AS role,
        if(leg = 'sell', customer, vendor) AS account,
        currency,
        toInt128(0) AS posted_nanos, toInt64(0) AS posted_calls,
        sum(toInt128(nanos)) AS charged_nanos, count() AS charged_calls
    FROM charge FINAL
    WHERE reason = '' AND cdr_id IN (SELECT cdr_id FROM posted_call)
    GROUP BY role, account, currency
)
GROUP BY role, account, currency
HAVING posted_nanos != 0 OR posted_calls != 0 OR charged_nanos != 0 OR charged_calls != 0
ORDER BY role, account, currency
