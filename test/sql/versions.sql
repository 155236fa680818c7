-- which version a statement reads, and the functions that list versions, tags and fragments
\getenv data LANCEDB_TEST_DATA
\set scratch :data '/versions'
\setenv scratch :scratch
\set SHOW_CONTEXT never
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');

SELECT lancedb.version() = extversion FROM pg_extension WHERE extname = 'lancedb';
CREATE FOREIGN TABLE history (id bigint) SERVER lake;
SELECT version, committed_at > '2020-01-01' AS dated, operation, rows, fragments, tags FROM lancedb.versions('history');
CREATE FOREIGN TABLE refs (id bigint) SERVER lake;
SELECT * FROM lancedb.tags('refs');
SELECT version, operation, rows, tags FROM lancedb.versions('refs');
CREATE FOREIGN TABLE fragments (id bigint) SERVER lake;
SELECT fragment_id, physical_rows, deleted_rows, data_files, bytes > 1000 AS bytes FROM lancedb.fragments('fragments');
SELECT sum(physical_rows - deleted_rows) = (SELECT count(*) FROM fragments) AS agrees FROM lancedb.fragments('fragments');
SELECT * FROM lancedb.tags('history');
CREATE TABLE heap ();
SELECT * FROM lancedb.versions('heap');
SELECT * FROM lancedb.tags(NULL);
DROP TABLE heap;

-- a table's own version, tag or time
CREATE FOREIGN TABLE v2 (id bigint) SERVER lake OPTIONS (table 'history', version '2');
CREATE FOREIGN TABLE v3 (id bigint) SERVER lake OPTIONS (table 'history', version '3');
SELECT (SELECT count(*) FROM v2) AS v2, (SELECT count(*) FROM v3) AS v3, (SELECT count(*) FROM history) AS latest;
SELECT count(*) FROM lancedb.fragments('v2');
CREATE FOREIGN TABLE trimmed (id bigint) SERVER lake OPTIONS (table 'refs', tag 'trimmed');
SELECT count(*) = (SELECT rows FROM lancedb.versions('refs') WHERE 'trimmed' = ANY (tags)) AS agrees FROM trimmed;
SELECT committed_at AS moment FROM lancedb.versions('history') WHERE version = 5 \gset
CREATE FOREIGN TABLE v5 (id bigint) SERVER lake OPTIONS (table 'history', as_of :'moment');
SELECT count(*) FROM v5;
-- as_of says version and tag in the words of the setting
CREATE FOREIGN TABLE as_of_v2 (id bigint) SERVER lake OPTIONS (table 'history', as_of '2');
CREATE FOREIGN TABLE as_of_tag (id bigint) SERVER lake OPTIONS (table 'refs', as_of 'tag:trimmed');
SELECT (SELECT count(*) FROM as_of_v2) = (SELECT count(*) FROM v2) AS version,
	(SELECT count(*) FROM as_of_tag) = (SELECT count(*) FROM trimmed) AS tag;
DELETE FROM as_of_v2;
DROP FOREIGN TABLE as_of_v2, as_of_tag;
-- the end of time
CREATE FOREIGN TABLE last (id bigint) SERVER lake OPTIONS (table 'history', as_of '294276-12-31 23:59:59+00');
SELECT count(*) = (SELECT count(*) FROM history) AS latest FROM last;

-- a condition on a column that the version does not have is one on NULL, in prepared counts as well
CREATE FOREIGN TABLE noted (id bigint, note text, tags text[]) SERVER lake OPTIONS (table 'history');
PREPARE noted AS SELECT count(*) FROM noted WHERE note IS NULL AND id >= 0;
PREPARE tagged AS SELECT count(*) FROM noted WHERE note <> 'x' OR 'x' = ANY (tags);
SET plan_cache_mode = force_generic_plan;
EXECUTE noted;
EXPLAIN (COSTS OFF) EXECUTE tagged;
EXECUTE tagged;
SET lancedb.as_of = :'moment';
EXECUTE noted;
EXECUTE tagged;
SELECT count(*), count(note) FROM noted WHERE note IS NULL;
RESET lancedb.as_of;
RESET plan_cache_mode;

-- a column dropped and added again with a type that is compared otherwise: a plan made before is
-- refused once and then made anew
CREATE FOREIGN TABLE retyped (id int, value double precision) SERVER lake;
SELECT committed_at AS first_moment FROM lancedb.versions('retyped') WHERE version = 1 \gset
PREPARE counted AS SELECT count(*) FROM retyped WHERE value > 1.6::double precision;
SET plan_cache_mode = force_generic_plan;
EXECUTE counted;
SET lancedb.as_of = :'first_moment';
EXECUTE counted;
EXECUTE counted;
RESET lancedb.as_of;
EXECUTE counted;
RESET plan_cache_mode;

