-- Distance operators on real[]: values, and what is refused.
\set VERBOSITY default
SELECT '{1,2,3}'::real[] <-> '{4,6,3}' AS l2,
       '{1,2,3}'::real[] <#> '{4,6,3}' AS negative_inner_product,
       '{1,2,3}'::real[] <+> '{4,6,3}' AS l1,
       round(('{1,0}'::real[] <=> '{1,1}')::numeric, 6) AS cosine;
SELECT lance_inner_product('{1,2,3}', '{4,6,3}') AS inner_product,
       lance_l2_distance('{1,2,3}', '{4,6,3}') AS l2,
       lance_l1_distance('{1,2,3}', '{4,6,3}') AS l1,
       lance_negative_inner_product('{1,2,3}', '{4,6,3}') AS negative,
       round(lance_cosine_distance('{1,2}', '{2,4}')::numeric, 6) AS same_direction,
       round(lance_cosine_distance('{1,2}', '{-1,-2}')::numeric, 6) AS opposite;
-- integer and numeric array literals become real[]
SELECT '{1,2}'::real[] <-> ARRAY[4, 6] AS integers, '{1,2}'::real[] <-> ARRAY[4.0, 6.0] AS numerics;
-- a zero vector has no direction; infinities and NaN go through
SELECT '{0,0}'::real[] <=> '{1,1}' AS zero, '{Infinity,0}'::real[] <-> '{0,0}' AS infinite,
       '{NaN,0}'::real[] <-> '{0,0}' AS nan, '{}'::real[] <-> '{}' AS empty;
SELECT NULL::real[] <-> '{1}' AS null_left, '{1}'::real[] <=> NULL AS null_right;
-- both sizes are named
SELECT '{1,2,3}'::real[] <-> '{1,2}';
SELECT '{1,2,3}'::real[] <=> '{}';
SELECT '{1,NULL}'::real[] <-> '{1,2}';
SELECT '{{1,2},{3,4}}'::real[] <#> '{1,2,3,4}';
-- a slice with other bounds is a vector too
SELECT '[5:6]={3,4}'::real[] <-> '{0,0}' AS bounds;
-- long vectors, against sums in SQL
WITH v AS (
    SELECT n, array_agg(sin(i * 0.7)::real ORDER BY i) AS a, array_agg(cos(i * 1.3)::real ORDER BY i) AS b
    FROM generate_series(1, 70) n, generate_series(1, n) i GROUP BY n),
s AS (
    SELECT n, a, b, sum((x - y) * (x - y)) AS squares, sum(x * y) AS product,
           sum(abs(x - y)) AS differences, sum(x * x) AS aa, sum(y * y) AS bb
    FROM v, unnest(a::float8[], b::float8[]) AS u(x, y) GROUP BY n, a, b)
SELECT count(*),
       bool_and(abs((a <-> b) - sqrt(squares)) < 1e-5) AS l2,
       bool_and(abs((a <#> b) + product) < 1e-5) AS dot,
       bool_and(abs((a <+> b) - differences) < 1e-4) AS l1,
       bool_and(abs((a <=> b) - (1 - product / sqrt(aa * bb))) < 1e-5) AS cosine
FROM s;
