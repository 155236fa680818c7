-- routing.sql -- partitioned tables with Lance tables among their partitions.
\getenv data LANCEDB_TEST_DATA
\set folder :data /routing
\! mkdir "$LANCEDB_TEST_DATA/routing" && cp -r "$LANCEDB_TEST_DATA/empty.lance" "$LANCEDB_TEST_DATA/routing/items.lance"
SET client_min_messages = warning;
CREATE SCHEMA lance_routing;
CREATE SCHEMA heap_routing;
CREATE SERVER routing_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'folder');
IMPORT FOREIGN SCHEMA public FROM SERVER routing_lake INTO lance_routing;
CREATE TABLE heap_routing.items AS SELECT * FROM lance_routing.items;

-- what differs between the Lance table and the heap table
CREATE VIEW public.routing_differences AS
	(SELECT 'lance' AS "only in", i::text FROM lance_routing.items i EXCEPT ALL SELECT 'lance', i::text FROM heap_routing.items i) UNION ALL
	(SELECT 'heap', i::text FROM heap_routing.items i EXCEPT ALL SELECT 'heap', i::text FROM lance_routing.items i);
SET search_path = lance_routing, public;

\! cp -r "$LANCEDB_TEST_DATA/routing/items.lance" "$LANCEDB_TEST_DATA/routing/low.lance" && cp -r "$LANCEDB_TEST_DATA/routing/items.lance" "$LANCEDB_TEST_DATA/routing/high.lance"
CREATE TABLE parts (v real[], title text, id int) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE low (id int, title text, v real[]) SERVER routing_lake;
ALTER TABLE parts ATTACH PARTITION low FOR VALUES FROM (0) TO (100);
CREATE FOREIGN TABLE high PARTITION OF parts FOR VALUES FROM (100) TO (200) SERVER routing_lake;
CREATE TABLE plain PARTITION OF parts FOR VALUES FROM (200) TO (300);
CREATE TABLE heap_parts (LIKE parts);
CREATE VIEW parts_differences AS
	(SELECT 'lance' AS "only in", p::text FROM parts p EXCEPT ALL SELECT 'lance', p::text FROM heap_parts p) UNION ALL
	(SELECT 'heap', p::text FROM heap_parts p EXCEPT ALL SELECT 'heap', p::text FROM parts p);
INSERT INTO parts (id, title) SELECT g, 'row ' || g FROM generate_series(0, 299) g;
INSERT INTO heap_parts (id, title) SELECT g, 'row ' || g FROM generate_series(0, 299) g;
SELECT tableoid::regclass, count(*), min(id), max(id) FROM parts GROUP BY 1 ORDER BY 1;
COPY parts (title, id) FROM stdin;
copied	10
copied	110
copied	210
copied	11
\.
INSERT INTO heap_parts (title, id) VALUES ('copied', 10), ('copied', 110), ('copied', 210), ('copied', 11);
INSERT INTO parts (id) VALUES (300);
INSERT INTO parts (id, title) VALUES (5, 'back'), (105, 'back'), (205, 'back') RETURNING tableoid::regclass, id, title;
INSERT INTO heap_parts (id, title) VALUES (5, 'back'), (105, 'back'), (205, 'back');
SELECT * FROM parts_differences;
-- changes in place
EXPLAIN (COSTS OFF) UPDATE parts SET title = 'changed' WHERE id % 50 = 1;
UPDATE parts SET title = 'changed' WHERE id % 50 = 1;
UPDATE heap_parts SET title = 'changed' WHERE id % 50 = 1;
UPDATE parts p SET title = p.title || '+' FROM (VALUES (3), (103), (203)) v(x) WHERE v.x = p.id RETURNING p.tableoid::regclass, p.id, title, x;
UPDATE heap_parts p SET title = p.title || '+' FROM (VALUES (3), (103), (203)) v(x) WHERE v.x = p.id;
EXPLAIN (COSTS OFF) DELETE FROM parts WHERE id BETWEEN 90 AND 209;
DELETE FROM parts WHERE id BETWEEN 90 AND 209;
DELETE FROM heap_parts WHERE id BETWEEN 90 AND 209;
DELETE FROM parts WHERE id IN (20, 120, 220) RETURNING tableoid::regclass, *;
DELETE FROM heap_parts WHERE id IN (20, 120, 220);
SELECT * FROM parts_differences;
-- into a Lance partition; out of a foreign table the server moves no rows
UPDATE parts SET id = id - 200 WHERE id = 250 RETURNING tableoid::regclass, id;
UPDATE heap_parts SET id = id - 200 WHERE id = 250;
UPDATE parts SET id = id - 100, title = 'moved' WHERE id BETWEEN 260 AND 265;
UPDATE heap_parts SET id = id - 100, title = 'moved' WHERE id BETWEEN 260 AND 265;
UPDATE parts SET id = id + 200 WHERE id = 30;
UPDATE parts SET id = id + 100 WHERE id = 30;
SELECT * FROM parts_differences;
-- straight into a partition
INSERT INTO low (id) VALUES (150);
UPDATE low SET id = 150 WHERE id = 1;
INSERT INTO low (id, title) VALUES (15, 'straight');
INSERT INTO heap_parts (id, title) VALUES (15, 'straight');
-- a trigger that changes the key of a routed row
CREATE FUNCTION public.shift() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.id := NEW.id + 60;
	RETURN NEW;
