# model.pl -- random transactions leave a Lance table and a heap table with the same rows.
#
# Every step runs on both in the same transaction; rows, counts of changed rows and what is seen in the
# middle of transactions are compared. One session uses everything; two and four at once change rows
# of their own, and a transaction that loses against another must lose on both sides.
#
# LANCEDB_SEED and LANCEDB_STEPS (of one session) repeat a failing run or make a longer one.
# LANCEDB_MODEL_URI: a folder for the tables instead of one of its own (another writer may be at work there);
# LANCEDB_MODEL_SESSIONS: only the run with this many sessions.
use strict;
use warnings;
use File::Temp;
use IPC::Run qw(start finish);
use Test::More;

my $seed = $ENV{LANCEDB_SEED} // 20240229;
my $steps = $ENV{LANCEDB_STEPS} // 1200;
my @psql = ('psql', '-X', '-q', '-A', '-t');

my $state = $seed;
sub number
{
	my ($below) = @_;
	$state = ($state * 1103515245 + 12345) & 0x7fffffff;
	return ($state >> 8) % $below;
}
sub pick { return $_[number(scalar @_)]; }

sub run_psql
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([@psql, '-v', 'ON_ERROR_STOP=1'], '<', \$sql, '>', \$out, '2>', \$err) or die "$err\n$sql\n";
	return $out;
}

# Conditions and values that both tables understand alike. Rows belong to the session that made them.
sub condition
{
	my ($owner) = @_;
	my $n = number(1000);
	return "owner = $owner AND " . pick(
		"id % 7 = " . number(7), "id % 50 = " . number(50), "id = $n", "id BETWEEN $n AND " . ($n + number(200)),
		"word = 'w" . number(30) . "'", "word IS NULL", "price > " . number(90) . ".5", "price IS NULL AND id % 3 = 1",
		"tags && '{t" . number(5) . "}'", 'false', "word LIKE 'w1%' AND id % 2 = 0");
}

sub rows
{
	my ($owner) = @_;
	my $first = number(1000);
	my $count = pick(1, 1, 3, 10, 40, 150);
	return "SELECT i, $owner, CASE WHEN i % 9 <> 0 THEN 'w' || i % 30 END, CASE WHEN i % 11 <> 0 THEN i / 8.0 END,"
		. " CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN '{}' ELSE ARRAY['t' || i % 5, NULL] END, ARRAY[i, -i, 0.5]::real[]"
		. " FROM generate_series($first, $first + $count - 1) AS i";
}

# One statement, with %T for the table. The command tags of both runs must be the same.
sub change
{
	my ($owner, $whole_table) = @_;
	my $kind = number(22);
	return "INSERT INTO %T " . rows($owner) if $kind < 6;
	return "INSERT INTO %T VALUES (" . number(1000) . ", $owner, 'single', 1.5, NULL, '{1,2,3}')" if $kind < 8;
	return "DELETE FROM %T WHERE " . condition($owner) if $kind < 12;
	return "UPDATE %T SET " . pick("word = 'u' || id % 10", "price = price + 1", "id = id + 1", "tags = tags || 'x'::text",
		"word = NULL, v = ARRAY[id, 1, 2]::real[]", "price = NULL") . " WHERE " . condition($owner) if $kind < 17;
	return "INSERT INTO %T SELECT id + 1, owner, word, price, tags, v FROM %T WHERE " . condition($owner) . " ORDER BY id, word, price LIMIT 0" if $kind < 18;
	return "WITH gone AS (DELETE FROM %T WHERE " . condition($owner) . " RETURNING *) INSERT INTO %T SELECT id + 2, owner, word, price, tags, v FROM gone" if $kind < 19;
	return "UPDATE %T SET price = x.n FROM (VALUES (1, 7), (2, 8), (3, 9)) AS x (k, n) WHERE %T.id % 20 = x.k AND " . condition($owner) if $kind < 20;
	return "INSERT INTO %T " . rows($owner) if $kind < 21 || !$whole_table;
	return pick('TRUNCATE %T', "DELETE FROM %T");
}

sub on_both
{
	my ($statement) = @_;
	my ($heap, $lance) = ($statement, $statement);
	$heap =~ s/%T/h/g;
	$lance =~ s/%T/l/g;
	return "\\echo step $statement\n$heap;\n$lance;\n";
}

# What a transaction does; savepoints nest up to two deep.
sub transaction
{
	my ($owner, $whole_table, $depth) = @_;
	my $sql = '';
	for (0 .. number(5))
	{
		$sql .= on_both(change($owner, $whole_table));
		$sql .= "SELECT same($owner);\n" if number(4) == 0;
		next if $depth == 2 || number(4) != 0;
		my $point = "s$depth";
		$sql .= "SAVEPOINT $point;\n" . transaction($owner, $whole_table, $depth + 1);
		$sql .= pick("ROLLBACK TO $point;\n", "RELEASE $point;\n", "ROLLBACK TO $point;\nRELEASE $point;\n") . "SELECT same($owner);\n";
	}
	return $sql;
}

