-- What signerd keeps: decisions from receipt to seal and after, status lists, officers' sessions on the confirmation page.

CREATE TABLE status_list (
	id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	entries   bigint NOT NULL CHECK (entries BETWEEN 1 AND 1048576),
	used      bigint NOT NULL DEFAULT 0 CHECK (used <= entries),
	step      bigint NOT NULL CHECK (step % 2 = 1),  -- an odd step visits every entry of a power of two once,
	start     bigint NOT NULL                        -- so neighbours in the list are not neighbours in time
);

CREATE TABLE decision (
	id           uuid PRIMARY KEY,
	type         text NOT NULL,
	type_version bigint NOT NULL,
	agency       text NOT NULL,
	client       text NOT NULL,
	request_key  text,                                 -- the client's Idempotency-Key
	subject      text NOT NULL,                        -- pairwise, of the agency's sector
	outcome      text NOT NULL,
	facts        jsonb NOT NULL,
	reasons      text[] NOT NULL DEFAULT '{}',
	received_at  timestamptz NOT NULL,
	due          timestamptz NOT NULL,
	state        text NOT NULL CHECK (state IN ('pending', 'sealed', 'revoked')),
	actor        text NOT NULL,                        -- who asked: the client, then the officer who confirmed
	principal    text NOT NULL,
	sector       text NOT NULL,
	channel      text NOT NULL,
	office       text,
	sealed_at    timestamptz,
	revoked_at   timestamptz,
	revocation   text,
	status_list  bigint REFERENCES status_list,
	status_index bigint,
	jws          text,
	event        uuid UNIQUE REFERENCES event,         -- the event of its sealing
	UNIQUE (client, request_key),
	UNIQUE (status_list, status_index),
	CHECK ((state = 'pending') = (jws IS NULL)),
	CHECK (state = 'pending' OR (status_index IS NOT NULL AND event IS NOT NULL AND sealed_at IS NOT NULL)),
	CHECK ((state = 'revoked') = (revoked_at IS NOT NULL))
);
CREATE INDEX decision_due ON decision (agency, due) WHERE state = 'pending';
CREATE INDEX decision_revoked ON decision (status_list) WHERE state = 'revoked';

-- A sealed decision does not change, except to be revoked.
CREATE FUNCTION decision_is_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'DELETE' AND OLD.state <> 'pending' THEN
		RAISE EXCEPTION 'a sealed decision is kept' USING ERRCODE = 'MR001';
	END IF;
	IF TG_OP = 'UPDATE' AND OLD.state <> 'pending'
	   AND ((NEW.id, NEW.type, NEW.type_version, NEW.agency, NEW.subject, NEW.outcome, NEW.facts, NEW.reasons, NEW.received_at,
	         NEW.due, NEW.office, NEW.sealed_at, NEW.jws, NEW.status_list, NEW.status_index, NEW.event)
	        IS DISTINCT FROM
	        (OLD.id, OLD.type, OLD.type_version, OLD.agency, OLD.subject, OLD.outcome, OLD.facts, OLD.reasons, OLD.received_at,
	         OLD.due, OLD.office, OLD.sealed_at, OLD.jws, OLD.status_list, OLD.status_index, OLD.event)
	        OR NEW.state <> 'revoked') THEN
		RAISE EXCEPTION 'a sealed decision does not change' USING ERRCODE = 'MR001';
	END IF;
	RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER decision_is_sealed BEFORE UPDATE OR DELETE ON decision FOR EACH ROW EXECUTE FUNCTION decision_is_sealed();

-- The officer's way in: one row while the browser is away at the identity provider, consumed on return.
CREATE TABLE officer_login (
	state    bytea PRIMARY KEY CHECK (octet_length(state) = 32), -- SHA-256 of the state parameter
	cookie   bytea NOT NULL CHECK (octet_length(cookie) = 32),   -- SHA-256 of the browser's own cookie
	nonce    text NOT NULL,
	verifier text NOT NULL,
	decision uuid NOT NULL,
	expires  timestamptz NOT NULL
);

CREATE TABLE officer_session (
	id        bytea PRIMARY KEY CHECK (octet_length(id) = 32),   -- SHA-256 of the cookie
	actor     text NOT NULL,
	principal text NOT NULL,
	sector    text NOT NULL,
	channel   text NOT NULL,
	level     bigint NOT NULL CHECK (level BETWEEN 1 AND 3),
	offices   jsonb NOT NULL,
	form      text NOT NULL,                                     -- against forged forms
	auth_time timestamptz NOT NULL,
	expires   timestamptz NOT NULL
);

GRANT USAGE ON SCHEMA signer TO mohar_signerd;
GRANT SELECT, INSERT ON event TO mohar_signerd;
GRANT SELECT, INSERT ON decision, status_list TO mohar_signerd;
GRANT UPDATE (state, office, actor, principal, channel, sealed_at, revoked_at, revocation, status_list, status_index, jws, event, outcome, reasons)
	ON decision TO mohar_signerd;
GRANT UPDATE (used) ON status_list TO mohar_signerd;
GRANT SELECT, INSERT, DELETE ON officer_login, officer_session TO mohar_signerd;
GRANT SELECT, DELETE ON outbox TO mohar_signerd;
