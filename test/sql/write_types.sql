-- values of every type go into Lance tables and come back, or are refused
\getenv data LANCEDB_TEST_DATA
\set SHOW_CONTEXT never
\set scratch :data '/write_types'
\setenv scratch :scratch
\pset format unaligned
\pset tuples_only on
\! rm -rf "$scratch"; mkdir -m 777 "$scratch"; cp -r "$LANCEDB_TEST_DATA"/types_2?.lance "$LANCEDB_TEST_DATA"/nested_22.lance "$scratch"; chmod -R 777 "$scratch"
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'scratch');
CREATE SCHEMA written;
SET search_path = written, public;
SET timezone = 'UTC';
CREATE TYPE mood AS ENUM ('sad', 'it''s fine');
CREATE DOMAIN positive AS integer CHECK (value > 0);

-- what went wrong
CREATE FUNCTION error_of(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text;
BEGIN
	EXECUTE command;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(E'\n', state || ' ' || message, nullif(detail, ''));
END $$;

-- the same rows in a Lance table and in an ordinary one
CREATE TABLE plain (
	id integer, a_bool boolean, a_int2 smallint, a_int4 integer, a_int8 bigint, a_float4 real, a_float8 double precision,
	a_numeric numeric(12,2), a_wide numeric(60,3), a_text text, a_varchar varchar(20), a_char char(5),
	a_bytea bytea, a_uuid uuid, a_json json, a_jsonb jsonb, an_enum mood, a_domain positive,
	a_date date, a_time time, a_time_ms time(3), a_timestamp timestamp, a_timestamp_s timestamp(0), a_timestamptz timestamptz, an_interval interval,
	ints integer[], texts text[], moods mood[], numerics numeric(5,1)[], doubles double precision[], uuids uuid[], v real[]);
INSERT INTO plain VALUES
(1, true, 32767, 2147483647, 9223372036854775807, 3.4028235e38, 1.7976931348623157e308, 9999999999.99, 999999999999999999999999999999999999999999999999999999999.999,
	'grüße, 你好 😀', 'twenty characters ok', 'ab', '\x00ff10', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"b": 1,   "a": [1, null]}', '{"b": 1,   "a": [1, null]}',
	'it''s fine', 7, '5874897-12-31', '24:00:00', '23:59:59.999', '294246-12-31 23:59:59.999999', '2024-02-29 12:34:56', '294246-12-31 23:59:59.999999Z', '2400:00:00.000001',
	'{1,null,-3}', '{"",null,"null"," x "}', '{sad,null}', '{9999.9,-0.1}', '{1e-300,NaN,Infinity}', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '{1,-0,3.4028235e38}'),
(2, false, -32768, -2147483648, -9223372036854775808, 'NaN', '-Infinity', -9999999999.99, -0.001, '', '', '', '', '00000000-0000-0000-0000-000000000000', 'null', 'null',
	'sad', 1, '4713-01-01 BC', '00:00:00', '00:00:00', '4713-01-01 00:00:00 BC', '1969-12-31 23:59:59', '1969-12-31 23:59:59.999999Z', '-00:00:01',
	'{}', '{}', '{}', '{}', '{}', '{}', '{0,1e-45,-1}');
INSERT INTO plain VALUES (3);
INSERT INTO plain SELECT id + 100 * n, a_bool, a_int2, a_int4, a_int8, a_float4, a_float8, a_numeric, a_wide, a_text || n, a_varchar, a_char, a_bytea, a_uuid,
	a_json, a_jsonb, an_enum, a_domain, a_date, a_time, a_time_ms, a_timestamp, a_timestamp_s, a_timestamptz, an_interval, ints || n, texts || n::text, moods,
	numerics, doubles || n::double precision, uuids, v FROM plain, generate_series(1, 300) n;
DO $$
DECLARE
	version text; columns text;
BEGIN
	SELECT string_agg(format('%I %s%s', attname, format_type(atttypid, atttypmod), CASE attname WHEN 'v' THEN ' OPTIONS (dim ''3'')' END), ', ' ORDER BY attnum) INTO columns
	FROM pg_attribute WHERE attrelid = 'plain'::regclass AND attnum > 0;
	FOREACH version IN ARRAY '{2.0,2.1,2.2}'::text[] LOOP
		EXECUTE format('CREATE FOREIGN TABLE %I (%s) SERVER lake OPTIONS (data_storage_version %L)', 'v' || version, columns, version);
		EXECUTE format('INSERT INTO %I SELECT * FROM plain', 'v' || version);
	END LOOP;
