-- An outbox row goes only if the log holds its leaf, and the leaf's tree has grown over it: whoever has taken over the sequencer's role can delay an event,
-- not lose it. One look a statement, not one a row, which would halve the sequencer's speed, and by
-- the leaf's unique index, whatever the statistics say. As the owner, so that it does not
-- depend on what the deleting role may read.
DO $make$
BEGIN
	EXECUTE format($function$
		CREATE FUNCTION outbox_is_logged() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
		SET enable_seqscan = off AS $$
		BEGIN
			IF EXISTS (SELECT FROM gone WHERE (
				SELECT l.tree = gone.tree AND l.entry = gone.entry AND l.index < (SELECT t.size FROM log.tree t WHERE t.id = l.tree)
				FROM log.leaf l WHERE l.schema = %L AND l.event = gone.event) IS NOT TRUE) THEN
				RAISE EXCEPTION 'an outbox row stays until it is logged' USING ERRCODE = 'MR001';
			END IF;
			RETURN NULL;
		END $$ $function$, current_schema());
END $make$;
CREATE TRIGGER outbox_is_logged AFTER DELETE ON outbox REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION outbox_is_logged();
