-- The identity provider's tables. Every row that somebody acts in names actor, principal, sector and channel (docs/ARCHITECTURE.md, 12).
-- Tokens, codes, tickets and cookies are kept as SHA-256 only. Distribution columns, should this be spread: person, client, or the hash itself.

-- ---- people ----
CREATE TABLE person (
	id           uuid PRIMARY KEY,
	handle       text NOT NULL UNIQUE CHECK (handle ~ '^[a-z0-9][a-z0-9._-]{0,63}$'), -- how a registrar finds the person; never shown to portals
	name         text NOT NULL,
	birthdate    text NOT NULL CHECK (birthdate ~ '^\d{4}-\d{2}-\d{2}$'),
	gender       text NOT NULL,
	proofing     smallint NOT NULL CHECK (proofing BETWEEN 1 AND 3),
	card_subject text NOT NULL UNIQUE,  -- serialNumber of the person's certificates: random, stable over renewals
	user_handle  bytea NOT NULL UNIQUE CHECK (octet_length(user_handle) = 32), -- WebAuthn user.id: random
	created_at   timestamptz NOT NULL,
	frozen_at    timestamptz
);

-- Data keys, wrapped by the HSM key number-wrap.
CREATE TABLE data_key (
	id         uuid PRIMARY KEY,
	blob       bytea NOT NULL,
	created_at timestamptz NOT NULL
);

-- The national number: found by a MAC that only the HSM can make, readable only with a data key that only the HSM can unwrap.
CREATE TABLE number (
	mac        bytea PRIMARY KEY CHECK (octet_length(mac) = 32),
	person     uuid NOT NULL UNIQUE REFERENCES person,
	data_key   uuid NOT NULL REFERENCES data_key,
	ciphertext bytea NOT NULL -- 12 bytes nonce, AES-256-GCM, 16 bytes tag; additional data: the person's id
);

CREATE TABLE credential (
	id              bytea PRIMARY KEY CHECK (octet_length(id) BETWEEN 1 AND 1023),
	person          uuid NOT NULL REFERENCES person,
	cose_key        bytea NOT NULL,
	algorithm       integer NOT NULL,
	counter         bigint NOT NULL,
	user_verified   boolean NOT NULL,
	backup_eligible boolean NOT NULL,
	backed_up       boolean NOT NULL,
	aaguid          bytea NOT NULL CHECK (octet_length(aaguid) = 16),
	format          text NOT NULL,
	trust           smallint NOT NULL, -- enum webauthn_trust
	authenticator   smallint NOT NULL CHECK (authenticator BETWEEN 1 AND 3), -- the level this authenticator can reach
	bound_level     smallint NOT NULL CHECK (bound_level BETWEEN 1 AND 3),   -- the level at which it was bound to the person
	name            text NOT NULL,
	created_at      timestamptz NOT NULL,
	last_used_at    timestamptz,
	removed_at      timestamptz
);
CREATE INDEX credential_person ON credential (person);

CREATE TABLE card (
	spki_sha256 bytea PRIMARY KEY CHECK (octet_length(spki_sha256) = 32),
	person      uuid NOT NULL REFERENCES person,
	serial      text NOT NULL, -- of the certificate, hexadecimal
	bound_level smallint NOT NULL CHECK (bound_level BETWEEN 1 AND 3),
	registrar   text NOT NULL,
	created_at  timestamptz NOT NULL,
	removed_at  timestamptz
);
CREATE INDEX card_person ON card (person);

CREATE TABLE activation (
	code_hash  bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
	person     uuid NOT NULL REFERENCES person,
	level      smallint NOT NULL CHECK (level BETWEEN 1 AND 3),
	registrar  text NOT NULL,
	created_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	used_at    timestamptz
);

-- A WebAuthn challenge: once, for one purpose, in the browser it was given to.
CREATE TABLE challenge (
	hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
	purpose    text NOT NULL CHECK (purpose IN ('login', 'register', 'confirm')),
	bound      bytea NOT NULL CHECK (octet_length(bound) = 32), -- SHA-256 of the cookie (or activation code) it belongs to
	expires_at timestamptz NOT NULL
);
CREATE INDEX challenge_expires ON challenge (expires_at);

