-- golden.sql -- compares foreign tables with the values that LanceDB itself returned for them.
--
-- golden.check(server, dataset, file) reads a JSON file as test/interop/arrow.mjs describes it, attaches each
-- snapshot in it (a version, tag or branch) and returns one line for each difference: column names and types,
-- number of rows, and every value of every column. Each column is asked for alone, so projections are tested too.

CREATE SCHEMA golden;

-- microseconds since 1970 or since midnight; finer units are truncated towards the past
CREATE FUNCTION golden.microseconds(type jsonb, v jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT floor((v #>> '{}')::numeric * CASE type ->> 'unit'
        WHEN 's' THEN 1000000 WHEN 'ms' THEN 1000 WHEN 'us' THEN 1 WHEN 'ns' THEN 0.001 END)
$$;

-- exact where interval arithmetic in double precision would not be
CREATE FUNCTION golden.stamp(microseconds numeric) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$
    SELECT timestamp '1970-01-01' + floor(microseconds / 86400000000)::int * interval '1 day'
         + mod(mod(microseconds, 86400000000) + 86400000000, 86400000000)::bigint * interval '1 microsecond'
$$;

CREATE FUNCTION golden.is_scalar(type jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT type ->> 'name' NOT IN ('list', 'large_list', 'fixed_size_list', 'struct', 'map')
$$;
CREATE FUNCTION golden.is_array(type jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT type ->> 'name' IN ('list', 'large_list', 'fixed_size_list') AND golden.is_scalar(type -> 'item')
$$;

-- the type that a column gets when nobody says otherwise
CREATE FUNCTION golden.pg_type(type jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN type ->> 'name' = 'dictionary' THEN golden.pg_type(type -> 'item')
        WHEN golden.is_array(type) THEN regexp_replace(golden.pg_type(type -> 'item'), '\(.*\)$', '') ||
            coalesce(substring(golden.pg_type(type -> 'item') from '\([0-9,]+\)$'), '') || '[]'
        WHEN NOT golden.is_scalar(type) THEN 'jsonb'
        ELSE CASE type ->> 'name'
            WHEN 'bool' THEN 'boolean'
            WHEN 'int8' THEN 'smallint' WHEN 'uint8' THEN 'smallint' WHEN 'int16' THEN 'smallint'
            WHEN 'uint16' THEN 'integer' WHEN 'int32' THEN 'integer'
            WHEN 'uint32' THEN 'bigint' WHEN 'int64' THEN 'bigint' WHEN 'uint64' THEN 'numeric(20,0)'
            WHEN 'half' THEN 'real' WHEN 'float' THEN 'real' WHEN 'double' THEN 'double precision'
            WHEN 'utf8' THEN 'text' WHEN 'large_utf8' THEN 'text' WHEN 'null' THEN 'text'
            WHEN 'binary' THEN 'bytea' WHEN 'large_binary' THEN 'bytea' WHEN 'fixed_size_binary' THEN 'bytea'
            WHEN 'date32' THEN 'date' WHEN 'date64' THEN 'date'
            WHEN 'time32' THEN 'time without time zone' WHEN 'time64' THEN 'time without time zone'
            WHEN 'timestamp' THEN CASE WHEN type ->> 'zone' IS NULL THEN 'timestamp without time zone' ELSE 'timestamp with time zone' END
            WHEN 'duration' THEN 'interval'
            ELSE format('numeric(%s,%s)', type ->> 'precision', type ->> 'scale') -- decimal128, decimal256
        END
    END
$$;

-- a scalar as text, as PostgreSQL prints the mapped type
CREATE FUNCTION golden.scalar(type jsonb, v jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE type ->> 'name'
        WHEN 'dictionary' THEN golden.scalar(type -> 'item', v)
        WHEN 'half' THEN (v #>> '{}')::real::text
        WHEN 'float' THEN (v #>> '{}')::real::text
        WHEN 'double' THEN (v #>> '{}')::float8::text
        WHEN 'binary' THEN '\x' || (v #>> '{}')
        WHEN 'large_binary' THEN '\x' || (v #>> '{}')
        WHEN 'fixed_size_binary' THEN '\x' || (v #>> '{}')
        WHEN 'date32' THEN (date '1970-01-01' + (v #>> '{}')::int)::text
        WHEN 'date64' THEN (date '1970-01-01' + floor((v #>> '{}')::numeric / 86400000)::int)::text
        WHEN 'time32' THEN (time '00:00' + (golden.microseconds(type, v) || ' microseconds')::interval)::text
        WHEN 'time64' THEN (time '00:00' + (golden.microseconds(type, v) || ' microseconds')::interval)::text
        WHEN 'duration' THEN ((golden.microseconds(type, v) || ' microseconds')::interval)::text
        WHEN 'timestamp' THEN CASE WHEN type ->> 'zone' IS NULL THEN golden.stamp(golden.microseconds(type, v))::text
            ELSE (golden.stamp(golden.microseconds(type, v)) AT TIME ZONE 'UTC')::text END
        ELSE v #>> '{}'
    END
$$;

-- a value inside jsonb
CREATE FUNCTION golden.nested(type jsonb, v jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    name text := type ->> 'name';
BEGIN
    IF v IS NULL OR v = 'null' THEN
        RETURN 'null';
    ELSIF name IN ('list', 'large_list', 'fixed_size_list') THEN
        RETURN (SELECT coalesce(jsonb_agg(golden.nested(type -> 'item', e) ORDER BY n), '[]')
                  FROM jsonb_array_elements(v) WITH ORDINALITY AS x(e, n));
    ELSIF name = 'struct' THEN
        RETURN (SELECT coalesce(jsonb_object_agg(f ->> 'name', golden.nested(f -> 'type', v -> (f ->> 'name'))), '{}')
                  FROM jsonb_array_elements(type -> 'fields') AS f);
    ELSIF name = 'map' THEN
        RETURN (SELECT coalesce(jsonb_object_agg(golden.scalar(type -> 'key', e -> 0), golden.nested(type -> 'value', e -> 1)), '{}')
                  FROM jsonb_array_elements(v) AS e);
    ELSIF name IN ('int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64') THEN
        RETURN to_jsonb((v #>> '{}')::numeric);
    ELSIF name IN ('half', 'float') THEN
        RETURN to_jsonb((v #>> '{}')::real);
    ELSIF name = 'double' THEN
        RETURN to_jsonb((v #>> '{}')::float8);
    ELSIF name = 'bool' THEN
        RETURN v;
    ELSIF name = 'timestamp' THEN
        RETURN CASE WHEN type ->> 'zone' IS NULL THEN to_jsonb(golden.stamp(golden.microseconds(type, v)))
            ELSE to_jsonb(golden.stamp(golden.microseconds(type, v)) AT TIME ZONE 'UTC') END;
    ELSE
        RETURN to_jsonb(golden.scalar(type, v));
    END IF;
END
$$;

-- a column's value as text, as golden.actual() makes it of what the table returns
CREATE FUNCTION golden.expected(type jsonb, v jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF v IS NULL OR v = 'null' THEN
        RETURN NULL;
    ELSIF golden.is_scalar(type) THEN
        RETURN golden.scalar(type, v);
    ELSIF golden.is_array(type) THEN
        RETURN (SELECT coalesce(array_agg(CASE WHEN e <> 'null' THEN golden.scalar(type -> 'item', e) END ORDER BY n), '{}')::text
                  FROM jsonb_array_elements(v) WITH ORDINALITY AS x(e, n));
    END IF;
    RETURN golden.nested(type, v)::text;
END
$$;
CREATE FUNCTION golden.actual(type jsonb, name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN golden.is_array(type) THEN format('%I::text[]::text', name) ELSE format('%I::text', name) END
$$;

CREATE TABLE golden.rows (n bigserial, id bigint, r jsonb);

-- one column: the first rows that differ, told apart by the first column of the table
CREATE FUNCTION golden.check_column(relation regclass, key text, name text, type jsonb, place int) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    wanted text[];
    got text[];
    ids bigint[];
BEGIN
    SELECT array_agg(golden.expected(type, rows.r -> place) ORDER BY rows.id), array_agg(rows.id ORDER BY rows.id)
      INTO wanted, ids FROM golden.rows;
    EXECUTE format('SELECT array_agg(%s ORDER BY %I) FROM %s', golden.actual(type, name), key, relation) INTO got;
    RETURN QUERY
        SELECT format('%s, row %s: wanted %s, got %s', name, ids[i], coalesce(left(wanted[i], 200), 'NULL'), coalesce(left(got[i], 200), 'NULL'))
          FROM generate_series(1, greatest(cardinality(wanted), cardinality(got))) AS i
         WHERE wanted[i] IS DISTINCT FROM got[i] LIMIT 3;
END
$$;

CREATE FUNCTION golden.check_snapshot(relation regclass, snapshot jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    fields jsonb := snapshot -> 'schema';
    wanted text;
    got text;
    place int;
    key text := fields -> 0 ->> 'name';
BEGIN
    TRUNCATE golden.rows RESTART IDENTITY;
    INSERT INTO golden.rows (id, r) SELECT (r ->> 0)::bigint, r FROM jsonb_array_elements(snapshot -> 'rows') AS r;
    ANALYZE golden.rows;

    SELECT string_agg((f ->> 'name') || ' ' || golden.pg_type(f -> 'type'), ', ' ORDER BY n) INTO wanted
      FROM jsonb_array_elements(fields) WITH ORDINALITY AS x(f, n);
    SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) INTO got
      FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped;
    IF wanted <> got THEN
        RETURN QUERY
            SELECT format('columns: wanted %s, got %s', w, g)
              FROM unnest(string_to_array(wanted, ', '), string_to_array(got, ', ')) AS x(w, g) WHERE w IS DISTINCT FROM g LIMIT 5;
    END IF;

    SELECT count(*) INTO wanted FROM golden.rows;
    EXECUTE format('SELECT count(*) FROM %s', relation) INTO got;
    IF wanted <> got THEN
        RETURN NEXT format('count(*): wanted %s, got %s', wanted, got);
    END IF;

    FOR place IN 0 .. jsonb_array_length(fields) - 1 LOOP
        BEGIN
            RETURN QUERY SELECT * FROM golden.check_column(relation, key, fields -> place ->> 'name', fields -> place -> 'type', place);
        EXCEPTION WHEN OTHERS THEN
            RETURN NEXT format('%s: %s (%s)', fields -> place ->> 'name', SQLERRM, SQLSTATE);
        END;
    END LOOP;
END
$$;

CREATE FUNCTION golden.check(server text, dataset text, file text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    snapshot jsonb;
    options text;
    relation text;
    line text;
BEGIN
    FOR snapshot IN SELECT jsonb_array_elements(pg_read_file(file)::jsonb -> 'snapshots') LOOP
        options := CASE
            WHEN snapshot ? 'tag' THEN format('tag %L', snapshot ->> 'tag')
            WHEN snapshot ? 'branch' THEN format('branch %L', snapshot ->> 'branch')
            ELSE format('version %L', snapshot ->> 'version') END;
        relation := format('golden.%I', left(dataset, 40) || ' ' || replace(options, '''', ''));
        BEGIN
            EXECUTE format('CREATE FOREIGN TABLE %s () SERVER %I OPTIONS (table %L, %s)', relation, server, dataset, options);
            FOR line IN SELECT golden.check_snapshot(relation::regclass, snapshot) LOOP
                RETURN NEXT format('%s %s: %s', dataset, options, line);
            END LOOP;
        EXCEPTION WHEN OTHERS THEN
            RETURN NEXT format('%s %s: %s (%s)', dataset, options, SQLERRM, SQLSTATE);
        END;
    END LOOP;
END
$$;
