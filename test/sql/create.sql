-- CREATE FOREIGN TABLE makes datasets, or checks those that are there
\getenv data LANCEDB_TEST_DATA
\set SHOW_CONTEXT never
\set scratch :data '/create'
\setenv scratch :scratch
\pset format unaligned
\pset tuples_only on
\! rm -rf "$scratch"; mkdir -m 777 "$scratch"
CREATE SERVER fresh FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'scratch');
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
CREATE SCHEMA made;
SET search_path = made, public;
CREATE TYPE mood AS ENUM ('sad', 'so-so');
CREATE DOMAIN positive AS integer CHECK (value > 0);
CREATE TYPE pair AS (a int, b int);

-- columns of a table, as they were declared or as they come back
CREATE VIEW columns_of AS
SELECT attrelid::regclass AS relation, string_agg(format('%s %s%s', attname, format_type(atttypid, atttypmod),
		CASE WHEN attnotnull THEN ' NOT NULL' END), E'\n' ORDER BY attnum) AS columns
FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped GROUP BY attrelid;

-- what went wrong, without the machine's paths
CREATE FUNCTION error_of(command text, data text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text;
BEGIN
	EXECUTE command;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	RETURN replace(concat_ws(E'\n', state || ' ' || message), data, '<data>');
END $$;

-- every type, and what comes back of it
CREATE FOREIGN TABLE every_type (
	a_bool boolean NOT NULL, a_int2 smallint, a_int4 integer, a_int8 bigint, a_float4 real, a_float8 double precision,
	a_numeric numeric(12,2), a_wide numeric(60,3), a_text text, a_varchar varchar(20), an_unbounded varchar, a_char char(5),
	a_bytea bytea, a_uuid uuid, a_json json, a_jsonb jsonb, an_enum mood, a_domain positive,
	a_date date, a_time time, a_time_ms time(3), a_timestamp timestamp, a_timestamp_s timestamp(0), a_timestamptz timestamptz,
	a_timestamptz_ms timestamptz(3), an_interval interval,
	ints integer[], texts text[], varchars varchar(3)[], moods mood[], numerics numeric(5,1)[], doubles double precision[], uuids uuid[],
	v real[] OPTIONS (dim '3'), w double precision[] OPTIONS (dim '2')) SERVER fresh;
SELECT count(*) FROM every_type;
CREATE SCHEMA back;
IMPORT FOREIGN SCHEMA public LIMIT TO (every_type) FROM SERVER fresh INTO back;
SELECT columns FROM columns_of WHERE relation = 'back.every_type'::regclass;
-- an enum that is not here any more is text again
BEGIN;
ALTER TYPE mood RENAME TO temper;
CREATE FOREIGN TABLE again () SERVER fresh OPTIONS (table 'every_type');
SELECT columns LIKE '%an_enum text%moods text[]%' FROM columns_of WHERE relation = 'again'::regclass;
ROLLBACK;

-- a name in a file does not decide whose code is run, nor show a type to those who may not use it
BEGIN;
ALTER TYPE mood RENAME TO temper;
CREATE FUNCTION run_by(value text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'run'; END $$;
CREATE DOMAIN mood AS text CHECK (run_by(value));
CREATE FOREIGN TABLE again () SERVER fresh OPTIONS (table 'every_type');
SELECT columns LIKE '%an_enum text%moods text[]%' FROM columns_of WHERE relation = 'again'::regclass;
ROLLBACK;
BEGIN;
CREATE ROLE regress_lance_user;
REVOKE USAGE ON TYPE mood FROM PUBLIC;
GRANT ALL ON SCHEMA made TO regress_lance_user;
GRANT USAGE ON FOREIGN SERVER fresh TO regress_lance_user;
SET LOCAL ROLE regress_lance_user;
CREATE FOREIGN TABLE again () SERVER fresh OPTIONS (table 'every_type');
RESET ROLE;
SELECT columns LIKE '%an_enum text%moods text[]%' FROM columns_of WHERE relation = 'again'::regclass;
ROLLBACK;

-- what Lance cannot store, column by column
DO $$
DECLARE
	declaration text; state text; message text; hint text;
BEGIN
	FOREACH declaration IN ARRAY '{
		"c real[]", "c numeric", "c numeric(80,2)", "c timestamp(2)", "c interval(3)", "c point", "c inet", "c int4range", "c pair",
		"c pair[]", "c timetz", "c money", "c name", "c int2vector", "c text OPTIONS (dim ''3'')", "c int[] OPTIONS (dim ''3'')",
		"c text, d text OPTIONS (column_name ''c'')", "c text OPTIONS (column_name '''')", "\"a.b\" int", "_rowid bigint"}'::text[]
	LOOP
		BEGIN
			EXECUTE format('CREATE FOREIGN TABLE refused (%s) SERVER fresh', declaration);
			RAISE NOTICE '%: made', declaration;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
			RAISE NOTICE '%: % % %', declaration, state, message, hint;
		END;
	END LOOP;
END $$;
\! ls "$scratch"

-- nothing is made by a transaction, or savepoint, that is rolled back
BEGIN;
CREATE FOREIGN TABLE gone (id int) SERVER fresh;
SELECT count(*) FROM gone;
ROLLBACK;
BEGIN;
SAVEPOINT a;
CREATE FOREIGN TABLE gone (id int) SERVER fresh;
ROLLBACK TO a;
CREATE FOREIGN TABLE stays (id int) SERVER fresh;
SAVEPOINT b;
RELEASE b;
\! ls "$scratch"
COMMIT;
\! ls "$scratch"
-- two tables on one folder
BEGIN;
CREATE FOREIGN TABLE one (id int) SERVER fresh;
CREATE FOREIGN TABLE other (id bigint) SERVER fresh OPTIONS (table 'one');
CREATE FOREIGN TABLE wrong (id text) SERVER fresh OPTIONS (table 'one');
ROLLBACK;

-- an existing dataset: columns by name, types, dimensions
CREATE FOREIGN TABLE attached (id bigint, embedding real[] OPTIONS (dim '128')) SERVER lake OPTIONS (table 'packages_small');
SELECT count(*) FROM attached;
CREATE FOREIGN TABLE wrong (id bigint, embedding real[] OPTIONS (dim '64')) SERVER lake OPTIONS (table 'packages_small');
CREATE FOREIGN TABLE wrong (id smallint) SERVER lake OPTIONS (table 'packages_small');
CREATE FOREIGN TABLE wrong (id bigint, nothing text) SERVER lake OPTIONS (table 'packages_small');
-- no columns on nothing, and nothing made where nothing may be
SELECT error_of('CREATE FOREIGN TABLE nothing () SERVER fresh', :'data');
SELECT error_of('CREATE FOREIGN TABLE nothing (CHECK (true)) SERVER fresh', :'data');
CREATE FOREIGN TABLE never (id int) SERVER fresh OPTIONS (create 'never');
SELECT error_of('SELECT count(*) FROM never', :'data');
CREATE FOREIGN TABLE tagged (id int) SERVER fresh OPTIONS (tag 'v1');
CREATE FOREIGN TABLE closed (id int) SERVER fresh OPTIONS (updatable 'false');
-- while the store is down
ALTER SERVER fresh OPTIONS (SET uri '/nowhere/at/all');
CREATE FOREIGN TABLE down (id int, v real[] OPTIONS (dim '3')) SERVER fresh OPTIONS (create 'never');
ALTER SERVER fresh OPTIONS (SET uri :'scratch');
-- a script of pg_dump: options of columns come later
SET check_function_bodies = off;
CREATE FOREIGN TABLE restored (number bigint, embedding real[]) SERVER lake OPTIONS (table 'packages_small');
ALTER FOREIGN TABLE ONLY restored ALTER COLUMN number OPTIONS (column_name 'id');
ALTER FOREIGN TABLE ONLY restored ALTER COLUMN embedding OPTIONS (dim '128');
RESET check_function_bodies;
SELECT count(*), min(number) FROM restored;

-- columns that come from elsewhere; IF NOT EXISTS; generated ones
CREATE TABLE measurements (id bigint NOT NULL, value real, noted date) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE measurements_1 PARTITION OF measurements FOR VALUES FROM (0) TO (1000) SERVER fresh;
CREATE TABLE ancestor (id bigint, body text);
CREATE FOREIGN TABLE descendant (extra uuid) INHERITS (ancestor) SERVER fresh;
CREATE FOREIGN TABLE IF NOT EXISTS descendant (nothing point) SERVER fresh;
CREATE FOREIGN TABLE computed (id int, twice int GENERATED ALWAYS AS (id * 2) STORED) SERVER fresh OPTIONS (data_storage_version '2.0');
CREATE FOREIGN TABLE named ("A b" int, "ünï" text OPTIONS (column_name 'Übel')) SERVER fresh OPTIONS (table 'na me', data_storage_version '2.2', stable_row_ids 'true');
IMPORT FOREIGN SCHEMA public LIMIT TO (measurements_1, descendant, computed, "na me") FROM SERVER fresh INTO back;
SELECT relation, columns FROM columns_of WHERE relation::text LIKE 'back.%' AND relation <> 'back.every_type'::regclass ORDER BY 1;

-- who may
CREATE ROLE regress_lance_owner;
CREATE ROLE regress_lance_user;
GRANT ALL ON SCHEMA made TO regress_lance_owner, regress_lance_user;
ALTER SERVER fresh OWNER TO regress_lance_owner;
SET ROLE regress_lance_user;
CREATE FOREIGN TABLE mine (id int) SERVER fresh;
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER fresh TO regress_lance_user;
SET ROLE regress_lance_user;
CREATE FOREIGN TABLE mine (id int) SERVER fresh;
CREATE FOREIGN TABLE mine (id int) SERVER fresh OPTIONS (table 'stays');
RESET ROLE;
GRANT pg_write_server_files TO regress_lance_owner;
SET ROLE regress_lance_user;
CREATE FOREIGN TABLE mine_too (id int) SERVER fresh;
SELECT count(*) FROM mine_too;
RESET ROLE;
\! ls "$scratch"

-- dropping a table keeps its data
DROP FOREIGN TABLE stays;
CREATE FOREIGN TABLE stays (id int) SERVER fresh;
SELECT count(*) FROM stays;

-- a name with a slash would lie in a folder below, of another table perhaps
CREATE FOREIGN TABLE "stays.lance/data/inside" (id int) SERVER fresh;
ALTER FOREIGN TABLE stays RENAME TO "stays.lance/stays";
SELECT count(*) FROM "stays.lance/stays";
ALTER FOREIGN TABLE "stays.lance/stays" RENAME TO stays;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SERVER lake, fresh CASCADE;
DROP SCHEMA made, back CASCADE;
DROP ROLE regress_lance_owner, regress_lance_user;
\! rm -rf "$scratch"
