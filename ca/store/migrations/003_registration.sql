-- Registration: what waits for a registrar's or operator's approval, who approved which bytes, and what is done to very many certificates at once after a quorum.

-- One certificate that somebody asks for. Everything that will stand in it is fixed when it is asked for; issue_sha256 names all of that, and is what approvals are over.
CREATE TABLE request (
	id            uuid PRIMARY KEY,
	profile       text NOT NULL,
	role          text NOT NULL CHECK (role IN ('registrar', 'ca-operator')), -- whose approval it takes
	approvals     smallint NOT NULL CHECK (approvals BETWEEN 1 AND 2),        -- of how many, all different
	person        uuid,
	handle        text,                 -- by which the registry knows the person
	subject       text NOT NULL,        -- JSON: a list of type and value, in the profile's order
	names         text NOT NULL,        -- JSON: the alternative names
	title         text NOT NULL,        -- "CN=..., serialNumber=...": for people and for searches
	csr           bytea,                -- either the request that the key signed,
	blob          bytea,                -- or the key that mohar-hsmd made for the person
	spki_sha256   bytea NOT NULL CHECK (octet_length(spki_sha256) = 32),
	issue_sha256  bytea NOT NULL CHECK (octet_length(issue_sha256) = 32),
	batch         text,                 -- a label that belongs to many
	applicant     text NOT NULL,        -- an operator's name, or person:UUID
	applicant_key bytea NOT NULL CHECK (octet_length(applicant_key) = 32),    -- SHA-256 of the SubjectPublicKeyInfo that signed
	act           text NOT NULL,        -- with which it was asked for
	created_at    timestamptz NOT NULL,
	expires_at    timestamptz NOT NULL,
	state         text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'issued', 'rejected', 'withdrawn')),
	ended_at      timestamptz,
	ended_by      text,
	reason        text,
	serial        bytea CHECK (octet_length(serial) = 16),
	CHECK (expires_at > created_at),
	CHECK ((csr IS NULL) <> (blob IS NULL)),
	CHECK ((state = 'waiting') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)),
	CHECK ((state = 'issued') = (serial IS NOT NULL)),
	CHECK ((state = 'rejected') = (reason IS NOT NULL))
);
CREATE INDEX request_created ON request (created_at, id);
CREATE INDEX request_waiting ON request (created_at, id) WHERE state = 'waiting';
CREATE INDEX request_batch ON request (batch, serial) WHERE batch IS NOT NULL;
CREATE INDEX request_spki ON request (spki_sha256);
CREATE UNIQUE INDEX request_waits_once ON request (spki_sha256, profile) WHERE state = 'waiting';

-- The registration authority's word, signed: over these bytes, by this person. One person approves once, whatever card they hold.
CREATE TABLE request_approval (
	request      uuid NOT NULL REFERENCES request,
	approver     text NOT NULL,
	approver_key bytea NOT NULL CHECK (octet_length(approver_key) = 32),
	issue_sha256 bytea NOT NULL CHECK (octet_length(issue_sha256) = 32),
	act          text NOT NULL,
	at           timestamptz NOT NULL,
	PRIMARY KEY (request, approver),
	UNIQUE (request, approver_key)
);

-- What many certificates have in common, what is to become of them, and the list of them, which stands frozen in selection under the same id.
CREATE TABLE bulk (
	id             uuid PRIMARY KEY,
	action         text NOT NULL CHECK (action IN ('suspend', 'resume')),
	criteria       text NOT NULL,       -- JSON
	why            text NOT NULL,
	proposer       text NOT NULL,
	act            text NOT NULL,
	quorum         smallint NOT NULL CHECK (quorum >= 1),
	created_at     timestamptz NOT NULL,
	expires_at     timestamptz NOT NULL,
	keys_sha256    bytea CHECK (octet_length(keys_sha256) = 32),   -- of the list of keys that is brought after the act
	keys_token     bytea CHECK (octet_length(keys_token) = 32),    -- SHA-256 of what lets the proposer bring it
	state          text NOT NULL CHECK (state IN ('uploading', 'counting', 'proposed', 'running', 'done', 'failed', 'withdrawn')),
	count          bigint,
	serials_sha256 bytea CHECK (octet_length(serials_sha256) = 32), -- of the sorted list: what approvals are over
	samples        text,                -- JSON
	leased_until   timestamptz,         -- an instance is at it
	started_at     timestamptz,
	ended_at       timestamptz,
	problem        text,
	CHECK ((count IS NULL) = (serials_sha256 IS NULL)),
	CHECK (state IN ('uploading', 'counting', 'failed', 'withdrawn') OR count IS NOT NULL)
);
CREATE INDEX bulk_created ON bulk (created_at DESC, id);
CREATE INDEX bulk_work ON bulk (created_at) WHERE state IN ('counting', 'running');

