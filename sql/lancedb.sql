/* lancedb.sql -- what CREATE EXTENSION lancedb makes. */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION lancedb" to load this file. \quit

CREATE SCHEMA lancedb;
GRANT USAGE ON SCHEMA lancedb TO PUBLIC;

--
-- the foreign-data wrapper
--
CREATE FUNCTION lancedb.fdw_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME', 'lancedb_fdw_handler' LANGUAGE C STRICT;
CREATE FUNCTION lancedb.fdw_validator(options text[], catalog oid) RETURNS void
	AS 'MODULE_PATHNAME', 'lancedb_fdw_validator' LANGUAGE C STRICT;
CREATE FOREIGN DATA WRAPPER lancedb_fdw
	HANDLER lancedb.fdw_handler VALIDATOR lancedb.fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER lancedb_fdw IS 'Lance tables in a folder';

--
-- CREATE FOREIGN TABLE t () SERVER s infers the columns. An event trigger, because it works in
-- sessions that have not loaded the library yet.
--
CREATE FUNCTION lancedb.infer_columns() RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'lancedb_infer_columns' LANGUAGE C;
CREATE EVENT TRIGGER lancedb_infer_columns ON ddl_command_end
	WHEN TAG IN ('CREATE FOREIGN TABLE') EXECUTE FUNCTION lancedb.infer_columns();
ALTER EVENT TRIGGER lancedb_infer_columns ENABLE ALWAYS;

-- With columns it makes the dataset, or checks the columns of the one that is there.
CREATE FUNCTION lancedb.create_dataset() RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'lancedb_create_dataset' LANGUAGE C;
CREATE EVENT TRIGGER lancedb_create_dataset ON ddl_command_end
	WHEN TAG IN ('CREATE FOREIGN TABLE') EXECUTE FUNCTION lancedb.create_dataset();
ALTER EVENT TRIGGER lancedb_create_dataset ENABLE ALWAYS;

--
-- what there is to know about a Lance table
--
CREATE FUNCTION lancedb.version() RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'lancedb');
COMMENT ON FUNCTION lancedb.version() IS 'version of the lancedb extension';

CREATE FUNCTION lancedb.versions(relation regclass,
		OUT version bigint, OUT committed_at timestamptz, OUT operation text,
		OUT "rows" bigint, OUT fragments bigint, OUT tags text[])
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'lancedb_versions' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION lancedb.versions(regclass) IS 'versions of a Lance table that can still be read';

CREATE FUNCTION lancedb.tags(relation regclass,
		OUT tag text, OUT branch text, OUT version bigint)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'lancedb_tags' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION lancedb.tags(regclass) IS 'tags of a Lance table';

CREATE FUNCTION lancedb.fragments(relation regclass,
		OUT fragment_id bigint, OUT physical_rows bigint, OUT deleted_rows bigint,
		OUT data_files bigint, OUT bytes bigint)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'lancedb_fragments' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION lancedb.fragments(regclass) IS 'fragments of the version that a query would read';

--
-- transactions: which versions were made by commits of this database
--
CREATE TABLE lancedb.installation (
	id uuid NOT NULL
);
COMMENT ON TABLE lancedb.installation IS 'tells this installation of the extension from copies of the database';
INSERT INTO lancedb.installation VALUES (pg_catalog.gen_random_uuid());
REVOKE ALL ON lancedb.installation FROM PUBLIC;

CREATE TABLE lancedb.commits (
	id uuid CONSTRAINT commits_pkey PRIMARY KEY,
	uri text NOT NULL,
	version bigint NOT NULL,
	relation oid NOT NULL,
	committed_by name NOT NULL,
	committed_at timestamptz NOT NULL,
	rows_added bigint,
	rows_deleted bigint,
	resolution text
);
COMMENT ON TABLE lancedb.commits IS 'versions of Lance tables that committed transactions of this database made';
REVOKE ALL ON lancedb.commits FROM PUBLIC;

CREATE FUNCTION lancedb.unresolved_versions(
		OUT relation regclass, OUT version bigint, OUT committed_at timestamptz, OUT operation text,
		OUT commit_id uuid)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'lancedb_unresolved_versions' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION lancedb.unresolved_versions() IS 'what the view lancedb.unresolved shows';

CREATE VIEW lancedb.unresolved AS SELECT * FROM lancedb.unresolved_versions();
COMMENT ON VIEW lancedb.unresolved IS 'versions of Lance tables that this database made and whose transaction did not commit';
GRANT SELECT ON lancedb.unresolved TO PUBLIC;

CREATE FUNCTION lancedb.resolve(relation regclass, version bigint, decision text,
		OUT new_version bigint, OUT rows_removed bigint, OUT rows_lost bigint)
	RETURNS record
	AS 'MODULE_PATHNAME', 'lancedb_resolve' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION lancedb.resolve(regclass, bigint, text) IS 'keeps or withdraws a version that lancedb.unresolved lists';

-- changes that are no rows
--
CREATE FUNCTION lancedb.before_alter() RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'lancedb_before_alter' LANGUAGE C;
CREATE FUNCTION lancedb.after_alter() RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'lancedb_after_alter' LANGUAGE C;
CREATE EVENT TRIGGER lancedb_before_alter ON ddl_command_start
	WHEN TAG IN ('ALTER FOREIGN TABLE', 'ALTER TABLE') EXECUTE FUNCTION lancedb.before_alter();
CREATE EVENT TRIGGER lancedb_after_alter ON ddl_command_end
	WHEN TAG IN ('ALTER FOREIGN TABLE', 'ALTER TABLE') EXECUTE FUNCTION lancedb.after_alter();
