-- Of two tabs that answer a request at once, one claims it first: no connection and no lock waits while mohar-hsmd activates the citizen's key. A claim whose daemon
-- died ends by itself.
ALTER TABLE signing_request
	ADD claim uuid,
	ADD claimed_until timestamptz,
	ADD CHECK ((claim IS NULL) = (claimed_until IS NULL));

GRANT UPDATE (claim, claimed_until) ON signing_request TO mohar_signerd;