CREATE TABLE bulk_key (
	bulk   uuid NOT NULL REFERENCES bulk,
	part   integer NOT NULL CHECK (part >= 0),
	hashes bytea NOT NULL CHECK (octet_length(hashes) % 32 = 0 AND octet_length(hashes) > 0), -- SHA-256 of each SubjectPublicKeyInfo, one after the other
	PRIMARY KEY (bulk, part)
);

CREATE TABLE bulk_approval (
	bulk           uuid NOT NULL REFERENCES bulk,
	approver       text NOT NULL,
	approver_key   bytea NOT NULL CHECK (octet_length(approver_key) = 32),
	serials_sha256 bytea NOT NULL CHECK (octet_length(serials_sha256) = 32),
	act            text NOT NULL,
	at             timestamptz NOT NULL,
	PRIMARY KEY (bulk, approver),
	UNIQUE (bulk, approver_key)
);

DO $make$
BEGIN
	-- An approval is for what waits, in time, over exactly these bytes, and never by whoever asked for it or would hold it. The row is locked: of two last
	-- approvals at the same time the second finds a request that is no longer waiting.
	EXECUTE format($function$
		CREATE FUNCTION approval_is_anothers() RETURNS trigger LANGUAGE plpgsql AS $$
		DECLARE
			r %1$I.request;
		BEGIN
			SELECT * INTO STRICT r FROM %1$I.request WHERE id = NEW.request FOR UPDATE;
			IF r.state <> 'waiting' THEN
				RAISE EXCEPTION 'the request is not waiting any more' USING ERRCODE = 'MR001';
			ELSIF NEW.at >= r.expires_at OR NEW.at < r.created_at THEN
				RAISE EXCEPTION 'the request has expired' USING ERRCODE = 'MR001';
			ELSIF NEW.issue_sha256 <> r.issue_sha256 THEN
				RAISE EXCEPTION 'the approval is over other bytes' USING ERRCODE = 'MR001';
			ELSIF NEW.approver = r.applicant OR NEW.approver_key IN (r.applicant_key, r.spki_sha256) THEN
				RAISE EXCEPTION 'nobody approves what they asked for themself' USING ERRCODE = 'MR001';
			END IF;
			RETURN NEW;
		END $$ $function$, current_schema());
	-- A request never changes, but ends, once: issued only with its approvals, and with a certificate of the same key, profile and person.
	EXECUTE format($function$
		CREATE FUNCTION request_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF TG_OP = 'DELETE' OR OLD.state <> 'waiting' OR NEW.state = 'waiting'
			   OR (NEW.id, NEW.profile, NEW.role, NEW.approvals, NEW.subject, NEW.names, NEW.title, NEW.spki_sha256, NEW.issue_sha256, NEW.applicant, NEW.applicant_key, NEW.act,
			       NEW.created_at, NEW.expires_at)
			   <> (OLD.id, OLD.profile, OLD.role, OLD.approvals, OLD.subject, OLD.names, OLD.title, OLD.spki_sha256, OLD.issue_sha256, OLD.applicant, OLD.applicant_key, OLD.act,
			       OLD.created_at, OLD.expires_at)
			   OR (NEW.person, NEW.handle, NEW.csr, NEW.blob, NEW.batch) IS DISTINCT FROM (OLD.person, OLD.handle, OLD.csr, OLD.blob, OLD.batch) THEN
				RAISE EXCEPTION 'a request ends once, and changes in nothing else' USING ERRCODE = 'MR001';
			END IF;
			IF NEW.state = 'issued' AND (SELECT count(*) FROM %1$I.request_approval a WHERE a.request = NEW.id AND a.issue_sha256 = NEW.issue_sha256) < NEW.approvals THEN
				RAISE EXCEPTION 'nothing is issued without its approvals' USING ERRCODE = 'MR001';
			END IF;
			IF NEW.state = 'issued' AND NOT EXISTS (SELECT FROM %1$I.certificate c WHERE c.serial = NEW.serial AND c.spki_sha256 = NEW.spki_sha256
				AND c.profile = NEW.profile AND c.person IS NOT DISTINCT FROM NEW.person) THEN
				RAISE EXCEPTION 'the certificate is not what was asked for' USING ERRCODE = 'MR001';
			END IF;
			RETURN NEW;
		END $$ $function$, current_schema());
	EXECUTE format($function$
		CREATE FUNCTION bulk_approval_is_over_the_list() RETURNS trigger LANGUAGE plpgsql AS $$
		DECLARE
			b %1$I.bulk;
		BEGIN
			SELECT * INTO STRICT b FROM %1$I.bulk WHERE id = NEW.bulk FOR UPDATE;
			IF b.state <> 'proposed' THEN
				RAISE EXCEPTION 'it is not to be approved now' USING ERRCODE = 'MR001';
			ELSIF NEW.at >= b.expires_at OR NEW.at < b.created_at THEN
				RAISE EXCEPTION 'the proposal has expired' USING ERRCODE = 'MR001';
			ELSIF NEW.serials_sha256 <> b.serials_sha256 THEN
				RAISE EXCEPTION 'the approval is over another list' USING ERRCODE = 'MR001';
			END IF;
			RETURN NEW;
		END $$ $function$, current_schema());
	-- What is proposed stays as it was counted; nothing runs without its quorum.
	EXECUTE format($function$
		CREATE FUNCTION bulk_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF TG_OP = 'DELETE'
			   OR (NEW.id, NEW.action, NEW.criteria, NEW.why, NEW.proposer, NEW.act, NEW.quorum, NEW.created_at, NEW.expires_at)
			   <> (OLD.id, OLD.action, OLD.criteria, OLD.why, OLD.proposer, OLD.act, OLD.quorum, OLD.created_at, OLD.expires_at)
			   OR OLD.count IS NOT NULL AND (NEW.count, NEW.serials_sha256) IS DISTINCT FROM (OLD.count, OLD.serials_sha256)
			   OR OLD.state IN ('done', 'failed', 'withdrawn')
			   OR OLD.state <> NEW.state AND (OLD.state || ' ' || NEW.state) NOT IN ('uploading counting', 'uploading withdrawn', 'counting proposed', 'counting failed',
			       'counting withdrawn', 'proposed running', 'proposed withdrawn', 'running done', 'running failed') THEN
				RAISE EXCEPTION 'a proposal only goes forward' USING ERRCODE = 'MR001';
			END IF;
			IF NEW.state = 'running' AND (SELECT count(*) FROM %1$I.bulk_approval a WHERE a.bulk = NEW.id AND a.serials_sha256 = NEW.serials_sha256) < NEW.quorum THEN
				RAISE EXCEPTION 'nothing runs without its quorum' USING ERRCODE = 'MR001';
			END IF;
			RETURN NEW;
		END $$ $function$, current_schema());