ALTER EVENT TRIGGER lancedb_before_alter ENABLE ALWAYS;
ALTER EVENT TRIGGER lancedb_after_alter ENABLE ALWAYS;

CREATE FUNCTION lancedb.drop_dataset(server name, table_name text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'lancedb_drop_dataset' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION lancedb.drop_dataset(name, text) IS
	'deletes a Lance table with all its versions, at once; returns how many files there were';

CREATE FUNCTION lancedb.refresh(relation regclass) RETURNS text[]
	AS 'MODULE_PATHNAME', 'lancedb_refresh' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION lancedb.refresh(regclass) IS
	'declares columns that were added to a Lance table elsewhere; returns their names';

CREATE FUNCTION lancedb.restore(relation regclass, version bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'lancedb_restore_version' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION lancedb.restore(regclass, bigint) IS
	'makes an earlier version the newest, when the transaction commits; returns its number of rows';
CREATE FUNCTION lancedb.restore(relation regclass, tag text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'lancedb_restore_tag' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION lancedb.restore(regclass, text) IS
	'makes the version with a tag the newest, when the transaction commits; returns its number of rows';

CREATE FUNCTION lancedb.tag_create(relation regclass, tag text, version bigint DEFAULT NULL)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'lancedb_tag_create' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION lancedb.tag_create(regclass, text, bigint) IS
	'gives a version of a Lance table, the newest unless told, a name; at once, whatever the transaction does';
CREATE FUNCTION lancedb.tag_drop(relation regclass, tag text) RETURNS void
	AS 'MODULE_PATHNAME', 'lancedb_tag_drop' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION lancedb.tag_drop(regclass, text) IS
	'takes a tag away; at once, whatever the transaction does';

-- Vector distance on real[]: in the extension's own schema, so that operators are found without
-- a prefix. Values are pgvector's. Both vectors must have one dimension count and no NULL element.

CREATE FUNCTION lance_l2_distance(real[], real[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'lancedb_l2_distance'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION lance_l2_distance(real[], real[]) IS
    'Euclidean distance: square root of the sum of squared differences';

CREATE FUNCTION lance_inner_product(real[], real[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'lancedb_inner_product'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION lance_inner_product(real[], real[]) IS 'inner product';

CREATE FUNCTION lance_negative_inner_product(real[], real[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'lancedb_negative_inner_product'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION lance_negative_inner_product(real[], real[]) IS
    'inner product, negated so that the nearest come first in ascending order';

CREATE FUNCTION lance_cosine_distance(real[], real[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'lancedb_cosine_distance'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION lance_cosine_distance(real[], real[]) IS
    'one minus cosine similarity, 0 to 2; NaN when a vector is zero';

CREATE FUNCTION lance_l1_distance(real[], real[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'lancedb_l1_distance'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION lance_l1_distance(real[], real[]) IS
    'taxicab distance: sum of absolute differences';

CREATE OPERATOR <-> (
    LEFTARG = real[], RIGHTARG = real[], FUNCTION = lance_l2_distance, COMMUTATOR = '<->');
COMMENT ON OPERATOR <-> (real[], real[]) IS 'Euclidean distance';

CREATE OPERATOR <#> (
    LEFTARG = real[], RIGHTARG = real[], FUNCTION = lance_negative_inner_product,
    COMMUTATOR = '<#>');
COMMENT ON OPERATOR <#> (real[], real[]) IS 'negative inner product';

CREATE OPERATOR <=> (
    LEFTARG = real[], RIGHTARG = real[], FUNCTION = lance_cosine_distance, COMMUTATOR = '<=>');
COMMENT ON OPERATOR <=> (real[], real[]) IS 'cosine distance';

CREATE OPERATOR <+> (
    LEFTARG = real[], RIGHTARG = real[], FUNCTION = lance_l1_distance, COMMUTATOR = '<+>');
COMMENT ON OPERATOR <+> (real[], real[]) IS 'taxicab (L1) distance';

--
-- unique keys of Lance tables: CREATE UNIQUE INDEX makes an index of this access method, which has
-- no content of its own. Any type may be named; which ones can be a key depends on the Lance column.
--
CREATE FUNCTION lancedb.key_handler(internal) RETURNS index_am_handler
	AS 'MODULE_PATHNAME', 'lancedb_key_handler' LANGUAGE C STRICT;
CREATE ACCESS METHOD lance_key TYPE INDEX HANDLER lancedb.key_handler;
COMMENT ON ACCESS METHOD lance_key IS 'unique keys of Lance tables';
CREATE OPERATOR CLASS lance_key_ops DEFAULT FOR TYPE anyelement USING lance_key AS
	STORAGE anyelement;

-- The server refuses CREATE INDEX on a foreign table before it looks at the access method, so the
-- library has to be there before. An event trigger says so in sessions where it is not.
CREATE FUNCTION lancedb.explain_create_index() RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'lancedb_explain_create_index' LANGUAGE C;
CREATE EVENT TRIGGER lancedb_explain_create_index ON ddl_command_start
	WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION lancedb.explain_create_index();
ALTER EVENT TRIGGER lancedb_explain_create_index ENABLE ALWAYS;

CREATE FUNCTION lancedb.warn_unless_preloaded() RETURNS void
	AS 'MODULE_PATHNAME', 'lancedb_warn_unless_preloaded' LANGUAGE C;
SELECT lancedb.warn_unless_preloaded();
DROP FUNCTION lancedb.warn_unless_preloaded();
