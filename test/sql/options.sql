-- options of servers, tables and columns: names, values, and where they may point
\getenv data LANCEDB_TEST_DATA
\set SHOW_CONTEXT never
\pset format unaligned
\pset footer off
\pset tuples_only on
-- what went wrong, without the machine's paths
CREATE FUNCTION error_of(command text, data text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text; hint text;
BEGIN
	EXECUTE command;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN replace(concat_ws(E'\n', state || ' ' || message, nullif(detail, ''), nullif(hint, '')),
		data, '<data>');
END $$;

-- unknown names
CREATE SERVER bad FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (url 'x');
CREATE SERVER bad FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (something 'x');
ALTER FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (ADD uri 'x');
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
CREATE USER MAPPING FOR CURRENT_USER SERVER lake OPTIONS (aws_access_key_id 'x');
CREATE USER MAPPING FOR CURRENT_USER SERVER lake;
DROP USER MAPPING FOR CURRENT_USER SERVER lake;
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (tabel 'x');
CREATE FOREIGN TABLE t (id bigint OPTIONS (colum_name 'x')) SERVER lake;

-- values of table options
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (version '0');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (version '-3');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (version '99999999999999999999');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (version 'seven');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (version '1', tag 'first');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (tag 'first', as_of '2024-01-01');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (as_of 'one fine day');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (as_of 'infinity');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (tag '');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (branch '');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS ("table" '');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS ("table" '../packages_small');
CREATE FOREIGN TABLE t (id real[] OPTIONS (dim '0')) SERVER lake;
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS ("create" 'maybe');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (data_storage_version '2');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (stable_row_ids 'sometimes');
CREATE FOREIGN TABLE t (id bigint) SERVER lake OPTIONS (propagate_ddl '2');
ALTER SERVER lake OPTIONS (ADD propagate_ddl 'off');
ALTER SERVER lake OPTIONS (DROP propagate_ddl);

-- places
SELECT replace(error_of(format('CREATE SERVER bad FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri %L)', uri), :'data'),
	current_setting('data_directory'), '<data_directory>')
FROM (VALUES ('relative/folder'), (:'data' || '/../data'), ('ftp://host/folder'),
	(current_setting('data_directory')), (current_setting('data_directory') || '/base'),
	('file://' || current_setting('data_directory')), ('/.' || current_setting('data_directory') || '//global/')) AS u (uri);
SELECT error_of(format('CREATE SERVER bad FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (allowed_base_paths %L)',
	'/srv, ' || current_setting('data_directory') || '/base'), current_setting('data_directory'));
CREATE SERVER spaced FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (allowed_base_paths ' /srv/a , ,/srv/b ');
DROP SERVER spaced;

-- a server without a folder, a folder without the table
CREATE SERVER nowhere FOREIGN DATA WRAPPER lancedb_fdw;
CREATE FOREIGN TABLE n (id bigint) SERVER nowhere;
CREATE FOREIGN TABLE n (id bigint) SERVER nowhere OPTIONS (create 'never');
SELECT * FROM n;
CREATE FOREIGN TABLE missing (id bigint) SERVER lake OPTIONS (create 'never');
SELECT error_of('SELECT * FROM missing', :'data');
CREATE FOREIGN TABLE v99 (id bigint) SERVER lake OPTIONS (table 'history', version '99', create 'never');
SELECT error_of('SELECT * FROM v99', :'data');
CREATE FOREIGN TABLE no_tag (id bigint) SERVER lake OPTIONS ("table" 'refs', tag 'nothing', create 'never');
SELECT error_of('SELECT * FROM no_tag', :'data');
CREATE FOREIGN TABLE no_branch (id bigint) SERVER lake OPTIONS ("table" 'refs', branch 'nothing', create 'never');
SELECT error_of('SELECT * FROM no_branch', :'data');
CREATE FOREIGN TABLE too_early (id bigint) SERVER lake OPTIONS ("table" 'history', as_of '1999-12-31', create 'never');
SELECT error_of('SELECT * FROM too_early', :'data');
SET lancedb.as_of = 'yesterday noon or so';
SET lancedb.nonsense = 1;

-- dimensions, when given, must be those of the column
CREATE FOREIGN TABLE d (embedding real[] OPTIONS (dim '128')) SERVER lake OPTIONS ("table" 'packages_small');
EXPLAIN (COSTS OFF) SELECT * FROM d;
ALTER FOREIGN TABLE d ALTER COLUMN embedding OPTIONS (SET dim '64');
EXPLAIN (COSTS OFF) SELECT * FROM d;

\set VERBOSITY terse
DROP SERVER lake CASCADE;
DROP SERVER nowhere CASCADE;
DROP FUNCTION error_of;
