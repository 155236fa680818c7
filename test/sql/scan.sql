-- scan.sql -- scans within larger queries: joins, rescans, cursors, partitions, system columns.
\getenv data LANCEDB_TEST_DATA
SET client_min_messages = warning;
CREATE SCHEMA scan;
SET search_path = scan, public;
CREATE SERVER scan_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
IMPORT FOREIGN SCHEMA public LIMIT TO (filters, packages_small, fragments, empty) FROM SERVER scan_lake INTO scan;
CREATE TABLE heap AS SELECT * FROM filters;
ANALYZE heap;

-- what is asked for and nothing else
EXPLAIN (COSTS OFF) SELECT package FROM packages_small WHERE installed_size_kb > 100000 AND length(section) = 4;
SELECT package FROM packages_small WHERE installed_size_kb > 300000 ORDER BY package;
EXPLAIN (COSTS OFF) SELECT 1 FROM packages_small;
SELECT count(x) FROM (SELECT 1 AS x FROM packages_small OFFSET 0) s;
SELECT count(*) FROM empty;
SELECT * FROM empty;

-- whole rows and system columns
SELECT f, tableoid::regclass FROM fragments f WHERE id IN (1, 2) ORDER BY id;
SELECT ctid, id FROM fragments WHERE id = 1;
SELECT count(*), count(DISTINCT a.ctid), count(*) FILTER (WHERE a.id = b.id) AS same FROM fragments a JOIN fragments b ON a.ctid = b.ctid;
SELECT tableoid::regclass, count(*) FROM fragments GROUP BY 1;