-- ---- offices ----
CREATE TABLE office (
	agency     text NOT NULL,
	office     text NOT NULL,
	created_at timestamptz NOT NULL,
	PRIMARY KEY (agency, office)
);
CREATE TABLE appointment (
	id         uuid PRIMARY KEY,
	person     uuid NOT NULL REFERENCES person,
	agency     text NOT NULL,
	office     text NOT NULL,
	title      text NOT NULL,
	valid_from timestamptz NOT NULL,
	valid_until timestamptz NOT NULL CHECK (valid_until > valid_from),
	statement  text NOT NULL,  -- the signed act that ordered it, a compact JWS
	ended_at   timestamptz,
	FOREIGN KEY (agency, office) REFERENCES office
);
CREATE INDEX appointment_person ON appointment (person);

-- ---- portals ----
CREATE TABLE sector (
	name       text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
	created_at timestamptz NOT NULL
);

-- One random subject a person and sector: portals of different sectors cannot join them.
CREATE TABLE subject (
	person uuid NOT NULL REFERENCES person,
	sector text NOT NULL REFERENCES sector,
	sub    text NOT NULL UNIQUE,
	PRIMARY KEY (person, sector)
);

CREATE TABLE client (
	id            text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9._-]{1,64}$'),
	name          jsonb NOT NULL, -- [{"language","text"}]
	sector        text NOT NULL REFERENCES sector,
	agency        text,
	auth_method   text NOT NULL CHECK (auth_method IN ('none', 'client_secret_basic', 'private_key_jwt')),
	secret_hash   bytea CHECK (octet_length(secret_hash) = 32),
	jwks          jsonb,
	grants        text[] NOT NULL,
	redirect_uris text[] NOT NULL,
	post_logout_redirect_uris text[] NOT NULL,
	scopes        text[] NOT NULL,
	resources     text[] NOT NULL, -- audiences it may ask access tokens for
	min_level     smallint NOT NULL CHECK (min_level BETWEEN 1 AND 3),
	max_level     smallint NOT NULL CHECK (max_level BETWEEN min_level AND 3),
	require_par   boolean NOT NULL,
	created_at    timestamptz NOT NULL,
	revoked_at    timestamptz,
	CHECK ((auth_method = 'client_secret_basic') = (secret_hash IS NOT NULL)),
	CHECK ((auth_method = 'private_key_jwt') = (jwks IS NOT NULL))
);

CREATE TABLE consent (
	person   uuid NOT NULL REFERENCES person,
	client   text NOT NULL REFERENCES client,
	scopes   text[] NOT NULL,
	given_at timestamptz NOT NULL,
	PRIMARY KEY (person, client)
);

-- ---- sessions and flows ----
CREATE TABLE session (
	id            uuid PRIMARY KEY,
	hash          bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32), -- of the cookie
	actor         uuid NOT NULL,
	principal     uuid NOT NULL REFERENCES person,
	sector        text, -- NULL: the identity provider's own
	channel       text NOT NULL CHECK (channel IN ('web', 'card', 'counter')),
	authenticator smallint NOT NULL CHECK (authenticator BETWEEN 1 AND 3),
	bound_level   smallint NOT NULL CHECK (bound_level BETWEEN 1 AND 3),
	ceiling       smallint NOT NULL CHECK (ceiling BETWEEN 1 AND 3), -- what idleness has left: it only sinks
	amr           text[] NOT NULL, -- RFC 8176
	auth_time     timestamptz NOT NULL,
	last_seen     timestamptz NOT NULL,
	device        text NOT NULL, -- what the browser calls itself, shortened, for the citizen's own list
	ended_at      timestamptz
);
CREATE INDEX session_principal ON session (principal);

-- An authorization request that waits for login or consent. Its id is in the address, its browser is bound by a cookie.
CREATE TABLE interaction (
	id           text PRIMARY KEY,
	browser      bytea NOT NULL CHECK (octet_length(browser) = 32), -- SHA-256 of the flow cookie
	client       text, -- NULL: a page of our own waits, return_to says which
	request      jsonb, -- as it was checked
	return_to    text CHECK (return_to ~ '^/'),
	level        smallint NOT NULL CHECK (level BETWEEN 1 AND 3),
	session_before uuid, -- the browser's session when it was parked: another one now means that the person has logged in for this
	consented_by uuid, -- the person who consented in this flow
	created_at   timestamptz NOT NULL,
	expires_at   timestamptz NOT NULL,
	CHECK ((client IS NULL) = (request IS NULL)),
	CHECK ((client IS NULL) = (return_to IS NOT NULL))
);
CREATE INDEX interaction_expires ON interaction (expires_at);

