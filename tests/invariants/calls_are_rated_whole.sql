-- A call is rated on every leg it has or suspended on every one, for one reason and without money.
SELECT hex(cdr_id), groupArray((leg, reason, nanos, billed_s))
FROM charge FINAL
GROUP BY cdr_id
HAVING uniqExact(reason) > 1 OR countIf(reason != '' AND (nanos != 0 OR billed_s != 0)) > 0
