-- CREATE UNIQUE INDEX on Lance tables: what it makes, what it refuses, and that no command trips over it
\getenv data LANCEDB_TEST_DATA
\set folder :data '/unique_index'
\set SHOW_CONTEXT never
\setenv FOLDER :folder
\! rm -rf "$FOLDER"; mkdir "$FOLDER"
SET client_min_messages = warning;
CREATE SERVER unique_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'folder');
CREATE SCHEMA lance_unique;
SET search_path = lance_unique, public;
RESET client_min_messages;
CREATE FOREIGN TABLE u (id bigint, name text, n int, vector real[] OPTIONS (dim '2')) SERVER unique_lake;
INSERT INTO u VALUES (1, 'one', 1, '{1,2}'), (2, 'two', 2, NULL), (3, 'two', NULL, NULL);

-- made, under the name that the server would choose, and seen by all that look for indexes
CREATE UNIQUE INDEX ON u (id);
CREATE UNIQUE INDEX ON u USING btree (name, id);
CREATE UNIQUE INDEX u_nulls ON u USING lance_key ((n)) NULLS NOT DISTINCT;
CREATE UNIQUE INDEX IF NOT EXISTS u_id_idx ON u (id);
CREATE UNIQUE INDEX CONCURRENTLY u_concurrently ON u (id, n);
\d u
SELECT indexrelid::regclass, indisunique, indisvalid, indisready, indimmediate FROM pg_index WHERE indrelid = 'u'::regclass ORDER BY 1;
SELECT pg_get_indexdef('u_nulls'::regclass);
SELECT pg_relation_size('u_id_idx'), pg_index_has_property('u_id_idx', 'clusterable'), pg_index_column_has_property('u_id_idx', 1, 'orderable');

-- keys that are there more than once
CREATE UNIQUE INDEX ON u (name);
SET lancedb.as_of = '1';
CREATE UNIQUE INDEX ON u (name);
RESET lancedb.as_of;
INSERT INTO u VALUES (4, 'four', NULL, NULL);
CREATE UNIQUE INDEX ON u (n);
CREATE UNIQUE INDEX ON u (n) NULLS NOT DISTINCT;

-- refused
CREATE INDEX ON u (id);
CREATE INDEX ON u USING lance_key (id);
CREATE UNIQUE INDEX ON u USING hash (id);
CREATE UNIQUE INDEX ON u (id DESC);
CREATE UNIQUE INDEX ON u (id NULLS FIRST);
CREATE UNIQUE INDEX ON u (id int8_ops);
CREATE UNIQUE INDEX ON u (id) INCLUDE (name);
CREATE UNIQUE INDEX ON u (id) WHERE n > 0;
CREATE UNIQUE INDEX ON u (lower(name));
CREATE UNIQUE INDEX ON u (id) WITH (fillfactor = 50);
CREATE UNIQUE INDEX ON u (nothing);
CREATE UNIQUE INDEX ON u (ctid);
CREATE UNIQUE INDEX ON u (vector);
CREATE UNIQUE INDEX u_id_idx ON u (id);
CREATE UNIQUE INDEX ON u (id) TABLESPACE pg_global;
CREATE UNIQUE INDEX ON u (id) TABLESPACE nowhere;
CREATE UNIQUE INDEX ON u (id COLLATE "C");
CREATE COLLATION unique_loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE UNIQUE INDEX ON u (name COLLATE unique_loose);
ALTER FOREIGN TABLE u ADD PRIMARY KEY (id);
ALTER TABLE u ADD UNIQUE (id);
ALTER FOREIGN TABLE u ALTER COLUMN id TYPE numeric;
BEGIN; CREATE UNIQUE INDEX CONCURRENTLY ON u (id); ROLLBACK;
BEGIN READ ONLY; CREATE UNIQUE INDEX ON u (id); ROLLBACK;
BEGIN; DECLARE c CURSOR FOR SELECT id FROM u; FETCH c; CREATE UNIQUE INDEX ON u (id); ROLLBACK;
CREATE UNIQUE INDEX pinned_id ON ONLY u (id, name, n);
DROP INDEX pinned_id;

