-- A request for signatures that an agency's system sends again, its answer lost on the way: the same one, not a second. The secret of its address is kept as a hash
-- only, so the repeated answer has an address of its own; the first address goes on working.
ALTER TABLE signing_request
	ADD client text,                                     -- who asked; as actor was before the citizen answered
	ADD request_key text,                                -- the client's Idempotency-Key
	ADD again_hash bytea CHECK (octet_length(again_hash) = 32),
	ADD UNIQUE (client, request_key);

GRANT UPDATE (again_hash) ON signing_request TO mohar_signerd;
