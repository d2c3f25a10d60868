-- Incidents by the time at which they were raised, and by family.
SELECT
    $__timeInterval(began_at) AS time,
    family_name AS family,
    count() AS incidents
FROM
(
    SELECT id, toString(any(family)) AS family_name, any(raised_at) AS began_at
    FROM fraud_alert FINAL
    WHERE $__timeFilter_ms(raised_at)
    GROUP BY id
)
GROUP BY time, family
ORDER BY time, family
