-- explain_scan.sql -- what EXPLAIN says about a scan, and ANALYZE about a table.
\getenv data LANCEDB_TEST_DATA
SET client_min_messages = warning;
CREATE SCHEMA explain_scan;
SET search_path = explain_scan, public;
CREATE SERVER explain_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
IMPORT FOREIGN SCHEMA public LIMIT TO (fragments, filters, packages_small, vectors_21) FROM SERVER explain_lake INTO explain_scan;

-- plans without what differs between machines and runs
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE query LOOP
		line := regexp_replace(line, '/[^"<>\s]*/(\w+\.lance)', '.../\1', 'g');
		line := regexp_replace(line, '(Bytes.Read|Read.Requests)(>|"?:) *[1-9]\d*', '\1\2 N', 'g');
		RETURN NEXT line;
	END LOOP;
END $$;
SELECT plan_of('EXPLAIN (COSTS OFF) SELECT id FROM fragments WHERE category = 3 AND length(title) > 6');
SELECT plan_of('EXPLAIN (COSTS OFF, VERBOSE) SELECT id FROM fragments WHERE category = 3 AND length(title) > 6');
SELECT plan_of('EXPLAIN (COSTS OFF, VERBOSE, ANALYZE, TIMING OFF, SUMMARY OFF) SELECT id FROM fragments WHERE category = 3 AND length(title) > 6');
SELECT plan_of('EXPLAIN (COSTS OFF, VERBOSE, ANALYZE, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM fragments WHERE category = 3');
SELECT plan_of('EXPLAIN (COSTS OFF, VERBOSE) SELECT count(*) FROM fragments');
SELECT plan_of('EXPLAIN (COSTS OFF, VERBOSE, FORMAT JSON) SELECT id FROM fragments WHERE category = 3 AND length(title) > 6');
SELECT plan_of('EXPLAIN (COSTS OFF, VERBOSE, FORMAT YAML) SELECT count(*) FROM fragments WHERE category = 3');
SELECT plan_of('EXPLAIN (COSTS OFF, VERBOSE, FORMAT XML) SELECT id FROM fragments WHERE category = 3');

-- LIMIT stops reading
CREATE FUNCTION requests(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
	RETURN (jsonb_path_query_first(plan, 'strict $.**."Read Requests"'))::bigint;
END $$;
SELECT requests('SELECT title FROM fragments LIMIT 1') * 4 < requests('SELECT title FROM fragments') AS stops_early;

-- estimates from the manifest
CREATE FUNCTION estimate(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN (plan #>> '{0,Plan,Plan Rows}')::bigint;
END $$;
SELECT estimate('SELECT * FROM fragments') AS estimated, count(*) FROM fragments;
-- ANALYZE: statistics of everything but vectors
ANALYZE packages_small;
SELECT reltuples FROM pg_class WHERE oid = 'packages_small'::regclass;
SELECT attname, null_frac = 1 AS not_read FROM pg_stats WHERE schemaname = 'explain_scan' AND tablename = 'packages_small' ORDER BY attname;
SELECT estimate($q$SELECT * FROM packages_small WHERE embedding IS NOT NULL$q$) > 1900 AS most;
SELECT abs(estimate($q$SELECT * FROM packages_small WHERE section = 'libs'$q$) - count(*)) < 20 AS close FROM packages_small WHERE section = 'libs';
ANALYZE fragments;
SELECT reltuples = (SELECT count(*) FROM fragments) AS rows FROM pg_class WHERE oid = 'fragments'::regclass;
SELECT n_distinct FROM pg_stats WHERE schemaname = 'explain_scan' AND tablename = 'fragments' AND attname = 'category';
ANALYZE filters, vectors_21;
DROP SCHEMA explain_scan CASCADE;
DROP SERVER explain_lake CASCADE;
