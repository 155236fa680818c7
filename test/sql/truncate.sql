-- truncate.sql -- TRUNCATE of Lance tables.
\getenv data LANCEDB_TEST_DATA
\set folder :data /truncate
\! mkdir "$LANCEDB_TEST_DATA/truncate" && cp -r "$LANCEDB_TEST_DATA/fragments.lance" "$LANCEDB_TEST_DATA/truncate/items.lance"
SET client_min_messages = warning;
CREATE SCHEMA lance_truncate;
CREATE SCHEMA heap_truncate;
CREATE SERVER truncate_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'folder');
IMPORT FOREIGN SCHEMA public FROM SERVER truncate_lake INTO lance_truncate;
CREATE TABLE heap_truncate.items AS SELECT * FROM lance_truncate.items;

-- what differs between the Lance table and the heap table
CREATE VIEW public.truncate_differences AS
	(SELECT 'lance' AS "only in", i::text FROM lance_truncate.items i EXCEPT ALL SELECT 'lance', i::text FROM heap_truncate.items i) UNION ALL
	(SELECT 'heap', i::text FROM heap_truncate.items i EXCEPT ALL SELECT 'heap', i::text FROM lance_truncate.items i);
SET search_path = lance_truncate, public;

SELECT count(*) FROM items;
BEGIN;
TRUNCATE items;
SELECT count(*) FROM items;
INSERT INTO items (id) VALUES (1), (2);
SELECT id FROM items ORDER BY id;
ROLLBACK;
SELECT count(*) FROM items;
BEGIN;
INSERT INTO items (id) VALUES (1001);
SAVEPOINT s;
TRUNCATE items RESTART IDENTITY CASCADE;
INSERT INTO items (id) VALUES (1002);
ROLLBACK TO s;
SELECT count(*), max(id) FROM items;
TRUNCATE items;
TRUNCATE items;
INSERT INTO items (id, title) VALUES (1003, 'the only one');
COMMIT;
SELECT * FROM items;
-- several tables at once
\! cp -r "$LANCEDB_TEST_DATA/empty.lance" "$LANCEDB_TEST_DATA/truncate/second.lance"
IMPORT FOREIGN SCHEMA public LIMIT TO (second) FROM SERVER truncate_lake INTO lance_truncate;
INSERT INTO second (id) VALUES (1);
CREATE TABLE plain (id int);
INSERT INTO plain VALUES (1);
TRUNCATE items, second, plain;
SELECT (SELECT count(*) FROM items) AS items, (SELECT count(*) FROM second) AS second, (SELECT count(*) FROM plain) AS plain;
SELECT count(*) AS versions FROM lancedb.versions('items') \gset before_
TRUNCATE items;
SELECT count(*) - :before_versions AS new_versions FROM lancedb.versions('items');
ALTER FOREIGN TABLE items OPTIONS (ADD updatable 'false');
TRUNCATE items;
CREATE FOREIGN TABLE old (id int) SERVER truncate_lake OPTIONS (table 'items', version '1');
TRUNCATE old;

SET client_min_messages = warning;
RESET search_path;
DROP SERVER truncate_lake CASCADE;
DROP SCHEMA lance_truncate, heap_truncate CASCADE;
\! rm -rf "$LANCEDB_TEST_DATA/truncate"