-- lancedb.as_of moves every table that has no choice of its own
SET lancedb.as_of = :'moment';
SELECT (SELECT count(*) FROM v2) AS v2, (SELECT count(*) FROM history) AS as_of;
SET lancedb.as_of = '1999-01-01';
SELECT count(*) FROM v2;
\set VERBOSITY sqlstate
SELECT count(*) FROM history;
\set VERBOSITY default
RESET lancedb.as_of;
SELECT count(*) FROM history;
-- as a version or a tag; two versions in one query
SET lancedb.as_of = '2';
SELECT (SELECT count(*) FROM history) = (SELECT count(*) FROM v2) AS as_version_2;
SELECT count(*) FROM v3;
SET lancedb.as_of = 'tag:trimmed';
CREATE FOREIGN TABLE tagged (id bigint) SERVER lake OPTIONS (table 'refs');
SELECT (SELECT count(*) FROM tagged) = (SELECT count(*) FROM trimmed) AS as_tagged;
SELECT count(*) FROM history;
\set VERBOSITY sqlstate
SET lancedb.as_of = '99';
SELECT count(*) FROM history;
\set VERBOSITY default
SET lancedb.as_of = '0';
SET lancedb.as_of = 'tag:';
SET lancedb.as_of = '99999999999999999999';
RESET lancedb.as_of;
SELECT count(*) AS in_both, (SELECT count(*) FROM v2) AS v2 FROM v2 JOIN history USING (id);

-- another writer: a copy of the history whose later versions come one by one
\! rm -rf "$scratch"; mkdir -p "$scratch/later"; cp -r "$LANCEDB_TEST_DATA/history.lance" "$scratch/t.lance"; cd "$scratch/t.lance/_versions" && rm -f latest_version_hint.json && for f in *.manifest; do case $f in *14.manifest) ;; *) mv "$f" ../../later ;; esac; done
CREATE SERVER growing FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'scratch');
CREATE FOREIGN TABLE t (id bigint) SERVER growing;
SELECT set_config('regress.scratch', :'scratch', false) IS NOT NULL AS ready;
CREATE FUNCTION run(program text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'cat >/dev/null; cd ' || current_setting('regress.scratch') || ' && ' || program);
	RETURN 'done';
END $$;
CREATE FUNCTION commit_version(version int) RETURNS text LANGUAGE sql AS $$
	SELECT run(format('mv later/%s.manifest t.lance/_versions', 18446744073709551615 - version)) $$;

-- every statement of a READ COMMITTED transaction reads what is there when it starts
BEGIN;
SELECT count(*) FROM t;
SELECT commit_version(2);
SELECT count(*) FROM t;
COMMIT;

-- but one statement reads one version, whatever happens meanwhile
SELECT (SELECT count(id) FROM t AS a) AS before, commit_version(3), (SELECT count(id) FROM t AS b) AS after;
SELECT count(*) FROM t;

-- also inside functions
DO $$
DECLARE before bigint; after bigint;
BEGIN
	SELECT count(*) INTO before FROM t;
	PERFORM commit_version(5);
	SELECT count(*) INTO after FROM t;
	RAISE NOTICE 'before %, after %', before, after;
END $$;

-- a cursor belongs to the statement that declared it
BEGIN;
DECLARE c CURSOR FOR SELECT count(*) FROM (SELECT id FROM t OFFSET 0) AS rows;
SELECT commit_version(8);
FETCH c;
SELECT count(*) FROM t;
COMMIT;

-- a REPEATABLE READ transaction reads one version from its first statement on, an error included
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM t;
SELECT commit_version(15);
SELECT count(*) FROM t;
SAVEPOINT s;
SELECT 1 / (count(*) - 81) FROM t;
ROLLBACK TO s;
SELECT count(*) FROM t;
SELECT count(*) FROM lancedb.fragments('t');
COMMIT;
SELECT count(*) FROM t;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT 1 / (count(*) - 76) FROM t;
ROLLBACK;
SELECT commit_version(16);
SELECT count(*) FROM t;

-- prepared statements with a generic plan
SET plan_cache_mode = force_generic_plan;
PREPARE q AS SELECT count(*) FROM t;
EXECUTE q;
SELECT commit_version(18);
EXECUTE q;
RESET plan_cache_mode;

-- a table that was dropped and made again has the same version numbers, but is another
SELECT run('rm -r t.lance && cp -r ../fragments.lance t.lance');
SELECT version, rows FROM lancedb.versions('t') ORDER BY version DESC LIMIT 1;
SELECT count(*) FROM t;
SELECT run('rm -r t.lance && cp -r ../history.lance t.lance && cd t.lance/_versions && rm -f *.json *551601.manifest *551600.manifest *55159*.manifest');
SELECT version, rows FROM lancedb.versions('t') ORDER BY version DESC LIMIT 1;
SELECT count(*) FROM t;
SELECT run('rm -r t.lance');
\set VERBOSITY sqlstate
SELECT count(*) FROM t;

SET client_min_messages = warning;
DROP SERVER lake CASCADE;
DROP SERVER growing CASCADE;
DROP FUNCTION commit_version, run;
\! rm -rf "$scratch"
