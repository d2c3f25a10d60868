-- Critical incidents told within the last hour about which nothing was done.
SELECT family, account, count() AS unanswered
FROM ({fraud})
WHERE severity = 'critical' AND done IN ('', 'refused')
GROUP BY family, account
ORDER BY unanswered DESC, family, account
LIMIT 50