-- heap tables have btrees for this
CREATE TABLE unique_heap (id int);
CREATE UNIQUE INDEX ON unique_heap USING lance_key (id);
CREATE TABLE unique_like (LIKE u INCLUDING ALL);
DROP TABLE unique_heap;
CREATE UNLOGGED TABLE unique_heap (id int);
CREATE UNIQUE INDEX ON unique_heap USING lance_key (id);
DROP TABLE unique_heap;
CREATE TEMP TABLE unique_heap (id int);
CREATE UNIQUE INDEX ON unique_heap USING lance_key (id);

-- commands that would ask the table for pages or an access method
REINDEX INDEX u_id_idx;
REINDEX INDEX CONCURRENTLY u_id_idx;
REINDEX TABLE u;
REINDEX TABLE CONCURRENTLY u;
REINDEX (VERBOSE) INDEX u_id_idx;
BEGIN; REINDEX TABLE CONCURRENTLY u; ROLLBACK;
SET client_min_messages = error;
VACUUM u;
VACUUM (FULL, ANALYZE) u;
RESET client_min_messages;
ANALYZE u;
CLUSTER u USING u_id_idx;
ALTER FOREIGN TABLE u CLUSTER ON u_id_idx;
ALTER FOREIGN TABLE u REPLICA IDENTITY USING INDEX u_id_idx;
SELECT reltuples, relpages FROM pg_class WHERE relname = 'u_id_idx';
ALTER INDEX u_id_idx RENAME TO u_key;
ALTER INDEX u_key SET (fillfactor = 50);
ALTER INDEX u_key SET TABLESPACE pg_default;
ALTER INDEX u_key ALTER COLUMN 1 SET STATISTICS 10;
COMMENT ON INDEX u_key IS 'the key';
SELECT obj_description('u_key'::regclass);
-- another writer made a key double: REINDEX says so
CREATE FOREIGN TABLE u_too (id bigint, name text, n int) SERVER unique_lake OPTIONS (table 'u');
INSERT INTO u_too VALUES (1, 'double', 100);
REINDEX INDEX u_key;
REINDEX TABLE u;
DELETE FROM u WHERE name = 'double';
REINDEX TABLE u;

-- no proof for the planner: other writers do not know of the key
EXPLAIN (COSTS OFF) SELECT a.n FROM u a LEFT JOIN u b ON a.id = b.id;
EXPLAIN (COSTS OFF) SELECT DISTINCT id FROM u;
EXPLAIN (COSTS OFF) SELECT a.n FROM u a WHERE EXISTS (SELECT 1 FROM u b WHERE b.id = a.id);
EXPLAIN (COSTS OFF) SELECT id, name FROM u GROUP BY id, name;
-- but it can be inferred
EXPLAIN (COSTS OFF) INSERT INTO u (id) VALUES (1) ON CONFLICT (id) DO NOTHING;
EXPLAIN (COSTS OFF) INSERT INTO u (id) VALUES (1) ON CONFLICT (id, name) DO UPDATE SET n = 1;
EXPLAIN (COSTS OFF) INSERT INTO u (id) VALUES (1) ON CONFLICT (name) DO NOTHING;

-- owner, rights
CREATE ROLE regress_unique_a;
CREATE ROLE regress_unique_b;
GRANT ALL ON SCHEMA lance_unique TO regress_unique_a, regress_unique_b;
ALTER FOREIGN TABLE u OWNER TO regress_unique_a;
SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('u', 'u_key', 'u_nulls') ORDER BY 1;
REASSIGN OWNED BY regress_unique_a TO regress_unique_b;
SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('u', 'u_key', 'u_nulls') ORDER BY 1;
SET ROLE regress_unique_a;
CREATE UNIQUE INDEX ON u (id);
-- servers word this differently
\set VERBOSITY sqlstate
REINDEX INDEX u_key;
\set VERBOSITY default
REINDEX TABLE u;
DROP INDEX u_key;
RESET ROLE;
-- who may not read a column does not learn its values from messages
GRANT INSERT ON u TO regress_unique_a;
GRANT USAGE ON FOREIGN SERVER unique_lake TO regress_unique_a;
SET ROLE regress_unique_a;
INSERT INTO u VALUES (1);
RESET ROLE;
GRANT SELECT (id) ON u TO regress_unique_a;
SET ROLE regress_unique_a;
INSERT INTO u VALUES (1);
RESET ROLE;
ALTER FOREIGN TABLE u OWNER TO CURRENT_USER;
DROP OWNED BY regress_unique_a, regress_unique_b;
DROP ROLE regress_unique_a, regress_unique_b;

