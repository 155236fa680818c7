-- which declared types hold which Lance types, and what becomes of values that no type can hold
\getenv data LANCEDB_TEST_DATA
\set odd :data '/odd'
\set SHOW_CONTEXT never
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
CREATE SERVER odd FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'odd');
CREATE DOMAIN small AS integer CHECK (VALUE < 100);

-- true when a column of the Lance table may be declared so
CREATE FUNCTION holds(lance_table text, lance_column text, type text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE FOREIGN TABLE probe (c %s OPTIONS (column_name %L)) SERVER lake OPTIONS (table %L)',
		type, lance_column, lance_table);
	EXECUTE 'EXPLAIN SELECT * FROM probe';
	DROP FOREIGN TABLE probe;
	RETURN true;
EXCEPTION WHEN fdw_invalid_data_type THEN
	RETURN false;
END $$;

CREATE FOREIGN TABLE types_20 () SERVER lake;
SELECT regexp_replace(attname, '_none$|_all$', '') AS lance, string_agg(type, ', ' ORDER BY ordinality) AS held_by
FROM pg_attribute, unnest('{boolean,smallint,integer,bigint,real,double precision,numeric,"numeric(3)","numeric(5)","numeric(10)",
		"numeric(19)","numeric(20)","numeric(12,4)","numeric(10,2)","numeric(9,2)","numeric(10,1)","numeric(60,3)",text,varchar,varchar(9),char(9),name,json,jsonb,
		uuid,bytea,date,time,time(0),time(3),timetz,timestamp,timestamp(0),timestamp(3),timestamptz,timestamptz(3),
		interval,interval second,integer[],bigint[],real[],double precision[],text[],boolean[],small,small[],jsonb[],point}'::text[])
		WITH ORDINALITY AS t (type, ordinality)
WHERE attrelid = 'types_20'::regclass AND attname ~ '_none$|^null_all$' AND holds('types_20', attname, type)
GROUP BY attnum, attname ORDER BY attnum;

-- the message names both types and what to do
CREATE FOREIGN TABLE wrong (int64_none integer) SERVER lake OPTIONS (table 'types_20');
CREATE FOREIGN TABLE wrong (int64_none integer) SERVER lake OPTIONS (table 'types_20', create 'never', propagate_ddl 'false');
SELECT * FROM wrong;
ALTER FOREIGN TABLE wrong RENAME COLUMN int64_none TO list_utf8_none;
SELECT * FROM wrong;
CREATE FOREIGN TABLE wrong_vector (vector_f32_none text) SERVER lake OPTIONS (table 'types_20', create 'never');
SELECT * FROM wrong_vector;

-- values are the same in all types that hold them
CREATE FOREIGN TABLE wide (id bigint, int8_none numeric(10,2), uint16_none real, int32_none double precision,
	uint64_none numeric, half_none double precision, decimal128_none numeric(14,4), utf8_none varchar(20),
	date32_none timestamp, list_int32_none numeric[], vector_f16_none double precision[], struct_none json)
	SERVER lake OPTIONS (table 'types_20');
SELECT * FROM wide WHERE id < 4 ORDER BY id;

-- limits that only a value shows
CREATE FOREIGN TABLE short (id int, utf8_none varchar(3)) SERVER lake OPTIONS (table 'types_20');
SELECT * FROM short ORDER BY id;
CREATE FOREIGN TABLE domains (id small, int32_none small) SERVER lake OPTIONS (table 'types_20');
SELECT id FROM domains ORDER BY id LIMIT 2;
SELECT * FROM domains WHERE id = 1;

-- nested values
CREATE FOREIGN TABLE nested_20 () SERVER lake;
SELECT id, list_struct, struct_list, list_list FROM nested_20 ORDER BY id LIMIT 4;
SELECT id, struct_dates FROM nested_20 ORDER BY id LIMIT 4;

-- values that PostgreSQL does not have
CREATE FOREIGN TABLE bad () SERVER odd OPTIONS (table 'values');
SELECT * FROM bad WHERE id = 0;
SELECT c1 FROM bad WHERE id = 1;
SELECT c2 FROM bad WHERE id = 2;
SELECT c3 FROM bad WHERE id = 3;
SELECT c4 FROM bad WHERE id = 4;
SELECT c5 FROM bad WHERE id = 5;
SELECT id, length(c1) FROM bad WHERE id > 5;
\set SHOW_CONTEXT always
CREATE FOREIGN TABLE parsed (id int, c6 json, c7 uuid) SERVER odd OPTIONS (table 'values', propagate_ddl 'false');
SELECT c6, c7 FROM parsed WHERE id < 2;
SELECT c6 FROM parsed WHERE id = 6;
SELECT c7 FROM parsed WHERE id = 7;
ALTER FOREIGN TABLE parsed ALTER COLUMN c6 TYPE jsonb;
SELECT c6 FROM parsed WHERE id < 2;

-- conditions compare values of the declared type, not of the Lance type
SELECT count(*) FROM parsed WHERE id < 7 AND c7 = '66E1B57E33C04A4F9D4F7F4F2A5B6C7D';
SELECT count(*) FROM parsed WHERE id = 0 AND c6 @> '{"a": 1.0}';
SELECT id FROM wide WHERE int8_none = 1.00 AND id < 4;
SELECT id FROM wide WHERE int8_none < 0.5 AND id < 4 ORDER BY id;
SELECT id FROM wide WHERE date32_none > '1970-01-01 00:00:00.000001' AND id < 4 ORDER BY id;
SELECT id FROM wide WHERE decimal128_none = -0.01 AND id < 4;
SELECT id FROM wide WHERE uint64_none = 18446744073709551615;
SELECT id FROM wide WHERE uint16_none > 32767.5::real AND id < 4 ORDER BY id;
\set SHOW_CONTEXT never

-- other encodings
SELECT current_database() AS here \gset
CREATE DATABASE regress_lancedb_latin1 ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C';
\c regress_lancedb_latin1
SET client_encoding = 'UTF8';
SET client_min_messages = error;
CREATE EXTENSION lancedb;
RESET client_min_messages;
CREATE SERVER odd FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'odd');
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
CREATE FOREIGN TABLE names () SERVER odd;
SELECT id, "Übergröße" FROM names;
BEGIN;
ALTER FOREIGN TABLE names RENAME "Übergröße" TO "Größe";
ROLLBACK;
\! cp -r "$LANCEDB_TEST_DATA/odd/unnamed.lance" "$LANCEDB_TEST_DATA/odd/日本.lance"
CREATE SCHEMA imported;
IMPORT FOREIGN SCHEMA public EXCEPT (broken) FROM SERVER odd INTO imported;
\! rm -r "$LANCEDB_TEST_DATA/odd/日本.lance"
SELECT * FROM imported.unnamed;
CREATE FOREIGN TABLE bad (id int, c1 text) SERVER odd OPTIONS (table 'values');
SELECT id, c1, octet_length(c1) FROM bad WHERE id IN (2, 7);
SELECT count(*) FROM bad WHERE c1 = 'äö';
CREATE FOREIGN TABLE types_20 (id int, utf8_none text) SERVER lake;
\set SHOW_CONTEXT always
SELECT * FROM types_20;
\c :here
DROP DATABASE regress_lancedb_latin1;
SET client_min_messages = warning;
DROP SERVER lake CASCADE;
DROP SERVER odd CASCADE;
DROP FUNCTION holds;
DROP DOMAIN small;
