-- Rows written live lie below 2^48, those of a step are 2^48 + its number and name a run or none.
SELECT hex(cdr_id), leg, version, run
FROM charge FINAL
WHERE (version < toUInt64(281474976710656) AND run > 0)
   OR (version > toUInt64(281474976710656)
       AND version - toUInt64(281474976710656) NOT IN (SELECT step FROM rerate_step))
