-- what nobody does by accident
\getenv data LANCEDB_TEST_DATA
\set SHOW_CONTEXT never
\set scratch :data '/abuse'
\setenv scratch :scratch
\pset format unaligned
\pset tuples_only on
\! rm -rf "$scratch"; mkdir "$scratch"; cp -r "$LANCEDB_TEST_DATA/filters.lance" "$LANCEDB_TEST_DATA/fragments.lance" "$LANCEDB_TEST_DATA/strings_21.lance" "$LANCEDB_TEST_DATA/packages_small.lance" "$scratch"; chmod -R 777 "$scratch"
CREATE SCHEMA abuse;
SET search_path = abuse, public;
CREATE SERVER abused FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'scratch');
IMPORT FOREIGN SCHEMA public FROM SERVER abused INTO abuse;
CREATE FUNCTION error_of(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, '"/[^"]*/', '"');
END $$;

-- lists of all lengths: a condition that leaves those of one length is tested before distances are
SET enable_sort = off;
SELECT count(DISTINCT cardinality(ratios)) > 1 FROM filters;
SELECT count(*) FROM (SELECT ratios <-> '{1,2}' FROM filters WHERE cardinality(ratios) = 2 AND array_position(ratios, NULL) IS NULL
	ORDER BY ratios <-> '{1,2}' LIMIT 3) AS nearest;

RESET enable_sort;

-- ANALYZE keeps no more of long texts than it looks at
SELECT sum(length(long)) - sum(length(left(long, 2048))) > 1200 FROM strings_21;
ANALYZE strings_21;
SELECT avg_width <= (SELECT sum(length(left(long, 2048)) + 4) / count(long) + 1 FROM strings_21)
FROM pg_stats WHERE schemaname = 'abuse' AND tablename = 'strings_21' AND attname = 'long';

-- nor does it keep a sample of any size: of 150 MB every other row
DO $$ BEGIN
	EXECUTE (SELECT 'CREATE FOREIGN TABLE heavy (id bigint, '
		|| string_agg(format('t%s text[] OPTIONS (column_name ''tags'')', n), ', ')
		|| ') SERVER abused OPTIONS (table ''packages_small'')' FROM generate_series(1, 1550) AS n);
END $$;
ANALYZE VERBOSE heavy (id);
SELECT null_frac, n_distinct FROM pg_stats WHERE schemaname = 'abuse' AND tablename = 'heavy' AND attname = 'id';

-- a table that is made anew between the leader's look at it and the workers'
CREATE FUNCTION make_anew() RETURNS int LANGUAGE plpgsql PARALLEL RESTRICTED AS $$
BEGIN
	EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'cat > /dev/null; cd ' || current_setting('abuse.scratch')
		|| ' && cp -r fragments.lance new && mv fragments.lance old && mv new fragments.lance && rm -r old');
	RETURN 0;
END $$;
SELECT set_config('abuse.scratch', :'scratch', false) IS NOT NULL;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT count(*) > 0 FROM fragments WHERE length(title) > -1;
SELECT error_of('SELECT count(*) FROM fragments WHERE length(title) > (SELECT make_anew() - 1)');
SELECT count(*) > 0 FROM fragments WHERE length(title) > -1;

-- options of one server that spell out those of another: what that one has open is not lent out
CREATE SERVER wider FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'scratch', allowed_base_paths '/tmp');
CREATE FOREIGN TABLE wide (id int) SERVER wider OPTIONS (table 'fragments');
CREATE FOREIGN TABLE narrow (id int) SERVER abused OPTIONS (table 'fragments', branch E'\n', tag '/tmp', create 'never');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) > 0 FROM wide;
SELECT error_of('SELECT count(*) FROM narrow');
ROLLBACK;

-- a manifest that no memory holds does not keep other tables from being imported
\! mkdir -p "$scratch/folder/huge.lance/_versions"; truncate -s 5G "$scratch/folder/huge.lance/_versions/18446744073709551614.manifest"; cp -r "$scratch/filters.lance" "$scratch/folder"; chmod -R a+rX "$scratch/folder"
\set folder :scratch '/folder'
CREATE SERVER folder FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'folder');
CREATE SCHEMA folder;
IMPORT FOREIGN SCHEMA public FROM SERVER folder INTO folder;
SELECT relname FROM pg_class WHERE relnamespace = 'folder'::regnamespace;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA abuse CASCADE;
DROP SERVER abused CASCADE;
DROP SERVER wider CASCADE;
DROP SERVER folder CASCADE;
DROP SCHEMA folder;
\! rm -rf "$scratch"
