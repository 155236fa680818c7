# filters.pl -- random conditions find the same rows in a Lance table and in a heap copy of it.
#
# LANCEDB_SEED and LANCEDB_CONDITIONS (how many, per database) repeat a failing run or make a longer one.
use strict;
use warnings;
use Test::More;

my $data = $ENV{LANCEDB_TEST_DATA} or die 'run this with: make installcheck TESTS=filters';
my $seed = $ENV{LANCEDB_SEED} // 20240229;
my $conditions = $ENV{LANCEDB_CONDITIONS} // 2000;

# The same numbers on every machine and for every Perl.
my $state = $seed;
sub number
{
	my ($below) = @_;
	$state = ($state * 1103515245 + 12345) & 0x7fffffff;
	return ($state >> 8) % $below;
}
sub pick { return $_[number(scalar @_)]; }
sub some { my ($most, @of) = @_; return map { pick(@of) } 0 .. number($most); }

my @integers = qw(-3 -2 -1 0 1 2 3 100 32767 2147483647);
my @typed_integers = ((map { "'$_'::int2" } qw(-1 0 2)), (map { "'$_'::int8" } qw(-1 1 3 2147483647 9223372036854775807)), (map { "'$_'::int4" } qw(-2 0 1)));
my @numerics = qw(1.5 -0.5 2.0);
my @floats = ((map { "'$_'::float8" } qw(0 -0 0.5 0.1 NaN Infinity -Infinity 1e30 1e300)), (map { "'$_'::float4" } qw(0 0.1 -0.5 NaN 3)), '0.5', '3');
my @exact = (qw(0 1 1.5 -1.5 1.50 -0.01 -0.005 1.4999 12345678.9 18446744073709551615 9223372036854775808 1e40 -1e40), "'NaN'::numeric", "'Infinity'::numeric", '7::int8');
my @words = map { my $w = $_; $w =~ s/'/''/g; "'$w'" } ('', 'a', 'ab', 'abc', 'A', 'Ab', 'b', 'a%b', 'a_b', 'a\\b', 'z z', 'zz', "\x{c3}\x{a4}", "\x{c3}\x{a9}", "e\x{cc}\x{81}", "\x{e6}\x{97}\x{a5}");
my @patterns = map { "'$_'" } ('%', '', '_', '__', 'a%', '%b', '%a%', 'a_%', 'a\\%b', 'a\\_b', 'a\\\\b', '_\\%_', '%%', '_%_', "%\x{c3}\x{a4}%", "\x{e6}\x{97}\x{a5}_", 'A%');
my @bytes = map { "'\\x$_'::bytea" } ('', '00', 'ff', '00ff', '61', '6162', '0000');
my @days = ((map { "date '$_'" } qw(1970-01-01 2024-02-29 2024-03-01 1969-12-31 2000-01-01 infinity -infinity 0044-03-15)), (map { "timestamp '$_'" } ('2024-02-29 00:00:00', '2024-02-29 12:34:56', '1970-01-01 00:00:00', '1969-12-31 23:59:59.999999')));
my @stamps = ((map { "timestamp '$_'" } ('2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789013', '1970-01-01', '1969-12-31 23:59:59.999999', '2000-01-01', 'infinity', '-infinity', '4713-01-01 BC')), (map { "date '$_'" } qw(2024-02-29 1970-01-01 2000-01-01 infinity 5874897-12-31)), "timestamptz '2024-02-29 12:34:56.789012+00'");
my @instants = ((map { "timestamptz '$_'" } ('2024-02-29 12:34:56.789012+00', '2024-02-29 13:34:56.789012+01', '1970-01-01 00:00:00+00', '1999-12-31 19:00:00-05', '2024-02-29 00:00:00 Europe/Berlin', 'infinity')), "timestamp '2024-02-29 12:34:56.789012'", "date '2024-02-29'", 'now()');
my @clocks = map { "time '$_'" } qw(00:00:00 00:00:00.000001 12:00:00 23:59:59.999999 24:00:00);
my @flags = qw(true false);

# column => [values, values without a type of their own for arrays of its type]
my %columns = (
	small => [[@integers, @typed_integers, @numerics], 'int2', [grep { $_ < 40000 } @integers]],
	number => [[@integers, @typed_integers, @numerics], 'int4', \@integers],
	big => [[@integers, @typed_integers], 'int8', [@integers, '9223372036854775807']],
	huge => [\@exact, 'numeric', [qw(0 1 2 9223372036854775808 1.5)]],
	amount => [\@exact, 'numeric', [qw(1 1.50 -1.5 0.001 -0.01)]],
	ratio => [\@floats, 'float4', [qw(0 0.5 0.1 NaN Infinity)]],
	price => [\@floats, 'float8', [qw(-0 0.5 0.1 NaN -Infinity)]],
	half => [\@floats, 'float4', [qw(0 0.5 3 NaN)]],
	flag => [\@flags, 'bool', [qw(t f)]],
	word => [\@words, 'text', [qw(a ab A b zz)]],
	kind => [\@words, 'text', [qw(a b c)]],
	bytes => [\@bytes, 'bytea', ['\\\\x00', '\\\\xff', '\\\\x']],
	code => [\@bytes, 'bytea', ['\\\\x6162', '\\\\x00ff']],
	day => [\@days, 'date', [qw(1970-01-01 2024-02-29 infinity)]],
	clock => [\@clocks, 'time', [qw(00:00:00 12:00:00)]],
	moment => [\@stamps, 'timestamp', ['"2024-02-29 12:34:56.789012"', '1970-01-01']],
	fine => [\@stamps, 'timestamp', ['"2024-02-29 12:34:56.789012"', '1970-01-01']],
	instant => [\@instants, 'timestamptz', ['"2024-02-29 12:34:56.789012+00"', '"2000-01-01 00:00:00+00"']],
);
my @names = sort keys %columns;
my @operators = ('=', '<>', '<', '<=', '>', '>=');
my %lists = (tags => ['text', [qw(a b c ""), "\x{c3}\x{a4}"]], numbers => ['int4', [1, 2, 3, -1]], ratios => ['float4', [qw(0 -0 0.5 NaN)]]);
my @collations = ('', '', '', ' COLLATE "C"', ' COLLATE "C"', ' COLLATE "POSIX"', ' COLLATE "en-x-icu"', ' COLLATE ignore_case');

# constants, initplans and expressions that are only known at run time
sub value
{
	my ($text) = @_;
	my $kind = number(12);
	return 'NULL' if $kind == 0;
	return "(SELECT $text)" if $kind == 1 && $text !~ /^'[^:]*'$/;
	return "coalesce($text, $text)" if $kind == 2;
	return "(CASE WHEN now() IS NULL THEN NULL ELSE $text END)" if $kind == 3;
	return $text;
}

sub array
{
	my ($type, @of) = @_;
	my @items = some(4, @of, @of, 'NULL');
	@items = () if number(15) == 0;
	return "NULL::$type\[]" if number(30) == 0;
	return "'{" . join(',', @items) . "}'::$type\[]";
}

sub comparison
{
	my $name = pick(@names);
	my ($values) = @{ $columns{$name} };
	my $operator = pick(@operators);
	my $collation = $name =~ /^(word|kind)$/ ? pick(@collations) : '';
	my $value = value(pick(@$values));
	return "$value $operator $name$collation" if number(4) == 0;
	return "$name$collation $operator $value";
}

sub membership
{
	my $name = pick(@names);
	my ($values, $type, $plain) = @{ $columns{$name} };
	my $collation = $name =~ /^(word|kind)$/ ? pick(@collations) : '';
	return "$name$collation " . pick('= ANY', '<> ALL', '= ANY', '< ANY', '<> ANY', '>= ALL') . ' (' . array($type, @$plain) . ')' if number(2);
	return "$name$collation " . pick('IN', 'NOT IN') . ' (' . join(', ', some(3, @$values, 'NULL')) . ')';
}

sub between
{
	my $name = pick(@names);
	my ($values) = @{ $columns{$name} };
	return $name . pick(' ', ' NOT ') . 'BETWEEN ' . pick('', 'SYMMETRIC ') . pick(@$values) . ' AND ' . pick(@$values);
}

sub on_lists
{
	my $name = pick(sort keys %lists);
	my ($type, $items) = @{ $lists{$name} };
	my $kind = number(6);
	my $item = pick(@$items);
	$item = '' if $item eq '""';
	return "'$item'::$type " . pick('= ANY', '<> ALL', '= ANY') . " ($name)" if $kind < 2;
	return array($type, @$items) . ' ' . pick('<@', '@>', '&&') . " $name" if $kind == 2;
	return "$name " . pick('@>', '&&', '@>', '&&', '<@', '=') . ' ' . array($type, @$items);
}

sub special
{
	my $kind = number(9);
	return pick('flag', 'NOT flag', 'flag IS TRUE', 'flag IS NOT TRUE', 'flag IS FALSE', 'flag IS NOT FALSE', 'flag IS UNKNOWN', 'flag IS NOT UNKNOWN') if $kind == 0;
	return pick(@names, qw(tags numbers place extra word2)) . pick(' IS NULL', ' IS NOT NULL') if $kind < 3;
	return pick('word', 'kind', 'word2') . pick(@collations[0 .. 6]) . pick(' LIKE ', ' NOT LIKE ', ' LIKE ', ' ILIKE ') . pick(@patterns) if $kind < 5;
	return pick('number', 'small', 'big') . ' ' . pick(@operators) . ' ' . pick('number2', 'number', 'id', 'big', 'price') if $kind == 5;
	return pick('word ' . pick(@operators) . ' word2', 'word COLLATE "C" ' . pick(@operators) . ' word2', 'ratio ' . pick(@operators) . ' price', 'huge > amount', 'moment ' . pick(@operators) . ' fine', 'moment >= day') if $kind == 6;
	if ($kind == 7)
	{
		my $name = pick(@names);
		return "$name IS " . pick('', 'NOT ') . 'DISTINCT FROM ' . value(pick(@{ $columns{$name}[0] }));
	}
	return pick('number2 + 1 > 2', 'length(word) = 2', 'lower(word) = \'ab\'', 'now() > timestamptz \'2000-01-01\'', '1 = (SELECT 2)', 'number2 = (SELECT 1)', 'abs(number) = 2', 'word ~ \'^a\'', 'word ^@ \'a\'');
}

sub condition
{
	my ($depth) = @_;
	my $kind = number($depth > 2 ? 10 : 14);
	return comparison() if $kind < 4;
	return membership() if $kind < 6;
	return between() if $kind == 6;
	return on_lists() if $kind == 7;
	return special() if $kind < 10;
	return 'NOT (' . condition($depth + 1) . ')' if $kind == 10;
	return '(' . join(pick(' AND ', ' OR '), map { condition($depth + 1) } 0 .. 1 + number(2)) . ')';
}

my $setup = <<'SQL';
CREATE EXTENSION lancedb;
CREATE COLLATION ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri :'data');
IMPORT FOREIGN SCHEMA public LIMIT TO (filters) FROM SERVER lake INTO public;
CREATE TABLE copy AS SELECT * FROM filters;
ANALYZE copy;
CREATE TABLE checked (condition text, pushed boolean, whole boolean, complaint text);

