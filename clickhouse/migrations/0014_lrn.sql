-- The location routing number of a ported number: digits as in called, '' where there is none.
ALTER TABLE cdr ADD COLUMN IF NOT EXISTS lrn String DEFAULT '' AFTER pdd_ms;
