-- The trigger that fills the outbox, once a statement instead of once a row: several acts may be recorded by one statement. As before, an event cannot
-- be inserted without its outbox row, every name is in full, and no search_path is set.
DO $make$
BEGIN
	EXECUTE format($function$
		CREATE FUNCTION events_to_outbox() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
		BEGIN
			INSERT INTO %I.outbox (event, tree, leaf, entry) SELECT id, tree,
				pg_catalog.sha256('\x00'::pg_catalog.bytea OPERATOR(pg_catalog.||) entry), entry FROM fresh;
			RETURN NULL;
		END $$ $function$, current_schema());
END $make$;
CREATE TRIGGER events_to_outbox AFTER INSERT ON event REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION events_to_outbox();
DROP TRIGGER event_to_outbox ON event;
DROP FUNCTION event_to_outbox();

-- The outbox is filled and emptied all the time: whoever reads its beginning steps over what is dead until it is vacuumed.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