-- what a query gives, or how it fails
CREATE FUNCTION answer(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
	EXECUTE query INTO result;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	RETURN 'ERROR ' || SQLSTATE;
END $$;

CREATE FUNCTION check_condition(condition text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	rows text := 'SELECT string_agg(id::text, '','' ORDER BY id) FROM %s WHERE ' || replace(condition, '%', '%%');
	total text := 'SELECT count(*) FROM %s WHERE ' || replace(condition, '%', '%%');
	plan text := '';
	wanted text := answer(format(rows, 'copy'));
	found text := answer(format(rows, 'filters'));
	complaint text;
BEGIN
	IF wanted IS DISTINCT FROM found THEN
		complaint := format('heap %s, Lance %s', wanted, found);
	ELSIF answer(format(total, 'copy')) IS DISTINCT FROM answer(format(total, 'filters')) THEN
		complaint := format('count: heap %s, Lance %s', answer(format(total, 'copy')), answer(format(total, 'filters')));
	END IF;
	IF wanted IS NULL OR wanted NOT LIKE 'ERROR%' THEN
		EXECUTE 'EXPLAIN (COSTS OFF, FORMAT JSON) ' || format(rows, 'filters') INTO plan;
	END IF;
	INSERT INTO checked VALUES (condition, plan LIKE '%Pushed Filter%', plan LIKE '%Pushed Filter%' AND plan NOT LIKE '%"Filter"%', complaint);
END $$;
SQL

sub psql
{
	my ($database, $script) = @_;
	my $file = "$ENV{LANCEDB_WORK}/filters.sql";
	open(my $out, '>:raw', $file) or die "$file: $!";
	print $out $script;
	close($out);
	open(my $pipe, '-|', 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-v', "data=$data", '-d', $database, '-f', $file) or die "psql: $!";
	local $/;
	my $output = <$pipe> // '';
	close($pipe) or BAIL_OUT("psql failed on $file");
	return $output;
}

# Half in a database that sorts by bytes, half in one that sorts as English does.
sub check_database
{
	my ($name, $options, $zone) = @_;
	psql('postgres', "DROP DATABASE IF EXISTS $name; CREATE DATABASE $name TEMPLATE template0 ENCODING 'UTF8' $options;");
	my $checks = join("\n", map { "SELECT check_condition(\$condition\$" . condition(0) . "\$condition\$);" } 1 .. $conditions / 2);
	my $report = psql($name, "SET client_min_messages = warning; SET timezone = '$zone';\n$setup\n\\o /dev/null\n$checks\n\\o\n"
		. "SELECT 'complaint: ' || condition || ': ' || complaint FROM checked WHERE complaint IS NOT NULL LIMIT 20;\n"
		. "SELECT 'summary:' || count(*) || ':' || count(*) FILTER (WHERE pushed) || ':' || count(*) FILTER (WHERE whole) || ':' || count(complaint) FROM checked;\n");
	my ($all, $pushed, $whole, $complaints) = $report =~ /^summary:(\d+):(\d+):(\d+):(\d+)$/m;
	diag($_) for $report =~ /^complaint: .*$/mg;
	is($complaints, 0, "$name: $all conditions find the same rows as in a heap table (seed $seed)");
	is($all, int($conditions / 2), "$name: all conditions were checked");
	cmp_ok($pushed, '>', $all * 0.5, "$name: $pushed conditions were pushed at least in part, $whole of them whole");
	psql("postgres", "DROP DATABASE $name;") unless $ENV{KEEP};
}

check_database('lancedb_filters_c', "LOCALE 'C'", 'America/New_York');
check_database('lancedb_filters_icu', "LOCALE 'C.UTF-8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'", 'Asia/Kathmandu');

done_testing();
