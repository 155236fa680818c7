-- ALTER FOREIGN TABLE and what it does to the columns of the Lance table; lancedb.refresh()
\getenv work LANCEDB_WORK
\set lake :work '/alter'
\setenv lake :lake
\! mkdir -p "$lake"; chmod 777 "$lake"
\set SHOW_CONTEXT never
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'lake');
-- the columns as Lance has them
CREATE FUNCTION lance_columns(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
	EXECUTE 'CREATE FOREIGN TABLE seen () SERVER lake OPTIONS ("table" ' || quote_literal(name) || ')';
	SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END, ', ' ORDER BY attnum)
		INTO found FROM pg_attribute WHERE attrelid = 'seen'::regclass AND attnum > 0;
	DROP FOREIGN TABLE seen;
	RETURN found;
END
$$;
CREATE FUNCTION versions(name regclass) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(operation, ' ' ORDER BY version) FROM lancedb.versions(name) $$;

CREATE FOREIGN TABLE t (id int NOT NULL, word text, price double precision) SERVER lake;
INSERT INTO t SELECT i, 'w' || i, i / 4.0 FROM generate_series(1, 10) AS i;
DELETE FROM t WHERE id = 4;

-- without DEFAULT only the schema changes; with one every row gets its value
ALTER FOREIGN TABLE t ADD COLUMN plain int;
ALTER FOREIGN TABLE t ADD COLUMN seven int NOT NULL DEFAULT 3 + 4, ADD COLUMN twice double precision GENERATED ALWAYS AS (price * 2) STORED;
CREATE SEQUENCE numbers;
ALTER FOREIGN TABLE t ADD COLUMN number bigint DEFAULT nextval('numbers');
SELECT * FROM t ORDER BY id LIMIT 3;
SELECT count(*), count(plain), sum(seven), sum(twice) = 2 * sum(price) AS doubled, min(number), max(number), count(DISTINCT number) FROM t;
SELECT lance_columns('t');
SELECT versions('t');
-- the declared default goes on for new rows
INSERT INTO t (id) VALUES (11);
SELECT seven, number, twice FROM t WHERE id = 11;

-- types: values are converted as for an ordinary table, or the command fails as a whole
ALTER FOREIGN TABLE t ALTER COLUMN seven TYPE bigint;
ALTER FOREIGN TABLE t ALTER COLUMN word TYPE varchar(3);
ALTER FOREIGN TABLE t ALTER COLUMN id TYPE text;
SELECT id, word, seven, pg_typeof(id) FROM t ORDER BY id LIMIT 2;
SELECT lance_columns('t');
UPDATE t SET word = 'four' WHERE id = '5';
ALTER FOREIGN TABLE t ALTER COLUMN word TYPE text, ADD COLUMN broken int DEFAULT 1 / (SELECT 0);
ALTER FOREIGN TABLE t ALTER COLUMN word TYPE text, ADD COLUMN broken int DEFAULT 1 / length('');
SELECT count(*) FROM t;
ALTER FOREIGN TABLE t ALTER COLUMN word TYPE int;
ALTER FOREIGN TABLE t ALTER COLUMN word TYPE text;
UPDATE t SET word = 'too long' WHERE id = '5';
ALTER FOREIGN TABLE t ALTER COLUMN word TYPE varchar(4);
SELECT word FROM t WHERE id = '5';
ALTER FOREIGN TABLE t ADD COLUMN need int NOT NULL;
ALTER FOREIGN TABLE t ADD COLUMN box box;
ALTER FOREIGN TABLE t ADD COLUMN v real[];
ALTER FOREIGN TABLE t ADD COLUMN v real[] OPTIONS (dim '2');
UPDATE t SET v = '{1,2}' WHERE id = '5';
SELECT v FROM t WHERE v IS NOT NULL;

