-- The newest terms that a device is known to have: handed out when it was enrolled, or named in one of its parcels.
ALTER TABLE devices ADD COLUMN terms INTEGER NOT NULL DEFAULT 0;
UPDATE devices SET terms = coalesce(
    (SELECT max(sequence) FROM terms WHERE contract = devices.contract AND issued_at <= devices.enrolled_at),
    (SELECT min(sequence) FROM terms WHERE contract = devices.contract), 0);