-- From the card's port back to the issuer's: one ticket, one minute, one flow.
CREATE TABLE card_ticket (
	hash        bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
	interaction text NOT NULL,
	person      uuid NOT NULL,
	bound_level smallint NOT NULL,
	serial      text NOT NULL,
	expires_at  timestamptz NOT NULL
);

CREATE TABLE par (
	hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32), -- of the request_uri
	client     text NOT NULL,
	request    jsonb NOT NULL,
	expires_at timestamptz NOT NULL
);
CREATE INDEX par_expires ON par (expires_at);

-- ---- tokens: no foreign keys here, each would be a look-up in every exchange ----
CREATE TABLE code (
	hash           bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
	client         text NOT NULL,
	redirect_uri   text NOT NULL,
	challenge      bytea NOT NULL CHECK (octet_length(challenge) = 32), -- RFC 7636 S256
	session        uuid NOT NULL,
	actor          uuid NOT NULL,
	principal      uuid NOT NULL,
	sector         text NOT NULL,
	channel        text NOT NULL,
	sub            text NOT NULL,
	scopes         text[] NOT NULL,
	nonce          text,
	resource       text,
	level          smallint NOT NULL,
	required_level smallint NOT NULL,
	expires_at     timestamptz NOT NULL,
	used_at        timestamptz,
	family         uuid
) WITH (fillfactor = 80);
CREATE INDEX code_expires ON code (expires_at);

CREATE TABLE family (
	id             uuid PRIMARY KEY,
	client         text NOT NULL,
	session        uuid,  -- these five are NULL where a service acts for itself
	actor          uuid,
	principal      uuid,
	sub            text,
	required_level smallint,
	sector         text NOT NULL,
	channel        text NOT NULL,
	scopes         text[] NOT NULL,
	resource       text,
	created_at     timestamptz NOT NULL,
	revoked_at     timestamptz
);
CREATE INDEX family_principal ON family (principal);

CREATE TABLE refresh_token (
	hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
	family     uuid NOT NULL,
	expires_at timestamptz NOT NULL,
	used_at    timestamptz
) WITH (fillfactor = 80);
CREATE INDEX refresh_token_expires ON refresh_token (expires_at);

CREATE TABLE access_token (
	hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
	family     uuid NOT NULL,
	scopes     text[] NOT NULL,
	expires_at timestamptz NOT NULL
);
CREATE INDEX access_token_expires ON access_token (expires_at);

-- ---- single use ----
CREATE TABLE act_jti (
	jti        text PRIMARY KEY,
	expires_at timestamptz NOT NULL
);
CREATE TABLE assertion_jti (
	client     text NOT NULL,
	jti        bytea NOT NULL CHECK (octet_length(jti) = 32), -- SHA-256 of it
	expires_at timestamptz NOT NULL,
	PRIMARY KEY (client, jti)
);
CREATE INDEX assertion_jti_expires ON assertion_jti (expires_at);

-- ---- what the serving role may do; the sequencer of the log takes the outbox ----
GRANT USAGE ON SCHEMA idp TO mohar_idpd, mohar_signerd;
GRANT SELECT, INSERT ON person, data_key, number, credential, card, activation, office, appointment, sector, subject, client, event TO mohar_idpd;
GRANT UPDATE (frozen_at) ON person TO mohar_idpd;
GRANT UPDATE (counter, backed_up, name, last_used_at, removed_at) ON credential TO mohar_idpd;
GRANT UPDATE (removed_at) ON card TO mohar_idpd;
GRANT UPDATE (used_at) ON activation TO mohar_idpd;
GRANT UPDATE (ended_at) ON appointment TO mohar_idpd;
GRANT UPDATE (secret_hash, jwks, revoked_at) ON client TO mohar_idpd;
GRANT SELECT, INSERT, UPDATE, DELETE ON consent TO mohar_idpd;
GRANT SELECT, INSERT ON session TO mohar_idpd;
GRANT UPDATE (last_seen, ceiling, ended_at) ON session TO mohar_idpd;
GRANT SELECT, INSERT, DELETE ON challenge, interaction, card_ticket, par, code, family, refresh_token, access_token, act_jti, assertion_jti TO mohar_idpd;
GRANT UPDATE (consented_by) ON interaction TO mohar_idpd;
GRANT UPDATE (used_at, family) ON code TO mohar_idpd;
GRANT UPDATE (revoked_at) ON family TO mohar_idpd;
GRANT UPDATE (used_at) ON refresh_token TO mohar_idpd;
GRANT SELECT, DELETE ON outbox TO mohar_signerd;
