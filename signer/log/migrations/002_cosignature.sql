-- Witnesses' cosignatures of checkpoints of the public tree, as they came (C2SP tlog-cosignature); verified before they are written.
CREATE TABLE cosignature (
	tree    smallint NOT NULL DEFAULT 0 CHECK (tree = 0),
	size    bigint NOT NULL,
	witness text NOT NULL,         -- the name in its verifier key
	line    text NOT NULL CHECK (line LIKE '— % %' AND right(line, 1) = E'\n'),
	at      timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (size, witness),
	FOREIGN KEY (tree, size) REFERENCES checkpoint
);
CREATE TRIGGER cosignature_only_grows BEFORE UPDATE OR DELETE ON cosignature FOR EACH ROW EXECUTE FUNCTION log_only_grows();

GRANT SELECT, INSERT ON cosignature TO mohar_signerd;
