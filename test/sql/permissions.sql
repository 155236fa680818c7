-- who may point where: everything here is tried by a role without privileges
\getenv data LANCEDB_TEST_DATA
\set SHOW_CONTEXT never
\set scratch :data '/permissions'
\setenv scratch :scratch
\pset format unaligned
\pset tuples_only on
SELECT current_setting('data_directory') AS data_directory \gset
\setenv data_directory :data_directory
\! rm -rf "$scratch"; mkdir -p "$scratch/root" "$scratch/other"; cp -r "$LANCEDB_TEST_DATA/packages_small.lance" "$scratch/root/inside.lance"; cp -r "$LANCEDB_TEST_DATA/packages_small.lance" "$scratch/other/outside.lance"
\set root :scratch '/root'
\set other :scratch '/other'

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

CREATE ROLE regress_lance_user;
CREATE ROLE regress_lance_reader IN ROLE pg_read_server_files;
CREATE SCHEMA regress_lance AUTHORIZATION regress_lance_user;
GRANT USAGE ON FOREIGN DATA WRAPPER lancedb_fdw TO regress_lance_user, regress_lance_reader;
CREATE SERVER granted FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'root');
GRANT USAGE ON FOREIGN SERVER granted TO regress_lance_user, regress_lance_reader;
SET search_path = regress_lance, public;

-- local folders are chosen by those who may read files of the server anyway
SET ROLE regress_lance_user;
SELECT error_of(format('CREATE SERVER mine FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri %L)', :'other'), :'data');
SELECT error_of(format('CREATE SERVER mine FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri %L)', 'file://' || :'other'), :'data');
CREATE SERVER mine FOREIGN DATA WRAPPER lancedb_fdw;
SELECT error_of(format('ALTER SERVER mine OPTIONS (ADD uri %L)', :'other'), :'data');
SELECT error_of(format('ALTER SERVER mine OPTIONS (ADD allowed_base_paths %L)', :'other'), :'data');
SELECT error_of(format('CREATE FOREIGN TABLE f (id bigint) SERVER mine OPTIONS (uri %L)', :'other' || '/outside.lance'), :'data');
SELECT error_of(format('CREATE FOREIGN TABLE f (id bigint) SERVER granted OPTIONS (uri %L)', :'root' || '/inside.lance'), :'data');
CREATE FOREIGN TABLE nowhere (id bigint) SERVER mine OPTIONS (create 'never');
SELECT error_of('EXPLAIN SELECT * FROM nowhere', :'data');
SELECT error_of('IMPORT FOREIGN SCHEMA public FROM SERVER mine INTO regress_lance', :'data');

-- a granted server shows its own folder and nothing else
CREATE FOREIGN TABLE inside () SERVER granted;
SELECT count(*) FROM inside;
SELECT error_of('ALTER SERVER granted OPTIONS (SET uri ''/'')', :'data');
CREATE FOREIGN TABLE "../other/outside" (id bigint) SERVER granted OPTIONS (create 'never');
SELECT error_of('EXPLAIN SELECT * FROM "../other/outside"', :'data');
SELECT error_of('CREATE FOREIGN TABLE f (id bigint) SERVER granted OPTIONS (table ''../other/outside'')', :'data');
CREATE FOREIGN TABLE tag_out (id bigint) SERVER granted OPTIONS (table 'inside', tag '../../../../other/tag', create 'never');
SELECT error_of('EXPLAIN SELECT * FROM tag_out', :'data');
CREATE FOREIGN TABLE branch_out (id bigint) SERVER granted OPTIONS (table 'inside', branch '../../other/outside.lance', create 'never');
SELECT error_of('EXPLAIN SELECT * FROM branch_out', :'data');

-- a reader of files may choose the folder, but a table still stays below its server's
SET ROLE regress_lance_reader;
CREATE SERVER readers FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'root');
SELECT error_of(format('ALTER SERVER readers OPTIONS (ADD allowed_base_paths %L)', :'other'), :'data');
SELECT error_of(format('CREATE SERVER inner_server FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri %L)', :'data_directory'), :'data_directory');
RESET ROLE;
GRANT ALL ON SCHEMA regress_lance TO regress_lance_reader;
SET ROLE regress_lance_reader;
SELECT error_of(format('CREATE FOREIGN TABLE outside (id bigint) SERVER readers OPTIONS (uri %L, create ''never'')', :'other' || '/outside.lance'), :'data');
SELECT error_of('EXPLAIN SELECT * FROM outside', :'data');
SELECT error_of(format('CREATE FOREIGN TABLE up (id bigint) SERVER readers OPTIONS (uri %L)', :'root' || '/../other/outside.lance'), :'data');

