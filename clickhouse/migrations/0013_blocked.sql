-- A code may be listed and closed: a call that it matches is suspended, not priced by a shorter one.
ALTER TABLE rate ADD COLUMN IF NOT EXISTS blocked UInt8 DEFAULT 0 AFTER origin_class;
