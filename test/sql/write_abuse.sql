-- write_abuse.sql -- what may be in the way of a write, put there by accident or on purpose
\getenv data LANCEDB_TEST_DATA
\set SHOW_CONTEXT never
\set scratch :data '/write_abuse'
\setenv scratch :scratch
\pset format unaligned
\pset tuples_only on
\! rm -rf "$scratch"; mkdir "$scratch"; chmod 777 "$scratch"
CREATE SCHEMA write_abuse;
SET search_path = write_abuse, public;
CREATE SERVER write_abused FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'scratch');

-- something that is no manifest has the name of the next one: an error, not another try for ever
\set VERBOSITY terse
CREATE FOREIGN TABLE blocked (id int) SERVER write_abused;
INSERT INTO blocked VALUES (1);
COPY (SELECT) TO PROGRAM 'mkdir $LANCEDB_TEST_DATA/write_abuse/blocked.lance/_versions/18446744073709551612.manifest';
INSERT INTO blocked VALUES (2);
COPY (SELECT) TO PROGRAM 'rmdir $LANCEDB_TEST_DATA/write_abuse/blocked.lance/_versions/18446744073709551612.manifest';
INSERT INTO blocked VALUES (3);
SELECT id FROM blocked ORDER BY id;
COPY (SELECT) TO PROGRAM 'test $(ls $LANCEDB_TEST_DATA/write_abuse/blocked.lance/data | wc -l) = 2';

-- a column twice in a key, as on a heap table; a version that cannot be
CREATE FOREIGN TABLE twice (id int, v text) SERVER write_abused;
INSERT INTO twice VALUES (1, 'a'), (2, 'a');
CREATE UNIQUE INDEX twice_key ON twice (id, v, id);
SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'twice_key'::regclass;
INSERT INTO twice VALUES (2, 'a');
INSERT INTO twice VALUES (2, 'b');
SELECT * FROM lancedb.resolve('twice', -1, 'keep');

SET client_min_messages = warning;
DROP SERVER write_abused CASCADE;
DROP SCHEMA write_abuse CASCADE;
\! rm -rf "$scratch"
