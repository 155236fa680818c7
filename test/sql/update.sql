-- update.sql -- rows of a Lance table that UPDATE changes, next to a heap table of the same rows.
\getenv data LANCEDB_TEST_DATA
\set folder :data /update
\! mkdir "$LANCEDB_TEST_DATA/update" && cp -r "$LANCEDB_TEST_DATA/fragments.lance" "$LANCEDB_TEST_DATA/update/items.lance"
SET client_min_messages = warning;
CREATE SCHEMA lance_update;
CREATE SCHEMA heap_update;
CREATE SERVER update_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'folder');
IMPORT FOREIGN SCHEMA public FROM SERVER update_lake INTO lance_update;
CREATE TABLE heap_update.items AS SELECT * FROM lance_update.items;

-- what differs between the Lance table and the heap table
CREATE VIEW public.update_differences AS
	(SELECT 'lance' AS "only in", i::text FROM lance_update.items i EXCEPT ALL SELECT 'lance', i::text FROM heap_update.items i) UNION ALL
	(SELECT 'heap', i::text FROM heap_update.items i EXCEPT ALL SELECT 'heap', i::text FROM lance_update.items i);
-- runs a statement on the Lance table and on the heap table
CREATE FUNCTION public.update_both(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	lance bigint;
	heap bigint;
	differences bigint;
BEGIN
	PERFORM set_config('search_path', 'lance_update, public', true);
	EXECUTE statement;
	GET DIAGNOSTICS lance = ROW_COUNT;
	PERFORM set_config('search_path', 'heap_update, public', true);
	EXECUTE statement;
	GET DIAGNOSTICS heap = ROW_COUNT;
	SELECT count(*) INTO differences FROM update_differences;
	RETURN format('%s rows', lance) || CASE WHEN lance <> heap THEN format(', heap %s', heap) ELSE '' END ||
		CASE WHEN differences > 0 THEN format(', %s DIFFERENCES', differences) ELSE ', same' END;
END $$;
-- how a statement ran, without what depends on the files' encodings
CREATE FUNCTION public.update_plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || statement LOOP
		IF line !~ 'Bytes Read|Read Requests|Lance Version|Fragments|Buffers' THEN
			RETURN NEXT line;
		END IF;
	END LOOP;
END $$;
SET search_path = lance_update, public;

UPDATE items SET title = 'changed' WHERE id = 5;
UPDATE heap_update.items SET title = 'changed' WHERE id = 5;
SELECT id, category, title FROM items WHERE id IN (4, 5, 6) ORDER BY id;
SELECT update_both($$UPDATE items SET category = category + 1$$);
SELECT update_both($$UPDATE items SET title = title || '!', v = NULL WHERE category = 3$$);
SELECT update_both($$UPDATE items SET id = id$$);
SELECT update_both($$UPDATE items SET title = NULL WHERE id < 0$$);
SELECT update_both($$UPDATE items SET (title, category) = (SELECT max(title), 7 FROM items b WHERE b.category = items.category) WHERE id % 10 = 1$$);
SELECT update_both($$UPDATE items SET v = array_fill(id::real, '{8}') WHERE id BETWEEN 100 AND 300 AND length(title) > 3$$);
-- more than one change of a row in a transaction
SELECT update_both($$UPDATE items SET category = 1 WHERE id % 2 = 0$$) FROM generate_series(1, 3);
-- from other tables; a row that joins twice is changed once
CREATE TABLE public.changes (id int, add int);
INSERT INTO public.changes SELECT g, 1 FROM generate_series(1, 100) g;
INSERT INTO public.changes SELECT g, 1 FROM generate_series(1, 50) g;
SELECT update_both($$UPDATE items SET category = category + add FROM changes WHERE changes.id = items.id$$);
SELECT update_both($$UPDATE items SET title = 'self' FROM items other WHERE other.id = items.id + 1 AND other.category = 2$$);
SELECT update_both($$UPDATE items SET category = 9 WHERE EXISTS (SELECT FROM changes c WHERE c.id = items.id AND c.id > 90)$$);
SELECT update_both($$WITH u AS (UPDATE items SET category = 10 WHERE category = 9 RETURNING id) UPDATE changes SET add = 2 FROM u WHERE u.id = changes.id$$);
-- two changes of a row in one command: the first wins, as in a heap
SELECT update_both($$WITH a AS (UPDATE items SET title = 'a' WHERE id = 7) SELECT 1$$);
SELECT update_both($$WITH u AS (UPDATE items SET category = 11 WHERE id = 8), d AS (DELETE FROM items WHERE id = 9) INSERT INTO items VALUES (9, 1, 'again', NULL)$$);
SELECT * FROM update_differences;

-- RETURNING, ctid
UPDATE items SET title = 'back' WHERE id IN (11, 12) RETURNING id, title, category, tableoid::regclass;
UPDATE heap_update.items SET title = 'back' WHERE id IN (11, 12);
UPDATE items SET title = 'x' FROM changes WHERE changes.id = items.id AND items.id = 15 RETURNING items.id, changes.id, title;
UPDATE heap_update.items SET title = 'x' WHERE id = 15;
UPDATE items SET title = 'by ctid' WHERE ctid = (SELECT ctid FROM items WHERE id = 14) RETURNING id, title;
UPDATE heap_update.items SET title = 'by ctid' WHERE id = 14;
-- distance-ordered scan below
UPDATE items SET title = 'near' FROM (SELECT ctid AS place FROM items ORDER BY v <-> '{1,1,1,1,1,1,1,1}', id LIMIT 3) n WHERE n.place = items.ctid;
UPDATE heap_update.items SET title = 'near' WHERE id IN (SELECT id FROM items WHERE title = 'near');
SELECT count(*) FROM items WHERE title = 'near';
SELECT * FROM update_differences;

-- rollback, savepoints, errors in the middle
BEGIN;
UPDATE items SET category = 100;
SELECT count(*), min(category), max(category) FROM items;
SAVEPOINT s;
UPDATE items SET category = 101 WHERE id < 100;
DELETE FROM items WHERE id > 500;
SELECT count(*), min(category), max(category) FROM items;
ROLLBACK TO s;
SELECT count(*), min(category), max(category) FROM items;
ROLLBACK;
SELECT * FROM update_differences;
SELECT count(*) AS versions FROM lancedb.versions('items') \gset before_
UPDATE items SET category = 100 / (500 - id);
UPDATE items SET v = '{1,2}' WHERE id > 900;
UPDATE items SET category = 40000;
SELECT count(*) - :before_versions AS new_versions FROM lancedb.versions('items');
SELECT * FROM update_differences;
-- a cursor keeps what it saw
BEGIN;
DECLARE c CURSOR FOR SELECT id, title FROM items WHERE id IN (20, 21, 22) ORDER BY id;
FETCH 1 FROM c;
UPDATE items SET title = 'later' WHERE id IN (20, 21, 22);
FETCH 1 FROM c;
UPDATE items SET title = 'much later' WHERE id = 22;
FETCH 1 FROM c;
SELECT title FROM items WHERE id IN (20, 21, 22) ORDER BY id;
ROLLBACK;
-- prepared
PREPARE change(int, text) AS UPDATE items SET title = $2 WHERE id = $1;
EXECUTE change(30, 'p1');
EXECUTE change(31, 'p2');
SET plan_cache_mode = force_generic_plan;
EXECUTE change(32, 'p3');
EXECUTE change(33, 'p4');
RESET plan_cache_mode;
UPDATE heap_update.items SET title = 'p' || id - 29 WHERE id BETWEEN 30 AND 33;
SELECT * FROM update_differences;

-- columns that the foreign table does not have keep their values
CREATE FOREIGN TABLE narrow (id int, category smallint) SERVER update_lake OPTIONS (table 'items');
UPDATE narrow SET category = 50 WHERE id % 3 = 0;
UPDATE heap_update.items SET category = 50 WHERE id % 3 = 0;
SELECT * FROM update_differences;
UPDATE narrow SET category = 51 WHERE id % 100 = 0 RETURNING *;
UPDATE heap_update.items SET category = 51 WHERE id % 100 = 0;
BEGIN;
UPDATE narrow SET category = 52 WHERE id > 800;
UPDATE narrow SET category = category + 1 WHERE id > 700;
COMMIT;
UPDATE heap_update.items SET category = 52 WHERE id > 800;
UPDATE heap_update.items SET category = category + 1 WHERE id > 700;
SELECT * FROM update_differences;

EXPLAIN (COSTS OFF) UPDATE items SET title = 'x' WHERE id = 1;
SELECT update_plan($$UPDATE items SET title = title WHERE id < 10$$);
CREATE FOREIGN TABLE old (id int, title text) SERVER update_lake OPTIONS (table 'items', version '1');
UPDATE old SET title = 'x';

SET client_min_messages = warning;
RESET search_path;
DROP SERVER update_lake CASCADE;
DROP SCHEMA lance_update, heap_update CASCADE;
DROP TABLE changes CASCADE;
DROP FUNCTION update_both, update_plan CASCADE;
\! rm -rf "$LANCEDB_TEST_DATA/update"