sub script
{
	my ($owner, $alone, $wanted) = @_;
	my $sql = "\\set QUIET off\n\\set VERBOSITY verbose\n\\set SHOW_CONTEXT never\nSET client_min_messages = warning;\n";
	my @kept;
	for (my $done = 0; $done < $wanted;)
	{
		my $one = transaction($owner, $alone, 0);
		$done += () = $one =~ /^\\echo step/mg;
		# one by one, unless another writer may let the second of two statements fail
		if (number(6) == 0 && $one !~ /SAVEPOINT/ && !defined $ENV{LANCEDB_MODEL_URI})
		{
			$sql .= $one;
		}
		else
		{
			$sql .= 'BEGIN' . pick('', '', ' ISOLATION LEVEL REPEATABLE READ') . ";\n$one" . pick('COMMIT', 'COMMIT', 'COMMIT', 'ROLLBACK') . ";\n";
		}
		$sql .= "SELECT same($owner);\n";
		next unless $alone;
		if (number(8) == 0)
		{
			my $n = @kept;
			push @kept, $n;
			$sql .= "CREATE TABLE kept_$n AS SELECT * FROM h;\nSELECT max(version) AS v$n FROM lancedb.versions('l') \\gset\n";
		}
		elsif (@kept && number(8) == 0)
		{
			my $n = pick(@kept);
			my $end = pick('COMMIT', 'COMMIT', 'ROLLBACK');
			my $more = number(2) ? transaction($owner, 1, 2) : '';
			$sql .= "BEGIN;\nSELECT lancedb.restore('l', :v$n) IS NULL;\nTRUNCATE h;\nINSERT INTO h SELECT * FROM kept_$n;\nSELECT same($owner);\n$more$end;\nSELECT same($owner);\n";
		}
	}
	return $sql;
}

# Every step prints its name, then the command tags of both tables.
sub judge
{
	my ($title, $out, $err, $alone) = @_;
	my @wrong;
	my ($step, $tag, $compared) = ('', undef, 0);
	for my $line (split /\n/, $out)
	{
		if ($line =~ /^step (.*)/) { ($step, $tag) = ($1, undef); }
		elsif ($line =~ /^differences: (\d+)$/)
		{
			$compared++;
			push @wrong, "$line after: $step" if $1 > 0;
		}
		elsif ($line =~ /^(INSERT|UPDATE|DELETE|TRUNCATE)/)
		{
			push @wrong, "heap: $tag, Lance: $line, in: $step" if defined $tag && $tag ne $line && $step ne '';
			($tag, $step) = defined $tag ? (undef, '') : ($line, $step);
		}
	}
	my @errors = grep { /^ERROR: / || /^psql:|FATAL|connection/ } split /\n/, $err;
	push @wrong, grep { $alone || !/ERROR:  (40001|40P01|25P02|3B001)/ } @errors;
	is(scalar @wrong, 0, $title) or diag(join "\n", "seed $seed", @wrong[0 .. ($#wrong > 20 ? 20 : $#wrong)]);
	cmp_ok($compared, '>', 10, "$title: compared");
	return scalar @errors;
}

sub tables
{
	my ($folder, $name, $storage, $stable) = @_;
	return <<SQL;
DROP SERVER IF EXISTS model CASCADE;
DROP SCHEMA IF EXISTS model CASCADE;
CREATE SCHEMA model;
SET search_path = model, public;
CREATE SERVER model FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$folder');
CREATE TABLE h (id int NOT NULL, owner int, word text, price double precision, tags text[], v real[]);
CREATE FOREIGN TABLE l (id int NOT NULL, owner int, word text, price double precision, tags text[], v real[] OPTIONS (dim '3'))
	SERVER model OPTIONS (table '$name', data_storage_version '$storage', stable_row_ids '$stable');
CREATE FUNCTION same(who int) RETURNS text LANGUAGE sql VOLATILE AS \$\$
	SELECT 'differences: ' || (SELECT count(*) FROM (SELECT * FROM model.h WHERE owner = who EXCEPT ALL SELECT * FROM model.l WHERE owner = who) AS lost)
		+ (SELECT count(*) FROM (SELECT * FROM model.l WHERE owner = who EXCEPT ALL SELECT * FROM model.h WHERE owner = who) AS made)
\$\$;
SQL
}

my $folder = $ENV{LANCEDB_MODEL_URI};
if (!defined $folder)
{
	$folder = File::Temp::tempdir(CLEANUP => 1);
	chmod 0777, $folder;
}
run_psql('CREATE EXTENSION IF NOT EXISTS lancedb;');
$ENV{PGOPTIONS} = '-c search_path=model,public';

sub play
{
	my ($sessions, $storage, $stable, $wanted) = @_;
	my $title = "$sessions session(s), storage $storage" . ($stable eq 'true' ? ', stable row ids' : '');
	(my $name = "model $title") =~ s/[^a-z0-9.]+/_/g;
	run_psql(tables($folder, $name, $storage, $stable));
	my @runs;
	for my $owner (1 .. $sessions)
	{
		my $run = {owner => $owner, in => script($owner, $sessions == 1, $wanted / $sessions), out => '', err => ''};
		$run->{harness} = start([@psql], '<', \$run->{in}, '>', \$run->{out}, '2>', \$run->{err});
		push @runs, $run;
	}
	finish($_->{harness}) for @runs;
	my $errors = 0;
	$errors += judge("$title, session $_->{owner}", $_->{out}, $_->{err}, $sessions == 1) for @runs;
	note("$title: $errors errors, all allowed");
	for my $owner (1 .. $sessions)
	{
		is(run_psql("SELECT same($owner)"), "differences: 0\n", "$title: rows of session $owner in the end");
	}
	cmp_ok(run_psql('SELECT count(*) > 0 OR EXISTS (SELECT FROM lancedb.versions(\'l\') WHERE version > 20) FROM h'), 'eq', "t\n", "$title: something happened");
	if ($errors > 0 && $ENV{LANCEDB_MODEL_VERBOSE}) { note($_->{err}) for @runs; }
}

my $only = $ENV{LANCEDB_MODEL_SESSIONS};
for my $run ([1, '2.1', 'false', $steps], [1, '2.1', 'true', $steps / 2], [1, '2.0', 'false', $steps / 4], [1, '2.2', 'true', $steps / 4],
	[2, '2.1', 'false', $steps / 2], [4, '2.1', 'true', $steps / 2])
{
	next if defined $only && $run->[0] != $only;
	play(@$run);
}
done_testing();
