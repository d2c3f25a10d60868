-- Files that collectors have taken, the newest first, each with what became of its records: by the
-- receipts of the messages they are in. waiting: sent, and not yet rated.
WITH files AS
(
    SELECT * FROM collected_file FINAL
    WHERE ({source:String} = '' OR source = {source:String})
      AND ({state:String} = '' OR state = {state:String})
      AND ({file:String} = '' OR startsWith(file, {file:String}) OR name = {file:String})
    ORDER BY begun_at DESC, file
    LIMIT {rows_max:UInt32}
),
messages AS
(
    SELECT file, raw_log, raw_partition, raw_offset, calls + dead AS sent
    FROM collected_message FINAL
    WHERE file IN (SELECT file FROM files)
),
receipts AS
(
    SELECT log, partition, offset, calls, rated, suspended, dead, duplicate
    FROM receipt FINAL
    WHERE (log, partition, offset) IN (SELECT raw_log, raw_partition, raw_offset FROM messages)
)
SELECT
    f.source AS source,
    f.file AS file,
    f.name AS name,
    f.revision AS revision,
    f.state AS state,
    f.detail AS detail,
    f.copy_of AS copy_of,
    f.sha256 AS sha256,
    f.start AS start,
    f.bytes AS bytes,
    f.lines AS lines,
    f.records AS records,
    f.calls AS calls,
    f.dead AS unread,
    f.skipped AS skipped,
    f.skipped_kinds AS skipped_kinds,
    toUnixTimestamp64Milli(f.first_at) AS first_ms,
    toUnixTimestamp64Milli(f.last_at) AS last_ms,
    toUnixTimestamp64Milli(f.begun_at) AS begun_ms,
    toUnixTimestamp64Milli(f.seen_at) AS seen_ms,
    toUInt64(s.messages) AS messages,
    toUInt64(s.sent) AS sent,
    toUInt64(s.received) AS received,
    toUInt64(s.rated) AS rated,
    toUInt64(s.suspended) AS suspended,
    toUInt64(s.dead) AS dead,
    toUInt64(s.duplicate) AS duplicate
FROM files AS f
LEFT JOIN
(
    SELECT
        m.file AS file,
        count() AS messages,
        sum(m.sent) AS sent,
        sum(r.calls) AS received,
        sum(r.rated) AS rated,
        sum(r.suspended) AS suspended,
        sum(r.dead) AS dead,
        sum(r.duplicate) AS duplicate
    FROM messages AS m
    LEFT JOIN receipts AS r
        ON m.raw_log = r.log AND m.raw_partition = r.partition AND m.raw_offset = r.offset
    GROUP BY m.file
) AS s ON f.file = s.file
ORDER BY f.begun_at DESC, f.file
