-- vector and halfvec of the extension pgvector in new Lance tables, where that is installed
\getenv data LANCEDB_TEST_DATA
\set SHOW_CONTEXT never
\set scratch :data '/pgvector_write'
\setenv scratch :scratch
\pset format unaligned
\pset tuples_only on
SELECT count(*) > 0 AS installed FROM pg_available_extensions WHERE name = 'vector' \gset
\if :installed
\! rm -rf "$scratch"; mkdir -m 777 "$scratch"
CREATE SCHEMA elsewhere;
CREATE EXTENSION vector SCHEMA elsewhere;
SET search_path = public, elsewhere;
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'scratch');

-- the dimension is the type's, or an option
CREATE FOREIGN TABLE written (id int, v vector(3), h halfvec(2), w vector OPTIONS (dim '4')) SERVER lake;
CREATE FOREIGN TABLE wrong (v vector) SERVER lake;
CREATE FOREIGN TABLE wrong (v vector(3) OPTIONS (dim '4')) SERVER lake;
INSERT INTO written VALUES (1, '[1,2,3]', '[1,65504]', '[0,0,0,1]'), (2, NULL, NULL, NULL), (3, '[1e-40,-0,3.4e38]', '[0.1,-6e-8]', '[1,2,3,4]');
SELECT * FROM written ORDER BY id;
INSERT INTO written (w) VALUES ('[1,2,3]');
INSERT INTO written SELECT i, ARRAY[i, i * 0.5, -i]::vector, ARRAY[i, -i]::halfvec, ARRAY[1, 2, 3, i]::vector FROM generate_series(4, 2000) i;
SELECT count(*), count(*) FILTER (WHERE v = ARRAY[id, id * 0.5, -id]::vector AND h = ARRAY[id, -id]::halfvec) FROM written;
SELECT id, v <-> '[10,5,-10]' FROM written ORDER BY v <-> '[10,5,-10]' LIMIT 2;

-- they come back as what they were; without the extension as arrays
CREATE FOREIGN TABLE again () SERVER lake OPTIONS (table 'written');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'again'::regclass AND attnum > 0;
-- arrays and vectors are two ways to write one column
CREATE FOREIGN TABLE as_arrays (id int, v real[], h real[], w real[]) SERVER lake OPTIONS (table 'written');
INSERT INTO as_arrays VALUES (-1, '{1,2,3}', '{1,2}', '{1,2,3,4}');
INSERT INTO as_arrays VALUES (-1, '{1,2,3}', '{1,65520}', '{1,2,3,4}');
SELECT v, h, w FROM written WHERE id = -1;
-- floats where Lance has halves
CREATE FOREIGN TABLE wide (id int, h vector(2)) SERVER lake OPTIONS (table 'written');
INSERT INTO wide VALUES (-2, '[0.5,0.1]');
INSERT INTO wide VALUES (-2, '[0.5,1e5]');
SELECT h FROM written WHERE id = -2;
DROP FOREIGN TABLE written, again, wide;
\set VERBOSITY terse
SET client_min_messages = warning;
DROP EXTENSION vector CASCADE;
CREATE FOREIGN TABLE again () SERVER lake OPTIONS (table 'written');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'again'::regclass AND attnum > 0;

DROP SERVER lake CASCADE;
DROP SCHEMA elsewhere CASCADE;
\! rm -rf "$scratch"
\endif
