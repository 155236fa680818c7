-- on_conflict.sql -- INSERT .. ON CONFLICT on a Lance table with a unique index, next to a heap table that has one.
\getenv data LANCEDB_TEST_DATA
\set folder :data /on_conflict
\! mkdir "$LANCEDB_TEST_DATA/on_conflict" && cp -r "$LANCEDB_TEST_DATA/fragments.lance" "$LANCEDB_TEST_DATA/on_conflict/items.lance"
SET client_min_messages = warning;
CREATE SCHEMA lance_on_conflict;
CREATE SCHEMA heap_on_conflict;
CREATE SERVER on_conflict_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'folder');
IMPORT FOREIGN SCHEMA public FROM SERVER on_conflict_lake INTO lance_on_conflict;
CREATE TABLE heap_on_conflict.items AS SELECT * FROM lance_on_conflict.items;

-- what differs between the Lance table and the heap table
CREATE VIEW public.on_conflict_differences AS
	(SELECT 'lance' AS "only in", i::text FROM lance_on_conflict.items i EXCEPT ALL SELECT 'lance', i::text FROM heap_on_conflict.items i) UNION ALL
	(SELECT 'heap', i::text FROM heap_on_conflict.items i EXCEPT ALL SELECT 'heap', i::text FROM lance_on_conflict.items i);
