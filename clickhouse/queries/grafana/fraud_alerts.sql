-- Incidents, the unanswered and severe first; money in the incident's own currency.
SELECT
    severity AS "Severity",
    family AS "Family",
    subject AS "Subject",
    account AS "Account",
    toFloat64(at_risk_nanos_per_h) / 1e9 AS "At risk / h",
    toFloat64(money_nanos) / 1e9 AS "Money so far",
    currency AS "Currency",
    reasons AS "Reasons",
    if(done = '', 'nothing yet', done) AS "Done",
    raised_at AS "Raised",
    updated_at AS "Told last",
    id AS "Alert"
FROM ({fraud})
ORDER BY done NOT IN ('', 'refused'), severity != 'critical', at_risk_nanos_per_h DESC, raised_at DESC, id
LIMIT 200
