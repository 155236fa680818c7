# interrupted.pl -- statements and commits that are cancelled, time out, or lose their session leave all or nothing.
#
# At random moments; when no version came of it, the folder has the same files as before. LANCEDB_SEED repeats a run
# (as far as time can be repeated), LANCEDB_INTERRUPTIONS makes a longer one.
use strict;
use warnings;
use IPC::Run;
use Test::More;
use Time::HiRes qw(sleep time);

my $lake = "$ENV{LANCEDB_WORK}/tap/interrupted";
my $database = 'lancedb_interrupted';
my $times = $ENV{LANCEDB_INTERRUPTIONS} // 3;
srand($ENV{LANCEDB_SEED} // 20240301);

sub psql
{
	my ($sql, $name) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run(['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $name // $database], '<', \$sql, '>', \$out, '2>', \$err) or die "$err\n$sql";
	chomp $out;
	return $out;
}

# Folders, too: one is a table for LanceDB. That of a table's deletion files may be empty.
sub files { return [ sort grep { !m{/_deletions$} } map { chomp; $_ } `find '$lake'` ]; }

# Rows of all tables: what a transaction changes, it changes in each of them.
my $state = "SELECT string_agg(format('%s %s', c, s), ', ') FROM (SELECT count(*) c, sum(hashtext(to_jsonb(x)::text)::bigint) s FROM t x
	UNION ALL SELECT count(*), sum(hashtext(to_jsonb(x)::text)::bigint) FROM u x UNION ALL SELECT count(*), NULL FROM h x) y";

my $rows = "SELECT i, 'row ' || i, array_fill(i::real, ARRAY[64]) FROM generate_series(1, 12000) i";
my $columns = "id int, word text, v real[] OPTIONS (dim '64')";
my %changes = (
	'insert' => "INSERT INTO t $rows; INSERT INTO h VALUES (1);",
	'copy' => "COPY t FROM '$lake.csv' CSV; INSERT INTO h VALUES (1);",
	'update' => "UPDATE t SET word = word || 'u', v = v WHERE id % 2 = 0; INSERT INTO h VALUES (1);",
	'delete' => "DELETE FROM t WHERE id % 3 = 1; INSERT INTO u VALUES (0, 'deleted', NULL); INSERT INTO h VALUES (1);",
	'two tables' => "INSERT INTO t SELECT * FROM u; DELETE FROM u WHERE id % 5 = 0; INSERT INTO u $rows; INSERT INTO h VALUES (1);",
	'add column' => "ALTER FOREIGN TABLE t ADD COLUMN c float8[] DEFAULT array_fill(0.5, ARRAY[60]); INSERT INTO h VALUES (1);",
	'create' => "CREATE FOREIGN TABLE n ($columns) SERVER interrupted; INSERT INTO n $rows; INSERT INTO h VALUES (1);",
	'savepoints' => "SAVEPOINT a; INSERT INTO t $rows; ROLLBACK TO a; UPDATE u SET word = 'again'; INSERT INTO h VALUES (1);",
	'restore' => "SELECT lancedb.restore('u', 2); INSERT INTO u $rows; INSERT INTO h VALUES (1);",
	'upsert' => "INSERT INTO k SELECT i, 'again', NULL FROM generate_series(1, 12000, 2) i ON CONFLICT (id) DO UPDATE SET word = excluded.word; INSERT INTO h VALUES (1);",
);

sub set_up
{
	system('rm', '-rf', $lake);
	mkdir($lake) or die "$lake: $!";
	psql("SET client_min_messages = warning; DROP SERVER IF EXISTS interrupted CASCADE; DROP TABLE IF EXISTS h;
		CREATE SERVER interrupted FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$lake'); CREATE TABLE h (id int);
		CREATE FOREIGN TABLE t ($columns) SERVER interrupted; CREATE FOREIGN TABLE u ($columns) SERVER interrupted; CREATE FOREIGN TABLE k ($columns) SERVER interrupted;
		INSERT INTO t $rows; INSERT INTO u $rows; INSERT INTO k $rows; CREATE UNIQUE INDEX k_key ON k (id);");
}

sub start
{
	my ($change, $timeout) = @_;
	my $run = {out => '', err => '', in => "SET application_name = 'victim';\nSET maintenance_work_mem = '1MB';\nSELECT count(*) FROM t;\n\\echo ready\nSET statement_timeout = $timeout;\nBEGIN;\n$change\nCOMMIT;\n\\echo acknowledged\n"};
	$run->{harness} = IPC::Run::start(['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $database], '<', \$run->{in}, '>', \$run->{out}, '2>', \$run->{err});
	IPC::Run::pump($run->{harness}) until $run->{out} =~ /ready/;
	return $run;
}

sub wait_until_gone
{
	for (1 .. 2000)
	{
		return if psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'victim'") eq '0';
		sleep 0.02;
	}
	die 'a session does not end';
}

my @ways = qw(timeout cancel terminate disconnect);

sub interrupt
{
	my ($change, $way, $moment) = @_;
	my $run = start($change, $way eq 'timeout' ? int(1000 * $moment) + 1 : 0);
	if ($way ne 'timeout')
	{
		sleep $moment;
		if ($way eq 'disconnect') { $run->{harness}->signal('KILL'); }
		else { psql("SELECT pg_${way}_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'"); }
	}
	eval { IPC::Run::finish($run->{harness}) };
	wait_until_gone();
	return $run;
}

# Nothing happened: the folder is as it was; or all of it, and then the heap says so, too.
sub try_change
{
	my ($name) = @_;
	my $change = $changes{$name};
	set_up();
	my $started = time();
	my $run = start($change, 0);
	IPC::Run::finish($run->{harness});
	like($run->{out}, qr/acknowledged/, "$name: undisturbed") or diag($run->{err});
	my $takes = time() - $started;
	my ($done, $undone) = (0, 0);
	set_up();
	my ($before, $files) = (psql($state), files());
	for my $i (1 .. $times)
	{
		my $way = $ways[ $i % @ways ];
		# sessions and psql take their time, too
		my $moment = rand($takes * (0.3, 0.6, 0.9)[ $i % 3 ]);
		my $title = sprintf('%s, %s after %.3f of %.3f s', $name, $way, $moment, $takes);
		my $run = interrupt($change, $way, $moment);
		my $committed = psql('SELECT count(*) FROM h') ne '0';
		is(psql('SELECT count(*) FROM lancedb.unresolved'), '0', "$title: nothing is unresolved");
		is(join(' ', grep { /tmp-/ } @{files()}), '', "$title: no temporary file");
		ok($committed, "$title: acknowledged, so it is there") if $run->{out} =~ /acknowledged/;
		is(join("\n", grep { /ERROR|FATAL|PANIC|WARNING/ && !/due to (user request|statement timeout|administrator command)/ } split(/\n/, $run->{err})), '',
			"$title: no other error, and nothing could not be taken back");
		if ($committed)
		{
			isnt(psql($state), $before, "$title: the rows are there") unless $name eq 'create' || $name eq 'add column' || $name eq 'upsert';
			$done++;
			set_up();
			($before, $files) = (psql($state), files());
			next;
		}
		$undone++;
		is(psql($state), $before, "$title: no row changed");
		my $now = files();
		my %was = map { $_ => 1 } @$files;
		my @more = grep { !$was{$_} } @$now;
		# a version that was put and taken back is two more, with the files that they name
		if (grep { /\.manifest$/ } @more) { $files = $now; next; }
		is(join("\n", @more), '', "$title: no file is left");
	}
	note("$name: $done done, $undone not");
	return $undone;
}

psql("DROP DATABASE IF EXISTS $database", 'postgres');
psql("CREATE DATABASE $database", 'postgres');
psql('SET client_min_messages = error; CREATE EXTENSION lancedb');
psql("ALTER DATABASE $database SET session_preload_libraries = 'lancedb'", 'postgres');
open(my $csv, '>', "$lake.csv") or die $!;
print $csv "$_,row $_,\"{" . join(',', ($_) x 64) . "}\"\n" for 1 .. 12000;
close($csv);
my $undone = 0;
my $only = $ENV{LANCEDB_INTERRUPTED_ONLY} // '.';
$undone += try_change($_) for grep { /$only/ } sort keys %changes;
cmp_ok($undone, '>', $times, 'many were interrupted');

# ---- what ends in the ordinary way, or with an error ----

set_up();
my $files = files();
my %failing = (
	'rollback' => "BEGIN; INSERT INTO t $rows; UPDATE u SET word = 'x'; CREATE FOREIGN TABLE n ($columns) SERVER interrupted; INSERT INTO n $rows; ROLLBACK;",
	'a savepoint that creates' => "BEGIN; SAVEPOINT a; CREATE FOREIGN TABLE n ($columns) SERVER interrupted; INSERT INTO n $rows; ROLLBACK TO a; COMMIT;",
	'an error in the last row' => "INSERT INTO t SELECT i, 'x', CASE WHEN i = 12000 THEN '{1}'::real[] ELSE array_fill(1::real, ARRAY[64]) END FROM generate_series(1, 12000) i;",
	'an error in the last row of COPY' => "COPY t FROM PROGRAM 'cat $lake.csv; echo \"1,x,{1}\"' CSV;",
	'a failing trigger at commit' => "BEGIN; INSERT INTO t $rows; INSERT INTO c VALUES (1); COMMIT;",
	'a failing statement after others' => "BEGIN; UPDATE t SET word = 'x' WHERE id % 2 = 0; DELETE FROM u WHERE id % 2 = 0; SELECT 1/0; COMMIT;",
	'a failing default' => "ALTER FOREIGN TABLE t ADD COLUMN c int DEFAULT 1/(random() * 0)::int;",
	'rows deleted again' => "BEGIN; INSERT INTO t SELECT * FROM u; DELETE FROM t WHERE id > 0; ROLLBACK;",
	'a duplicate key' => "INSERT INTO k $rows;",
);
psql("CREATE TABLE c (i int); CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN RAISE 'too late'; END \$\$;
	CREATE CONSTRAINT TRIGGER c_fails AFTER INSERT ON c DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fails()");
for my $name (sort keys %failing)
{
	my ($in, $out, $err) = ("SET maintenance_work_mem = '1MB'; $failing{$name}", '', '');
	IPC::Run::run(['psql', '-XAtq', '-d', $database], '<', \$in, '>', \$out, '2>', \$err);
	like($err, qr/ERROR/, "$name: fails") unless $failing{$name} =~ /ROLLBACK/;
	is_deeply(files(), $files, "$name: the folder is as it was");
}

psql("DROP DATABASE $database", 'postgres');
system('rm', '-rf', $lake, "$lake.csv");
done_testing();
