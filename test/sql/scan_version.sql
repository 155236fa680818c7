-- scan_version.sql -- which version a statement, a transaction, a cursor and its workers read.
\getenv data LANCEDB_TEST_DATA
SET client_min_messages = warning;
CREATE SCHEMA scan_version;
SET search_path = scan_version, public;
CREATE SERVER version_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
-- a writer's later versions are put aside and come back one by one; version n has n * 100 rows
\! rm -rf "$LANCEDB_TEST_DATA/growing.lance" "$LANCEDB_TEST_DATA/growing.later"
\! cp -r "$LANCEDB_TEST_DATA/fragments.lance" "$LANCEDB_TEST_DATA/growing.lance" && mkdir "$LANCEDB_TEST_DATA/growing.later"
\! cd "$LANCEDB_TEST_DATA" && for v in 3 4 5 6 7 8 9 10 11 12 13; do mv growing.lance/_versions/184467440737095516$(printf %02d $((15 - v))).manifest growing.later/$v; done
\! rm -f "$LANCEDB_TEST_DATA/growing.lance/_versions/latest_version_hint.json"
IMPORT FOREIGN SCHEMA public LIMIT TO (growing) FROM SERVER version_lake INTO scan_version;

SELECT count(*) FROM growing;
PREPARE how_many AS SELECT count(*) FROM growing WHERE id >= 0;
SET plan_cache_mode = force_generic_plan;
EXECUTE how_many;
\! cd "$LANCEDB_TEST_DATA" && mv growing.later/3 growing.lance/_versions/18446744073709551612.manifest
SELECT count(*) FROM growing;
EXECUTE how_many;

BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*), sum(id) FROM growing;
\! cd "$LANCEDB_TEST_DATA" && mv growing.later/4 growing.lance/_versions/18446744073709551611.manifest
SELECT count(*), sum(id) FROM growing;
SELECT count(*) FROM growing;
EXECUTE how_many;
COMMIT;
SELECT count(*), sum(id) FROM growing;

-- a cursor reads what was there when it was declared
BEGIN;
DECLARE c CURSOR FOR SELECT max(id) FROM growing;
DECLARE d CURSOR FOR SELECT count(*) FROM growing WHERE id > 0;
\! cd "$LANCEDB_TEST_DATA" && mv growing.later/5 growing.lance/_versions/18446744073709551610.manifest
SELECT max(id) FROM growing;
FETCH c;
FETCH d;
COMMIT;

-- both sides of a join, and the workers, read one version
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM growing;
\! cd "$LANCEDB_TEST_DATA" && mv growing.later/6 growing.lance/_versions/18446744073709551609.manifest
SELECT count(*), max(id) FROM (SELECT id FROM growing WHERE length(title) > 0 OFFSET 0) s;
SET LOCAL parallel_leader_participation = off;
SELECT max(id), count(title) FROM growing;
SELECT max(a.id) FROM growing a JOIN growing b USING (id);
COMMIT;
SELECT max(id), count(title) FROM growing;
RESET ALL;
SET client_min_messages = warning;
SET search_path = scan_version, public;

-- STABLE functions read the version of the query that calls them, as they read its snapshot
SET scan_version.data = :'data';
CREATE FUNCTION arrive(version int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', format('cat >/dev/null; cd %s && mv growing.later/%s growing.lance/_versions/%s.manifest',
		current_setting('scan_version.data'), version, 18446744073709551615 - version));
	RETURN 'version ' || version;
END $$;
CREATE FUNCTION rows_now() RETURNS bigint LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT count(*) FROM growing); END $$;
CREATE FUNCTION rows_of_caller() RETURNS bigint LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT count(*) FROM growing); END $$;
SELECT x, rows_now(), CASE WHEN x = 1 THEN arrive(7) END FROM generate_series(1, 3) x;
SELECT rows_now();
SELECT id, CASE WHEN id = 0 THEN arrive(8) END, rows_of_caller() FROM growing WHERE id < 3 ORDER BY id;
SELECT rows_of_caller();
-- a cursor's functions, too; another statement in between reads on
BEGIN;
DECLARE c CURSOR FOR SELECT x, rows_now() FROM generate_series(1, 2) x;
FETCH c;
SELECT arrive(9);
SELECT rows_now();
FETCH c;
COMMIT;
-- VOLATILE ones have a snapshot of their own for each statement
CREATE FUNCTION rows_volatile() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT 1; SELECT count(*) FROM growing $$;
SELECT rows_volatile(), arrive(10), rows_volatile();

\! rm -rf "$LANCEDB_TEST_DATA/growing.lance" "$LANCEDB_TEST_DATA/growing.later"
DROP SCHEMA scan_version CASCADE;
DROP SERVER version_lake CASCADE;
