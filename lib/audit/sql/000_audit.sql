-- Every schema's event table and outbox (lib/audit/event.h). An event is written in the transaction of the act it records;
-- the sequencer of the log takes its leaf hash from the outbox. Nobody who serves may change or delete an event.
CREATE TABLE event (
	id        uuid PRIMARY KEY,
	tree      smallint NOT NULL CHECK (tree IN (0, 1)),
	at        timestamptz NOT NULL,
	type      text NOT NULL,
	actor     text,               -- who did it: a person's id in idp, a pairwise subject elsewhere, an operator's name
	principal text,               -- for whom; the same unless a mandate or a counter says otherwise
	sector    text,
	channel   text,               -- web, card, counter, api, cli
	salt      bytea CHECK (octet_length(salt) = 16), -- NULL: forgotten
	entry     bytea NOT NULL,
	private   bytea               -- NULL: forgotten
);
CREATE INDEX event_principal ON event (principal, at DESC);

CREATE TABLE outbox (
	seq   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	event uuid NOT NULL,
	tree  smallint NOT NULL,
	leaf  bytea NOT NULL CHECK (octet_length(leaf) = 32),
	entry bytea NOT NULL          -- so that the sequencer needs no right to read events
);

-- One row in, one row out: an event cannot be inserted without its outbox row, because the trigger makes it. It is made with the schema's name in
-- it and every other name in full, so that its plan is kept and no search_path, which nothing here depends on, is set at each event.
DO $make$
BEGIN
	EXECUTE format($function$
		CREATE FUNCTION event_to_outbox() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
		BEGIN
			INSERT INTO %I.outbox (event, tree, leaf, entry) VALUES (NEW.id, NEW.tree,
				pg_catalog.sha256('\x00'::pg_catalog.bytea OPERATOR(pg_catalog.||) NEW.entry), NEW.entry);
			RETURN NULL;
		END $$ $function$, current_schema());
END $make$;
CREATE TRIGGER event_to_outbox AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION event_to_outbox();

CREATE FUNCTION event_is_for_ever() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND NEW.salt IS NULL AND NEW.private IS NULL
	   AND (NEW.id, NEW.tree, NEW.at, NEW.type, NEW.entry) = (OLD.id, OLD.tree, OLD.at, OLD.type, OLD.entry) THEN
		RETURN NEW; -- forgetting is the only change
	END IF;
	RAISE EXCEPTION 'an event is for ever' USING ERRCODE = 'MR001';
END $$;
CREATE TRIGGER event_is_for_ever BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION event_is_for_ever();

-- The sequencer runs in mohar-signerd, and takes nothing but the outbox. (A scratch database may have no roles.)
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mohar_signerd') THEN
		EXECUTE format('GRANT USAGE ON SCHEMA %I TO mohar_signerd', current_schema());
		GRANT SELECT, DELETE ON outbox TO mohar_signerd;
	END IF;
END $$;
