-- demo.sql -- what a Lance table looks like from SQL; run by demo.sh with :data set to a folder of tables.
\pset null '(null)'
\set ECHO none

\echo
\echo ==================================================================
\echo '1. A server is a folder of Lance tables; its tables are attached in one go'
\echo
\set ECHO queries
CREATE EXTENSION lancedb;
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
IMPORT FOREIGN SCHEMA public LIMIT TO (packages_small, history) FROM SERVER lake INTO public;
\set ECHO none

\echo
\echo ==================================================================
\echo '2. 2,000 Debian packages, written by LanceDB, as an ordinary table'
\echo
\d packages_small

\echo
\echo ==================================================================
\echo '3. Plain SQL: filters, aggregates'
\echo
\set ECHO queries
SELECT section, count(*), pg_size_pretty(avg(installed_size_kb) * 1024) AS average_size
  FROM packages_small
 WHERE priority = 'optional' AND installed_size_kb > 1000
 GROUP BY section ORDER BY count(*) DESC LIMIT 5;
\set ECHO none

\echo
\echo ==================================================================
\echo '4. Packages similar to gimp, by the cosine distance of their embeddings'
\echo
\set ECHO queries
SELECT package, section, left(description, 50) AS description,
       round((embedding <=> (SELECT embedding FROM packages_small WHERE package = 'gimp'))::numeric, 3) AS distance
  FROM packages_small
 ORDER BY embedding <=> (SELECT embedding FROM packages_small WHERE package = 'gimp')
 LIMIT 8;
\set ECHO none

\echo
\echo ==================================================================
\echo '5. The same, but only small graphics packages'
\echo
\set ECHO queries
SELECT package, installed_size_kb, left(description, 50) AS description
  FROM packages_small
 WHERE section = 'graphics' AND installed_size_kb < 2000
 ORDER BY embedding <=> (SELECT embedding FROM packages_small WHERE package = 'gimp')
 LIMIT 5;
\set ECHO none

\echo
\echo ==================================================================
\echo '6. Joined with an ordinary table'
\echo
\set ECHO queries
CREATE TABLE installed (package text PRIMARY KEY, since date);
INSERT INTO installed VALUES ('gimp', '2024-03-01'), ('git', '2023-11-20'), ('vim', '2023-11-20'), ('nginx', '2025-06-07');
SELECT i.package, i.since, p.version, p.installed_size_kb, p.tags[1] AS first_tag
  FROM installed i JOIN packages_small p USING (package)
 ORDER BY i.since, i.package;
\set ECHO none

\echo
\echo ==================================================================
\echo '7. What was read: columns, pushed filter, bytes'
\echo
\set ECHO queries
EXPLAIN (ANALYZE, VERBOSE, COSTS OFF)
SELECT package FROM packages_small
 WHERE section = 'graphics' AND installed_size_kb < 2000
 ORDER BY embedding <=> (SELECT embedding FROM packages_small WHERE package = 'gimp')
 LIMIT 5;
\set ECHO none

\echo
\echo ==================================================================
\echo '8. Time travel: every version of a table can be read'
\echo
\set ECHO queries
SELECT version, operation, "rows" FROM lancedb.versions('history') ORDER BY version LIMIT 5;
CREATE FOREIGN TABLE history_v1 () SERVER lake OPTIONS (table 'history', version '1');
SELECT 'version 1' AS which, count(*), max(id) FROM history_v1
UNION ALL
SELECT 'now', count(*), max(id) FROM history;
\set ECHO none

\echo
\echo ==================================================================
\echo '9. A new table: written in a transaction, one Lance version for each'
\echo
\set ECHO queries
CREATE FOREIGN TABLE favourites (package text NOT NULL, stars int DEFAULT 3, embedding real[] OPTIONS (dim '64')) SERVER lake;
INSERT INTO favourites SELECT package, 3, embedding[1:64] FROM packages_small WHERE section = 'graphics';
CREATE UNIQUE INDEX ON favourites (package);
BEGIN;
INSERT INTO favourites VALUES ('gimp', 5) ON CONFLICT (package) DO UPDATE SET stars = EXCLUDED.stars;
DELETE FROM favourites WHERE package LIKE 'lib%';
SELECT count(*), max(stars) FROM favourites;
COMMIT;
SELECT lancedb.restore('favourites', 2);
SELECT version, operation, "rows" FROM lancedb.versions('favourites') ORDER BY version;
\set ECHO none
\echo
\echo The server is stopped and removed. README.md shows how to attach your own tables.
