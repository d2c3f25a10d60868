-- Currencies that calls were sold in, the largest revenue first.
SELECT toString(currency) AS currency
FROM charge FINAL
WHERE leg = 'sell' AND reason = '' AND {arrived of charge}
GROUP BY currency
ORDER BY sum(toInt128(nanos)) DESC, currency
LIMIT 50