-- joins: parameters of outer rows are pushed
CREATE TABLE wanted (n int, w text);
INSERT INTO wanted VALUES (1, 'a'), (2, 'ab'), (NULL, 'a'), (3, NULL), (1, 'b');
ANALYZE wanted;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
-- how many values of outer rows the pushed filter of a plan has; servers differ in how they write them
CREATE FUNCTION outer_values(query text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE plan text;
BEGIN
	EXECUTE 'EXPLAIN (COSTS OFF, FORMAT YAML) ' || query INTO plan;
	RETURN regexp_count(substring(plan from 'Pushed Filter: ([^\n]*)'), '\$\d');
END $$;
SELECT outer_values('SELECT w.n, f.id FROM wanted w JOIN filters f ON f.number = w.n AND f.word = w.w');
SELECT w.n, f.id FROM wanted w JOIN filters f ON f.number = w.n AND f.word = w.w ORDER BY 1, 2;
SELECT w.n, f.id FROM wanted w JOIN heap f ON f.number = w.n AND f.word = w.w ORDER BY 1, 2;
SELECT outer_values('SELECT w.w, l.* FROM wanted w, LATERAL (SELECT id FROM filters WHERE number > w.n ORDER BY id LIMIT 2) l');
SELECT w.w, l.* FROM wanted w, LATERAL (SELECT id FROM filters WHERE number > w.n ORDER BY id LIMIT 2) l ORDER BY 1, 2;
SELECT w.w, l.* FROM wanted w, LATERAL (SELECT id FROM heap WHERE number > w.n ORDER BY id LIMIT 2) l ORDER BY 1, 2;
SELECT w.n, (SELECT count(*) FROM filters f WHERE f.number = w.n) AS lance, (SELECT count(*) FROM heap f WHERE f.number = w.n) AS heap FROM wanted w ORDER BY 1;
-- rescans without a parameter
SELECT sum(a.id + b.id) FROM (VALUES (1), (2), (3)) v(x), LATERAL (SELECT id, v.x FROM fragments WHERE id < 30 OFFSET 0) a, fragments b WHERE b.id = a.id AND b.category > 2;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
SELECT count(*) FROM filters a JOIN filters b USING (number) JOIN heap c USING (number);
SELECT count(*) FROM heap a JOIN heap b USING (number) JOIN heap c USING (number);
SELECT count(*) FROM filters a WHERE EXISTS (SELECT 1 FROM filters b WHERE b.small = a.number AND b.flag);
SELECT count(*) FROM heap a WHERE EXISTS (SELECT 1 FROM heap b WHERE b.small = a.number AND b.flag);

-- cursors
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM fragments WHERE category = 3;
FETCH 3 FROM c;
FETCH BACKWARD 2 FROM c;
MOVE FORWARD 20 IN c;
FETCH 2 FROM c;
CLOSE c;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM fragments WHERE category = 4;
FETCH 2 FROM h;
COMMIT;
FETCH 2 FROM h;
CLOSE h;
-- an error in the middle leaves nothing open
DO $$ BEGIN FOR i IN 1..20 LOOP BEGIN PERFORM 1 / (id - 500) FROM fragments; EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$;

-- partitions, one of them a heap table
CREATE TABLE parts (id int, category smallint, title text) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE parts_lance PARTITION OF parts FOR VALUES FROM (0) TO (1000) SERVER scan_lake OPTIONS (table 'fragments');
CREATE TABLE parts_heap PARTITION OF parts FOR VALUES FROM (1000) TO (2000);
INSERT INTO parts VALUES (1000, 3, 'heap'), (1001, 4, 'heap');
EXPLAIN (COSTS OFF) SELECT id, tableoid::regclass FROM parts WHERE category = 3 AND id > 900;
SELECT id, tableoid::regclass FROM parts WHERE category = 3 AND id > 900 ORDER BY id;
SELECT count(*) FROM parts;
SELECT count(*) FROM parts WHERE category = 3;
SELECT tableoid::regclass, count(*) FROM parts GROUP BY 1 ORDER BY 2;
CREATE TABLE ancestor (id int, category smallint);
CREATE FOREIGN TABLE descendant () INHERITS (ancestor) SERVER scan_lake OPTIONS (table 'fragments');
INSERT INTO ancestor VALUES (-1, 3);
SELECT count(*), min(id) FROM ancestor WHERE category = 3;
-- a Lance table with children of its own
CREATE FOREIGN TABLE elder (id int, category smallint) SERVER scan_lake OPTIONS (table 'fragments');
CREATE TABLE younger () INHERITS (elder);
INSERT INTO younger VALUES (-5, 3);
SELECT count(*) FROM elder;
SELECT count(*) FROM ONLY elder;
SELECT count(*) FROM elder WHERE category = 3;

-- EvalPlanQual's shape of plan: locked heap rows beside Lance rows
SELECT w.n, f.id FROM wanted w JOIN fragments f ON f.id = w.n WHERE f.category < 3 ORDER BY 1, 2 FOR UPDATE OF w;
UPDATE wanted SET w = f.title FROM fragments f WHERE f.id = wanted.n AND f.category = 2 RETURNING wanted.*;

-- the manifest counts, or the core
EXPLAIN (COSTS OFF) SELECT count(*) FROM fragments;
SELECT count(*), count(1), count('x') + 1 AS more, 'constant' AS c FROM fragments;
EXPLAIN (COSTS OFF) SELECT count(*) FROM fragments WHERE category = 3;
SELECT count(*) FROM fragments WHERE category = 3;
SELECT count(*) FROM fragments WHERE category = 3 AND length(title) > 6;
EXPLAIN (COSTS OFF) SELECT count(*) FROM fragments WHERE length(title) > 6;
EXPLAIN (COSTS OFF) SELECT count(*) FILTER (WHERE id > 5) FROM fragments;
SELECT count(*) FILTER (WHERE id > 5), count(DISTINCT category), count(category), count(NULL) FROM fragments;
SELECT count(*) FROM fragments HAVING count(*) > 5;
SELECT count(*) FROM fragments GROUP BY category HAVING count(*) > 47 ORDER BY 1;
SELECT count(*) FROM fragments WHERE false;
SELECT count(*) FROM fragments WHERE category = NULL;
SELECT count(*) FROM fragments a, fragments b WHERE a.id = b.id;
SELECT count(*) FROM (SELECT * FROM fragments LIMIT 10) s;
SELECT count(*) FROM fragments TABLESAMPLE system (10);
PREPARE how_many(int) AS SELECT count(*) FROM fragments WHERE category = $1;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE how_many(3);
EXECUTE how_many(3);
EXECUTE how_many(4);
EXECUTE how_many(NULL);
RESET plan_cache_mode;
SELECT x, (SELECT count(*) FROM fragments WHERE category < x) FROM generate_series(0, 3) x;
SELECT x, n FROM generate_series(1, 3) x, LATERAL (SELECT count(*) + x * 0 AS n FROM fragments WHERE category < 3 OFFSET 0) l;
-- conditions nested deeper than the core takes are the server's
DO $$
DECLARE condition text := 'id = 1'; lance bigint; heap bigint;
BEGIN
	FOR i IN 1..300 LOOP condition := format('%s %s (%s)', CASE WHEN i % 3 = 0 THEN 'id > 0' ELSE 'number > 5' END, CASE WHEN i % 2 = 0 THEN 'AND' ELSE 'OR' END, condition); END LOOP;
	EXECUTE 'SELECT count(*) FROM filters WHERE ' || condition INTO lance;
	EXECUTE 'SELECT count(*) FROM heap WHERE ' || condition INTO heap;
	IF lance <> heap OR lance = 0 THEN RAISE 'Lance % heap %', lance, heap; END IF;
END $$;
-- a constant that came up through an outer join, and a condition that no Lance column is in
SELECT count(*) FROM (SELECT 1) one LEFT JOIN (SELECT id, 5 AS five FROM fragments) f ON true WHERE f.id = f.five;
SELECT count(*) OVER (), sum(count(*)) OVER (), count(*) FROM fragments WHERE current_setting('search_path') <> '';
CREATE VIEW counted AS SELECT count(*) AS n FROM fragments WHERE category = 3;
SELECT n + 1 FROM counted;

DROP SCHEMA scan CASCADE;
DROP SERVER scan_lake CASCADE;
