-- pushdown.sql -- which conditions the core evaluates, and which stay local.
\getenv data LANCEDB_TEST_DATA
SET client_min_messages = warning;
CREATE SCHEMA pushdown;
SET search_path = pushdown, public;
CREATE SERVER pushdown_lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
IMPORT FOREIGN SCHEMA public LIMIT TO (filters) FROM SERVER pushdown_lake INTO pushdown;

-- the two lists of a plan, without what differs between machines
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		-- PostgreSQL 17 names the plan that an initplan's value comes from
		line := regexp_replace(line, '\(InitPlan (\d+)\)\.col\d', '$0');
		IF line ~ 'Filter|Foreign Scan|Lance Count|Join|Loop' THEN RETURN NEXT line; END IF;
	END LOOP;
END $$;

-- numbers
SELECT plan_of('SELECT id FROM filters WHERE number = 1 AND small < 2::bigint AND 3 >= big AND price > 0.5');
SELECT plan_of('SELECT id FROM filters WHERE huge = 18446744073709551615 AND amount <> 1.5 AND half = ratio');
-- a cast that may round is not the column
SELECT plan_of('SELECT id FROM filters WHERE number = 1.5::float8');
-- text: equality under any deterministic collation, order under C alone
SELECT plan_of($q$SELECT id FROM filters WHERE word = 'a' AND word < 'b'$q$);
SELECT plan_of($q$SELECT id FROM filters WHERE word COLLATE "C" < 'b' AND kind IN ('a', 'b') AND word LIKE 'a%'$q$);
CREATE COLLATION pushdown.ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT plan_of($q$SELECT id FROM filters WHERE word = 'a' COLLATE ignore_case$q$);
SELECT plan_of($q$SELECT id FROM filters WHERE word ILIKE 'a%' OR word ~ 'b'$q$);
-- times
SELECT plan_of($q$SELECT id FROM filters WHERE day >= date '2024-02-29' AND moment < date '2024-03-01' AND instant <> timestamptz '2024-02-29 12:00+00' AND clock <= time '12:00'$q$);
-- the session's zone would decide
SELECT plan_of($q$SELECT id FROM filters WHERE moment < timestamptz '2024-03-01 00:00+00'$q$);
-- booleans
SELECT plan_of('SELECT id FROM filters WHERE flag');
SELECT plan_of('SELECT id FROM filters WHERE NOT flag');
SELECT plan_of('SELECT id FROM filters WHERE flag IS NOT TRUE AND flag IS NOT UNKNOWN');
-- lists of values
SELECT plan_of('SELECT id FROM filters WHERE number IN (1, 2, NULL) AND small <> ALL (ARRAY[1, 2]) AND big BETWEEN 1 AND 3');
-- null tests, also of what cannot be compared
SELECT plan_of('SELECT id FROM filters WHERE place IS NOT NULL AND extra IS NULL AND tags IS NOT NULL');
-- AND, OR, NOT; one part that is not the core's keeps all of an OR
SELECT plan_of('SELECT id FROM filters WHERE number = 1 OR (small = 2 AND NOT (big > 3 OR flag))');
SELECT plan_of('SELECT id FROM filters WHERE (number = 1 OR abs(small) = 2) AND big > 0');
SELECT plan_of('SELECT id FROM filters WHERE number IS DISTINCT FROM 1 AND NOT (small IS DISTINCT FROM 2)');
-- list columns
SELECT plan_of($q$SELECT id FROM filters WHERE tags @> ARRAY['a'] AND tags && ARRAY['b', 'c'] AND 'a' = ANY (tags)$q$);
SELECT plan_of($q$SELECT id FROM filters WHERE ARRAY['a'] <@ tags AND tags <@ ARRAY['a', 'b']$q$);
-- columns with each other
SELECT plan_of('SELECT id FROM filters WHERE number = number2 AND word = word2 AND price < ratio');
-- values that are known when the scan starts
SELECT plan_of('SELECT id FROM filters WHERE instant < now() AND number = (SELECT 1) AND small = random()');
-- nothing of it when it is switched off
SET lancedb.enable_pushdown = off;
SELECT plan_of('SELECT id FROM filters WHERE number = 1 AND flag');
SELECT plan_of('SELECT count(*) FROM filters');
RESET lancedb.enable_pushdown;

