-- insert.sql -- rows that INSERT adds to a Lance table, next to a heap table of the same rows.
\getenv data LANCEDB_TEST_DATA
\set folder :data /insert
\! mkdir "$LANCEDB_TEST_DATA/insert" && cp -r "$LANCEDB_TEST_DATA/fragments.lance" "$LANCEDB_TEST_DATA/insert/items.lance"
SET client_min_messages = warning;
CREATE SCHEMA lance_insert;
CREATE SCHEMA heap_insert;
CREATE SERVER insert_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'folder');
IMPORT FOREIGN SCHEMA public FROM SERVER insert_lake INTO lance_insert;
CREATE TABLE heap_insert.items AS SELECT * FROM lance_insert.items;

-- what differs between the Lance table and the heap table
CREATE VIEW public.insert_differences AS
	(SELECT 'lance' AS "only in", i::text FROM lance_insert.items i EXCEPT ALL SELECT 'lance', i::text FROM heap_insert.items i) UNION ALL
	(SELECT 'heap', i::text FROM heap_insert.items i EXCEPT ALL SELECT 'heap', i::text FROM lance_insert.items i);
-- runs a statement on the Lance table and on the heap table
CREATE FUNCTION public.insert_both(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	lance bigint;
	heap bigint;
	differences bigint;
BEGIN
	PERFORM set_config('search_path', 'lance_insert, public', true);
	EXECUTE statement;
	GET DIAGNOSTICS lance = ROW_COUNT;
	PERFORM set_config('search_path', 'heap_insert, public', true);
	EXECUTE statement;
	GET DIAGNOSTICS heap = ROW_COUNT;
	SELECT count(*) INTO differences FROM insert_differences;
	RETURN format('%s rows', lance) || CASE WHEN lance <> heap THEN format(', heap %s', heap) ELSE '' END ||
		CASE WHEN differences > 0 THEN format(', %s DIFFERENCES', differences) ELSE ', same' END;
END $$;
SET search_path = lance_insert, public;

INSERT INTO items VALUES (2001, 1, 'one', '{1,2,3,4,5,6,7,8}');
INSERT INTO heap_insert.items VALUES (2001, 1, 'one', '{1,2,3,4,5,6,7,8}');
SELECT * FROM items WHERE id > 2000;
SELECT insert_both($$INSERT INTO items VALUES (2002, NULL, NULL, NULL), (2003, -32768, '', '{0,0,0,0,0,0,0,0}')$$);
SELECT insert_both($$INSERT INTO items (title, id) VALUES ('in another order', 2004)$$);
INSERT INTO items DEFAULT VALUES;
INSERT INTO items (title) VALUES ('without a key');
SELECT insert_both($$INSERT INTO items SELECT 3000 + g, g % 100, repeat('x', g % 50), array_fill(g::real, '{8}') FROM generate_series(1, 20000) g$$);
-- from itself: rows of the statement are not seen by the statement
SELECT insert_both($$INSERT INTO items SELECT id + 100000, category, title, v FROM items WHERE id < 3000$$);
SELECT insert_both($$INSERT INTO items SELECT * FROM items WHERE id > 101000 LIMIT 0$$);
SELECT insert_both($$WITH added AS (INSERT INTO items VALUES (200001, 1, 'in a CTE', NULL) RETURNING id) INSERT INTO items SELECT id + 1, 2, 'next', NULL FROM added$$);
SELECT * FROM insert_differences;
SELECT count(*), count(DISTINCT ctid) FROM items;

-- own rows are seen by the next statement, and by nobody after ROLLBACK
BEGIN;
INSERT INTO items (id) VALUES (300001);
SELECT count(*) FROM items WHERE id = 300001;
INSERT INTO items SELECT id + 1 FROM items WHERE id = 300001;
SELECT id FROM items WHERE id > 300000 ORDER BY id;
ROLLBACK;
SELECT id FROM items WHERE id > 300000;
BEGIN;
INSERT INTO items (id) VALUES (300001);
SAVEPOINT s;
INSERT INTO items (id) VALUES (300002);
ROLLBACK TO s;
INSERT INTO items (id) VALUES (300003);
SAVEPOINT s2;
INSERT INTO items (id) VALUES (300004);
RELEASE s2;
COMMIT;
SELECT id FROM items WHERE id > 300000 ORDER BY id;
INSERT INTO heap_insert.items (id) VALUES (300001), (300003), (300004);

-- an error in the middle leaves nothing
SELECT count(*) AS versions FROM lancedb.versions('items') \gset before_
INSERT INTO items SELECT g, 1, 'x', CASE WHEN g < 5000 THEN array_fill(1::real, '{8}') ELSE '{1}' END FROM generate_series(1, 6000) g;
INSERT INTO items SELECT g, (40000 / (500 - g))::smallint FROM generate_series(1, 1000) g;
SELECT count(*) - :before_versions AS new_versions FROM lancedb.versions('items');
SELECT * FROM insert_differences;

-- PREPARE, plpgsql, cursors open while rows come
PREPARE add(int, text) AS INSERT INTO items (id, title) VALUES ($1, $2);
EXECUTE add(400001, 'a');
EXECUTE add(400002, 'b');
INSERT INTO heap_insert.items (id, title) VALUES (400001, 'a'), (400002, 'b');
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM items WHERE id > 400000 ORDER BY id;
FETCH c;
INSERT INTO items (id) VALUES (400003);
FETCH ALL FROM c;
COMMIT;
INSERT INTO heap_insert.items (id) VALUES (400003);
DO $$ BEGIN FOR i IN 500001..500050 LOOP INSERT INTO items (id, title) VALUES (i, 'loop'); END LOOP; END $$;
INSERT INTO heap_insert.items (id, title) SELECT g, 'loop' FROM generate_series(500001, 500050) g;
SELECT * FROM insert_differences;
-- one transaction, one version
SELECT operation, count(*) FROM lancedb.versions('items') WHERE version > 12 GROUP BY 1;

-- RETURNING
INSERT INTO items VALUES (600001, 3, 'back', '{1,1,1,1,1,1,1,1}'), (600002, 4, NULL, NULL) RETURNING id * 2 AS twice, title, v[1], tableoid::regclass;
INSERT INTO heap_insert.items VALUES (600001, 3, 'back', '{1,1,1,1,1,1,1,1}'), (600002, 4, NULL, NULL);

-- columns that the foreign table does not have are NULL
CREATE FOREIGN TABLE narrow (id int, title text) SERVER insert_lake OPTIONS (table 'items');
INSERT INTO narrow VALUES (700001, 'narrow');
SELECT * FROM items WHERE id = 700001;
INSERT INTO heap_insert.items (id, title) VALUES (700001, 'narrow');
-- a column under another name, and of another type
CREATE FOREIGN TABLE renamed (key bigint OPTIONS (column_name 'id'), vec real[] OPTIONS (column_name 'v')) SERVER insert_lake OPTIONS (table 'items');
INSERT INTO renamed VALUES (700002, '{8,7,6,5,4,3,2,1}');
INSERT INTO renamed VALUES (3000000000, NULL);
INSERT INTO heap_insert.items (id, v) VALUES (700002, '{8,7,6,5,4,3,2,1}');
SELECT * FROM insert_differences;

-- what must not be written
CREATE FOREIGN TABLE old (id int, title text) SERVER insert_lake OPTIONS (table 'items', version '1');
INSERT INTO old VALUES (1, 'x');
CREATE FOREIGN TABLE closed (id int, title text) SERVER insert_lake OPTIONS (table 'items', updatable 'false');
INSERT INTO closed VALUES (1, 'x');
CREATE SERVER insert_nowhere FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'folder');
CREATE FOREIGN TABLE nowhere (id int) SERVER insert_nowhere OPTIONS (create 'never');
ALTER SERVER insert_nowhere OPTIONS (DROP uri);
SELECT table_name, is_insertable_into FROM information_schema.tables WHERE table_schema = 'lance_insert' ORDER BY 1;
ALTER SERVER insert_lake OPTIONS (ADD updatable 'false');
INSERT INTO items (id) VALUES (1);
ALTER FOREIGN TABLE items OPTIONS (ADD updatable 'true');
INSERT INTO items (id) VALUES (800001);
INSERT INTO heap_insert.items (id) VALUES (800001);
ALTER SERVER insert_lake OPTIONS (DROP updatable);
BEGIN READ ONLY;
INSERT INTO items (id) VALUES (1);
ROLLBACK;
SET lancedb.as_of = '2';
INSERT INTO items (id) VALUES (1);
RESET lancedb.as_of;
EXPLAIN (COSTS OFF) INSERT INTO items (id, title) SELECT id, title FROM narrow;
EXPLAIN (COSTS OFF) INSERT INTO items (id) VALUES (1);
SELECT * FROM insert_differences;

SET client_min_messages = warning;
RESET search_path;
DROP SERVER insert_lake CASCADE;
DROP SERVER insert_nowhere CASCADE;
DROP SCHEMA lance_insert, heap_insert CASCADE;
DROP FUNCTION insert_both CASCADE;
\! rm -rf "$LANCEDB_TEST_DATA/insert"
