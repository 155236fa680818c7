-- transactions.sql -- one version for a transaction, own changes seen, savepoints, refusals, and what is left behind: nothing.
\getenv data LANCEDB_TEST_DATA
\set scratch :data '/transactions'
\setenv scratch :scratch
\set SHOW_CONTEXT never
\! rm -rf "$scratch"; mkdir -p "$scratch/lake"; cp -r "$LANCEDB_TEST_DATA/fragments.lance" "$scratch/lake/t.lance"; cp -r "$LANCEDB_TEST_DATA/history.lance" "$scratch/lake/u.lance"; ln -s lake "$scratch/link"
\set lake :scratch '/lake'
\set link :scratch '/link'
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'lake');
CREATE SERVER link FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'link');
CREATE FOREIGN TABLE t (id int, category smallint, title text) SERVER lake;
CREATE FOREIGN TABLE same (id int, category smallint, title text) SERVER link OPTIONS (table 't');
DELETE FROM t WHERE id > 5;
UPDATE t SET category = 0, title = 'row ' || id;
CREATE FUNCTION newest(relation regclass) RETURNS bigint LANGUAGE sql AS
	$$ SELECT max(version) FROM lancedb.versions(relation) $$;
CREATE TEMP TABLE counted (n bigint);
CREATE FUNCTION files() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	DELETE FROM counted;
	COPY counted FROM PROGRAM 'find $LANCEDB_TEST_DATA/transactions/lake -type f | wc -l';
	SELECT counted.n INTO n FROM counted;
	RETURN n;
END $$;
SELECT files() AS files_before \gset
SELECT newest('t') AS version \gset

-- many statements, two foreign tables, one version
BEGIN;
INSERT INTO t VALUES (6, 1, 'six');
INSERT INTO same VALUES (7, 1, 'seven');
SELECT id, title FROM t WHERE category = 1 ORDER BY id;
UPDATE same SET title = title || '!' WHERE id IN (1, 6);
DELETE FROM t WHERE id = 2;
SELECT id, category, title FROM same ORDER BY id;
SELECT count(*) FROM t;
SELECT newest('t') - :version AS versions_before_commit;
COMMIT;
SELECT id, category, title FROM t ORDER BY id;
SELECT newest('t') - :version AS versions;
SELECT version - :version AS version, rows_added, rows_deleted, relation::regclass, committed_by = current_user AS by_me, resolution, uri LIKE '%/transactions/lake/t.lance' AS canonical
	FROM lancedb.commits WHERE version > :version AND uri LIKE '%/transactions/lake/t.lance';
SELECT newest('t') AS version, files() AS files_before \gset

-- a statement does not see its own rows
BEGIN;
INSERT INTO t SELECT id + 100, category, title FROM t;
SELECT count(*) FROM t;
INSERT INTO t SELECT id + 1000, category, title FROM t;
SELECT count(*) FROM t;
WITH gone AS (DELETE FROM t WHERE id > 100 RETURNING id) SELECT count(*), (SELECT count(*) FROM t) AS still FROM gone;
SELECT count(*) FROM t;
ROLLBACK;
SELECT count(*), newest('t') - :version AS versions, files() - :files_before AS files FROM t;

-- a transaction that changes nothing in the end makes no version, and leaves no file
BEGIN;
INSERT INTO t VALUES (8, 1, 'eight');
DELETE FROM t WHERE id = 8;
COMMIT;
BEGIN;
DELETE FROM t WHERE id = 8;
COMMIT;
SELECT newest('t') - :version AS versions, files() - :files_before AS files;

-- savepoints
BEGIN;
INSERT INTO t VALUES (8, 2, 'before');
SAVEPOINT a;
INSERT INTO t VALUES (9, 2, 'in a');
SAVEPOINT b;
DELETE FROM t WHERE id = 1;
UPDATE t SET title = 'changed' WHERE id IN (8, 9);
SELECT id, title FROM t WHERE category = 2 OR id = 1 ORDER BY id;
ROLLBACK TO b;
SELECT id, title FROM t WHERE category = 2 OR id = 1 ORDER BY id;
RELEASE a;
SAVEPOINT c;
INSERT INTO t VALUES (10, 2, 'in c');
SELECT 1 / 0;
ROLLBACK TO c;
SELECT id, title FROM t WHERE category = 2 OR id = 1 ORDER BY id;
COMMIT;
SELECT id, title FROM t WHERE category = 2 OR id = 1 ORDER BY id;
SELECT newest('t') - :version AS versions;
SELECT newest('t') AS version, files() AS files_before \gset
-- first changed inside a savepoint that is rolled back
BEGIN;
SAVEPOINT a;
INSERT INTO t VALUES (11, 3, 'gone');
ROLLBACK TO a;
SELECT count(*) FROM t WHERE category = 3;
COMMIT;
SELECT newest('t') - :version AS versions, files() - :files_before AS files;
BEGIN;
SAVEPOINT a;
INSERT INTO t VALUES (11, 3, 'gone');
ROLLBACK TO a;
INSERT INTO t VALUES (11, 3, 'stays');
COMMIT;
SELECT id, title FROM t WHERE category = 3;
-- blocks with EXCEPTION are savepoints
DO $$
BEGIN
	FOR i IN 12 .. 17 LOOP
		BEGIN
			INSERT INTO t VALUES (i, 4, 'of a block');
			IF i % 2 = 0 THEN RAISE division_by_zero; END IF;
		EXCEPTION WHEN division_by_zero THEN NULL;
		END;
	END LOOP;
END $$;
SELECT id FROM t WHERE category = 4 ORDER BY id;
SELECT newest('t') - :version AS versions;
DELETE FROM t WHERE category > 1;

