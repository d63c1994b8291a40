-- Ceremonies that were held: the SHA-256 of each transcript and its event in the log. The transcript itself stays with those who held it.

CREATE TABLE ceremony (
	sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
	event  uuid NOT NULL,
	at     timestamptz NOT NULL
);
GRANT SELECT, INSERT ON ceremony TO mohar_signerd;
