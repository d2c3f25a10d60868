-- Of the changes in force of one leg each begins where the one before it ended.
SELECT hex(cdr_id), leg, steps
FROM
(
    SELECT
        cdr_id, leg,
        arraySort(groupArray((step,
            (old_run, old_reason, old_billed_s, old_nanos, old_currency),
            (run, new_reason, new_billed_s, new_nanos, new_currency)))) AS steps
    FROM rerate_delta FINAL
    WHERE step IN (SELECT step FROM rerate_step FINAL WHERE phase = 'apply' AND step NOT IN (SELECT undoes FROM rerate_step))
    GROUP BY cdr_id, leg
)
WHERE arrayExists((earlier, later) -> earlier.3 != later.2, arrayPopBack(steps), arrayPopFront(steps))
