-- going back to a version, tags, and reading old versions while new ones are written
\getenv work LANCEDB_WORK
\set lake :work '/restore'
\setenv lake :lake
\! mkdir -p "$lake"; chmod 777 "$lake"
\set SHOW_CONTEXT never
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'lake');
CREATE FOREIGN TABLE t (id int NOT NULL, word text) SERVER lake;
INSERT INTO t SELECT i, 'w' || i FROM generate_series(1, 5) AS i;
UPDATE t SET word = 'changed' WHERE id <= 2;
DELETE FROM t WHERE id = 3;
SELECT version, operation, rows, tags FROM lancedb.versions('t') ORDER BY version;

SELECT lancedb.restore('t', 2);
SELECT * FROM t ORDER BY id;
SELECT version, operation, rows FROM lancedb.versions('t') ORDER BY version DESC LIMIT 1;
\set VERBOSITY sqlstate
SELECT lancedb.restore('t', 99);
\set VERBOSITY default
SELECT lancedb.restore('t', 0);
SELECT lancedb.restore('t', 'no such tag');
SELECT lancedb.restore(NULL, 1);

BEGIN READ ONLY;
\set VERBOSITY sqlstate
SAVEPOINT s;
SELECT lancedb.restore('t', 1);
ROLLBACK TO s;
SELECT lancedb.refresh('t');
ROLLBACK TO s;
SELECT lancedb.tag_create('t', 'read_only', 1);
\set VERBOSITY default
ROLLBACK;

-- tags
SELECT lancedb.tag_create('t', 'prod', 3);
SELECT lancedb.tag_create('t', 'prod');
SELECT lancedb.tag_create('t', 'now');
\set VERBOSITY sqlstate
SELECT lancedb.tag_create('t', 'never', 99);
-- no conflict that another try would settle
SELECT lancedb.tag_create('t', 'prod');
\set VERBOSITY default
SELECT lancedb.tag_create('t', '../evil', 1);
SELECT lancedb.tag_create('t', '', 1);
SELECT * FROM lancedb.tags('t');
SELECT version, tags FROM lancedb.versions('t') WHERE tags <> '{}' ORDER BY version;
SELECT lancedb.restore('t', 'prod');
SELECT * FROM t ORDER BY id;
SET lancedb.as_of = 'tag:now';
SELECT count(*) FROM t WHERE word = 'changed';
-- a table that is looked at as it was is not written
INSERT INTO t VALUES (6, 'six');
SELECT lancedb.restore('t', 1);
RESET lancedb.as_of;
SELECT lancedb.tag_drop('t', 'now');
SELECT lancedb.tag_drop('t', 'now');
SELECT tag FROM lancedb.tags('t');
BEGIN;
INSERT INTO t VALUES (6, 'six');
SELECT lancedb.tag_create('t', 'unborn');
ROLLBACK;

-- as a part of a transaction
SELECT max(version) AS before FROM lancedb.versions('t') \gset
BEGIN;
INSERT INTO t VALUES (7, 'gone');
SELECT lancedb.restore('t', 2);
SELECT count(*) FROM t;
INSERT INTO t VALUES (8, 'stays');
DELETE FROM t WHERE id = 1;
SAVEPOINT s;
SELECT lancedb.restore('t', 1);
SELECT count(*) FROM t;
ROLLBACK TO s;
SELECT * FROM t ORDER BY id;
COMMIT;
SELECT * FROM t ORDER BY id;
SELECT max(version) - :before AS versions FROM lancedb.versions('t');
BEGIN;
SELECT lancedb.restore('t', 1);
ROLLBACK;
SELECT count(*) FROM t;

-- two versions in one query
CREATE FOREIGN TABLE v2 () SERVER lake OPTIONS ("table" 't', version '2');
CREATE FOREIGN TABLE prod () SERVER lake OPTIONS ("table" 't', tag 'prod');
SELECT id, old.word AS v2, prod.word AS prod, new.word AS now
	FROM v2 AS old FULL JOIN prod USING (id) FULL JOIN t AS new USING (id) ORDER BY id;
INSERT INTO v2 VALUES (9, 'nine');
DELETE FROM prod;
SELECT lancedb.restore('v2', 1);
-- nor is one whose option says so
ALTER FOREIGN TABLE t OPTIONS (ADD updatable 'false');
SELECT lancedb.tag_create('t', 'x', 1);
SELECT lancedb.tag_drop('t', 'prod');
SELECT lancedb.restore('t', 1);
ALTER FOREIGN TABLE t OPTIONS (DROP updatable);
-- own changes do not show in old versions
BEGIN;
DELETE FROM t;
SELECT (SELECT count(*) FROM t) AS now, (SELECT count(*) FROM v2) AS v2;
ROLLBACK;
BEGIN READ ONLY;
SELECT lancedb.restore('t', 1);
ROLLBACK;
BEGIN READ ONLY;
SELECT lancedb.tag_create('t', 'x', 1);
ROLLBACK;
DROP SERVER lake CASCADE;
