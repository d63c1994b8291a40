-- Devices that enrol by EST (RFC 7030) and CMP (RFC 9810): who may, and which CMP transactions have been.

-- An enrolment: an agency's right to have its devices certified, by a secret that mohar-hsmd derives from this row's id. The secret itself stands nowhere.
CREATE TABLE device_enrolment (
	id         text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'), -- EST's user name, CMP's senderKID
	agency     text NOT NULL,
	profile    text NOT NULL,
	names      text[] NOT NULL,        -- "dns:*.sensors.health.example.gov", "O:Health"
	uses       integer NOT NULL CHECK (uses >= 0), -- certificates that may still be had with the secret; renewals do not count
	created_at timestamptz NOT NULL,
	expires    timestamptz NOT NULL,   -- of the secret; renewals go on
	revoked_at timestamptz,            -- neither enrolment nor renewal any more
	actor      text NOT NULL           -- the operator whose card ordered it
);
CREATE INDEX device_enrolment_created ON device_enrolment (created_at DESC);

-- A transaction is known until whatever protected it is worth nothing any more, so that no message of it can come again.
CREATE TABLE cmp_transaction (
	id        bytea PRIMARY KEY CHECK (octet_length(id) BETWEEN 1 AND 64),
	sender    text NOT NULL,           -- "secret:ID" or "certificate:SERIAL"
	nonce     bytea NOT NULL CHECK (octet_length(nonce) = 16), -- ours, which the confirmation gives back
	state     text NOT NULL CHECK (state IN ('open', 'waiting', 'done')),
	serial    bytea,                   -- when waiting: the certificate that is to be confirmed
	cert_hash bytea,
	expires   timestamptz NOT NULL
);
CREATE INDEX cmp_transaction_expires ON cmp_transaction (expires);

-- (A scratch database may have no roles.)
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mohar_cad') THEN
		GRANT SELECT, INSERT, UPDATE (uses, revoked_at) ON device_enrolment TO mohar_cad;
		GRANT SELECT, INSERT, DELETE, UPDATE (nonce, state, serial, cert_hash) ON cmp_transaction TO mohar_cad;
	END IF;
END $$;
