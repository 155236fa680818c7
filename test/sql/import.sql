-- IMPORT FOREIGN SCHEMA, and columns inferred by CREATE FOREIGN TABLE t ()
\getenv data LANCEDB_TEST_DATA
\set odd :data '/odd'
\set SHOW_CONTEXT never
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
CREATE SERVER odd FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'odd');
CREATE SCHEMA i;

CREATE FUNCTION columns_of(relation regclass) RETURNS TABLE (name text, type text, options text)
LANGUAGE sql AS $$
	SELECT attname, format_type(atttypid, atttypmod), array_to_string(attfdwoptions, ', ')
	FROM pg_attribute WHERE attrelid = relation AND attnum > 0 ORDER BY attnum
$$;

-- which schema, which tables
IMPORT FOREIGN SCHEMA sales FROM SERVER lake INTO i;
IMPORT FOREIGN SCHEMA public FROM SERVER lake INTO i OPTIONS (import_default 'true');
IMPORT FOREIGN SCHEMA public LIMIT TO (packages_small, history, no_such_table) FROM SERVER lake INTO i;
SELECT relname FROM pg_class WHERE relnamespace = 'i'::regnamespace ORDER BY relname;
SELECT * FROM columns_of('i.packages_small');
IMPORT FOREIGN SCHEMA public LIMIT TO (history) FROM SERVER lake INTO i;
DROP SCHEMA i CASCADE;
CREATE SCHEMA i;

-- tables that cannot be read are left out, the others come
IMPORT FOREIGN SCHEMA public EXCEPT (values) FROM SERVER odd INTO i;
SELECT relname, ftoptions FROM pg_class JOIN pg_foreign_table ON ftrelid = pg_class.oid
WHERE relnamespace = 'i'::regnamespace ORDER BY relname;
SELECT * FROM columns_of('i.names');
SELECT ctid_2, xmin_1, tableoid_1, ctid_1, "with ""quotes"", and spaces", "Übergröße", "SELECT" FROM i.names WHERE id = 2;
SELECT long_name_long_name_long_name_long_name_long_name_long_name_lon AS a,
	long_name_long_name_long_name_long_name_long_name_long_name_l_1 AS b FROM i.names WHERE id = 1;
SELECT * FROM columns_of('i.unnamed');
SELECT * FROM i.unnamed WHERE column_1 > 1;
SELECT * FROM i.long_name_long_name_long_name_long_name_long_name_long_name_lon;
SELECT * FROM i.long_name_long_name_long_name_long_name_long_name_long_name_l_1;

-- columns inferred
CREATE FOREIGN TABLE packages_small () SERVER lake;
SELECT * FROM columns_of('packages_small');
CREATE FOREIGN TABLE IF NOT EXISTS packages_small () SERVER lake;
CREATE FOREIGN TABLE first_version () SERVER lake OPTIONS (table 'history', version '1');
SELECT * FROM columns_of('first_version');
CREATE FOREIGN TABLE i.some_version () SERVER lake OPTIONS (table 'history', version '10');
SELECT * FROM columns_of('i.some_version');
-- IF NOT EXISTS leaves alone what is there, though it has no columns and another owner
ALTER EVENT TRIGGER lancedb_infer_columns DISABLE;
CREATE FOREIGN TABLE i.without_columns () SERVER lake OPTIONS (table 'history');
ALTER EVENT TRIGGER lancedb_infer_columns ENABLE ALWAYS;
CREATE ROLE regress_lance_creator;
GRANT USAGE, CREATE ON SCHEMA i TO regress_lance_creator;
GRANT USAGE ON FOREIGN SERVER lake TO regress_lance_creator;
SET ROLE regress_lance_creator;
CREATE FOREIGN TABLE IF NOT EXISTS i.without_columns () SERVER lake OPTIONS (table 'history');
CREATE FOREIGN TABLE i.with_columns () SERVER lake OPTIONS (table 'history', version '1');
RESET ROLE;
SELECT count(*) FROM columns_of('i.without_columns');
SELECT count(*) FROM columns_of('i.with_columns');
DROP OWNED BY regress_lance_creator;
DROP ROLE regress_lance_creator;
DO $$ BEGIN CREATE FOREIGN TABLE from_do () SERVER lake OPTIONS (table 'history', version '1'); END $$;
SELECT count(*) FROM columns_of('from_do');
CREATE FUNCTION make_it() RETURNS void LANGUAGE sql AS $$
	CREATE FOREIGN TABLE from_function () SERVER lake OPTIONS (table 'history', version '1') $$;
SELECT make_it();
SELECT count(*) FROM columns_of('from_function');
PREPARE nothing AS SELECT 1;
\set VERBOSITY terse
CREATE FOREIGN TABLE no_such_table () SERVER odd OPTIONS (table 'broken');
\set VERBOSITY default
SELECT to_regclass('no_such_table');

-- in a session that has not loaded the library yet
\c -
CREATE FOREIGN TABLE fresh () SERVER lake OPTIONS (table 'history', version '1');
SELECT count(*) FROM columns_of('fresh');

-- partitions and children have their parent's columns; other wrappers are left alone
CREATE TABLE parent (id bigint, package text) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE part PARTITION OF parent FOR VALUES FROM (0) TO (10000) SERVER lake OPTIONS (table 'packages_small');
SELECT * FROM columns_of('part');
SELECT count(*), min(package) FROM parent;
CREATE TABLE empty_parent ();
CREATE FOREIGN TABLE child () INHERITS (empty_parent) SERVER lake OPTIONS (table 'packages_small');
SELECT count(*) FROM columns_of('child');
CREATE FOREIGN DATA WRAPPER regress_other;
CREATE SERVER other FOREIGN DATA WRAPPER regress_other;
CREATE FOREIGN TABLE other () SERVER other;
SELECT count(*) FROM columns_of('other');

-- columns by name: renamed ones, ones that the version does not have, dropped ones
CREATE FOREIGN TABLE renamed (no_such_column text, name text OPTIONS (column_name 'package'), gone int, id int8) SERVER lake
	OPTIONS (table 'packages_small', create 'never', propagate_ddl 'false');
ALTER FOREIGN TABLE renamed DROP COLUMN gone;
SELECT * FROM renamed WHERE id = 3;
-- an earlier version may not have had it yet
ALTER FOREIGN TABLE renamed OPTIONS (ADD version '1');
SELECT * FROM renamed WHERE id = 3;

SET client_min_messages = warning;
DROP SCHEMA i CASCADE;
DROP TABLE parent, empty_parent CASCADE;
DROP SERVER lake CASCADE;
DROP SERVER odd CASCADE;
DROP FOREIGN DATA WRAPPER regress_other CASCADE;
DROP FUNCTION columns_of, make_it;
