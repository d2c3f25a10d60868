-- Vendors with calls.
SELECT DISTINCT toString(vendor) AS vendor
FROM charge
WHERE $__timeFilter_ms(received_at)
ORDER BY vendor
LIMIT 2000