-- names
ALTER FOREIGN TABLE t RENAME COLUMN word TO label;
ALTER FOREIGN TABLE t ALTER COLUMN plain OPTIONS (column_name 'plain');
ALTER FOREIGN TABLE t RENAME COLUMN plain TO renamed_here_only;
SELECT lance_columns('t');
ALTER FOREIGN TABLE t DROP COLUMN twice, DROP COLUMN renamed_here_only, DROP COLUMN IF EXISTS nothing;
ALTER FOREIGN TABLE t DROP COLUMN label, ADD COLUMN label int DEFAULT 5;
SELECT label, count(*) FROM t GROUP BY 1;
SELECT lance_columns('t');
ALTER FOREIGN TABLE t ALTER COLUMN seven DROP NOT NULL;
INSERT INTO t (id, seven) VALUES ('12', NULL);

-- in a transaction: own rows, savepoints, all or nothing and one version
SELECT max(version) AS before FROM lancedb.versions('t') \gset
BEGIN;
INSERT INTO t (id) VALUES ('13');
ALTER FOREIGN TABLE t ADD COLUMN stage text DEFAULT 'first';
INSERT INTO t (id) VALUES ('14');
SELECT id, stage FROM t WHERE id IN ('13', '14') ORDER BY id;
SAVEPOINT s;
ALTER FOREIGN TABLE t DROP COLUMN stage;
ALTER FOREIGN TABLE t ALTER COLUMN label TYPE text;
SELECT id, label FROM t WHERE id IN ('13', '14') ORDER BY id;
ROLLBACK TO s;
UPDATE t SET stage = 'second' WHERE id = '14';
COMMIT;
SELECT id, stage FROM t WHERE id IN ('13', '14') ORDER BY id;
SELECT max(version) - :before AS versions FROM lancedb.versions('t');
BEGIN;
ALTER FOREIGN TABLE t DROP COLUMN stage;
ROLLBACK;
SELECT count(stage) FROM t;
SELECT max(version) - :before AS versions FROM lancedb.versions('t');

-- what is no explicit change of columns leaves the data alone
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE FOREIGN TABLE moods (id int, mood mood) SERVER lake;
INSERT INTO moods VALUES (1, 'happy');
DROP TYPE mood CASCADE;
SELECT * FROM moods;
SELECT lance_columns('moods');
ALTER FOREIGN TABLE moods OPTIONS (ADD propagate_ddl 'false');
ALTER FOREIGN TABLE moods DROP COLUMN id, ADD COLUMN mood text;
SELECT * FROM moods;
SELECT lance_columns('moods');
DROP FOREIGN TABLE moods;
SELECT lance_columns('moods');
CREATE FOREIGN TABLE derived (a int, b int GENERATED ALWAYS AS (a + 1) STORED, c int) SERVER lake;
INSERT INTO derived VALUES (1, DEFAULT, 3);
ALTER FOREIGN TABLE derived DROP COLUMN a CASCADE;
SELECT * FROM derived;
SELECT lance_columns('derived');

-- columns of another writer: two tables stand for one dataset here
CREATE FOREIGN TABLE other (id text NOT NULL, price double precision) SERVER lake OPTIONS ("table" 't', propagate_ddl 'false');
SELECT lancedb.refresh('other');
\d other
SELECT lancedb.refresh('other');
ALTER FOREIGN TABLE t DROP COLUMN price;
SELECT count(*) FROM other;
SELECT price FROM other;
ALTER FOREIGN TABLE t ALTER COLUMN number TYPE text;
SELECT number FROM other;
ALTER FOREIGN TABLE other DROP COLUMN price, DROP COLUMN number;
SELECT lancedb.refresh('other');
SELECT id, number FROM other ORDER BY id LIMIT 1;
-- added by hand, it is attached
ALTER FOREIGN TABLE other DROP COLUMN number;
ALTER FOREIGN TABLE other OPTIONS (DROP propagate_ddl);
ALTER FOREIGN TABLE other ADD COLUMN number text DEFAULT 'not written';
SELECT DISTINCT number = 'not written' AS written FROM other;
-- of another type, it is declared anew: nothing is written
ALTER FOREIGN TABLE t ADD COLUMN counted int DEFAULT 7;
SELECT lancedb.refresh('other');
ALTER FOREIGN TABLE t ALTER COLUMN counted TYPE bigint;
SELECT counted FROM other;
ALTER FOREIGN TABLE other ALTER COLUMN counted TYPE smallint;
ALTER FOREIGN TABLE other ALTER COLUMN counted TYPE bigint;
SELECT DISTINCT counted FROM other;
ALTER FOREIGN TABLE t DROP COLUMN counted;
ALTER FOREIGN TABLE other DROP COLUMN counted;
CREATE TABLE heap (id int);
SELECT lancedb.refresh('heap');

