-- constraints.sql -- constraints, defaults and generated columns of Lance tables, next to a heap table that has the same.
\getenv data LANCEDB_TEST_DATA
\set folder :data /constraints
\! mkdir "$LANCEDB_TEST_DATA/constraints" && cp -r "$LANCEDB_TEST_DATA/fragments.lance" "$LANCEDB_TEST_DATA/constraints/items.lance"
SET client_min_messages = warning;
CREATE SCHEMA lance_constraints;
CREATE SCHEMA heap_constraints;
CREATE SERVER constraints_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'folder');
IMPORT FOREIGN SCHEMA public FROM SERVER constraints_lake INTO lance_constraints;
CREATE TABLE heap_constraints.items AS SELECT * FROM lance_constraints.items;

-- what differs between the Lance table and the heap table
CREATE VIEW public.constraints_differences AS
	(SELECT 'lance' AS "only in", i::text FROM lance_constraints.items i EXCEPT ALL SELECT 'lance', i::text FROM heap_constraints.items i) UNION ALL
	(SELECT 'heap', i::text FROM heap_constraints.items i EXCEPT ALL SELECT 'heap', i::text FROM lance_constraints.items i);
-- runs a statement on the Lance table and on the heap table
CREATE FUNCTION public.constraints_both(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	lance bigint;
	heap bigint;
	differences bigint;
BEGIN
	PERFORM set_config('search_path', 'lance_constraints, public', true);
	EXECUTE statement;
	GET DIAGNOSTICS lance = ROW_COUNT;
	PERFORM set_config('search_path', 'heap_constraints, public', true);
	EXECUTE statement;
	GET DIAGNOSTICS heap = ROW_COUNT;
	SELECT count(*) INTO differences FROM constraints_differences;
	RETURN format('%s rows', lance) || CASE WHEN lance <> heap THEN format(', heap %s', heap) ELSE '' END ||
		CASE WHEN differences > 0 THEN format(', %s DIFFERENCES', differences) ELSE ', same' END;
END $$;
-- whether it fails on both alike
CREATE FUNCTION public.constraints_fails(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	errors text[];
	place text;
BEGIN
	FOREACH place IN ARRAY ARRAY['lance_constraints', 'heap_constraints'] LOOP
		BEGIN
			PERFORM set_config('search_path', place || ', public', true);
			EXECUTE statement;
			errors := errors || 'no error'::text;
		EXCEPTION WHEN OTHERS THEN
			errors := errors || (SQLSTATE || ' ' || SQLERRM);
		END;
	END LOOP;
	RETURN errors[1] || CASE WHEN errors[1] <> errors[2] THEN ', heap: ' || errors[2] ELSE '' END;
END $$;
SET search_path = lance_constraints, public;

ALTER FOREIGN TABLE items ALTER id SET NOT NULL, ALTER title SET DEFAULT 'no title', ADD CONSTRAINT small CHECK (category < 1000 AND category >= 0), ADD CONSTRAINT known CHECK (title <> 'forbidden') NOT VALID;
ALTER TABLE heap_constraints.items ALTER id SET NOT NULL, ALTER title SET DEFAULT 'no title', ADD CONSTRAINT small CHECK (category < 1000 AND category >= 0), ADD CONSTRAINT known CHECK (title <> 'forbidden') NOT VALID;
SELECT constraints_both($$INSERT INTO items (id) VALUES (2001)$$);
SELECT constraints_both($$INSERT INTO items VALUES (2002, NULL, DEFAULT, NULL)$$);
SELECT constraints_fails($$INSERT INTO items (title) VALUES ('x')$$);
SELECT constraints_fails($$INSERT INTO items (id, category) VALUES (1, 1000)$$);
SELECT constraints_fails($$INSERT INTO items SELECT g, 1001 - g FROM generate_series(1, 10) g$$);
SELECT constraints_fails($$UPDATE items SET id = NULL WHERE id = 3$$);
SELECT constraints_fails($$UPDATE items SET category = category - 100 WHERE id = 3$$);
SELECT constraints_fails($$UPDATE items SET title = 'forbidden'$$);
SELECT constraints_both($$UPDATE items SET title = DEFAULT WHERE id = 3$$);
INSERT INTO items VALUES (NULL, 1, 'x', '{1,2,3,4,5,6,7,8}');
SELECT * FROM constraints_differences;

-- generated columns
CREATE FOREIGN TABLE made (id int, category smallint GENERATED ALWAYS AS (id % 100) STORED, title text GENERATED ALWAYS AS ('made ' || id) STORED) SERVER constraints_lake OPTIONS (table 'items');
INSERT INTO made (id) VALUES (3001), (3002);
INSERT INTO made VALUES (3003, DEFAULT, DEFAULT) RETURNING *;
INSERT INTO made VALUES (3003, 1, DEFAULT);
UPDATE made SET id = id + 10 WHERE id > 3000 RETURNING *;
SELECT * FROM made WHERE id > 3000 ORDER BY id;
INSERT INTO heap_constraints.items SELECT id, id % 100, 'made ' || id FROM generate_series(3011, 3013) id;

-- identity columns and domains
CREATE DOMAIN even AS int CHECK (VALUE % 2 = 0);
CREATE FOREIGN TABLE evens (id even, title text) SERVER constraints_lake OPTIONS (table 'items');
INSERT INTO evens VALUES (4001, 'odd');
INSERT INTO evens VALUES (4002, 'even');
INSERT INTO heap_constraints.items VALUES (4002, NULL, 'even', NULL);
CREATE SEQUENCE ids START 5001;
CREATE FOREIGN TABLE numbered (id int DEFAULT nextval('ids'), title text) SERVER constraints_lake OPTIONS (table 'items');
INSERT INTO numbered (title) VALUES ('n1'), ('n2') RETURNING *;
INSERT INTO heap_constraints.items VALUES (5001, NULL, 'n1', NULL), (5002, NULL, 'n2', NULL);
SELECT * FROM constraints_differences;

-- views
CREATE VIEW low AS SELECT id, category, title FROM items WHERE category < 10 WITH CHECK OPTION;
INSERT INTO low VALUES (6001, 9, 'low');
INSERT INTO low VALUES (6002, 10, 'not low');
UPDATE low SET category = 10 WHERE id = 6001;
UPDATE low SET category = 8 WHERE id = 6001 RETURNING *;
DELETE FROM low WHERE id = 6001 RETURNING *;
CREATE VIEW both_tables AS SELECT i.id, i.title, h.title AS heap_title FROM items i JOIN heap_constraints.items h USING (id);
CREATE FUNCTION public.change_both() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE items SET title = NEW.title WHERE id = OLD.id;
	UPDATE heap_constraints.items SET title = NEW.title WHERE id = OLD.id;
	RETURN NEW;
END $$;
CREATE TRIGGER change INSTEAD OF UPDATE ON both_tables FOR EACH ROW EXECUTE FUNCTION change_both();
UPDATE both_tables SET title = 'through the view' WHERE id < 20;
CREATE RULE no_delete AS ON DELETE TO low DO INSTEAD NOTHING;
DELETE FROM low;
SELECT * FROM constraints_differences;

-- values that the Lance column cannot hold
INSERT INTO items (id, v) VALUES (1, '{1,2,3}');
INSERT INTO items (id, v) VALUES (1, '{1,2,3,4,5,6,7,NaN}');
INSERT INTO items (id, v) VALUES (1, '{1,2,3,4,5,6,7,Infinity}');
INSERT INTO items (id, v) VALUES (1, '{1,2,3,4,5,6,7,NULL}');
CREATE FOREIGN TABLE wide (id bigint, category int, title varchar(5)) SERVER constraints_lake OPTIONS (table 'items');
INSERT INTO wide VALUES (9223372036854775807, 1, 'x');
INSERT INTO wide VALUES (1, 32768, 'x');
INSERT INTO wide VALUES (1, 1, 'too long');
SELECT * FROM constraints_differences;

SET client_min_messages = warning;
RESET search_path;
DROP SERVER constraints_lake CASCADE;
DROP SCHEMA lance_constraints, heap_constraints CASCADE;
DROP FUNCTION constraints_both, constraints_fails, change_both CASCADE;
\! rm -rf "$LANCEDB_TEST_DATA/constraints"