-- partitions
CREATE TABLE unique_parent (id bigint, name text) PARTITION BY LIST (id);
CREATE INDEX ON unique_parent (name);
CREATE FOREIGN TABLE unique_child PARTITION OF unique_parent FOR VALUES IN (1) SERVER unique_lake OPTIONS (table 'child');
CREATE UNIQUE INDEX ON unique_parent (id);
CREATE INDEX ON unique_parent (id);
CREATE UNIQUE INDEX ON unique_child (id, name);
INSERT INTO unique_parent VALUES (1, 'a');
INSERT INTO unique_parent VALUES (1, 'a');
INSERT INTO unique_parent VALUES (1, 'b');
SELECT * FROM unique_parent;
DROP TABLE unique_parent;

-- each type that can be a key, and what it calls equal
CREATE TYPE unique_mood AS ENUM ('sad', 'ok');
CREATE DOMAIN unique_code AS varchar(8) CHECK (value <> '');
CREATE FOREIGN TABLE types (b boolean, i2 int2, i4 int4, f4 real, f8 double precision, d numeric(10, 2),
	t text, v varchar(10), c char(6), x bytea, g uuid, dt date, tm time, ts timestamp, tz timestamptz, m unique_mood,
	o unique_code, j jsonb) SERVER unique_lake;
DO $$
DECLARE name text;
BEGIN
	FOR name IN SELECT attname FROM pg_attribute WHERE attrelid = 'types'::regclass AND attnum > 0 ORDER BY attnum LOOP
		BEGIN
			EXECUTE format('CREATE UNIQUE INDEX types_%1$s ON types (%1$s)', name);
		EXCEPTION WHEN feature_not_supported THEN
			RAISE NOTICE '%', sqlerrm;
		END;
	END LOOP;
END $$;
INSERT INTO types (f8) VALUES (0), ('NaN');
INSERT INTO types (f8) VALUES ('-0');
INSERT INTO types (f8) VALUES ('NaN');
INSERT INTO types (f4) VALUES (0), ('-0');
INSERT INTO types (d) VALUES (1.0), (1.00);
INSERT INTO types (c) VALUES ('ab'), ('ab  ');
INSERT INTO types (t) VALUES ('ab'), ('ab '), ('AB');
INSERT INTO types (t) VALUES ('ab');
INSERT INTO types (g) VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), ('{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}');
INSERT INTO types (tz) VALUES ('2024-01-01 12:00+00'), ('2024-01-01 13:00+01');
INSERT INTO types (m) VALUES ('ok'), ('sad');
INSERT INTO types (m) VALUES ('ok');
INSERT INTO types (x, dt, tm, ts, v, i2, i4, b, o) VALUES ('\x01', '2024-01-01', '12:00', '2024-01-01', 'v', 1, 1, true, 'o');
INSERT INTO types (x) VALUES ('\x01');
INSERT INTO types (dt) VALUES ('2024-01-01');
INSERT INTO types (tm) VALUES ('12:00');
INSERT INTO types (ts) VALUES ('2024-01-01');
INSERT INTO types (v) VALUES ('v');
INSERT INTO types (i2) VALUES (1);
INSERT INTO types (i4) VALUES (1);
INSERT INTO types (b) VALUES (true);
INSERT INTO types (o) VALUES ('o');
INSERT INTO types (b, i4) VALUES (NULL, NULL), (NULL, NULL);
SELECT count(*) FROM types;

