-- The user that Grafana reads with: nothing but these tables, and not for long. Run it as a user
-- that may create users, with the database's name instead of `tollwire` if it has another; put a
-- password of your own in.

CREATE SETTINGS PROFILE IF NOT EXISTS tollwire_reader SETTINGS
    readonly = 1,
    max_execution_time = 30 MIN 1 MAX 60 CHANGEABLE_IN_READONLY,
    max_memory_usage = 4000000000,
    do_not_merge_across_partitions_select_final = 1;

CREATE USER IF NOT EXISTS tollwire_reader IDENTIFIED BY 'change me' SETTINGS PROFILE 'tollwire_reader';

GRANT SELECT ON tollwire.cdr TO tollwire_reader;
GRANT SELECT ON tollwire.charge TO tollwire_reader;
GRANT SELECT ON tollwire.receipt TO tollwire_reader;
GRANT SELECT(log, partition, offset, row, received_at, reason, field, value, detail, duration_ms)
    ON tollwire.dead_letter TO tollwire_reader;
GRANT SELECT(deck_version, rate_row, destination) ON tollwire.rate TO tollwire_reader;
GRANT SELECT ON tollwire.fraud_alert TO tollwire_reader;
GRANT SELECT ON tollwire.fraud_action TO tollwire_reader;