-- allowed_base_paths opens other folders, when a superuser says so
RESET ROLE;
SELECT error_of(format('ALTER SERVER readers OPTIONS (ADD allowed_base_paths %L)', :'other'), :'data');
SET ROLE regress_lance_reader;
SELECT count(*) FROM outside;
SELECT error_of(format('ALTER SERVER readers OPTIONS (SET uri %L)', :'other'), :'data');

-- links that lead out of the folder, of every kind
RESET ROLE;
\! ln -s ../other/outside.lance "$scratch/root/link.lance"
\! cp -r "$scratch/root/inside.lance" "$scratch/root/versions_link.lance"; mv "$scratch/root/versions_link.lance/_versions" "$scratch/other/versions"; ln -s ../../other/versions "$scratch/root/versions_link.lance/_versions"
\! cp -r "$scratch/root/inside.lance" "$scratch/root/data_link.lance"; rm -r "$scratch/root/data_link.lance/data"; ln -s ../../other/outside.lance/data "$scratch/root/data_link.lance/data"
\! cp -r "$scratch/root/inside.lance" "$scratch/root/file_link.lance"; cd "$scratch/root/file_link.lance/data" && for f in *; do ln -sf "$scratch/other/outside.lance/data/$f" "$f"; done
SET ROLE regress_lance_user;
CREATE FOREIGN TABLE link (id bigint) SERVER granted OPTIONS (create 'never');
CREATE FOREIGN TABLE versions_link (id bigint) SERVER granted OPTIONS (create 'never');
CREATE FOREIGN TABLE data_link (id bigint) SERVER granted;
CREATE FOREIGN TABLE file_link (id bigint) SERVER granted;
SELECT name, split_part(error_of('SELECT sum(id) FROM ' || name, :'data'), ' ', 1)
FROM unnest('{link,versions_link,data_link,file_link}'::text[]) AS name;

-- a clone names the folder that it was cloned from, which this server may not touch
RESET ROLE;
\! cp -r "$LANCEDB_TEST_DATA/refs_clone.lance" "$scratch/root"
SET ROLE regress_lance_user;
CREATE FOREIGN TABLE refs_clone (id int) SERVER granted OPTIONS (create 'never');
SELECT error_of('SELECT * FROM refs_clone', :'data');

-- a folder that becomes a link into the data directory after its server was made
RESET ROLE;
\! mkdir "$scratch/later"
SELECT error_of(format('CREATE SERVER later FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri %L)', :'scratch' || '/later'), :'data');
\! rmdir "$scratch/later"; ln -s "$data_directory" "$scratch/later"
CREATE FOREIGN TABLE in_data_directory (id bigint) SERVER later OPTIONS (create 'never');
SELECT error_of('SELECT * FROM in_data_directory', :'data');
SELECT error_of(format('CREATE SERVER later_still FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri %L)', :'scratch' || '/later/base'), :'data');

-- reading a table, and functions that look into it, need SELECT on it
CREATE FOREIGN TABLE regress_lance.secret (id bigint) SERVER granted OPTIONS (table 'inside');
SET ROLE regress_lance_user;
SELECT error_of(command, :'data') FROM (VALUES ('SELECT count(*) FROM secret'),
	('SELECT * FROM lancedb.versions(''secret'')'), ('SELECT * FROM lancedb.tags(''secret'')'),
	('SELECT * FROM lancedb.fragments(''secret'')')) AS c (command);
RESET ROLE;
GRANT SELECT ON regress_lance.secret TO regress_lance_user;
SET ROLE regress_lance_user;
SELECT count(*) FROM secret;
SELECT version, rows, fragments, tags FROM lancedb.versions('secret');
SELECT error_of('SELECT * FROM lancedb.versions(''pg_catalog.pg_class'')', :'data');
SELECT error_of('SELECT * FROM lancedb.fragments(''pg_catalog.pg_authid'')', :'data');

RESET ROLE;
\set VERBOSITY terse
SET client_min_messages = warning;
DROP OWNED BY regress_lance_user, regress_lance_reader CASCADE;
DROP SERVER granted CASCADE;
DROP SERVER later CASCADE;
DROP ROLE regress_lance_user, regress_lance_reader;
DROP FUNCTION public.error_of;
\! rm -rf "$scratch"
