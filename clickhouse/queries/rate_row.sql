-- The rate row that a leg was charged by, with its deck; ANY, because a row may be stored twice.
SELECT deck, destination, prefix
FROM (SELECT deck_version, destination, prefix FROM rate
      WHERE deck_version = {deck_version:UInt32} AND rate_row = {rate_row:UInt32}) AS own
ANY INNER JOIN (SELECT deck_version, deck FROM deck_version
      WHERE deck_version = {deck_version:UInt32}) AS version USING (deck_version)
LIMIT 1
