-- delete.sql -- rows that DELETE takes out of a Lance table, next to a heap table of the same rows.
\getenv data LANCEDB_TEST_DATA
\set folder :data /delete
\! mkdir "$LANCEDB_TEST_DATA/delete" && cp -r "$LANCEDB_TEST_DATA/fragments.lance" "$LANCEDB_TEST_DATA/delete/items.lance"
SET client_min_messages = warning;
CREATE SCHEMA lance_delete;
CREATE SCHEMA heap_delete;
CREATE SERVER delete_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'folder');
IMPORT FOREIGN SCHEMA public FROM SERVER delete_lake INTO lance_delete;
CREATE TABLE heap_delete.items AS SELECT * FROM lance_delete.items;

-- what differs between the Lance table and the heap table
CREATE VIEW public.delete_differences AS
	(SELECT 'lance' AS "only in", i::text FROM lance_delete.items i EXCEPT ALL SELECT 'lance', i::text FROM heap_delete.items i) UNION ALL
	(SELECT 'heap', i::text FROM heap_delete.items i EXCEPT ALL SELECT 'heap', i::text FROM lance_delete.items i);
-- runs a statement on the Lance table and on the heap table
CREATE FUNCTION public.delete_both(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	lance bigint;
	heap bigint;
	differences bigint;
BEGIN
	PERFORM set_config('search_path', 'lance_delete, public', true);
	EXECUTE statement;
	GET DIAGNOSTICS lance = ROW_COUNT;
	PERFORM set_config('search_path', 'heap_delete, public', true);
	EXECUTE statement;
	GET DIAGNOSTICS heap = ROW_COUNT;
	SELECT count(*) INTO differences FROM delete_differences;
	RETURN format('%s rows', lance) || CASE WHEN lance <> heap THEN format(', heap %s', heap) ELSE '' END ||
		CASE WHEN differences > 0 THEN format(', %s DIFFERENCES', differences) ELSE ', same' END;
END $$;
-- how a statement ran, without what depends on the files' encodings
CREATE FUNCTION public.delete_plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || statement LOOP
		IF line !~ 'Bytes Read|Read Requests|Lance Version|Fragments|Buffers' THEN
			RETURN NEXT line;
		END IF;
	END LOOP;
END $$;
SET search_path = lance_delete, public;

DELETE FROM items WHERE id = 5;
DELETE FROM heap_delete.items WHERE id = 5;
SELECT id FROM items WHERE id IN (4, 5, 6) ORDER BY id;
-- conditions that the core evaluates, and others
EXPLAIN (COSTS OFF) DELETE FROM items WHERE category = 3;
SELECT delete_both($$DELETE FROM items WHERE category = 3$$);
EXPLAIN (COSTS OFF) DELETE FROM items WHERE length(title) = 6;
SELECT delete_both($$DELETE FROM items WHERE length(title) = 6$$);
SELECT delete_both($$DELETE FROM items WHERE category = 3$$);
SELECT delete_both($$DELETE FROM items WHERE id IN (100, 101, 102) OR (id > 900 AND title LIKE 'row 9_1')$$);
-- a subquery's value is a parameter of the pushed condition
SELECT delete_both($$DELETE FROM items WHERE id = (SELECT max(id) FROM items)$$) FROM generate_series(1, 3);
-- USING, duplicates in the join, correlated subqueries, CTEs
CREATE TABLE public.gone (id int);
INSERT INTO public.gone SELECT g FROM generate_series(200, 230) g, generate_series(1, 2);
SELECT delete_both($$DELETE FROM items USING gone WHERE gone.id = items.id$$);
SELECT delete_both($$DELETE FROM items WHERE NOT EXISTS (SELECT FROM items b WHERE b.id = items.id + 1)$$);
SELECT delete_both($$WITH d AS (DELETE FROM items WHERE id BETWEEN 420 AND 440 RETURNING id, title) INSERT INTO items SELECT id + 5000, 0, title, NULL FROM d$$);
SELECT delete_both($$WITH d AS (DELETE FROM items WHERE id BETWEEN 445 AND 455) DELETE FROM items WHERE id BETWEEN 450 AND 460$$);
SELECT * FROM delete_differences;
-- RETURNING, also of columns that only the plan below knows
DELETE FROM items WHERE id IN (601, 602) RETURNING *;
DELETE FROM items WHERE id IN (605, 606) RETURNING id + 1 AS next, tableoid::regclass;
DELETE FROM items i USING (SELECT 200 AS id) gone WHERE i.id = 607 RETURNING i, gone.id;
DELETE FROM items WHERE id = 616 RETURNING upper(title), (SELECT count(*) FROM items);
DELETE FROM items WHERE id = 617 RETURNING 1;
DELETE FROM heap_delete.items WHERE id IN (601, 602, 605, 606, 607, 616, 617);
SELECT * FROM delete_differences;

-- rollback, savepoints, own rows
BEGIN;
DELETE FROM items WHERE id < 400;
SELECT count(*) FROM items WHERE id < 400;
SAVEPOINT s;
DELETE FROM items;
SELECT count(*) FROM items;
ROLLBACK TO s;
SELECT count(*) = (SELECT count(*) FROM heap_delete.items WHERE id >= 400) AS same FROM items;
INSERT INTO items (id) VALUES (8001), (8002), (8003);
DELETE FROM items WHERE id = 8002;
SELECT id FROM items WHERE id > 8000 ORDER BY id;
ROLLBACK;
SELECT * FROM delete_differences;
BEGIN;
INSERT INTO items (id) VALUES (8001), (8002), (8003);
DELETE FROM items WHERE id = 8002;
DELETE FROM items WHERE id > 8000 RETURNING id;
INSERT INTO items (id) VALUES (8004);
COMMIT;
INSERT INTO heap_delete.items (id) VALUES (8004);
SELECT * FROM delete_differences;
-- a transaction that adds and deletes the same rows leaves no trace
SELECT count(*) AS versions FROM lancedb.versions('items') \gset before_
BEGIN;
INSERT INTO items (id) VALUES (8005);
DELETE FROM items WHERE id = 8005;
COMMIT;
DELETE FROM items WHERE id = 123456;
SELECT count(*) - :before_versions AS new_versions FROM lancedb.versions('items');

-- prepared, with values for which there is nothing to do
SET plan_cache_mode = force_generic_plan;
PREPARE del(int) AS DELETE FROM items WHERE id = $1;
EXECUTE del(400);
EXECUTE del(400);
EXECUTE del(NULL);
EXECUTE del(401);
RESET plan_cache_mode;
DELETE FROM heap_delete.items WHERE id IN (400, 401);
-- the setting that keeps conditions local
SET lancedb.enable_pushdown = off;
EXPLAIN (COSTS OFF) DELETE FROM items WHERE id = 402;
DELETE FROM items WHERE id = 402;
RESET lancedb.enable_pushdown;
DELETE FROM heap_delete.items WHERE id = 402;
SELECT * FROM delete_differences;
SELECT delete_plan($$DELETE FROM items WHERE id BETWEEN 410 AND 430$$);
DELETE FROM heap_delete.items WHERE id BETWEEN 410 AND 430;
SELECT delete_plan($$DELETE FROM items WHERE length(title) = 5$$);
DELETE FROM heap_delete.items WHERE length(title) = 5;
SELECT * FROM delete_differences;
CREATE FOREIGN TABLE old (id int) SERVER delete_lake OPTIONS (table 'items', version '1');
DELETE FROM old;
SELECT delete_both($$DELETE FROM items$$);
SELECT delete_both($$INSERT INTO items VALUES (1, 1, 'first again', NULL)$$);
SELECT delete_both($$DELETE FROM items$$);

SET client_min_messages = warning;
RESET search_path;
DROP SERVER delete_lake CASCADE;
DROP SCHEMA lance_delete, heap_delete CASCADE;
DROP TABLE gone CASCADE;
DROP FUNCTION delete_both, delete_plan CASCADE;
\! rm -rf "$LANCEDB_TEST_DATA/delete"
