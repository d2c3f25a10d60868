-- What arrived against what came out of it, in calls and milliseconds.
-- The two must agree: received = rated + suspended + dead + duplicate.
-- `settled` tells the calls that arrived before until_ms from those that may still be on their way.
-- FINAL reads whole days: of those only that have a call which arrived then. All rows of a key have
-- one answered_at, so none that FINAL must see is left out.
SELECT settled, part, sum(calls), sum(ms)
FROM
(
    SELECT
        received_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC') AS settled,
        'received' AS part,
        sum(toUInt64(receipt.calls)) AS calls,
        sum(calls_ms) AS ms
    FROM receipt FINAL
    WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    GROUP BY settled
    UNION ALL
    SELECT
        received_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC') AS settled,
        'duplicate' AS part,
        sum(toUInt64(duplicate)) AS calls,
        sum(duplicate_ms) AS ms
    FROM receipt FINAL
    WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    GROUP BY settled
    UNION ALL
    SELECT
        received_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC') AS settled,
        if(reason = '', 'rated', 'suspended') AS part,
        count() AS calls,
        sum(toUInt64(duration_ms)) AS ms
    FROM charge FINAL
    WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
        AND toYYYYMMDD(answered_at) IN
        (
            SELECT DISTINCT toYYYYMMDD(answered_at)
            FROM charge
            WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
        )
        AND leg = 'sell'
    GROUP BY settled, part
    UNION ALL
    SELECT
        received_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC') AS settled,
        'dead' AS part,
        count() AS calls,
        sum(duration_ms) AS ms
    FROM dead_letter FINAL
    WHERE received_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    GROUP BY settled
)
GROUP BY settled, part
