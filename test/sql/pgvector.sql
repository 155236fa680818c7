-- pgvector's types and operators over Lance columns, where that extension is installed.
SELECT count(*) > 0 AS installed FROM pg_available_extensions WHERE name = 'vector' \gset
\if :installed
\else
\echo 'pgvector is not installed on this server: not tested here'
\quit
\endif
\getenv data LANCEDB_TEST_DATA
SET client_min_messages = warning;
CREATE EXTENSION vector;
RESET client_min_messages;
CREATE SERVER pgvector_server FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
CREATE FOREIGN TABLE docs (id bigint, package text, section text, embedding vector(128))
    SERVER pgvector_server OPTIONS (table 'packages_small');
CREATE FOREIGN TABLE docs_array (id bigint, embedding real[])
    SERVER pgvector_server OPTIONS (table 'packages_small');
CREATE FOREIGN TABLE halves (id int, f16_5 halfvec(5), f16_5_null halfvec(5))
    SERVER pgvector_server OPTIONS (table 'vectors_21');
CREATE TABLE docs_heap AS SELECT * FROM docs;
CREATE TABLE halves_heap AS SELECT * FROM halves;
SELECT count(*), count(embedding), min(vector_dims(embedding)) FROM docs_heap;
-- the scan is used, for vector, for halfvec, and behind the cast to real[]
EXPLAIN (COSTS OFF) SELECT id FROM docs ORDER BY embedding <=> '[1,2]' LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM halves ORDER BY f16_5 <-> '[1,2,3,4,5]' LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM docs ORDER BY embedding <-> '{1,2}'::real[] LIMIT 5;
-- the same rows as from a heap table, by every operator
CREATE FUNCTION nearest(relation text, expression text, k int) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM %s ORDER BY %s, id LIMIT %s) t', relation, expression, k) INTO ids;
    RETURN ids;
END $$;
SELECT op, nearest('docs', e, 50) = nearest('docs_heap', e, 50) AS same
FROM unnest('{<->,<#>,<=>,<+>}'::text[]) op,
     format('embedding %s (SELECT embedding FROM docs_heap WHERE id = 7)', op) e;
SELECT op, nearest('halves', e, 70) = nearest('halves_heap', e, 70) AS same
FROM unnest('{<->,<#>,<=>,<+>}'::text[]) op,
     format('f16_5_null %s (SELECT f16_5 FROM halves_heap WHERE id = 3)', op) e;
SELECT nearest('docs', e, 20) = nearest('docs_heap', e, 20) AS filtered FROM
    (SELECT 'section <> ''libs'', embedding <=> (SELECT embedding FROM docs_heap WHERE id = 9)' AS e) t;
-- distances are pgvector's
SELECT bool_and(abs(l.d - h.d) < 1e-5) AS close FROM
    (SELECT id, embedding <=> (SELECT embedding FROM docs_heap WHERE id = 7) AS d FROM docs ORDER BY 2 LIMIT 100) l JOIN
    (SELECT id, embedding <=> (SELECT embedding FROM docs_heap WHERE id = 7) AS d FROM docs_heap) h USING (id);
-- an ordinary array beside it uses our operators
SELECT id FROM docs_array ORDER BY embedding <=> (SELECT embedding FROM docs_array WHERE id = 7) LIMIT 1;
SELECT avg(embedding) IS NOT NULL AS averages FROM docs;
-- a wrong dimension
SELECT id FROM docs ORDER BY embedding <-> '[1,2,3]' LIMIT 1;
CREATE FOREIGN TABLE wrong (embedding vector(3)) SERVER pgvector_server OPTIONS (table 'packages_small', create 'never');
SELECT count(embedding) FROM wrong;
\set VERBOSITY terse
DROP EXTENSION vector;
DROP SERVER pgvector_server CASCADE;
DROP TABLE docs_heap, halves_heap;
DROP EXTENSION vector;
