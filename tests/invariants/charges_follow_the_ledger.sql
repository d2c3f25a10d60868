-- A charge that a run has written is what the newest change in force of that leg says.
WITH in_force AS
(
    SELECT step FROM rerate_step FINAL WHERE phase = 'apply' AND step NOT IN (SELECT undoes FROM rerate_step)
),
newest AS
(
    SELECT
        cdr_id, leg,
        argMax((run, new_reason, new_billed_s, new_nanos, new_currency, new_deck_version,
                new_rate_row, new_fx_num, new_fx_den), step) AS said
    FROM rerate_delta FINAL WHERE step IN (SELECT step FROM in_force) GROUP BY cdr_id, leg
)
SELECT hex(charge.cdr_id), charge.leg, charge.run, said
FROM (SELECT * FROM charge FINAL) AS charge LEFT JOIN newest USING (cdr_id, leg)
WHERE (charge.run > 0 OR said.1 > 0)
  AND said != (charge.run, charge.reason, charge.billed_s, charge.nanos, charge.currency,
               charge.deck_version, charge.rate_row, charge.fx_num, charge.fx_den)
