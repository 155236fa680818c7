-- triggers.sql -- triggers on Lance tables fire as on a heap table, and what they change is kept.
\getenv data LANCEDB_TEST_DATA
\set folder :data /triggers
\! mkdir "$LANCEDB_TEST_DATA/triggers" && cp -r "$LANCEDB_TEST_DATA/fragments.lance" "$LANCEDB_TEST_DATA/triggers/items.lance"
SET client_min_messages = warning;
CREATE SCHEMA lance_triggers;
CREATE SCHEMA heap_triggers;
CREATE SERVER triggers_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'folder');
IMPORT FOREIGN SCHEMA public FROM SERVER triggers_lake INTO lance_triggers;
CREATE TABLE heap_triggers.items AS SELECT * FROM lance_triggers.items;

-- what differs between the Lance table and the heap table
CREATE VIEW public.triggers_differences AS
	(SELECT 'lance' AS "only in", i::text FROM lance_triggers.items i EXCEPT ALL SELECT 'lance', i::text FROM heap_triggers.items i) UNION ALL
	(SELECT 'heap', i::text FROM heap_triggers.items i EXCEPT ALL SELECT 'heap', i::text FROM lance_triggers.items i);
-- runs a statement on the Lance table and on the heap table
CREATE FUNCTION public.triggers_both(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	lance bigint;
	heap bigint;
	differences bigint;
BEGIN
	PERFORM set_config('search_path', 'lance_triggers, public', true);
	EXECUTE statement;
	GET DIAGNOSTICS lance = ROW_COUNT;
	PERFORM set_config('search_path', 'heap_triggers, public', true);
	EXECUTE statement;
	GET DIAGNOSTICS heap = ROW_COUNT;
	SELECT count(*) INTO differences FROM triggers_differences;
	RETURN format('%s rows', lance) || CASE WHEN lance <> heap THEN format(', heap %s', heap) ELSE '' END ||
		CASE WHEN differences > 0 THEN format(', %s DIFFERENCES', differences) ELSE ', same' END;
END $$;
-- whether it fails on both alike
CREATE FUNCTION public.triggers_fails(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	errors text[];
	place text;
BEGIN
	FOREACH place IN ARRAY ARRAY['lance_triggers', 'heap_triggers'] LOOP
		BEGIN
			PERFORM set_config('search_path', place || ', public', true);
			EXECUTE statement;
			errors := errors || 'no error'::text;
		EXCEPTION WHEN OTHERS THEN
			errors := errors || (SQLSTATE || ' ' || SQLERRM);
		END;
	END LOOP;
	RETURN errors[1] || CASE WHEN errors[1] <> errors[2] THEN ', heap: ' || errors[2] ELSE '' END;
END $$;
SET search_path = lance_triggers, public;

CREATE TABLE public.log (n int GENERATED ALWAYS AS IDENTITY, place text, what text);
CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO log (place, what) VALUES (split_part(TG_TABLE_SCHEMA, '_', 1), concat_ws(' ', TG_NAME, TG_WHEN, TG_OP, TG_LEVEL,
		CASE WHEN TG_LEVEL = 'ROW' AND TG_OP <> 'INSERT' THEN OLD::text END, CASE WHEN TG_LEVEL = 'ROW' AND TG_OP <> 'DELETE' THEN NEW::text END));
	RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE FUNCTION public.change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.category = 13 THEN
		RETURN NULL;
	END IF;
	NEW.title := upper(NEW.title);
	RETURN NEW;
END $$;
CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN OLD.category = 13 THEN NULL ELSE OLD END;
END $$;
DO $$
DECLARE place text;
BEGIN
	FOREACH place IN ARRAY ARRAY['lance_triggers', 'heap_triggers'] LOOP
		PERFORM set_config('search_path', place || ', public', true);
		CREATE TRIGGER t1_change BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION change();
		CREATE TRIGGER t2_keep BEFORE DELETE ON items FOR EACH ROW EXECUTE FUNCTION keep();
		CREATE TRIGGER t3_note BEFORE INSERT OR UPDATE OR DELETE ON items FOR EACH ROW EXECUTE FUNCTION note();
		CREATE TRIGGER t4_note AFTER INSERT OR UPDATE OR DELETE ON items FOR EACH ROW EXECUTE FUNCTION note();
		CREATE TRIGGER t5_note BEFORE INSERT OR UPDATE OR DELETE ON items FOR EACH STATEMENT EXECUTE FUNCTION note();
		CREATE TRIGGER t6_note AFTER INSERT OR UPDATE OR DELETE ON items FOR EACH STATEMENT EXECUTE FUNCTION note();
		CREATE TRIGGER t7_only AFTER UPDATE OF category ON items FOR EACH ROW WHEN (NEW.category > 500) EXECUTE FUNCTION note();
	END LOOP;
END $$;
-- what was noted for one table and not for the other
CREATE VIEW public.log_differences AS SELECT what, place, count FROM (
	SELECT what, place, count(*), count(*) OVER (PARTITION BY what, count(*)) AS places FROM log GROUP BY what, place) l WHERE places <> 2;
SELECT triggers_both($$INSERT INTO items VALUES (2001, 1, 'one', '{1,2,3,4,5,6,7,8}'), (2002, 13, 'not at all', NULL), (2003, 2, NULL, NULL)$$);
SELECT what FROM log WHERE place = 'lance' ORDER BY n;
SELECT triggers_both($$UPDATE items SET title = 'two', category = 600 WHERE id IN (2001, 2003)$$);
SELECT triggers_both($$UPDATE items SET category = 13 WHERE id = 2001$$);
SELECT triggers_both($$DELETE FROM items WHERE id = 2003$$);
SELECT triggers_both($$DELETE FROM items WHERE category BETWEEN 12 AND 14$$);
SELECT triggers_both($$UPDATE items SET title = 'x' WHERE false$$);
SELECT * FROM log_differences;
SELECT count(*) FROM log;
SELECT * FROM triggers_differences;
-- RETURNING shows what the trigger made of it
INSERT INTO items VALUES (2004, 1, 'lower', NULL) RETURNING id, title;
INSERT INTO heap_triggers.items VALUES (2004, 1, 'lower', NULL);
EXPLAIN (COSTS OFF) DELETE FROM items WHERE id = 2004;
-- COPY fires them too
COPY items (id, category, title) FROM stdin;
2005	1	from copy
2006	13	not this
\.
COPY heap_triggers.items (id, category, title) FROM stdin;
2005	1	from copy
2006	13	not this
\.
SELECT * FROM triggers_differences;

-- triggers that look at the table, and change it
DROP TRIGGER t1_change ON items;
DROP TRIGGER t2_keep ON items;
DROP TRIGGER t3_note ON items;
DROP TRIGGER t4_note ON items;
DROP TRIGGER t1_change ON heap_triggers.items;
DROP TRIGGER t2_keep ON heap_triggers.items;
DROP TRIGGER t3_note ON heap_triggers.items;
DROP TRIGGER t4_note ON heap_triggers.items;
CREATE FUNCTION public.cascade_down() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT count(*) FROM %s WHERE id BETWEEN 100 AND 200', TG_RELID::regclass) INTO NEW.category;
	IF NEW.id < 110 THEN
		EXECUTE format('INSERT INTO %s (id, title) VALUES ($1, $2)', TG_RELID::regclass) USING NEW.id + 100, 'child';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER down BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION cascade_down();
CREATE TRIGGER down BEFORE INSERT ON heap_triggers.items FOR EACH ROW EXECUTE FUNCTION cascade_down();
SELECT triggers_both($$DELETE FROM items WHERE id BETWEEN 100 AND 210$$);
SELECT triggers_both($$INSERT INTO items (id) SELECT g FROM generate_series(100, 120) g$$);
CREATE FUNCTION public.after_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF OLD.title IS DISTINCT FROM NEW.title THEN
		EXECUTE format('UPDATE %s SET category = category + 1 WHERE id = $1', TG_RELID::regclass) USING NEW.id;
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER up AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION after_update();
CREATE TRIGGER up AFTER UPDATE ON heap_triggers.items FOR EACH ROW EXECUTE FUNCTION after_update();
SELECT triggers_both($$UPDATE items SET title = 'cascade' WHERE id BETWEEN 100 AND 120$$);
-- an exception caught in a trigger takes back what it did, and no more
CREATE FUNCTION public.catch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		EXECUTE format('DELETE FROM %s WHERE id = $1', TG_RELID::regclass) USING OLD.id + 1;
		EXECUTE format('INSERT INTO %s (id, title) VALUES ($1, $2)', TG_RELID::regclass) USING OLD.id + 1000, 'taken back';
		PERFORM 1 / (OLD.id % 2);
	EXCEPTION WHEN division_by_zero THEN
		NULL;
	END;
	RETURN NULL;
END $$;
CREATE TRIGGER catch AFTER DELETE ON items FOR EACH ROW EXECUTE FUNCTION catch();
CREATE TRIGGER catch AFTER DELETE ON heap_triggers.items FOR EACH ROW EXECUTE FUNCTION catch();
SELECT triggers_both($$DELETE FROM items WHERE id IN (500, 501, 504)$$);
-- a row that a BEFORE trigger changed before its turn came
CREATE FUNCTION public.before_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('UPDATE %s SET title = ''by trigger'' WHERE id = $1 + 1', TG_RELID::regclass) USING OLD.id;
	RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER turn BEFORE UPDATE ON items FOR EACH ROW WHEN (OLD.id = 9600 AND NEW.category = 77) EXECUTE FUNCTION before_turn();
CREATE TRIGGER turn BEFORE UPDATE ON heap_triggers.items FOR EACH ROW WHEN (OLD.id = 9600 AND NEW.category = 77) EXECUTE FUNCTION before_turn();
CREATE TRIGGER turn_delete BEFORE DELETE ON items FOR EACH ROW WHEN (OLD.id = 9600) EXECUTE FUNCTION before_turn();
CREATE TRIGGER turn_delete BEFORE DELETE ON heap_triggers.items FOR EACH ROW WHEN (OLD.id = 9600) EXECUTE FUNCTION before_turn();
SELECT triggers_both($$INSERT INTO items (id) VALUES (9600), (9601)$$);
SELECT triggers_both($$UPDATE items SET category = 77 WHERE id = 9601$$);
SELECT triggers_fails($$UPDATE items SET category = 77 WHERE id IN (9600, 9601)$$);
SELECT left(triggers_fails($$DELETE FROM items WHERE id IN (9600, 9601)$$), 5) AS state;
SELECT triggers_both($$UPDATE items SET category = 78 FROM (VALUES (9600), (9600), (9601)) v (id) WHERE v.id = items.id$$);
SELECT * FROM log_differences;
SELECT * FROM triggers_differences;
-- as for every foreign table, transition tables are the server's to refuse
CREATE TRIGGER transition AFTER INSERT ON items REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note();

SET client_min_messages = warning;
RESET search_path;
DROP SERVER triggers_lake CASCADE;
DROP SCHEMA lance_triggers, heap_triggers CASCADE;
DROP TABLE log CASCADE;
DROP FUNCTION triggers_both, triggers_fails, note, change, keep, cascade_down, after_update, catch, before_turn CASCADE;
\! rm -rf "$LANCEDB_TEST_DATA/triggers"
