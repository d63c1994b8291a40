-- The operator's console: a browser that is away at the identity provider, and one that is back. Neither row lets anybody in by itself: the cookie is known by its hash only, and the
-- token with which the identity provider is asked anew for each page stands nowhere but in the browser.
CREATE TABLE console_login (
	state    bytea PRIMARY KEY CHECK (octet_length(state) = 32),  -- SHA-256 of the state parameter
	cookie   bytea NOT NULL CHECK (octet_length(cookie) = 32),    -- SHA-256 of the browser's own cookie
	nonce    text NOT NULL,
	verifier text NOT NULL,
	back     text NOT NULL CHECK (back LIKE '/console%' AND octet_length(back) <= 512), -- the page that was asked for
	expires  timestamptz NOT NULL
);
CREATE INDEX console_login_expires ON console_login (expires);

CREATE TABLE console_session (
	id        bytea PRIMARY KEY CHECK (octet_length(id) = 32),    -- SHA-256 of the cookie
	token     bytea NOT NULL CHECK (octet_length(token) = 32),    -- SHA-256 of the access token that belongs to it
	actor     text NOT NULL,                                      -- the identity provider's subject for this console
	level     smallint NOT NULL CHECK (level = 3),
	form      text NOT NULL,                                      -- against forged forms
	auth_time timestamptz NOT NULL,
	expires   timestamptz NOT NULL
);
CREATE INDEX console_session_expires ON console_session (expires);

-- (A scratch database may have no roles.)
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mohar_cad') THEN
		GRANT SELECT, INSERT, DELETE ON console_login, console_session TO mohar_cad;
	END IF;
END $$;
