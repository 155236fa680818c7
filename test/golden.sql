-- golden.sql -- compares foreign tables with the values that LanceDB itself returned for them.
--
-- golden.check(server, dataset, file) reads a JSON file as test/interop/arrow.mjs describes it, attaches each
-- snapshot in it (a version, tag or branch) and returns one line for each difference: column names and types,
-- number of rows, and every value of every column. Each column is asked for alone, so projections are tested too.

CREATE SCHEMA golden;

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

-- SQL for a scalar as text, as PostgreSQL prints the mapped type; x is SQL for the value as JSON's text
CREATE FUNCTION golden.scalar_sql(type jsonb, x text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    name text := type ->> 'name';
    -- finer units than microseconds are truncated towards the past
    microseconds text := format('floor(%s::numeric * %s)', x, CASE type ->> 'unit'
        WHEN 's' THEN '1000000' WHEN 'ms' THEN '1000' WHEN 'us' THEN '1' WHEN 'ns' THEN '0.001' END);
BEGIN
    RETURN CASE
        WHEN name = 'dictionary' THEN golden.scalar_sql(type -> 'item', x)
        WHEN name IN ('half', 'float') THEN x || '::real::text'
        WHEN name = 'double' THEN x || '::float8::text'
        WHEN name IN ('binary', 'large_binary', 'fixed_size_binary') THEN format('(''\x'' || %s)', x)
        WHEN name = 'date32' THEN format('(date ''1970-01-01'' + %s::int)::text', x)
        WHEN name = 'date64' THEN format('(date ''1970-01-01'' + floor(%s::numeric / 86400000)::int)::text', x)
        WHEN name IN ('time32', 'time64') THEN format('(time ''00:00'' + (%s || '' microseconds'')::interval)::text', microseconds)
        WHEN name = 'duration' THEN format('((%s || '' microseconds'')::interval)::text', microseconds)
        WHEN name = 'timestamp' AND type ->> 'zone' IS NULL THEN format('golden.stamp(%s)::text', microseconds)
        WHEN name = 'timestamp' THEN format('(golden.stamp(%s) AT TIME ZONE ''UTC'')::text', microseconds)
        ELSE x
    END;
END
$$;

-- SQL for a value inside jsonb; v is SQL for the value as jsonb, depth tells the names of the levels apart
CREATE FUNCTION golden.nested_sql(type jsonb, v text, depth int DEFAULT 0) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    name text := type ->> 'name';
    e text := 'e' || depth;
    x text := format('(%s #>> ''{}'')', v);
    present text;
BEGIN
    present := CASE
        WHEN name IN ('list', 'large_list', 'fixed_size_list') THEN
            format('(SELECT coalesce(jsonb_agg(%s ORDER BY n), ''[]'') FROM jsonb_array_elements(%s) WITH ORDINALITY AS x(%s, n))',
                   golden.nested_sql(type -> 'item', e, depth + 1), v, e)
        WHEN name = 'struct' THEN
            (SELECT format('jsonb_build_object(%s)', string_agg(format('%L, %s', f ->> 'name',
                           golden.nested_sql(f -> 'type', format('(%s -> %L)', v, f ->> 'name'), depth + 1)), ', '))
               FROM jsonb_array_elements(type -> 'fields') AS f)
        WHEN name = 'map' THEN
            format('(SELECT coalesce(jsonb_object_agg(%s, %s), ''{}'') FROM jsonb_array_elements(%s) AS %s)',
                   golden.scalar_sql(type -> 'key', format('(%s ->> 0)', e)),
                   golden.nested_sql(type -> 'value', format('(%s -> 1)', e), depth + 1), v, e)
        WHEN name = 'bool' THEN v
        WHEN name ~ '^u?int' THEN format('to_jsonb(%s::numeric)', x)
        WHEN name IN ('half', 'float') THEN format('to_jsonb(%s::real)', x)
        WHEN name = 'double' THEN format('to_jsonb(%s::float8)', x)
        WHEN name = 'timestamp' AND type ->> 'zone' IS NULL THEN format('to_jsonb((%s)::timestamp)', golden.scalar_sql(type, x))
        WHEN name = 'timestamp' THEN format('to_jsonb((%s)::timestamptz)', golden.scalar_sql(type, x))
        ELSE format('to_jsonb(%s)', golden.scalar_sql(type, x))
    END;
    RETURN format('CASE WHEN %1$s IS NULL OR %1$s = ''null'' THEN ''null''::jsonb ELSE %2$s END', v, present);
END
$$;

-- SQL for a column's value as text, made of the JSON in v, as golden.actual() makes it of what the table returns
CREATE FUNCTION golden.expected(type jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('CASE WHEN v <> ''null'' THEN %s END', CASE
        WHEN golden.is_array(type) THEN
            format('(SELECT coalesce(array_agg(%s ORDER BY n), ''{}'')::text FROM jsonb_array_elements_text(v) WITH ORDINALITY AS x(e, n))',
                   golden.scalar_sql(type -> 'item', 'e'))
        WHEN golden.is_scalar(type) THEN golden.scalar_sql(type, '(v #>> ''{}'')')
        ELSE format('(%s)::text', golden.nested_sql(type, 'v')) END)
$$;
CREATE FUNCTION golden.actual(type jsonb, name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN golden.is_array(type) THEN format('%I::text[]::text', name) ELSE format('%I::text', name) END
$$;

CREATE TABLE golden.cells (place int, id bigint, v jsonb);

-- one column: the first rows that differ, told apart by the first column of the table
CREATE FUNCTION golden.check_column(relation regclass, key text, name text, type jsonb, place int) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    wanted text[];
    got text[];
    ids bigint[];
BEGIN
    EXECUTE format('SELECT array_agg(%s ORDER BY id), array_agg(id ORDER BY id) FROM golden.cells WHERE place = %s', golden.expected(type), place)
       INTO wanted, ids;
    EXECUTE format('SELECT array_agg(%s ORDER BY %I) FROM %s', golden.actual(type, name), key, relation) INTO got;
    IF wanted IS DISTINCT FROM got THEN
        RETURN QUERY
            SELECT format('%s, row %s: wanted %s, got %s', name, id, coalesce(left(w, 200), 'NULL'), coalesce(left(g, 200), 'NULL'))
              FROM unnest(ids, wanted, got) AS x(id, w, g) WHERE w IS DISTINCT FROM g LIMIT 3;
    END IF;
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
    DROP INDEX IF EXISTS golden.cells_place;
    TRUNCATE golden.cells;
    INSERT INTO golden.cells (place, id, v)
        SELECT n - 1, (r ->> 0)::bigint, v FROM jsonb_array_elements(snapshot -> 'rows') AS r, jsonb_array_elements(r) WITH ORDINALITY AS x(v, n);
    CREATE INDEX cells_place ON golden.cells (place);
    ANALYZE golden.cells;

    SELECT string_agg((f ->> 'name') || ' ' || golden.pg_type(f -> 'type'), ', ' ORDER BY n) INTO wanted
      FROM jsonb_array_elements(fields) WITH ORDINALITY AS x(f, n);
    SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) INTO got
      FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped;
    IF wanted <> got THEN
        RETURN QUERY
            SELECT format('columns: wanted %s, got %s', w, g)
              FROM unnest(string_to_array(wanted, ', '), string_to_array(got, ', ')) AS x(w, g) WHERE w IS DISTINCT FROM g LIMIT 5;
    END IF;

    SELECT count(*) INTO wanted FROM golden.cells WHERE cells.place = 0;
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