-- prepared statements, custom and generic plans alike
PREPARE by_number(int, text, int[]) AS SELECT id FROM filters WHERE number = $1 AND word = $2 AND small = ANY ($3) ORDER BY id;
SET plan_cache_mode = force_generic_plan;
SELECT plan_of($q$EXECUTE by_number(1, 'a', '{0,1,2,3}')$q$);
EXECUTE by_number(1, 'a', '{-3,-2,-1,0,1,2,3,100}');
EXECUTE by_number(2, 'ab', '{-3,-2,-1,0,1,2,3,100}');
EXECUTE by_number(NULL, 'ab', '{1}');
EXECUTE by_number(1, 'a', NULL);
EXECUTE by_number(1, 'a', '{}');
SET plan_cache_mode = force_custom_plan;
EXECUTE by_number(1, 'a', '{-3,-2,-1,0,1,2,3,100}');
RESET plan_cache_mode;
-- $1 IS NULL OR ... does not look at the rest
PREPARE optional(int) AS SELECT count(*) FROM filters WHERE $1 IS NULL OR number = 10 / $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE optional(NULL);
EXECUTE optional(5);
EXECUTE optional(0);
RESET plan_cache_mode;
PREPARE pattern(text) AS SELECT count(*) FROM filters WHERE word LIKE $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE pattern('a%');
EXECUTE pattern(E'a\\\\');
EXECUTE pattern(E'a\\');
RESET plan_cache_mode;

-- numbers beyond the column's range and between its values
SELECT count(*) FILTER (WHERE amount > 1.495) AS above, count(*) AS within FROM filters WHERE amount > 1.495 AND amount <= 1e30;
SELECT count(*) FROM filters WHERE huge < 1e40 AND huge > -1e40 AND huge <> 'NaN';
SELECT count(*) FROM filters WHERE amount = 1.505;
SELECT count(*) FROM filters WHERE day < timestamp '2024-02-29 00:00:00.000001' AND day >= timestamp '2024-02-28 23:59:59';

-- integers beside numeric constants, which the parser casts
SELECT plan_of('SELECT id FROM filters WHERE small > 0.5 AND 2.5 >= number AND small IN (1.0, 1.5, 2) AND number BETWEEN -1e30 AND 1e30');
SELECT count(*) FROM filters WHERE small > 0.5 AND small < 2.5;
SELECT count(*) FROM filters WHERE small > 0 AND small <= 2;
SELECT count(*) FROM filters WHERE small = 1.5 OR small > 'NaN'::numeric OR number < -1e30;
SELECT plan_of('SELECT id FROM filters WHERE small::numeric(5, 1) = 1.5');

-- a security barrier: what a leaky condition could tell stays behind it
CREATE VIEW guarded WITH (security_barrier) AS SELECT * FROM filters WHERE abs(number) = 1;
CREATE FUNCTION leak(int) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$;
SELECT plan_of('SELECT id FROM guarded WHERE leak(number) AND small = 1');
SELECT plan_of($q$SELECT id FROM guarded WHERE word LIKE 'a%' AND number = 1$q$);
CREATE VIEW guarded_pushed WITH (security_barrier) AS SELECT * FROM filters WHERE flag;
SELECT plan_of($q$SELECT id FROM guarded_pushed WHERE word LIKE 'a%'$q$);
SELECT count(*) FROM guarded WHERE word LIKE 'a%';

-- columns under other names, types and typmods
CREATE FOREIGN TABLE renamed (n bigint OPTIONS (column_name 'number'), w varchar(10) OPTIONS (column_name 'word'), a numeric OPTIONS (column_name 'amount'),
	d numeric OPTIONS (column_name 'small'), f double precision OPTIONS (column_name 'ratio')) SERVER pushdown_lake OPTIONS (table 'filters');
SELECT plan_of($q$SELECT * FROM renamed WHERE n > 1 AND w = 'a' AND a <= 1.5 AND d > 0.5 AND f < 0.1$q$);
SELECT count(*) FROM renamed WHERE d > 0.5 AND d <= 2;
SELECT count(*) FROM renamed WHERE w IN ('a', 'ab');
SELECT count(*) FROM filters WHERE small IN (1, 2);
SELECT count(*) FROM filters WHERE word IN ('a', 'ab');

DROP SCHEMA pushdown CASCADE;
DROP SERVER pushdown_lake CASCADE;
