-- The transparency log: leaves in their order, the hashes of its trees in tiles of 256 (C2SP tlog-tiles), signed checkpoints.
-- Tree 0 is public. Tree 1 is private (logins); its root is a leaf of tree 0. Everything here only grows.
CREATE TABLE tree (
	id   smallint PRIMARY KEY CHECK (id IN (0, 1)),
	size bigint NOT NULL DEFAULT 0 CHECK (size >= 0)
);
INSERT INTO tree (id) VALUES (0), (1);

CREATE TABLE leaf (
	tree   smallint NOT NULL REFERENCES tree,
	index  bigint NOT NULL CHECK (index >= 0),
	schema text NOT NULL,          -- whose outbox it came from; log: the log's own
	event  uuid NOT NULL,
	entry  bytea NOT NULL,
	PRIMARY KEY (tree, index),
	UNIQUE (schema, event)         -- an event is logged once
);

CREATE TABLE tile (
	tree   smallint NOT NULL REFERENCES tree,
	level  smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
	index  bigint NOT NULL CHECK (index >= 0),
	hashes bytea NOT NULL CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
	PRIMARY KEY (tree, level, index)
);

CREATE TABLE checkpoint (
	tree smallint NOT NULL REFERENCES tree,
	size bigint NOT NULL CHECK (size > 0),
	note text NOT NULL,
	at   timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (tree, size)
);

CREATE FUNCTION log_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'UPDATE' THEN
		IF TG_TABLE_NAME = 'tree' THEN
			IF NEW.id = OLD.id AND NEW.size >= OLD.size THEN
				RETURN NEW;
			END IF;
		ELSIF TG_TABLE_NAME = 'tile' THEN
			IF (NEW.tree, NEW.level, NEW.index) = (OLD.tree, OLD.level, OLD.index)
			   AND substring(NEW.hashes FROM 1 FOR octet_length(OLD.hashes)) = OLD.hashes THEN
				RETURN NEW;
			END IF;
		END IF;
	END IF;
	RAISE EXCEPTION 'the log only grows' USING ERRCODE = 'MR001';
END $$;
CREATE TRIGGER tree_only_grows BEFORE UPDATE OR DELETE ON tree FOR EACH ROW EXECUTE FUNCTION log_only_grows();
CREATE TRIGGER leaf_only_grows BEFORE UPDATE OR DELETE ON leaf FOR EACH ROW EXECUTE FUNCTION log_only_grows();
CREATE TRIGGER tile_only_grows BEFORE UPDATE OR DELETE ON tile FOR EACH ROW EXECUTE FUNCTION log_only_grows();
CREATE TRIGGER checkpoint_only_grows BEFORE UPDATE OR DELETE ON checkpoint FOR EACH ROW EXECUTE FUNCTION log_only_grows();

GRANT USAGE ON SCHEMA log TO mohar_signerd;
GRANT SELECT ON tree, leaf, tile, checkpoint TO mohar_signerd;
GRANT UPDATE (size) ON tree TO mohar_signerd;
GRANT INSERT ON leaf, tile, checkpoint TO mohar_signerd;
GRANT UPDATE (hashes) ON tile TO mohar_signerd;
