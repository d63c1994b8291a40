-- Fills the schema ca with :n certificates more, :revoked of a thousand of them revoked and :suspended suspended, over :shards lists. Run by tests/bench/data, as the database's superuser. Rows
-- are what mohar-cad's own would be, with key holder and event; der is a real certificate's with the row's own serial in it, so that it parses and says its serial, but no signature fits. Indices
-- are made after the rows, triggers do not fire.
\set ON_ERROR_STOP on
SET session_replication_role = replica;
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
SET search_path = ca, pg_catalog;

CREATE TEMP TABLE rebuild AS
	SELECT c.relname AS index, CASE WHEN k.oid IS NULL THEN pg_get_indexdef(i.indexrelid)
		ELSE format('ALTER TABLE ca.%I ADD CONSTRAINT %I %s', t.relname, k.conname, pg_get_constraintdef(k.oid)) END AS make,
		CASE WHEN k.oid IS NULL THEN format('DROP INDEX ca.%I', c.relname) ELSE format('ALTER TABLE ca.%I DROP CONSTRAINT %I', t.relname, k.conname) END AS drop
	FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid
	WHERE t.relnamespace = 'ca'::regnamespace AND t.relname IN ('certificate', 'key_holder', 'event');
SELECT drop FROM rebuild \gexec

CREATE TEMP TABLE real AS SELECT DISTINCT ON (issuer) issuer, der, position(serial IN der) AS at FROM certificate
	WHERE position(serial IN der) > 0 ORDER BY issuer, length(der) DESC;
CREATE TEMP TABLE fresh AS
	SELECT i, decode(lpad(to_hex(1 + i % 127), 2, '0') || substr(md5(:'salt' || i), 3), 'hex') AS serial, sha256((:'salt' || i)::bytea) AS spki,
		CASE WHEN i % 5 = 0 THEN 'service-ca' ELSE 'citizen-ca' END AS issuer,
		CASE WHEN i % 5 = 0 THEN 'tls-client' WHEN i % 2 = 0 THEN 'citizen-authentication' ELSE 'citizen-signature' END AS profile,
		CASE WHEN i % 5 = 0 THEN NULL ELSE md5('person' || (i / 2)::text)::uuid END AS person,
		date_trunc('second', now() - interval '1000 days' + i * (interval '999 days' / :n)) AS issued_at,
		CASE WHEN i % 1000 < :revoked THEN 1 WHEN i % 1000 < :revoked + :suspended THEN 6 END AS reason
	FROM generate_series(1, :n) i;
INSERT INTO certificate (serial, issuer, profile, subject, person, spki_sha256, not_before, not_after, der, issued_at, actor, principal, sector, channel, revoked_at, reason, shard)
	SELECT f.serial, f.issuer, f.profile, 'CN=Test Subject ' || i || ', serialNumber=' || encode(substr(f.spki, 1, 8), 'hex'), f.person, f.spki, f.issued_at, f.issued_at + interval '1096 days',
		COALESCE(overlay(r.der PLACING f.serial FROM r.at FOR 16), f.spki), f.issued_at, 'registrar', COALESCE(f.person::text, 'registrar'), NULL, 'card',
		CASE WHEN reason IS NOT NULL THEN date_trunc('second', now()) - interval '1 hour' END, reason,
		CASE WHEN :shards = 0 THEN 0 ELSE 1 + (get_byte(f.serial, 13) * 65536 + get_byte(f.serial, 14) * 256 + get_byte(f.serial, 15)) % GREATEST(:shards, 1) END
	FROM fresh f LEFT JOIN real r ON r.issuer = f.issuer;
INSERT INTO key_holder (spki_sha256, holder) SELECT spki, COALESCE('person:' || person, 'subject:CN=Test Subject ' || i) FROM fresh;
INSERT INTO event (id, tree, at, type, actor, principal, channel, salt, entry, private)
	SELECT md5(serial)::uuid, 0, issued_at, 'certificate.issued', 'registrar', COALESCE(person::text, 'registrar'), 'card', substr(spki, 1, 16),
		convert_to('{"at":"2026-01-01T00:00:00Z","id":"' || md5(serial)::uuid || '","private":"x","public":{"serial":"' || encode(serial, 'hex') || '"},"source":"ca","type":"certificate.issued","v":1}', 'UTF8'), '{}'
	FROM fresh;
SELECT make FROM rebuild \gexec
ANALYZE certificate, key_holder, event;
