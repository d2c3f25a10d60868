-- Customers with calls.
SELECT DISTINCT toString(customer) AS customer
FROM charge
WHERE $__timeFilter_ms(received_at)
ORDER BY customer
LIMIT 2000
