-- ACME (RFC 8555): who may order what, and how far each order is. Everything that two instances must agree on stands here.

-- One key for all instances: nonces are made without a row, and only used ones are kept.
CREATE TABLE acme_secret (
	one       boolean PRIMARY KEY DEFAULT true CHECK (one),
	nonce_key bytea NOT NULL CHECK (octet_length(nonce_key) = 32)
);

-- Nonces that were used; each is good for one time.
CREATE TABLE acme_nonce (
	nonce   bytea PRIMARY KEY CHECK (octet_length(nonce) = 32),
	expires timestamptz NOT NULL
);
CREATE INDEX acme_nonce_expires ON acme_nonce (expires);

-- Keys for external account binding (RFC 8555 7.3.4): an agency's right to make accounts, and the names that these may order. The MAC key is wiped
-- with its last use, its revocation, or its end.
CREATE TABLE acme_binding (
	kid        text PRIMARY KEY,
	agency     text NOT NULL,
	names      text[] NOT NULL,        -- land.example.gov: itself and what is under it; 192.0.2.0/24
	mac_key    bytea CHECK (octet_length(mac_key) = 32),
	accounts   smallint NOT NULL CHECK (accounts >= 0), -- that may still be made
	created_at timestamptz NOT NULL,
	expires    timestamptz NOT NULL,
	revoked_at timestamptz,
	actor      text NOT NULL,          -- the operator whose card ordered it
	CHECK (mac_key IS NOT NULL OR accounts = 0 OR revoked_at IS NOT NULL)
);
CREATE INDEX acme_binding_created ON acme_binding (created_at DESC);

CREATE TABLE acme_account (
	id          uuid PRIMARY KEY,
	thumbprint  text NOT NULL UNIQUE,  -- RFC 7638, of jwk
	jwk         text NOT NULL,
	spki_sha256 bytea NOT NULL CHECK (octet_length(spki_sha256) = 32),
	contact     text[] NOT NULL,
	status      text NOT NULL CHECK (status IN ('valid', 'deactivated', 'revoked')),
	binding     text NOT NULL REFERENCES acme_binding,
	created_at  timestamptz NOT NULL
);
CREATE INDEX acme_account_binding ON acme_account (binding);

-- 'ready' is not stored: it is a pending order whose authorizations are all valid, so two that finish at once cannot miss each other.
CREATE TABLE acme_order (
	id            uuid PRIMARY KEY,
	account       uuid NOT NULL REFERENCES acme_account,
	names         text[] NOT NULL,     -- "dns:www.land.example.gov", sorted
	status        text NOT NULL CHECK (status IN ('pending', 'processing', 'valid', 'invalid')),
	created_at    timestamptz NOT NULL,
	expires       timestamptz NOT NULL,
	replaces      bytea,               -- serial (RFC 9773 5)
	spki_sha256   bytea,               -- of the request, once finalized
	processing_at timestamptz,
	serial        bytea                -- of the certificate, once valid
);
CREATE INDEX acme_order_account ON acme_order (account, created_at DESC);
CREATE INDEX acme_order_expires ON acme_order (expires);
CREATE INDEX acme_order_processing ON acme_order (processing_at) WHERE status = 'processing';
CREATE UNIQUE INDEX acme_order_replaces ON acme_order (replaces) WHERE replaces IS NOT NULL AND status <> 'invalid';

CREATE TABLE acme_authorization (
	id       uuid PRIMARY KEY,
	order_id uuid NOT NULL REFERENCES acme_order ON DELETE CASCADE,
	account  uuid NOT NULL,
	name     text NOT NULL,            -- as in the order, without the wildcard's "*."
	wildcard boolean NOT NULL,
	status   text NOT NULL CHECK (status IN ('pending', 'valid', 'invalid', 'deactivated')),
	expires  timestamptz NOT NULL
);
CREATE INDEX acme_authorization_order ON acme_authorization (order_id);
CREATE INDEX acme_authorization_account ON acme_authorization (account, name) WHERE status = 'valid';

CREATE TABLE acme_challenge (
	id            uuid PRIMARY KEY,
	authorization_id uuid NOT NULL REFERENCES acme_authorization ON DELETE CASCADE,
	type          text NOT NULL CHECK (type IN ('http-01', 'dns-01', 'tls-alpn-01')),
	token         text NOT NULL,
	status        text NOT NULL CHECK (status IN ('pending', 'processing', 'valid', 'invalid')),
	problem       text,                -- JSON, of the last attempt that failed
	validated_at  timestamptz,
	attempts      smallint NOT NULL DEFAULT 0,
	due_at        timestamptz,         -- when processing: next attempt
	leased_until  timestamptz          -- an instance is at it
);
CREATE INDEX acme_challenge_authorization ON acme_challenge (authorization_id);
CREATE INDEX acme_challenge_due ON acme_challenge (due_at) WHERE status = 'processing';

GRANT SELECT, INSERT ON acme_secret TO mohar_cad;
GRANT SELECT, INSERT, DELETE ON acme_nonce TO mohar_cad;
GRANT SELECT, INSERT, UPDATE (mac_key, accounts, revoked_at) ON acme_binding TO mohar_cad;
GRANT SELECT, INSERT, UPDATE (thumbprint, jwk, spki_sha256, contact, status) ON acme_account TO mohar_cad;
GRANT SELECT, INSERT, DELETE, UPDATE (status, spki_sha256, processing_at, serial) ON acme_order TO mohar_cad;
GRANT SELECT, INSERT, UPDATE (status, expires) ON acme_authorization TO mohar_cad;
GRANT SELECT, INSERT, UPDATE (status, problem, validated_at, attempts, due_at, leased_until) ON acme_challenge TO mohar_cad;