END $make$;
CREATE TRIGGER approval_is_anothers BEFORE INSERT ON request_approval FOR EACH ROW EXECUTE FUNCTION approval_is_anothers();
CREATE TRIGGER request_ends_once BEFORE UPDATE OR DELETE ON request FOR EACH ROW EXECUTE FUNCTION request_ends_once();
CREATE TRIGGER bulk_approval_is_over_the_list BEFORE INSERT ON bulk_approval FOR EACH ROW EXECUTE FUNCTION bulk_approval_is_over_the_list();
CREATE TRIGGER bulk_goes_forward BEFORE UPDATE OR DELETE ON bulk FOR EACH ROW EXECUTE FUNCTION bulk_goes_forward();

-- (A scratch database may have no roles.)
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mohar_cad') THEN
		GRANT SELECT, INSERT, UPDATE (state, ended_at, ended_by, reason, serial) ON request TO mohar_cad;
		GRANT SELECT, INSERT ON request_approval TO mohar_cad;
		GRANT SELECT, INSERT, UPDATE (state, count, serials_sha256, samples, leased_until, started_at, ended_at, problem) ON bulk TO mohar_cad;
		GRANT SELECT, INSERT ON bulk_key TO mohar_cad;
		GRANT SELECT, INSERT ON bulk_approval TO mohar_cad;
	END IF;
END $$;