END $$;
SELECT count(*), (SELECT count(*) FROM "v2.0") FROM (SELECT p::text FROM plain p EXCEPT ALL SELECT t::text FROM "v2.0" t) d;
SELECT count(*), (SELECT count(*) FROM "v2.1") FROM (SELECT p::text FROM plain p EXCEPT ALL SELECT t::text FROM "v2.1" t) d;
SELECT count(*), (SELECT count(*) FROM "v2.2") FROM (SELECT p::text FROM plain p EXCEPT ALL SELECT t::text FROM "v2.2" t) d;
-- a day is 24 hours there
INSERT INTO "v2.1" (id, an_interval) VALUES (-1, '100 days -00:00:00.000001');
SELECT an_interval, an_interval = '100 days -00:00:00.000001' FROM "v2.1" WHERE id = -1;
SELECT id, a_char, octet_length(a_char), a_jsonb, a_json FROM "v2.1" WHERE id < 4 ORDER BY 1;

-- tables that others made: all their values go in again as they came out
IMPORT FOREIGN SCHEMA public LIMIT TO (types_20, types_21, types_22, nested_22) FROM SERVER lake INTO written;
DO $$
DECLARE
	name text; columns text; rows bigint;
BEGIN
	FOREACH name IN ARRAY '{types_20,types_21,types_22,nested_22}'::text[] LOOP
		CONTINUE WHEN to_regclass(name) IS NULL;
		-- items of vectors that are NULL can be read, and not be written
		SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
		FROM pg_attribute WHERE attrelid = name::regclass AND attnum > 0 AND attname NOT LIKE '%holes%';
		EXECUTE format('CREATE TEMP TABLE copy AS SELECT %s FROM %I', columns, name);
		EXECUTE format('INSERT INTO %I (%s) SELECT * FROM copy', name, columns);
		EXECUTE format('SELECT count(*) FROM (SELECT c::text FROM copy c, generate_series(1, 2) EXCEPT ALL SELECT t::text FROM (SELECT %s FROM %I) t) d', columns, name) INTO rows;
		RAISE NOTICE '%: % rows differ', name, rows;
		DROP TABLE copy;
	END LOOP;
END $$;

-- integers that are smaller there, or have no sign
SELECT column_name, value, error_of(format('INSERT INTO types_21 (id, %I) VALUES (-1, %s)', column_name, value))
FROM (VALUES ('int8_some', '127'), ('int8_some', '128'), ('uint8_some', '256'), ('uint8_some', '-1'), ('uint16_some', '65536'), ('uint32_some', '4294967296'),
	('uint64_some', '18446744073709551615'), ('uint64_some', '-1'), ('uint64_some', '18446744073709551616')) v (column_name, value);

-- what is out of range, too fine, infinite, too long or of the wrong size
SELECT column_name, value, error_of(format('INSERT INTO types_21 (id, %I) VALUES (-1, %s)', column_name, value))
FROM (VALUES ('half_some', '65504'), ('half_some', '1e5'), ('fixed_size_binary_some', '''\x00'''), ('timestamp_ms_some', '''2024-01-01 00:00:00.0001'''),
	('timestamp_ns_some', '''2300-01-01'''), ('time32_s_some', '''00:00:00.5'''), ('duration_s_some', '''1 month'''), ('date32_some', '''infinity'''),
	('timestamp_us_some', '''-infinity'''), ('timestamptz_us_some', '''infinity'''), ('null_all', '''x''')) v (column_name, value);
CREATE FOREIGN TABLE unbounded (id int, decimal128_some numeric, int64_some numeric, int32_some double precision, date32_some timestamp, utf8_some uuid) SERVER lake OPTIONS (table 'types_21');
SELECT column_name, value, error_of(format('INSERT INTO unbounded (id, %I) VALUES (-1, %s)', column_name, value))
FROM (VALUES ('decimal128_some', '99999999.99'), ('decimal128_some', '100000000'), ('decimal128_some', '1.005'), ('decimal128_some', '1.500'), ('decimal128_some', '''NaN'''),
	('int64_some', '1.0'), ('int64_some', '1.5'), ('int64_some', '9223372036854775808'), ('int32_some', '2147483648'), ('int32_some', '0.5'), ('int32_some', '''NaN'''),
	('date32_some', '''2024-01-01'''), ('date32_some', '''2024-01-01 00:00:01'''), ('utf8_some', '''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11''')) v (column_name, value);
SELECT decimal128_some, int64_some, date32_some, utf8_some FROM unbounded WHERE id = -1 AND coalesce(decimal128_some::text, int64_some::text, date32_some::text, utf8_some::text) IS NOT NULL ORDER BY 1, 2, 3, 4;

