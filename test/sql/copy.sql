-- copy.sql -- COPY into Lance tables.
\getenv data LANCEDB_TEST_DATA
\set folder :data /copy
\! mkdir "$LANCEDB_TEST_DATA/copy" && cp -r "$LANCEDB_TEST_DATA/fragments.lance" "$LANCEDB_TEST_DATA/copy/items.lance"
SET client_min_messages = warning;
CREATE SCHEMA lance_copy;
CREATE SCHEMA heap_copy;
CREATE SERVER copy_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'folder');
IMPORT FOREIGN SCHEMA public FROM SERVER copy_lake INTO lance_copy;
CREATE TABLE heap_copy.items AS SELECT * FROM lance_copy.items;

-- what differs between the Lance table and the heap table
CREATE VIEW public.copy_differences AS
	(SELECT 'lance' AS "only in", i::text FROM lance_copy.items i EXCEPT ALL SELECT 'lance', i::text FROM heap_copy.items i) UNION ALL
	(SELECT 'heap', i::text FROM heap_copy.items i EXCEPT ALL SELECT 'heap', i::text FROM lance_copy.items i);
SET search_path = lance_copy, public;

COPY items FROM stdin;
2001	1	one	{1,2,3,4,5,6,7,8}
2002	\N	\N	\N
\.
COPY items (title, id) FROM stdin WITH (FORMAT csv, HEADER);
title,id
"a, b",2003
,2004
\.
COPY items FROM stdin WHERE id > 2005;
2005	1	no	\N
2006	1	yes	\N
\.
COPY heap_copy.items FROM stdin;
2001	1	one	{1,2,3,4,5,6,7,8}
2002	\N	\N	\N
2003	\N	a, b	\N
2004	\N	\N	\N
2006	1	yes	\N
\.
SELECT * FROM copy_differences;
-- out and in again, binary and text
\set binary :folder /items.bin
COPY (SELECT id + 10000, category, title, v FROM items) TO :'binary' (FORMAT binary);
COPY items FROM :'binary' (FORMAT binary);
COPY heap_copy.items FROM :'binary' (FORMAT binary);
\set many :folder /items.txt
COPY (SELECT g, g % 300, 'number ' || g, CASE WHEN g % 7 > 0 THEN array_fill(g::real, '{8}') END FROM generate_series(20000, 70000) g) TO :'many';
SELECT count(*) AS versions FROM lancedb.versions('items') \gset before_
COPY items FROM :'many';
SELECT count(*) - :before_versions AS new_versions FROM lancedb.versions('items');
COPY heap_copy.items FROM :'many';
SELECT * FROM copy_differences;
-- several in one transaction, and one that is taken back
BEGIN;
COPY items FROM :'many';
COPY items FROM :'many';
SAVEPOINT s;
COPY items FROM :'many';
ROLLBACK TO s;
SELECT count(*) FROM items WHERE id >= 20000;
ROLLBACK;
SELECT * FROM copy_differences;
-- an error in the middle leaves nothing
COPY items FROM stdin;
3001	1	good	{1,2,3,4,5,6,7,8}
3002	1	wrong dimension	{1,2,3}
\.
COPY items FROM stdin;
3001	1	good	\N
3002	x	no number	\N
\.
COPY items (id, v) FROM stdin;
1	{1,2,3,4,5,6,7,NaN}
\.
SELECT count(*) - :before_versions AS new_versions FROM lancedb.versions('items');
SELECT * FROM copy_differences;
-- defaults, generated columns, NOT NULL, CHECK
CREATE FOREIGN TABLE strict (id int NOT NULL DEFAULT 7, category smallint CHECK (category > 0), title text GENERATED ALWAYS AS ('number ' || id) STORED) SERVER copy_lake OPTIONS (table 'items');
COPY strict (category) FROM stdin;
1
2
\.
COPY strict (id, category) FROM stdin;
\N	1
\.
COPY strict (id, category) FROM stdin;
80001	1
80002	0
\.
SELECT * FROM strict WHERE id = 7 AND title = 'number 7' ORDER BY category;
SELECT id FROM items WHERE id > 80000;
CREATE FOREIGN TABLE closed (id int) SERVER copy_lake OPTIONS (table 'items', updatable 'false');
COPY closed FROM stdin;
1
\.

SET client_min_messages = warning;
RESET search_path;
DROP SERVER copy_lake CASCADE;
DROP SCHEMA lance_copy, heap_copy CASCADE;
\! rm -rf "$LANCEDB_TEST_DATA/copy"
