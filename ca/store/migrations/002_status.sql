-- Status: suspension that can be taken back, the list that each certificate points to, and what has changed since when.

-- Which of its issuer's revocation lists a certificate names as its distribution point: 0 LABEL.crl, n LABEL.n.crl. Given at issue, for ever.
ALTER TABLE certificate ADD COLUMN shard integer NOT NULL DEFAULT 0 CHECK (shard >= 0);

-- The index of a list's entries has all that the list needs.
CREATE INDEX certificate_listed ON certificate (issuer, shard, serial) INCLUDE (revoked_at, reason, not_after) WHERE revoked_at IS NOT NULL;
DROP INDEX certificate_revoked;

-- What is done to many of one kind, in order of issue: suspending a batch, signing answers ahead.
CREATE INDEX certificate_profile ON certificate (profile, issued_at, serial);

-- valid -> suspended (reason 6, certificateHold) -> valid again or revoked; valid -> revoked. A revoked one stays revoked, for ever. Revoked after a hold it keeps
-- the hold's date: what was refused meanwhile stays refused.
CREATE OR REPLACE FUNCTION certificate_is_for_ever() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'UPDATE'
	   AND (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL
	     OR OLD.reason = 6 AND NEW.revoked_at IS NULL
	     OR OLD.reason = 6 AND NEW.reason <> 6 AND NEW.revoked_at = OLD.revoked_at)
	   AND (NEW.serial, NEW.issuer, NEW.shard, NEW.profile, NEW.subject, NEW.spki_sha256, NEW.not_before, NEW.not_after, NEW.der, NEW.issued_at)
	     = (OLD.serial, OLD.issuer, OLD.shard, OLD.profile, OLD.subject, OLD.spki_sha256, OLD.not_before, OLD.not_after, OLD.der, OLD.issued_at)
	   AND (NEW.person, NEW.actor, NEW.principal, NEW.channel) IS NOT DISTINCT FROM (OLD.person, OLD.actor, OLD.principal, OLD.channel) THEN
		RETURN NEW;
	END IF;
	IF TG_OP = 'UPDATE' AND OLD.revoked_at IS NOT NULL AND OLD.reason <> 6 THEN
		RAISE EXCEPTION 'a certificate is for ever; this one is revoked, for ever too' USING ERRCODE = 'MR001';
	END IF;
	RAISE EXCEPTION 'a certificate is for ever; it can only be suspended, resumed and revoked' USING ERRCODE = 'MR001';
END $$;

-- Every change of status, made by the trigger below, so that none goes unnoticed: the keeper of each instance reads from here which answers and lists are out of date.
-- One row for all that one statement did to certificates of one list.
CREATE TABLE status_change (
	seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	txid    bigint NOT NULL,        -- whoever has seen everything below the oldest running transaction has missed nothing
	at      timestamptz NOT NULL,
	issuer  text NOT NULL,
	shard   integer NOT NULL,
	reason  smallint,               -- NULL: valid again
	serials bytea NOT NULL CHECK (octet_length(serials) % 16 = 0) -- one after the other
);
CREATE INDEX status_change_txid ON status_change (txid);
CREATE INDEX status_change_list ON status_change (issuer, shard, txid);

DO $make$
BEGIN
	EXECUTE format($function$
		CREATE FUNCTION status_to_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
		BEGIN
			INSERT INTO %I.status_change (txid, at, issuer, shard, reason, serials)
				SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8, pg_catalog.now(), issuer, shard, reason,
					pg_catalog.string_agg(serial, ''::pg_catalog.bytea ORDER BY serial)
				FROM fresh GROUP BY issuer, shard, reason;
			RETURN NULL;
		END $$ $function$, current_schema());
END $make$;
CREATE TRIGGER status_to_change AFTER UPDATE ON certificate REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION status_to_change();

-- Many at once: one event names the list of a batch by its hash, and here is the list. An event of its own for each of a million certificates would keep the log busy for
-- hours; this one says the same.
CREATE TABLE status_batch (
	event   uuid PRIMARY KEY,
	bulk    text NOT NULL,           -- the act that all its batches belong to
	count   bigint NOT NULL,
	serials bytea NOT NULL CHECK (octet_length(serials) = count * 16) -- sorted; the event has their SHA-256
);
CREATE INDEX status_batch_bulk ON status_batch (bulk);

-- A list of serials that somebody has picked by what no column tells, such as a property of the key.
CREATE TABLE selection (
	id     uuid NOT NULL,
	serial bytea NOT NULL CHECK (octet_length(serial) = 16),
	PRIMARY KEY (id, serial)
);

-- Revocation lists as they were published, each with the delta since the last scheduled one before it.
CREATE TABLE revocation_list (
	issuer      text NOT NULL,
	shard       integer NOT NULL,
	number      bigint NOT NULL,
	scheduled   boolean NOT NULL,   -- made because it was time, not because something had changed (RFC 5280 3.3)
	seen        bigint NOT NULL,    -- every transaction below is in it
	this_update timestamptz NOT NULL,
	next_update timestamptz NOT NULL,
	entries     bigint NOT NULL,
	whole       boolean NOT NULL,   -- of shard 0: all of the issuer's certificates are in it
	der         bytea NOT NULL,
	base        bigint,             -- NULL: no delta
	delta       bytea,
	PRIMARY KEY (issuer, shard, number)
);
ALTER TABLE revocation_list ALTER COLUMN der SET STORAGE EXTERNAL, ALTER COLUMN delta SET STORAGE EXTERNAL;

-- (A scratch database may have no roles.)
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mohar_cad') THEN
		GRANT SELECT ON status_change TO mohar_cad;
		GRANT SELECT, INSERT ON status_batch TO mohar_cad;
		GRANT SELECT, INSERT, DELETE ON selection TO mohar_cad;
		GRANT SELECT, INSERT, DELETE ON revocation_list TO mohar_cad;
	END IF;
END $$;
