-- Citizens' own signatures: keys that mohar-hsmd made and sealed as blobs, what agencies ask to have signed, and what came of it. Who may sign is decided by the
-- blob, inside mohar-hsmd: nothing in these tables can make a signature.

CREATE TABLE act_jti (
	jti     text PRIMARY KEY,      -- orders that registrars signed, each good once
	expires timestamptz NOT NULL
);

CREATE TABLE signing_key (
	id             uuid PRIMARY KEY,
	person         text NOT NULL,                        -- as the registrar's act names them
	name           text NOT NULL,                        -- shown on the enrolment page
	state          text NOT NULL CHECK (state IN ('begun', 'answered', 'born', 'certified')),
	actor          text NOT NULL,                        -- the registrar
	principal      text NOT NULL,                        -- the person
	sector         text NOT NULL,
	channel        text NOT NULL,
	begun_at       timestamptz NOT NULL,
	expires        timestamptz NOT NULL,                 -- of code and watch
	code_hash      bytea NOT NULL UNIQUE CHECK (octet_length(code_hash) = 32),
	watch_hash     bytea NOT NULL CHECK (octet_length(watch_hash) = 32), -- the registrar's own look at it
	challenge      bytea NOT NULL CHECK (octet_length(challenge) = 32),
	spki_sha256    bytea NOT NULL UNIQUE CHECK (octet_length(spki_sha256) = 32),
	blob           bytea NOT NULL,
	generation     bigint NOT NULL DEFAULT 0,
	credential_id  bytea,
	credential_key bytea,                                -- COSE_Key
	certificate    text,
	chain          text,
	certified_at   timestamptz,
	frozen_at      timestamptz,
	CHECK ((state = 'begun') = (credential_key IS NULL)),
	CHECK ((state IN ('begun', 'answered')) = (generation = 0)),
	CHECK ((state = 'certified') = (certificate IS NOT NULL AND certified_at IS NOT NULL))
);
CREATE INDEX signing_key_person ON signing_key (person, begun_at DESC);

-- A key is never bound to another credential, person or public key: a lost authenticator means a new key.
CREATE FUNCTION signing_key_is_bound_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF (NEW.id, NEW.person, NEW.spki_sha256) IS DISTINCT FROM (OLD.id, OLD.person, OLD.spki_sha256)
	   OR (OLD.state <> 'begun' AND (NEW.credential_id, NEW.credential_key) IS DISTINCT FROM (OLD.credential_id, OLD.credential_key))
	   OR (OLD.certificate IS NOT NULL AND NEW.certificate IS DISTINCT FROM OLD.certificate) THEN
		RAISE EXCEPTION 'a signing key is bound once' USING ERRCODE = 'MR001';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER signing_key_is_bound_once BEFORE UPDATE ON signing_key FOR EACH ROW EXECUTE FUNCTION signing_key_is_bound_once();

CREATE TABLE signing_request (
	id          uuid PRIMARY KEY,
	code_hash   bytea NOT NULL CHECK (octet_length(code_hash) = 32),
	key         uuid NOT NULL REFERENCES signing_key,
	agency      text NOT NULL,
	description text NOT NULL,
	digest_size bigint NOT NULL CHECK (digest_size IN (32, 48, 64)),
	digests     bytea NOT NULL,                          -- one after the other
	names       text[] NOT NULL,                         -- of the documents; empty, or one for each digest
	state       text NOT NULL CHECK (state IN ('pending', 'signed', 'declined')),
	actor       text NOT NULL,                           -- the agency's client, then the citizen who signed or declined
	principal   text NOT NULL,                           -- the citizen
	sector      text NOT NULL,
	channel     text NOT NULL,
	created_at  timestamptz NOT NULL,
	expires     timestamptz NOT NULL,
	answered_at timestamptz,
	signatures  jsonb,                                   -- array of base64url DER, in the order of the digests
	event       uuid UNIQUE REFERENCES event,            -- of the answer
	CHECK (octet_length(digests) % digest_size = 0 AND octet_length(digests) BETWEEN digest_size AND 100 * digest_size),
	CHECK (cardinality(names) IN (0, octet_length(digests) / digest_size)),
	CHECK ((state = 'signed') = (signatures IS NOT NULL)),
	CHECK ((state = 'pending') = (event IS NULL))
);

-- What a citizen answered stays answered, and what is asked does not change under their eyes.
CREATE FUNCTION signing_request_is_answered_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF OLD.state <> 'pending'
	   OR (NEW.id, NEW.key, NEW.agency, NEW.description, NEW.digest_size, NEW.digests, NEW.names)
	      IS DISTINCT FROM (OLD.id, OLD.key, OLD.agency, OLD.description, OLD.digest_size, OLD.digests, OLD.names) THEN
		RAISE EXCEPTION 'a request is answered once' USING ERRCODE = 'MR001';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER signing_request_is_answered_once BEFORE UPDATE ON signing_request FOR EACH ROW EXECUTE FUNCTION signing_request_is_answered_once();

GRANT SELECT, INSERT ON act_jti, signing_key, signing_request TO mohar_signerd;
GRANT DELETE ON act_jti TO mohar_signerd;
GRANT UPDATE (state, blob, generation, credential_id, credential_key, certificate, chain, certified_at, frozen_at) ON signing_key TO mohar_signerd;
GRANT UPDATE (state, actor, channel, answered_at, signatures, event) ON signing_request TO mohar_signerd;
