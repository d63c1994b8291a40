-- An officer may refuse to confirm: the decision is then not sealed, ever, and its agency learns the reason. Refused is as final as sealed: the trigger
-- decision_is_sealed keeps both.
ALTER TABLE decision
	ADD refused_at timestamptz,
	ADD refusal text,                                    -- the officer's reason, for the agency
	DROP CONSTRAINT decision_state_check,
	DROP CONSTRAINT decision_check,
	DROP CONSTRAINT decision_check1,
	ADD CONSTRAINT decision_state_check CHECK (state IN ('pending', 'sealed', 'revoked', 'refused')),
	ADD CONSTRAINT decision_has_its_seal CHECK ((state IN ('pending', 'refused')) = (jws IS NULL)),
	ADD CONSTRAINT decision_has_its_event CHECK ((state = 'pending') = (event IS NULL)),
	ADD CONSTRAINT decision_has_its_status CHECK (state IN ('pending', 'refused') OR (status_index IS NOT NULL AND sealed_at IS NOT NULL)),
	ADD CONSTRAINT decision_has_its_refusal CHECK ((state = 'refused') = (refused_at IS NOT NULL) AND (state = 'refused') = (refusal IS NOT NULL));

GRANT UPDATE (refused_at, refusal) ON decision TO mohar_signerd;