-- cursors go on with what they began with
BEGIN;
INSERT INTO t VALUES (20, 5, 'before the cursor');
DECLARE c CURSOR FOR SELECT id, title FROM t WHERE category = 5 ORDER BY id;
INSERT INTO t VALUES (21, 5, 'after the cursor');
DELETE FROM t WHERE id = 20;
FETCH ALL IN c;
CLOSE c;
DECLARE h CURSOR WITH HOLD FOR SELECT id, title FROM t WHERE category = 5 ORDER BY id;
COMMIT;
FETCH ALL IN h;
CLOSE h;
DELETE FROM t WHERE category = 5;

-- functions and triggers within a statement
CREATE FUNCTION counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.title := NEW.title || ' after ' || (SELECT count(*) FROM t WHERE category = 6);
	RETURN NEW;
END $$;
CREATE TRIGGER counted BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION counted();
INSERT INTO t VALUES (30, 6, 'a'), (31, 6, 'b'), (32, 6, 'c');
INSERT INTO t VALUES (33, 6, 'd');
SELECT id, title FROM t WHERE category = 6 ORDER BY id;
DROP TRIGGER counted ON t;
DELETE FROM t WHERE category = 6;

-- parallel workers see what their transaction changed
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT count(*) AS before FROM t \gset
BEGIN;
INSERT INTO t SELECT i, 7, 'row ' || i FROM generate_series(1000, 150999) i;
DELETE FROM t WHERE id % 10 = 0 AND category = 7;
EXPLAIN (COSTS OFF) SELECT count(*), sum(id) FROM t WHERE length(title) > 3;
SELECT count(*), sum(id) FROM t WHERE length(title) > 3 AND category = 7;
SET LOCAL parallel_leader_participation = off;
SELECT count(*), sum(id) FROM t WHERE length(title) > 3 AND category = 7;
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE q AS SELECT count(*), sum(id) FROM t WHERE length(title) > 3 AND category = 7;
EXECUTE q;
DELETE FROM t WHERE category = 7 AND id > 1009;
EXECUTE q;
ROLLBACK;
EXECUTE q;
SELECT count(*) - :before AS more FROM t;
DEALLOCATE q;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

-- REPEATABLE READ with own changes
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) - :before AS more FROM t;
INSERT INTO t VALUES (40, 8, 'mine');
SELECT count(*) - :before AS more FROM same;
COMMIT;
DELETE FROM t WHERE category = 8;

-- what is refused
BEGIN READ ONLY;
INSERT INTO t VALUES (1, 1, 'no');
ROLLBACK;
CREATE FOREIGN TABLE frozen (id int, category smallint, title text) SERVER lake OPTIONS (table 't', version '1');
INSERT INTO frozen VALUES (1, 1, 'no');
SET lancedb.as_of = '1';
INSERT INTO t VALUES (1, 1, 'no');
RESET lancedb.as_of;
ALTER FOREIGN TABLE same OPTIONS (ADD updatable 'false');
INSERT INTO same VALUES (1, 1, 'no');
ALTER FOREIGN TABLE same OPTIONS (DROP updatable);
-- own changes do not appear in the past
BEGIN;
INSERT INTO t VALUES (50, 9, 'now');
SELECT (SELECT count(*) FROM t WHERE category = 9 AND id = 50) AS now, (SELECT count(*) FROM frozen WHERE id = 50 AND category = 9) AS "then";
ROLLBACK;
-- two phases
SHOW max_prepared_transactions;
BEGIN;
INSERT INTO t VALUES (1, 1, 'no');
PREPARE TRANSACTION 'never';
SELECT count(*) FROM t WHERE title = 'no';
BEGIN;
SELECT count(*) > 0 AS read FROM t;
ROLLBACK;

-- two datasets, one of which cannot be committed: neither is
CREATE FOREIGN TABLE u (id bigint) SERVER lake;
SELECT newest('t') AS version_t, newest('u') AS version_u \gset
BEGIN;
INSERT INTO t VALUES (60, 10, 'no');
DELETE FROM u WHERE id = (SELECT min(id) FROM u);
CREATE TEMP TABLE deferred (n int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP;
INSERT INTO deferred VALUES (1), (1);
COMMIT;
SELECT newest('t') - :version_t AS t, newest('u') - :version_u AS u;
SELECT count(*) FROM lancedb.unresolved;

-- an error after the puts: both versions are taken back at once, and nothing is left to decide
BEGIN;
INSERT INTO t VALUES (61, 10, 'no');
DELETE FROM u WHERE id = (SELECT min(id) FROM u);
CREATE TEMP TABLE parent (n int PRIMARY KEY) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE child (n int REFERENCES parent) ON COMMIT PRESERVE ROWS;
COMMIT;
SELECT newest('t') - :version_t AS t, newest('u') - :version_u AS u;
SELECT count(*) FROM t WHERE category = 10;
SELECT min(id) FROM u;
SELECT count(*) FROM lancedb.unresolved;
SELECT count(*) FROM lancedb.commits WHERE version > :version_t AND uri LIKE '%/transactions/lake/t.lance';

-- the foreign table may go before the end: its data stay
BEGIN;
INSERT INTO same VALUES (70, 11, 'of a table that is gone');
DROP FOREIGN TABLE same;
COMMIT;
SELECT id, title FROM t WHERE category = 11;
SELECT locktype, database, mode FROM pg_locks WHERE locktype = 'advisory' AND database = 0;

SET client_min_messages = warning;
DROP SERVER lake CASCADE;
DROP SERVER link CASCADE;
DROP FUNCTION newest, files, counted;
\! rm -rf "$scratch"
