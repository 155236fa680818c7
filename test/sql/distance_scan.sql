-- Rows in order of distance: the same answers as a heap copy, with the plan that was meant.
\getenv data LANCEDB_TEST_DATA
-- dear plans below would all be compiled
SET jit = off;
CREATE SERVER distance_server FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
CREATE SCHEMA lance;
CREATE SCHEMA heap;
IMPORT FOREIGN SCHEMA public LIMIT TO (packages_small, vectors_20, vectors_21, vectors_22, fragments)
    FROM SERVER distance_server INTO lance;
CREATE TABLE heap.packages_small AS SELECT * FROM lance.packages_small;
CREATE TABLE heap.vectors_20 AS SELECT * FROM lance.vectors_20;
CREATE TABLE heap.vectors_21 AS SELECT * FROM lance.vectors_21;
CREATE TABLE heap.vectors_22 AS SELECT * FROM lance.vectors_22;
CREATE TABLE heap.fragments AS SELECT * FROM lance.fragments;
CREATE TABLE section_notes AS
    SELECT section, 'about ' || section AS note FROM heap.packages_small GROUP BY section;
ANALYZE section_notes, heap.packages_small;

-- Runs a query over the heap copies, over the Lance tables as the planner likes, and over these with
-- sorting made dear; says whether all rows came out equal and in the same order, and whether the
-- last plan had the scan in it.
CREATE FUNCTION same(query text, wants_scan boolean DEFAULT true) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    heap_rows text[];
    lance_rows text[];
    forced_rows text[];
    line text;
    scans boolean := false;
BEGIN
    PERFORM set_config('search_path', 'heap, public', true);
    EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO heap_rows;
    PERFORM set_config('search_path', 'lance, public', true);
    EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO lance_rows;
    PERFORM set_config('enable_sort', 'off', true);
    FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
        scans := scans OR line LIKE '%Lance Distance Scan%';
    END LOOP;
    EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO forced_rows;
    PERFORM set_config('enable_sort', 'on', true);
    IF lance_rows IS DISTINCT FROM heap_rows THEN
        RETURN format('differs: %s <> %s', lance_rows, heap_rows);
    END IF;
    IF forced_rows IS DISTINCT FROM heap_rows THEN
        RETURN format('differs when forced: %s <> %s', forced_rows, heap_rows);
    END IF;
    IF scans <> wants_scan THEN
        RETURN 'another plan';
    END IF;
    RETURN 'same ' || coalesce(cardinality(heap_rows), 0);
END $$;

-- The plan: the distance is a column of the scan, the vector itself is not read for output.
SET search_path = lance, public;
SET enable_sort = off;
EXPLAIN (VERBOSE, COSTS OFF)
SELECT id, embedding <=> '{1}' AS d FROM packages_small WHERE section = 'libs' AND length(package) > 3
ORDER BY embedding <=> '{1}' LIMIT 3 \g |grep -v 'Lance URI'
RESET search_path;
RESET enable_sort;