-- keys of this transaction, of savepoints, of rows that went away
CREATE FOREIGN TABLE k (id int, note text) SERVER unique_lake;
CREATE UNIQUE INDEX k_id ON k (id);
BEGIN;
INSERT INTO k VALUES (1, 'a');
SAVEPOINT s;
INSERT INTO k VALUES (2, 'b');
ROLLBACK TO s;
INSERT INTO k VALUES (2, 'c');
DELETE FROM k WHERE id = 1;
INSERT INTO k VALUES (1, 'd');
SAVEPOINT s;
UPDATE k SET id = 3 WHERE id = 1;
INSERT INTO k VALUES (1, 'e');
ROLLBACK TO s;
SAVEPOINT s;
INSERT INTO k VALUES (1, 'f');
ROLLBACK TO s;
COMMIT;
SELECT * FROM k ORDER BY id;
UPDATE k SET id = 2 WHERE id = 1;
UPDATE k SET note = note || '!', id = id;
UPDATE k SET id = id + 10;
WITH moved AS (DELETE FROM k WHERE id = 11 RETURNING *) INSERT INTO k SELECT * FROM moved;
WITH first AS (INSERT INTO k VALUES (20) RETURNING id) INSERT INTO k SELECT * FROM first;
WITH first AS (INSERT INTO k VALUES (20) RETURNING id) INSERT INTO k SELECT * FROM first ON CONFLICT DO NOTHING;
SELECT id FROM k ORDER BY id;
BEGIN; TRUNCATE k; INSERT INTO k VALUES (11, 'new'); INSERT INTO k VALUES (11, 'again'); ROLLBACK;
BEGIN; TRUNCATE k; INSERT INTO k VALUES (11, 'new'); ROLLBACK;
INSERT INTO k VALUES (11, 'old');
-- rows added by a trigger's statement count too
CREATE FUNCTION add_shadow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id < 1000 THEN
		INSERT INTO k VALUES (NEW.id + 1000, 'shadow');
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER shadow BEFORE INSERT ON k FOR EACH ROW EXECUTE FUNCTION add_shadow();
INSERT INTO k VALUES (30, 'x'), (1030, 'y');
INSERT INTO k VALUES (30, 'x'), (31, 'y');
SELECT id, note FROM k WHERE id >= 30 ORDER BY id;
DROP TRIGGER shadow ON k;
DELETE FROM k WHERE note = 'shadow';
COPY k FROM stdin;
40	a
41	b
40	c
\.
COPY k FROM stdin;
40	a
12	b
\.
COPY k FROM stdin;
40	a
\.
-- an index made in the middle of a transaction knows its rows
BEGIN;
INSERT INTO k VALUES (50, 'fresh');
CREATE UNIQUE INDEX k_note ON k (note);
INSERT INTO k VALUES (51, 'fresh');
ROLLBACK;
CREATE FOREIGN TABLE k_too (id int, note text) SERVER unique_lake OPTIONS (table 'k');
BEGIN;
INSERT INTO k_too VALUES (60, 'without the index');
INSERT INTO k VALUES (60, 'with it');
ROLLBACK;
BEGIN;
INSERT INTO k_too VALUES (61, 'a'), (61, 'b');
CREATE UNIQUE INDEX k_second ON k (id);
ROLLBACK;
-- two tables on one dataset have their own keys
CREATE UNIQUE INDEX k_too_note ON k_too (note);
INSERT INTO k VALUES (70, 'd!');
INSERT INTO k_too VALUES (71, 'd!');
INSERT INTO k_too VALUES (70, 'e!');
DELETE FROM k WHERE id = 70;

-- many keys in one statement: the set is read once, then only what is new
INSERT INTO k SELECT g, 'many' FROM generate_series(100000, 150000) g;
INSERT INTO k SELECT g, 'many' FROM generate_series(150000, 100000, -1) g ON CONFLICT DO NOTHING;
INSERT INTO k SELECT g, 'changed' FROM generate_series(100500, 101499) g ON CONFLICT (id) DO UPDATE SET note = excluded.note;
SELECT note, count(*), count(DISTINCT id) FROM k WHERE id >= 100000 GROUP BY note ORDER BY note;

-- what drops it
ALTER FOREIGN TABLE k OPTIONS (ADD propagate_ddl 'false');
ALTER FOREIGN TABLE k DROP COLUMN id;
\d k
DROP INDEX CONCURRENTLY u_nulls;
DROP INDEX u_key, u_name_id_idx;
\d u
\set VERBOSITY terse
DROP EXTENSION lancedb;
\set VERBOSITY default
DROP FOREIGN TABLE u, u_too, types, k, k_too;
SELECT count(*) FROM pg_index WHERE indexrelid::regclass::text LIKE 'u\_%';
DROP SERVER unique_lake;
DROP DOMAIN unique_code;
DROP TYPE unique_mood;
DROP COLLATION unique_loose;
DROP FUNCTION add_shadow;
RESET search_path;
DROP SCHEMA lance_unique;
\! rm -rf "$FOLDER"