-- tables of another wrapper are left alone, and so is its library
CREATE FUNCTION foreign_handler() RETURNS fdw_handler LANGUAGE C AS '$libdir/plpgsql', 'plpgsql_call_handler';
UPDATE pg_proc SET probin = '/nowhere/library' WHERE proname = 'foreign_handler';
CREATE FOREIGN DATA WRAPPER alter_other HANDLER foreign_handler;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER alter_other;
CREATE FOREIGN TABLE others (id int) SERVER elsewhere;
ALTER FOREIGN TABLE others ADD COLUMN word text;
ALTER TABLE others ALTER COLUMN id TYPE bigint;
SET client_min_messages = warning;
DROP FOREIGN DATA WRAPPER alter_other CASCADE;
RESET client_min_messages;
DROP FUNCTION foreign_handler;

-- names that other readers of Lance stumble over
ALTER FOREIGN TABLE t ADD COLUMN "a.b" int;
ALTER FOREIGN TABLE t ADD COLUMN _rowid int;
ALTER FOREIGN TABLE t RENAME COLUMN id TO _rowaddr;

-- inherited columns of partitions
CREATE TABLE parent (id int NOT NULL, kind int) PARTITION BY LIST (kind);
CREATE FOREIGN TABLE child PARTITION OF parent FOR VALUES IN (1) SERVER lake;
INSERT INTO parent VALUES (1, 1);
ALTER TABLE parent ADD COLUMN added int DEFAULT 9;
SELECT * FROM parent;
ALTER TABLE parent RENAME COLUMN added TO more;
SELECT * FROM child;
SELECT lance_columns('child');

-- commands on other tables take no stronger lock than they want
CREATE TABLE plain_parent (id int, CHECK (id > 0) NOT VALID);
BEGIN;
ALTER TABLE plain_parent VALIDATE CONSTRAINT plain_parent_id_check;
SELECT mode FROM pg_locks WHERE relation = 'plain_parent'::regclass AND pid = pg_backend_pid() ORDER BY mode;
COMMIT;
DROP TABLE plain_parent;

-- rights
CREATE ROLE alter_stranger;
GRANT SELECT, INSERT, UPDATE, DELETE ON t TO alter_stranger;
SET ROLE alter_stranger;
ALTER FOREIGN TABLE t DROP COLUMN label;
SELECT lancedb.refresh('t');
SELECT lancedb.restore('t', 1);
SELECT lancedb.tag_create('t', 'mine');
SELECT lancedb.drop_dataset('lake', 't');
RESET ROLE;
REVOKE ALL ON t FROM alter_stranger;
DROP ROLE alter_stranger;

-- deleting the data is another thing than dropping the table
SELECT lancedb.drop_dataset('lake', 'moods') > 0 AS dropped;
\set VERBOSITY sqlstate
SELECT lance_columns('moods');
SELECT lancedb.drop_dataset('lake', 'moods');
\set VERBOSITY default
SELECT lancedb.drop_dataset('lake', '../alter/t');
SELECT lancedb.drop_dataset('nowhere', 't');
BEGIN;
SELECT lancedb.drop_dataset('lake', 't');
ROLLBACK;
DROP SERVER lake CASCADE;

-- the next test starts without these
SET client_min_messages = warning;
DROP TABLE heap, parent CASCADE;
DROP SEQUENCE numbers;
DROP FUNCTION lance_columns, versions;
\! rm -rf "$lake"
