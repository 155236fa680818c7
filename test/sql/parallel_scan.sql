-- parallel_scan.sql -- leader and workers share one scan and one version.
\getenv data LANCEDB_TEST_DATA
SET client_min_messages = warning;
CREATE SCHEMA parallel_scan;
SET search_path = parallel_scan, public;
CREATE SERVER parallel_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
IMPORT FOREIGN SCHEMA public LIMIT TO (fragments, filters) FROM SERVER parallel_lake INTO parallel_scan;
CREATE TABLE heap AS SELECT * FROM fragments;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET min_parallel_index_scan_size = 0;
SET max_parallel_workers_per_gather = 2;

EXPLAIN (COSTS OFF) SELECT category, count(*), sum(id) FROM fragments GROUP BY category;
SELECT category, count(*), sum(id) FROM fragments GROUP BY category EXCEPT SELECT category, count(*), sum(id) FROM heap GROUP BY category;
EXPLAIN (COSTS OFF) SELECT sum(id), count(title), min(title) FROM fragments WHERE category > 3 AND length(title) > 5;
SELECT sum(id), count(title), min(title) FROM fragments WHERE category > 3 AND length(title) > 5;
SELECT sum(id), count(title), min(title) FROM heap WHERE category > 3 AND length(title) > 5;
-- the leader only waits
SET parallel_leader_participation = off;
SELECT sum(id), count(title), min(title) FROM fragments WHERE category > 3;
SELECT sum(id), count(title), min(title) FROM heap WHERE category > 3;
RESET parallel_leader_participation;
-- no worker is to be had
SET max_parallel_workers = 0;
SELECT sum(id), count(title), min(title) FROM fragments WHERE category > 3;
RESET max_parallel_workers;
-- rescans of a Gather
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SELECT x, (SELECT sum(id) FROM fragments WHERE category > 3 AND id > x) FROM generate_series(0, 900, 300) x;
SELECT x, (SELECT sum(id) FROM heap WHERE category > 3 AND id > x) FROM generate_series(0, 900, 300) x;
SELECT x, s FROM generate_series(0, 2) x, LATERAL (SELECT sum(id) + x * 0 AS s FROM fragments WHERE title <> 'none') l;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
-- joins of two, cursors, limits
SELECT count(*), sum(a.id) FROM fragments a JOIN fragments b ON a.id = b.id WHERE b.category = 5;
SELECT count(*), sum(a.id) FROM heap a JOIN heap b ON a.id = b.id WHERE b.category = 5;
SELECT count(*) FROM (SELECT id FROM fragments WHERE category > 2 LIMIT 7) s;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM fragments WHERE category = 3;
MOVE FORWARD 5 IN c;
CLOSE c;
COMMIT;
-- an initplan's value reaches the workers
SELECT sum(id), count(*) FROM fragments WHERE category = (SELECT max(category) FROM heap) AND length(title) > 0;
SELECT sum(id), count(*) FROM heap WHERE category = (SELECT max(category) FROM heap) AND length(title) > 0;
-- counters of all processes come together
CREATE FUNCTION removed(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
	RETURN round(sum((n -> 'Rows Removed by Pushed Filter')::numeric * (n -> 'Actual Loops')::numeric))
		FROM jsonb_path_query(plan, 'strict $.**?(exists(@."Rows Removed by Pushed Filter"))') n;
END $$;
SELECT removed('SELECT sum(id) FROM fragments WHERE category > 3') AS lance, count(*) AS heap FROM heap WHERE (category > 3) IS NOT TRUE;
DROP SCHEMA parallel_scan CASCADE;
DROP SERVER parallel_lake CASCADE;