-- vectors
CREATE FOREIGN TABLE vectors (id int NOT NULL, v real[] OPTIONS (dim '3'), w double precision[] OPTIONS (dim '2')) SERVER lake;
INSERT INTO vectors VALUES (1, '{1,2,3}', '{1,2}'), (2, NULL, NULL), (3, '[5:7]={4,5,6}', '{0,-0}');
SELECT v, error_of(format('INSERT INTO vectors VALUES (9, %L)', v)) FROM unnest(ARRAY['{}', '{1,2}', '{1,2,3,4}', '{1,NULL,3}', '{1,NaN,3}', '{1,2,Infinity}', '{{1,2,3}}']) v;
SELECT w, error_of(format('INSERT INTO vectors (id, w) VALUES (9, %L)', w)) FROM unnest(ARRAY['{1,-Infinity}', '{NaN,1}']) w;
SELECT error_of('INSERT INTO vectors VALUES (NULL, ''{1,2,3}'')');
SELECT * FROM vectors ORDER BY id;
SELECT operation, rows FROM lancedb.versions('vectors') ORDER BY version;
-- halves
SELECT v, error_of(format('INSERT INTO types_21 (id, vector_f16_some) VALUES (-1, %L)', v)) FROM unnest(ARRAY['{1,2,3,65504}', '{1,2,3,65520}', '{0.1,1e-7,-6e-8,2e-8}']) v;
SELECT vector_f16_some FROM types_21 WHERE id = -1 AND vector_f16_some IS NOT NULL ORDER BY 1;

-- jsonb into structs, lists of them and maps
SELECT column_name, value, error_of(format('INSERT INTO types_21 (id, %I) VALUES (-1, %L)', column_name, value))
FROM (VALUES ('struct_some', '{"a": 5}'), ('struct_some', '{}'), ('struct_some', 'null'), ('struct_some', '{"a": 5, "zzz": 1}'), ('struct_some', '[]'), ('struct_some', '7'),
	('struct_some', '{"a": 2147483648}'), ('struct_some', '{"a": 1.5}'), ('struct_some', '{"a": "5"}'), ('struct_some', '{"b": 5}'), ('struct_some', '{"b": "x"}'),
	('struct_deep_some', '{"s": {"x": 1, "q": 2}}'), ('list_struct_some', '[{"k": "a"}, null, {"v": 2}]'), ('list_struct_some', '{}'), ('list_list_some', '[[1], [], null]'),
	('multivector_some', '[[1,2],[3,4]]'), ('multivector_some', '[[1,2],[3]]'), ('multivector_some', '[[1,null]]'), ('multivector_some', '[["NaN",1]]')) v (column_name, value);
SELECT struct_some, list_struct_some, list_list_some, multivector_some FROM types_21
WHERE id = -1 AND coalesce(struct_some, list_struct_some, list_list_some, multivector_some) IS NOT NULL ORDER BY 1, 2, 3, 4;
SELECT column_name, value, error_of(format('INSERT INTO nested_22 (id, %I) VALUES (-1, %L)', column_name, value))
FROM (VALUES ('map', '{"x": 1, "y": null}'), ('map_int', '{"1": "a", "22": "b"}'), ('map_int', '{"one": "a"}'), ('map', '[1]'),
	('struct_dates', '{"d": "2024-02-29", "t": "2024-02-29T12:00:00+00:00", "n": 1.5, "f": "NaN", "b": "\\x00ff"}'), ('struct_dates', '{"d": "2024-02-30"}'),
	('struct_dates', '{"n": 0.001}'), ('struct_dates', '{"f": 1e400}'), ('struct_dates', '{"n": "12.5"}')) v (column_name, value);
SELECT map, map_int, struct_dates FROM nested_22 WHERE id = -1 AND coalesce(map, map_int, struct_dates) IS NOT NULL ORDER BY 1, 2, 3;
CREATE FOREIGN TABLE as_json (id int, struct_some json) SERVER lake OPTIONS (table 'types_21');
INSERT INTO as_json VALUES (-2, '{"b": "json",   "a": 1}');
SELECT * FROM as_json WHERE id = -2;

-- values that were moved out of line, of a row that is gone by then
CREATE TABLE large (id int, body text, v real[]);
ALTER TABLE large ALTER body SET STORAGE EXTERNAL, ALTER v SET STORAGE EXTERNAL;
INSERT INTO large SELECT i, repeat(chr(97 + i), 300000), array_agg(j * i) FROM generate_series(1, 3) i, generate_series(1, 5000) j GROUP BY i;
CREATE FOREIGN TABLE large_lance (id int, body text, v real[] OPTIONS (dim '5000')) SERVER lake;
INSERT INTO large_lance SELECT * FROM large;
SELECT count(*) FROM large JOIN large_lance USING (id, body, v);

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SERVER lake CASCADE;
DROP SCHEMA written CASCADE;
\! rm -rf "$scratch"