-- runs a statement on the Lance table and on the heap table
CREATE FUNCTION public.on_conflict_both(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	lance bigint;
	heap bigint;
	differences bigint;
BEGIN
	PERFORM set_config('search_path', 'lance_on_conflict, public', true);
	EXECUTE statement;
	GET DIAGNOSTICS lance = ROW_COUNT;
	PERFORM set_config('search_path', 'heap_on_conflict, public', true);
	EXECUTE statement;
	GET DIAGNOSTICS heap = ROW_COUNT;
	SELECT count(*) INTO differences FROM on_conflict_differences;
	RETURN format('%s rows', lance) || CASE WHEN lance <> heap THEN format(', heap %s', heap) ELSE '' END ||
		CASE WHEN differences > 0 THEN format(', %s DIFFERENCES', differences) ELSE ', same' END;
END $$;
-- whether it fails on both alike
CREATE FUNCTION public.on_conflict_fails(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	errors text[];
	place text;
BEGIN
	FOREACH place IN ARRAY ARRAY['lance_on_conflict', 'heap_on_conflict'] LOOP
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
SET search_path = lance_on_conflict, public;

CREATE UNIQUE INDEX items_id ON items (id);
CREATE UNIQUE INDEX items_id ON heap_on_conflict.items (id);
EXPLAIN (COSTS OFF) INSERT INTO items AS i VALUES (1, 1, 'x', NULL) ON CONFLICT (id) DO UPDATE SET title = EXCLUDED.title WHERE i.title <> 'y';
-- DO NOTHING
SELECT on_conflict_both($$INSERT INTO items VALUES (1, 1, 'there already', NULL), (2001, 2, 'new', NULL) ON CONFLICT (id) DO NOTHING$$);
SELECT on_conflict_both($$INSERT INTO items VALUES (2001, 1, 'there already', NULL), (2002, 2, 'new', NULL), (2002, 3, 'twice', NULL) ON CONFLICT DO NOTHING$$);
INSERT INTO items (id) VALUES (1), (2003), (2) ON CONFLICT DO NOTHING RETURNING id;
INSERT INTO heap_on_conflict.items (id) VALUES (2003);
-- DO UPDATE
SELECT on_conflict_both($$INSERT INTO items VALUES (1, 1, 'updated', NULL), (2004, 2, 'inserted', NULL) ON CONFLICT (id) DO UPDATE SET title = EXCLUDED.title$$);
SELECT on_conflict_both($$INSERT INTO items AS i VALUES (1, 1, 'no', NULL), (2, 100, 'yes', '{1,1,1,1,1,1,1,1}') ON CONFLICT (id) DO UPDATE SET title = i.title || ' and ' || EXCLUDED.title, v = EXCLUDED.v, category = DEFAULT WHERE EXCLUDED.category > 50$$);
SELECT on_conflict_both($$INSERT INTO items AS i (id, category) SELECT g, g % 10 FROM generate_series(500, 1500) g ON CONFLICT (id) DO UPDATE SET category = i.category + EXCLUDED.category, title = (SELECT 'of ' || count(*) FROM items b WHERE b.id < 3)$$);
SELECT on_conflict_both($$INSERT INTO items AS i (id, title) VALUES (10, 'ten') ON CONFLICT (id) DO UPDATE SET (title, category) = (SELECT EXCLUDED.title || i.title, 5)$$);
INSERT INTO items AS i (id, title) VALUES (11, 'eleven'), (2010, 'new'), (12, 'twelve') ON CONFLICT (id) DO UPDATE SET title = EXCLUDED.title || '!' WHERE i.id <> 12 RETURNING id, title, v IS NULL AS no_v;
INSERT INTO heap_on_conflict.items AS i (id, title) VALUES (11, 'eleven'), (2010, 'new'), (12, 'twelve') ON CONFLICT (id) DO UPDATE SET title = EXCLUDED.title || '!' WHERE i.id <> 12 RETURNING id, title, v IS NULL AS no_v;
SELECT * FROM on_conflict_differences;
-- the same key twice in one command
SELECT on_conflict_fails($$INSERT INTO items (id, title) VALUES (20, 'a'), (20, 'b') ON CONFLICT (id) DO UPDATE SET title = EXCLUDED.title$$);
SELECT on_conflict_fails($$INSERT INTO items (id, title) VALUES (3001, 'a'), (3001, 'b') ON CONFLICT (id) DO UPDATE SET title = EXCLUDED.title$$);
SELECT on_conflict_fails($$INSERT INTO items (id, title) VALUES (21, 'a') ON CONFLICT (title) DO NOTHING$$);
-- twice in one transaction
BEGIN;
INSERT INTO items (id, title) VALUES (22, 'a'), (3002, 'a') ON CONFLICT (id) DO UPDATE SET title = EXCLUDED.title;
INSERT INTO items AS i (id, title) VALUES (22, 'b'), (3002, 'b') ON CONFLICT (id) DO UPDATE SET title = i.title || EXCLUDED.title;
SAVEPOINT s;
INSERT INTO items AS i (id, title) VALUES (22, 'c'), (3003, 'c') ON CONFLICT (id) DO UPDATE SET title = i.title || EXCLUDED.title;
ROLLBACK TO s;
INSERT INTO items AS i (id, title) VALUES (22, 'd'), (3003, 'd') ON CONFLICT (id) DO UPDATE SET title = i.title || EXCLUDED.title;
DELETE FROM items WHERE id = 23;
INSERT INTO items (id, title) VALUES (23, 'again') ON CONFLICT (id) DO NOTHING;
COMMIT;
UPDATE heap_on_conflict.items SET title = 'abd' WHERE id = 22;
DELETE FROM heap_on_conflict.items WHERE id = 23;
INSERT INTO heap_on_conflict.items (id, title) VALUES (3002, 'ab'), (3003, 'd'), (23, 'again');
SELECT * FROM on_conflict_differences;
-- keys move
SELECT on_conflict_both($$INSERT INTO items (id) VALUES (30) ON CONFLICT (id) DO UPDATE SET id = 4030$$);
SELECT on_conflict_both($$INSERT INTO items (id, title) VALUES (30, 'free again') ON CONFLICT (id) DO UPDATE SET id = 4030$$);
SELECT on_conflict_fails($$INSERT INTO items (id, title) VALUES (30, 'x') ON CONFLICT (id) DO UPDATE SET id = 31$$);
SELECT on_conflict_fails($$UPDATE items SET id = 31 WHERE id = 30$$);
SELECT on_conflict_both($$UPDATE items SET id = id + 10000$$);
-- plain INSERT and COPY
SELECT on_conflict_fails($$INSERT INTO items (id) VALUES (10001)$$);
SELECT on_conflict_fails($$INSERT INTO items (id) VALUES (50001), (50001)$$);
COPY items (id) FROM stdin;
50002
10002
\.
SELECT * FROM on_conflict_differences;
-- keys that are free again within a transaction
BEGIN;
DELETE FROM items WHERE id BETWEEN 10100 AND 10110;
INSERT INTO items (id, title) SELECT g, 'after delete' FROM generate_series(10100, 10110) g;
DELETE FROM items WHERE length(title) = 12 AND id < 10105;
INSERT INTO items (id, title) VALUES (10100, 'third') ON CONFLICT (id) DO UPDATE SET title = 'never';
SELECT id, title FROM items WHERE id BETWEEN 10098 AND 10111 ORDER BY id;
TRUNCATE items;
INSERT INTO items (id, title) VALUES (10100, 'after truncate'), (10101, 'after truncate');
INSERT INTO items (id, title) VALUES (10101, 'x'), (10102, 'new') ON CONFLICT (id) DO UPDATE SET title = EXCLUDED.title;
SELECT id, title FROM items ORDER BY id;
ROLLBACK;
SELECT * FROM on_conflict_differences;
-- columns that the foreign table does not have keep their values
CREATE FOREIGN TABLE narrow (id int, title text) SERVER on_conflict_lake OPTIONS (table 'items');
CREATE UNIQUE INDEX narrow_id ON narrow (id);
INSERT INTO narrow VALUES (10040, 'narrow'), (50003, 'narrow') ON CONFLICT (id) DO UPDATE SET title = EXCLUDED.title;
UPDATE heap_on_conflict.items SET title = 'narrow' WHERE id = 10040;
INSERT INTO heap_on_conflict.items VALUES (50003, NULL, 'narrow', NULL);
SELECT * FROM on_conflict_differences;
-- constraints, generated columns, views, triggers
CREATE TABLE public.conflict_log (n int GENERATED ALWAYS AS IDENTITY, place text, what text);
CREATE FUNCTION public.conflict_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO conflict_log (place, what) VALUES (split_part(TG_TABLE_SCHEMA, '_', 1), concat_ws(' ', TG_NAME, TG_WHEN, TG_OP, TG_LEVEL,
		CASE WHEN TG_LEVEL = 'ROW' AND TG_OP <> 'INSERT' THEN OLD.title END, CASE WHEN TG_LEVEL = 'ROW' AND TG_OP <> 'DELETE' THEN NEW.title END));
	IF TG_WHEN = 'BEFORE' AND TG_LEVEL = 'ROW' THEN
		NEW.title := NEW.title || '.';
	END IF;
	RETURN CASE WHEN NEW.title LIKE 'skip%' AND TG_OP = 'UPDATE' THEN NULL ELSE NEW END;
END $$;
DO $$
DECLARE place text;
BEGIN
	FOREACH place IN ARRAY ARRAY['lance_on_conflict', 'heap_on_conflict'] LOOP
		PERFORM set_config('search_path', place || ', public', true);
		CREATE TRIGGER row_before BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION conflict_note();
		CREATE TRIGGER row_after AFTER INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION conflict_note();
		CREATE TRIGGER statement_before BEFORE INSERT OR UPDATE ON items FOR EACH STATEMENT EXECUTE FUNCTION conflict_note();
		CREATE TRIGGER statement_after AFTER INSERT OR UPDATE ON items FOR EACH STATEMENT EXECUTE FUNCTION conflict_note();
	END LOOP;
END $$;
SELECT on_conflict_both($$INSERT INTO items (id, title) VALUES (10041, 'old'), (60001, 'new'), (10042, 'old too'), (60002, 'new too') ON CONFLICT (id) DO UPDATE SET title = EXCLUDED.title$$);
SELECT on_conflict_both($$INSERT INTO items (id, title) VALUES (10043, 'skip'), (60003, 'new') ON CONFLICT (id) DO UPDATE SET title = EXCLUDED.title$$);
SELECT on_conflict_both($$INSERT INTO items (id, title) VALUES (10044, 'nothing'), (60004, 'new') ON CONFLICT (id) DO NOTHING$$);
SELECT what FROM conflict_log WHERE place = 'lance' ORDER BY n;
SELECT what FROM conflict_log WHERE place = 'lance' EXCEPT ALL SELECT what FROM conflict_log WHERE place = 'heap';
SELECT what FROM conflict_log WHERE place = 'heap' EXCEPT ALL SELECT what FROM conflict_log WHERE place = 'lance';
ALTER FOREIGN TABLE items ADD CONSTRAINT small CHECK (category < 1000);
ALTER TABLE heap_on_conflict.items ADD CONSTRAINT small CHECK (category < 1000);
SELECT on_conflict_fails($$INSERT INTO items (id, category) VALUES (10045, 1) ON CONFLICT (id) DO UPDATE SET category = 1000$$);
SELECT on_conflict_fails($$INSERT INTO items (id, category) VALUES (10045, 1000) ON CONFLICT (id) DO NOTHING$$);
CREATE VIEW low AS SELECT id, category, title FROM items WHERE category < 10 WITH CHECK OPTION;
INSERT INTO low VALUES (10046, 9, 'low') ON CONFLICT (id) DO UPDATE SET category = 10;
INSERT INTO low VALUES (10046, 9, 'low') ON CONFLICT (id) DO UPDATE SET category = 9 RETURNING id, category;
INSERT INTO heap_on_conflict.items VALUES (10046, 9, 'low') ON CONFLICT (id) DO UPDATE SET category = 9;
SELECT * FROM on_conflict_differences;
-- a partition is reached through its parent without the server's help for conflicts
CREATE TABLE parts (id int, category smallint, title text, v real[]) PARTITION BY RANGE (id);
ALTER TABLE parts ATTACH PARTITION items FOR VALUES FROM (0) TO (1000000);
INSERT INTO parts (id) VALUES (10047) ON CONFLICT DO NOTHING;
INSERT INTO parts (id) VALUES (10047) ON CONFLICT (id) DO NOTHING;
INSERT INTO parts (id) VALUES (10047);
-- of two unique indexes, the one that ON CONFLICT names settles conflicts, and the other one is in its way
CREATE FOREIGN TABLE pairs (a int, b int) SERVER on_conflict_lake;
CREATE UNIQUE INDEX pairs_a ON pairs (a);
CREATE UNIQUE INDEX pairs_b ON pairs (b);
INSERT INTO pairs VALUES (1, 1), (2, 2);
INSERT INTO pairs VALUES (9, 2) ON CONFLICT (a) DO UPDATE SET b = 100;
INSERT INTO pairs VALUES (2, 9) ON CONFLICT (b) DO UPDATE SET a = 100;
INSERT INTO pairs VALUES (9, 2) ON CONFLICT (a) DO NOTHING;
INSERT INTO pairs VALUES (9, 2) ON CONFLICT (b) DO NOTHING;
INSERT INTO pairs VALUES (2, 9) ON CONFLICT DO NOTHING;
INSERT INTO pairs VALUES (2, 3) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b;
SELECT * FROM pairs ORDER BY a;
-- a function of the SET clause that takes the row away: an error, as on a heap table, not a lost change
CREATE FUNCTION pairs_remove(key int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM pairs WHERE a = key;
	RETURN key;
END $$;
INSERT INTO pairs VALUES (2, 5) ON CONFLICT (a) DO UPDATE SET b = pairs_remove(2);
INSERT INTO pairs VALUES (2, 5) ON CONFLICT (a) DO UPDATE SET b = pairs_remove(1);
SELECT * FROM pairs ORDER BY a;

SET client_min_messages = warning;
RESET search_path;
DROP SERVER on_conflict_lake CASCADE;
DROP SCHEMA lance_on_conflict, heap_on_conflict CASCADE;
DROP TABLE conflict_log CASCADE;
DROP FUNCTION on_conflict_both, on_conflict_fails, conflict_note CASCADE;
\! rm -rf "$LANCEDB_TEST_DATA/on_conflict"