-- every operator, ties broken by id
SELECT op, same(format('SELECT id, embedding %1$s (SELECT embedding FROM packages_small WHERE package = ''gimp'') AS d
    FROM packages_small ORDER BY 2, 1 LIMIT 20', op)) FROM unnest('{<->,<#>,<=>,<+>}'::text[]) op;
-- filters: pushed, local, both, none left
SELECT same($q$SELECT id FROM packages_small WHERE section = 'libs'
    ORDER BY embedding <=> (SELECT embedding FROM packages_small WHERE id = 7), id LIMIT 10$q$);
SELECT same($q$SELECT id FROM packages_small WHERE length(package) > 12
    ORDER BY embedding <=> (SELECT embedding FROM packages_small WHERE id = 7), id LIMIT 10$q$);
SELECT same($q$SELECT id FROM packages_small WHERE length(package) % 7 = 3 AND installed_size_kb < 500 AND tags IS NOT NULL
    ORDER BY embedding <-> (SELECT embedding FROM packages_small WHERE id = 7), id LIMIT 50$q$);
SELECT same($q$SELECT id FROM packages_small WHERE section = 'no such section'
    ORDER BY embedding <-> (SELECT embedding FROM packages_small WHERE id = 7) LIMIT 5$q$);
SELECT same($q$SELECT id FROM packages_small WHERE embedding <=> (SELECT embedding FROM packages_small WHERE id = 7) < 0.5
    ORDER BY embedding <=> (SELECT embedding FROM packages_small WHERE id = 7), id LIMIT 30$q$);
-- fewer rows than asked for; all rows; OFFSET beyond
SELECT same($q$SELECT id FROM packages_small WHERE id < 5 ORDER BY embedding <-> (SELECT embedding FROM packages_small WHERE id = 7), id LIMIT 10$q$);
SELECT same($q$SELECT id FROM packages_small ORDER BY embedding <-> (SELECT embedding FROM packages_small WHERE id = 7), id LIMIT 10 OFFSET 1995$q$);
SELECT same($q$SELECT id FROM packages_small ORDER BY embedding <-> (SELECT embedding FROM packages_small WHERE id = 7), id LIMIT 2500$q$);
-- similarity, falling
SELECT same($q$SELECT id, 1 - (embedding <=> (SELECT embedding FROM packages_small WHERE id = 7)) AS s FROM packages_small ORDER BY 2 DESC, id LIMIT 10$q$);
SELECT same($q$SELECT id FROM packages_small ORDER BY (embedding <#> (SELECT embedding FROM packages_small WHERE id = 7)) * -1 DESC, id LIMIT 10$q$);
SELECT same($q$SELECT id FROM packages_small ORDER BY -(embedding <-> (SELECT embedding FROM packages_small WHERE id = 7)) DESC, id LIMIT 10$q$);
-- more than the first search found, in every order of NULL and NaN
SELECT o, same(format($q$SELECT id FROM packages_small WHERE length(package) %% 7 = 3
    ORDER BY %s, id LIMIT 150$q$, o)) FROM unnest('{
    embedding <=> (SELECT embedding FROM packages_small WHERE id = 7),
    embedding <=> (SELECT embedding FROM packages_small WHERE id = 7) NULLS FIRST,
    1 - (embedding <=> (SELECT embedding FROM packages_small WHERE id = 7)) DESC,
    1 - (embedding <=> (SELECT embedding FROM packages_small WHERE id = 7)) DESC NULLS LAST}'::text[]) o;
SELECT o, same(format('SELECT id FROM vectors_21 WHERE id %% 2 = 1 ORDER BY %s, id LIMIT 9', o)) FROM unnest('{
    "f32_3_null <=> ''{1,2,3}''", "f32_3_null <=> ''{1,2,3}'' NULLS FIRST",
    "1 - (f32_3_null <=> ''{1,2,3}'') DESC", "1 - (f32_3_null <=> ''{1,2,3}'') DESC NULLS LAST"}'::text[]) o;
-- the functions behind the operators
SELECT f, same(format('SELECT id FROM packages_small ORDER BY %s(embedding, (SELECT embedding FROM packages_small WHERE id = 7)), id LIMIT 10', f))
FROM unnest('{lance_l2_distance,lance_negative_inner_product,lance_cosine_distance,lance_l1_distance}'::text[]) f;
SELECT same($q$SELECT id FROM packages_small ORDER BY lance_inner_product(embedding, (SELECT embedding FROM packages_small WHERE id = 7)) DESC, id LIMIT 10$q$, false);
-- the farthest is a sort
SELECT same($q$SELECT id FROM packages_small ORDER BY embedding <-> (SELECT embedding FROM packages_small WHERE id = 7) DESC, id LIMIT 10$q$, false);
-- WITH TIES, DISTINCT ON, window functions, sub-queries, CTE, UNION ALL
SELECT same($q$SELECT id FROM (SELECT id FROM packages_small ORDER BY embedding <-> (SELECT embedding FROM packages_small WHERE id = 7) FETCH FIRST 5 ROWS WITH TIES) t ORDER BY id$q$);
SELECT same($q$SELECT id, rank() OVER (ORDER BY embedding <-> (SELECT embedding FROM packages_small WHERE id = 7)) FROM packages_small ORDER BY 2, 1 LIMIT 7$q$);
SELECT same($q$WITH near AS (SELECT id, section FROM packages_small ORDER BY embedding <-> (SELECT embedding FROM packages_small WHERE id = 7), id LIMIT 40)
    SELECT section, count(*) FROM near GROUP BY section ORDER BY 2 DESC, 1$q$);
SELECT same($q$(SELECT id FROM packages_small ORDER BY embedding <-> (SELECT embedding FROM packages_small WHERE id = 7), id LIMIT 3)
    UNION ALL (SELECT id FROM packages_small ORDER BY embedding <-> (SELECT embedding FROM packages_small WHERE id = 9), id LIMIT 3)$q$);
-- joins and LATERAL
SELECT same($q$SELECT p.id, n.note FROM packages_small p JOIN section_notes n USING (section)
    WHERE n.note LIKE '%e%' ORDER BY p.embedding <=> (SELECT embedding FROM packages_small WHERE id = 7), p.id LIMIT 12$q$);
SELECT same($q$SELECT o.id, i.id AS near, i.d FROM (SELECT * FROM packages_small WHERE id IN (3, 500, 1999)) o,
    LATERAL (SELECT id, embedding <-> o.embedding AS d FROM packages_small ORDER BY embedding <-> o.embedding, id LIMIT 4) i ORDER BY 1, 3, 2$q$);
SELECT same($q$SELECT o.id, i.id AS near FROM (SELECT * FROM packages_small WHERE id IN (3, 500)) o,
    LATERAL (SELECT id FROM packages_small p WHERE p.section = o.section ORDER BY embedding <-> o.embedding, id LIMIT 4) i ORDER BY 1, 2$q$);
-- vectors with NULL rows, half precision, several storage versions; NULL last, or first where asked
SELECT t, c, same(format('SELECT id, %2$s <-> (SELECT %2$s FROM %1$s WHERE %2$s IS NOT NULL ORDER BY id LIMIT 1) AS d FROM %1$s ORDER BY 2, 1 LIMIT 100', t, c))
FROM unnest('{vectors_20,vectors_21,vectors_22}'::text[]) t, unnest('{f32_3_null,f32_64_null,f16_5_null,f16_5}'::text[]) c ORDER BY 1, 2;
SELECT same($q$SELECT id, f32_3_null <-> '{1,2,3}' AS d FROM vectors_21 ORDER BY 2 NULLS FIRST, 1 LIMIT 45$q$);
SELECT same($q$SELECT id, 1 - (f32_3_null <=> '{1,2,3}') AS d FROM vectors_21 ORDER BY 2 DESC, 1 LIMIT 45$q$);
SELECT same($q$SELECT id, 1 - (f32_3_null <=> '{0,0,0}') AS d FROM vectors_21 ORDER BY 2 DESC NULLS LAST, 1 LIMIT 70$q$);
SELECT same($q$SELECT id, f32_3_null <-> NULL AS d FROM vectors_21 ORDER BY f32_3_null <-> NULL::real[], 1 LIMIT 7$q$, false);
-- deleted rows and several fragments
SELECT same($q$SELECT id, v <-> (SELECT v FROM fragments ORDER BY id LIMIT 1) AS d FROM fragments ORDER BY 2, 1 LIMIT 500$q$);
-- whole rows, tableoid, row locks of the other side
SELECT same($q$SELECT packages_small FROM packages_small ORDER BY embedding <-> (SELECT embedding FROM packages_small WHERE id = 7), id LIMIT 3$q$);
SELECT tableoid::regclass, id FROM lance.packages_small ORDER BY embedding <-> (SELECT embedding FROM lance.packages_small WHERE id = 7) LIMIT 1;

-- prepared statements: custom and generic plans, LIMIT as a parameter, a NULL query vector
PREPARE nearest(real[], int, int) AS
    SELECT id, round((embedding <=> $1)::numeric, 4) AS d FROM lance.packages_small
    ORDER BY embedding <=> $1 LIMIT $2 OFFSET $3;
SET plan_cache_mode = force_custom_plan;
EXECUTE nearest(array_fill(0.1::real, ARRAY[128]), 2, 1);
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE nearest('{1}', 2, 1);
EXECUTE nearest(array_fill(0.1::real, ARRAY[128]), 2, 1);
EXECUTE nearest(NULL, 2, 1);
EXECUTE nearest('{1,2,3}', 2, 1);
RESET plan_cache_mode;

-- cursors pull as much as they want
BEGIN;
DECLARE c CURSOR FOR SELECT package FROM lance.packages_small
    ORDER BY embedding <-> (SELECT embedding FROM lance.packages_small WHERE id = 7);
FETCH 2 FROM c;
MOVE 1500 IN c;
FETCH 1 FROM c;
MOVE ALL IN c;
FETCH 1 FROM c;
COMMIT;
SELECT id = (SELECT id FROM heap.packages_small ORDER BY embedding <-> (SELECT embedding FROM heap.packages_small WHERE id = 7) OFFSET 1502 LIMIT 1)
    AS same_as_heap
FROM (SELECT package FROM lance.packages_small ORDER BY embedding <-> (SELECT embedding FROM lance.packages_small WHERE id = 7) OFFSET 1502 LIMIT 1) t;

-- partitions: two Lance tables and a heap table
CREATE TABLE parts (id bigint, package text, embedding real[], part int) PARTITION BY LIST (part);
CREATE TABLE part_heap PARTITION OF parts FOR VALUES IN (3);
CREATE FOREIGN TABLE part_a (id bigint, package text, embedding real[], part int OPTIONS (column_name 'installed_size_kb'))
    SERVER distance_server OPTIONS (table 'packages_small');
CREATE FOREIGN TABLE part_b (id bigint, package text, embedding real[], part int OPTIONS (column_name 'installed_size_kb'))
    SERVER distance_server OPTIONS (table 'packages_small');
ALTER TABLE parts ATTACH PARTITION part_a FOR VALUES IN (1);
ALTER TABLE parts ATTACH PARTITION part_b FOR VALUES IN (2);
INSERT INTO part_heap SELECT id, package, embedding, 3 FROM heap.packages_small WHERE id = 7;
EXPLAIN (COSTS OFF) SELECT id, tableoid::regclass FROM parts ORDER BY embedding <-> '{1,2}' LIMIT 5;
SELECT count(*), count(DISTINCT tableoid), max(d) FROM
    (SELECT tableoid, embedding <-> (SELECT embedding FROM heap.packages_small WHERE id = 7) AS d FROM parts ORDER BY 2 LIMIT 3) t;

-- another extension's or user's operator of the same name is left alone
CREATE SCHEMA other;
CREATE FUNCTION other.d(real[], real[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 1.0::float8';
CREATE OPERATOR other.<-> (LEFTARG = real[], RIGHTARG = real[], FUNCTION = other.d);
EXPLAIN (COSTS OFF) SELECT package FROM lance.packages_small ORDER BY embedding OPERATOR(other.<->) '{1}' LIMIT 1;
-- nor is the meaning of an operator class that sorts numbers the other way round
CREATE FUNCTION other.compare(float8, float8) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT btfloat8cmp($2, $1)';
CREATE OPERATOR other.<<< (LEFTARG = float8, RIGHTARG = float8, FUNCTION = float8gt);
CREATE OPERATOR CLASS other.falling FOR TYPE float8 USING btree AS
    OPERATOR 1 other.<<<, OPERATOR 3 =, FUNCTION 1 other.compare(float8, float8);
SELECT same($q$SELECT id FROM packages_small
    ORDER BY embedding <-> (SELECT embedding FROM packages_small WHERE id = 7) USING OPERATOR(other.<<<), id LIMIT 10$q$, false);
SET lancedb.enable_ann = off;
EXPLAIN (COSTS OFF) SELECT package FROM lance.packages_small ORDER BY embedding <-> '{1}' LIMIT 1;
RESET lancedb.enable_ann;
-- a wrong dimension names both sizes
SELECT package FROM lance.packages_small ORDER BY embedding <-> '{1,2,3}' LIMIT 1;

-- a prepared plan meets an earlier version that has no such column, or another table under the name
\! rm -rf "$LANCEDB_TEST_DATA/swapped.lance"; cp -r "$LANCEDB_TEST_DATA/history.lance" "$LANCEDB_TEST_DATA/swapped.lance"
CREATE FOREIGN TABLE swapped (id bigint, v real[]) SERVER distance_server OPTIONS (version '1');
PREPARE nearest_swapped(real[]) AS SELECT id, v <-> $1 AS d FROM swapped ORDER BY v <-> $1, id LIMIT 2;
SET plan_cache_mode = force_generic_plan;
SET enable_sort = off;
EXPLAIN (COSTS OFF) EXECUTE nearest_swapped('{0,0,0,0}');
EXECUTE nearest_swapped('{0,0,0,0}');
\! rm -r "$LANCEDB_TEST_DATA/swapped.lance"; cp -r "$LANCEDB_TEST_DATA/filters.lance" "$LANCEDB_TEST_DATA/swapped.lance"
EXECUTE nearest_swapped('{0,0,0,0}');
EXECUTE nearest_swapped(NULL);
RESET enable_sort;
RESET plan_cache_mode;
\! rm -r "$LANCEDB_TEST_DATA/swapped.lance"

-- a condition on the vector itself does not make the planner think that it is read twice
CREATE FUNCTION startup_cost(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN plan -> 0 -> 'Plan' -> 'Startup Cost';
END $$;
SET enable_sort = off;
SELECT startup_cost('SELECT package FROM lance.packages_small WHERE embedding IS NOT NULL ORDER BY embedding <-> ''{1}'' LIMIT 5') <
    1.2 * startup_cost('SELECT package FROM lance.packages_small ORDER BY embedding <-> ''{1}'' LIMIT 5') AS paid_once;
ANALYZE lance.packages_small;
SELECT startup_cost('SELECT package FROM lance.packages_small WHERE embedding IS NOT NULL ORDER BY embedding <-> ''{1}'' LIMIT 5') >
    0.9 * startup_cost('SELECT package FROM lance.packages_small ORDER BY embedding <-> ''{1}'' LIMIT 5') AS paid_after_analyze;
RESET enable_sort;

-- the same ctid from every kind of scan
SELECT count(*) AS rows, count(*) FILTER (WHERE a.ctid = b.ctid) AS same
    FROM (SELECT ctid, id FROM lance.fragments ORDER BY v <-> (SELECT v FROM lance.fragments WHERE id = 3) LIMIT 20) a
    JOIN lance.fragments b USING (id);

SET client_min_messages = warning;
DROP SERVER distance_server CASCADE;
DROP SCHEMA lance, heap, other CASCADE;
DROP TABLE section_notes, parts CASCADE;
DROP FUNCTION same, startup_cost;
