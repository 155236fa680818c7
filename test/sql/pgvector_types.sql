-- columns declared as vector and halfvec of the extension pgvector, where that is installed
\getenv data LANCEDB_TEST_DATA
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
SELECT count(*) > 0 AS installed FROM pg_available_extensions WHERE name = 'vector' \gset
\if :installed
CREATE SCHEMA elsewhere;
CREATE EXTENSION vector SCHEMA elsewhere;
SET search_path = public, elsewhere;
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
CREATE FOREIGN TABLE arrays (id int, f32 real[] OPTIONS (column_name 'vector_f32_none'), f16 real[] OPTIONS (column_name 'vector_f16_none'),
	holes real[] OPTIONS (column_name 'vector_f32_holes_some')) SERVER lake OPTIONS (table 'types_20');
CREATE FOREIGN TABLE vectors (id int, f32 vector(3) OPTIONS (column_name 'vector_f32_none'), f16 halfvec OPTIONS (column_name 'vector_f16_none'),
	wide vector OPTIONS (column_name 'vector_f16_none'), gaps vector OPTIONS (column_name 'vector_f32_some')) SERVER lake OPTIONS (table 'types_20');
SELECT f32, f16, wide FROM vectors WHERE id = 1;
SELECT count(*) > 0, bool_and(v.f32::real[] = a.f32), bool_and(v.f16::real[] = a.f16), bool_and(v.wide::real[] = a.f16)
FROM vectors v JOIN arrays a USING (id);
SELECT count(*) > count(gaps), count(gaps) > 0 FROM vectors;

-- what does not fit
CREATE FOREIGN TABLE wrong (id int, c vector(4) OPTIONS (column_name 'vector_f32_none')) SERVER lake OPTIONS (table 'types_20', create 'never', propagate_ddl 'false');
SELECT c FROM wrong;
ALTER FOREIGN TABLE wrong ALTER COLUMN c TYPE halfvec;
SELECT c FROM wrong;
ALTER FOREIGN TABLE wrong ALTER COLUMN c TYPE vector, ALTER COLUMN c OPTIONS (SET column_name 'vector_f64_none');
SELECT c FROM wrong;
ALTER FOREIGN TABLE wrong ALTER COLUMN c OPTIONS (SET column_name 'list_double_none');
SELECT c FROM wrong;
-- NULL elements, which an array has and a vector has not
ALTER FOREIGN TABLE wrong ALTER COLUMN c OPTIONS (SET column_name 'vector_f32_holes_none');
SELECT count(*) > 0 FROM arrays WHERE array_position(holes, NULL) IS NOT NULL;
SELECT count(c) FROM wrong;

SET client_min_messages = warning;
DROP SERVER lake CASCADE;
DROP SCHEMA elsewhere CASCADE;
\endif
