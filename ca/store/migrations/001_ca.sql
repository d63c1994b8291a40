-- The issuance database. "Good" in OCSP means: in certificate, and not revoked; so nothing is given out that is not in here.
CREATE TABLE certificate (
	serial      bytea PRIMARY KEY CHECK (octet_length(serial) = 16),
	issuer      text NOT NULL,              -- label of the CA key
	profile     text NOT NULL,
	subject     text NOT NULL,              -- as people write it: "CN=..., serialNumber=..."
	person      uuid,                       -- citizens' profiles
	spki_sha256 bytea NOT NULL CHECK (octet_length(spki_sha256) = 32),
	not_before  timestamptz NOT NULL,
	not_after   timestamptz NOT NULL,
	der         bytea NOT NULL,
	issued_at   timestamptz NOT NULL,
	actor       text NOT NULL,              -- the operator whose card ordered it, or the daemon
	principal   text NOT NULL,              -- for whom
	sector      text,
	channel     text NOT NULL,              -- card, local
	revoked_at  timestamptz,
	reason      smallint CHECK (reason BETWEEN 0 AND 10 AND reason <> 7), -- RFC 5280 5.3.1
	CHECK ((revoked_at IS NULL) = (reason IS NULL))
);
CREATE INDEX certificate_revoked ON certificate (issuer, revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX certificate_revoked_at ON certificate (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX certificate_person ON certificate (person) WHERE person IS NOT NULL;
CREATE INDEX certificate_issued ON certificate (issued_at DESC);
CREATE INDEX certificate_spki ON certificate (spki_sha256);
CREATE INDEX certificate_subject ON certificate (subject text_pattern_ops);

-- One key belongs to one holder for ever: another's request with the same key is a copied or broken key.
CREATE TABLE key_holder (
	spki_sha256 bytea PRIMARY KEY CHECK (octet_length(spki_sha256) = 32),
	holder      text NOT NULL
);

-- Signed orders, each good for one time.
CREATE TABLE act_jti (
	jti     text PRIMARY KEY,
	expires timestamptz NOT NULL
);
CREATE INDEX act_jti_expires ON act_jti (expires);

CREATE TABLE crl (
	issuer      text NOT NULL,
	number      bigint NOT NULL,
	this_update timestamptz NOT NULL,
	next_update timestamptz NOT NULL,
	entries     bigint NOT NULL,
	der         bytea NOT NULL,
	PRIMARY KEY (issuer, number)
);

-- What was issued stays issued: a row changes only by revocation, once, and never goes.
CREATE FUNCTION certificate_is_for_ever() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL
	   AND (NEW.serial, NEW.issuer, NEW.profile, NEW.subject, NEW.spki_sha256, NEW.not_before, NEW.not_after, NEW.der, NEW.issued_at)
	     = (OLD.serial, OLD.issuer, OLD.profile, OLD.subject, OLD.spki_sha256, OLD.not_before, OLD.not_after, OLD.der, OLD.issued_at) THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'a certificate is for ever; it can only be revoked' USING ERRCODE = 'MR001';
END $$;
CREATE TRIGGER certificate_is_for_ever BEFORE UPDATE OR DELETE ON certificate FOR EACH ROW EXECUTE FUNCTION certificate_is_for_ever();

DO $$
BEGIN
	EXECUTE format('GRANT USAGE ON SCHEMA %I TO mohar_cad', current_schema());
END $$;
GRANT SELECT, INSERT, UPDATE (revoked_at, reason) ON certificate TO mohar_cad;
GRANT SELECT, INSERT, UPDATE (holder) ON key_holder TO mohar_cad;
GRANT SELECT, INSERT, DELETE ON act_jti TO mohar_cad;
GRANT SELECT, INSERT, DELETE ON crl TO mohar_cad;
GRANT INSERT ON event TO mohar_cad;
