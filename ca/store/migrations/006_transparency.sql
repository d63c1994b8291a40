-- The event by which a certificate stands in the transparency log: whoever has its number can ask the log for its proof. Certificates from before have none here; the log has them.
ALTER TABLE certificate ADD COLUMN event uuid;