END $$;
CREATE TRIGGER shift BEFORE INSERT ON low FOR EACH ROW EXECUTE FUNCTION shift();
INSERT INTO parts (id, title) VALUES (30, 'shifted');
INSERT INTO heap_parts (id, title) VALUES (90, 'shifted');
INSERT INTO parts (id, title) VALUES (40, 'out of range');
DROP TRIGGER shift ON low;
-- all or nothing
BEGIN;
INSERT INTO parts (id) SELECT g FROM generate_series(0, 299) g;
DELETE FROM parts WHERE title IS NULL AND id % 2 = 0;
SAVEPOINT s;
TRUNCATE parts;
SELECT count(*) FROM parts;
ROLLBACK TO s;
SELECT tableoid::regclass, count(*) FROM parts WHERE title IS NULL GROUP BY 1 ORDER BY 1;
ROLLBACK;
SELECT * FROM parts_differences;
INSERT INTO parts (id, title) VALUES (70, 'do nothing'), (170, 'do nothing') ON CONFLICT DO NOTHING;
INSERT INTO heap_parts (id, title) VALUES (70, 'do nothing'), (170, 'do nothing');
-- transition tables of the parent are the server's to refuse
CREATE FUNCTION public.tell_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE WARNING '% rows', (SELECT count(*) FROM added);
	RETURN NULL;
END $$;
CREATE TRIGGER tell AFTER INSERT ON parts REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION tell_rows();
INSERT INTO parts (id) VALUES (71), (171), (271);
DROP TRIGGER tell ON parts;
-- inheritance
CREATE TABLE mother (id int, title text);
CREATE FOREIGN TABLE items2 (id int, title text, v real[]) INHERITS (mother) SERVER routing_lake OPTIONS (table 'items');
INSERT INTO mother VALUES (1, 'mother');
INSERT INTO items2 VALUES (2, 'daughter', NULL);
UPDATE mother SET title = title || '!' RETURNING tableoid::regclass, *;
DELETE FROM mother WHERE id = 2 RETURNING tableoid::regclass, *;
SELECT count(*) FROM items2;
TRUNCATE parts;
SELECT count(*) FROM parts;

SET client_min_messages = warning;
RESET search_path;
DROP SERVER routing_lake CASCADE;
DROP SCHEMA lance_routing, heap_routing CASCADE;
DROP FUNCTION shift, tell_rows CASCADE;
\! rm -rf "$LANCEDB_TEST_DATA/routing"
