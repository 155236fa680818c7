# clusters.pl -- clusters, databases, dumps, standbys and copies on the same folders: no committed row is ever missing.
#
# What lancedb.unresolved lists belongs to one cluster, one database, one installation of the extension: after a crash
# there, and nowhere else.
use strict;
use warnings;
use Cwd;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $lake = PostgreSQL::Test::Utils::tempdir();
my $armory = PostgreSQL::Test::Utils::tempdir();
my $columns = "id int NOT NULL, who text, v real[] OPTIONS (dim '2')";

sub cluster
{
	my ($name, %how) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	if ($how{from})
	{
		$node->init_from_backup($how{from}, 'backup', has_streaming => 1);
		return $node;
	}
	$node->init(allows_streaming => $how{streams} ? 1 : 0);
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'lancedb'\nrestart_after_crash = on\nautovacuum = off\nwal_writer_delay = 10s\nmax_worker_processes = 0\n");
	return $node;
}

sub start_with_crashes
{
	my ($node) = @_;
	local $ENV{LD_PRELOAD} = getcwd() . '/crash.so';
	local $ENV{LANCEDB_CRASH_FOLDER} = $armory;
	$node->start;
}

sub sql { my ($node, $sql, $database) = @_; return $node->safe_psql($database // 'postgres', $sql); }

# Attaches a database to the folder; the first one makes the tables.
sub attach
{
	my ($node, $database) = @_;
	sql($node, "CREATE EXTENSION lancedb; CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$lake');
		CREATE FOREIGN TABLE t ($columns) SERVER lake; CREATE FOREIGN TABLE u ($columns) SERVER lake", $database);
}

sub unresolved { my ($node, $database) = @_; return sql($node, 'SELECT relation, version FROM lancedb.unresolved ORDER BY 1, 2', $database); }
sub rows { my ($node, $database, $table) = @_; return sql($node, 'SELECT count(*), count(DISTINCT id), coalesce(sum(id), 0) FROM ' . ($table // 't'), $database); }

# A transaction whose version is put and whose commit record is not: killed before the record is flushed.
sub crash_after_put
{
	my ($node, $change, $database) = @_;
	my $script = sub {
		my ($point) = @_;
		return "SELECT count(*) FROM t;\nSELECT format('COPY (SELECT %L) TO %L', '$point', '$armory/' || pg_backend_pid()) AS arm \\gset\n:arm;\n"
		  . "BEGIN;\nCREATE TABLE IF NOT EXISTS heap (id int);\nINSERT INTO heap VALUES (1);\n$change;\nCOMMIT;\n\\echo acknowledged\n";
	};
	my $restarts = () = PostgreSQL::Test::Utils::slurp_file($node->logfile) =~ /ready to accept connections/g;
	my ($status, $out) = $node->psql($database // 'postgres', $script->('before 1000000'));
	my ($log) = glob("$armory/*.calls");
	my @calls = split(/\n/, PostgreSQL::Test::Utils::slurp_file($log));
	unlink(glob("$armory/*"));
	# the hint is renamed into place after the manifest, and before anything else is flushed
	my ($renamed) = grep { $calls[ $_ - 1 ] =~ /^renameat latest_version_hint/ } 1 .. @calls;
	($status, $out) = $node->psql($database // 'postgres', $script->("after $renamed"));
	unlink(glob("$armory/*"));
	die "session lived: $out" unless $status == 2;
	for (1 .. 1000)
	{
		my $now = () = PostgreSQL::Test::Utils::slurp_file($node->logfile) =~ /ready to accept connections/g;
		return if $now > $restarts;
		sleep 0.03;
	}
	BAIL_OUT('the server did not come back');
}

# Sessions at the same time, each with its transactions one after the other. Gives the errors of each.
sub race
{
	my (@sessions) = @_;
	my @runs;
	for my $session (@sessions)
	{
		my ($node, $database, @transactions) = @$session;
		my $run = {in => join(";\n", @transactions, ''), out => '', err => ''};
		$run->{harness} = IPC::Run::start(['psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr($database)], '<', \$run->{in}, '>', \$run->{out}, '2>', \$run->{err});
		push @runs, $run;
	}
	IPC::Run::finish($_->{harness}) for @runs;
	return map { [ grep { /ERROR/ } split(/\n/, $_->{err}) ] } @runs;
}

# ---- two clusters, and two databases of the first ----

my $one = cluster('one', streams => 1);
start_with_crashes($one);
my $two = cluster('two');
$two->start;
attach($one, 'postgres');
sql($one, 'CREATE DATABASE other');
attach($one, 'other');
attach($two, 'postgres');

my @places = ([$one, 'postgres'], [$one, 'other'], [$two, 'postgres']);
my @inserts = map { my $place = $_; [ @{$places[$place]}, map { "INSERT INTO t VALUES ($_ * 10 + $place, 'w$place', '{1,2}')" } 1 .. 15 ] } 0 .. 2;
my @errors = race(@inserts);
is_deeply(\@errors, [[], [], []], 'sessions of two clusters and two databases insert at the same time, and none fails');
my $sum = 10 * 3 * 15 * 8 + 15 * 3;
is(rows(@$_), "45|45|$sum", "all rows are there in $_->[1] of " . $_->[0]->name) for @places;
is(sql($one, "SELECT max(version) FROM lancedb.versions('t')"), 46, 'each transaction made one version');
is(unresolved(@$_), '', "nothing is unresolved in $_->[1] of " . $_->[0]->name) for @places;

my @updates = map { my ($node, $database) = @$_; [$node, $database, ("UPDATE t SET who = who || 'x' WHERE id = 10") x 12] } @places[0, 1];
@errors = race(@updates);
is_deeply(\@errors, [[], []], 'two databases change one row at the same time, and wait for each other');
is(sql($two, 'SELECT length(who) FROM t WHERE id = 10'), 26, 'no change is lost');

@updates = map { my ($node, $database) = @$_; [$node, $database, ("UPDATE t SET who = who || 'y' WHERE id = 10") x 12] } @places[1, 2];
@errors = race(@updates);
my @lost = map { @$_ } @errors;
is_deeply([ grep { !/40001/ } @lost ], [], 'two clusters change one row at the same time: nothing but 40001');
is(sql($one, "SELECT length(replace(who, 'x', '')) FROM t WHERE id = 10"), 26 - @lost, 'what did not fail is there');
is(unresolved(@$_), '', "and nothing is unresolved in $_->[1] of " . $_->[0]->name) for @places;

# ---- two foreign tables, two servers, and names that mean the same folder ----

symlink($lake, "$armory.link") or die $!;
sql($one, "CREATE SERVER again FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$armory.link//');
	CREATE FOREIGN TABLE t2 ($columns) SERVER lake OPTIONS (table 't');
	CREATE FOREIGN TABLE t3 ($columns) SERVER again OPTIONS (table 't')");
my $version = sql($one, "SELECT max(version) FROM lancedb.versions('t')");
is(sql($one, "BEGIN; INSERT INTO t VALUES (1000, 'a', NULL); INSERT INTO t2 VALUES (1001, 'b', NULL); UPDATE t3 SET who = 'c' WHERE id = 1000; DELETE FROM t WHERE id = 1001;
	SELECT string_agg(who, ',') FROM t2 WHERE id >= 1000; COMMIT"), 'c', 'foreign tables of one folder see each other in a transaction');
is(sql($one, "SELECT max(version) FROM lancedb.versions('t3')"), $version + 1, 'and make one version');
is(sql($two, 'SELECT id, who FROM t WHERE id >= 1000'), '1000|c', 'which others read');

# ---- a crash in one of them ----

my $before = rows($one);
crash_after_put($one, "INSERT INTO t SELECT 2000 + count(*), 'crash', NULL FROM heap", 'postgres');
$version = sql($one, "SELECT max(version) FROM lancedb.versions('t')");
is(unresolved($one), "t|$version\nt2|$version\nt3|$version", 'a version without its transaction is listed once for each foreign table');
is(unresolved($one, 'other'), '', 'not in another database');
is(unresolved($two), '', 'and not in another cluster');
is(sql($two, 'SELECT count(*) FROM t WHERE id >= 2000'), 2, 'where its row is read');
sql($two, "INSERT INTO t VALUES (3000, 'on top', NULL)");
is(unresolved($one), "t|$version\nt2|$version\nt3|$version", 'it is still that one when others have built on it');

# ---- copies: a template, a dump, a new installation ----

sql($one, 'CREATE DATABASE copy TEMPLATE postgres');
is(rows($one, 'copy'), rows($one), 'a copy of the database reads the same rows');
is(unresolved($one, 'copy'), '', 'none of its versions is unresolved there');
sql($one, "INSERT INTO t VALUES (4000, 'copy', NULL)", 'copy');
is(sql($one, 'SELECT who FROM t WHERE id = 4000'), 'copy', 'and what it writes is read here');
is(unresolved($one), "t|$version\nt2|$version\nt3|$version", 'without being listed here');
is(unresolved($one, 'copy'), '', 'or there');

my $dump = "$armory.dump";
$one->command_ok(['pg_dump', '-d', $one->connstr('postgres'), '-f', $dump], 'the database is dumped');
my $fresh = cluster('fresh');
$fresh->start;
sql($fresh, 'CREATE DATABASE restored; CREATE DATABASE away');
$fresh->command_ok(['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $fresh->connstr('restored'), '-f', $dump], 'and restored into a fresh cluster');
is(rows($fresh, 'restored'), rows($one), 'where all rows are');
is(unresolved($fresh, 'restored'), '', 'and nothing is unresolved');
sql($fresh, "INSERT INTO t VALUES (5000, 'fresh', NULL)", 'restored');
is(sql($one, 'SELECT who FROM t WHERE id = 5000'), 'fresh', 'what it writes is read here');

sql($one, "CREATE FOREIGN TABLE never ($columns) SERVER lake OPTIONS (table 't', create 'never')");
$one->command_ok(['pg_dump', '-d', $one->connstr('postgres'), '-f', $dump], 'the database is dumped');
rename($lake, "$lake.away") or die $!;
$fresh->command_ok(['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $fresh->connstr('away'), '-f', $dump], 'a dump is restored while the folder is away');
ok(!-e $lake, 'and makes nothing in its place');
rename("$lake.away", $lake) or die $!;
is(rows($fresh, 'away', 'never'), rows($one), 'all rows are there when it is back');
is(unresolved($fresh, 'away'), '', 'and nothing is unresolved');

sql($one, "DROP EXTENSION lancedb CASCADE; CREATE EXTENSION lancedb; CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$lake'); IMPORT FOREIGN SCHEMA public FROM SERVER lake INTO public", 'copy');
is(rows($one, 'copy'), rows($one), 'a new installation of the extension reads all rows');
is(unresolved($one, 'copy'), '', 'and has nothing unresolved');
sql($one, "INSERT INTO t VALUES (6000, 'installed', NULL)", 'copy');
is(rows($two), rows($one, 'copy'), 'it writes as before');

# ---- a decision, here, takes effect everywhere ----

like(sql($one, "SELECT rows_removed, rows_lost FROM lancedb.resolve('t2', $version, 'withdraw')"), qr/^1\|0$/, 'the version is withdrawn under those that were built on it');
is(unresolved($one), '', 'which is all there was to decide');
is(sql($two, 'SELECT string_agg(id::text, \',\' ORDER BY id) FROM t WHERE id >= 1000'), '1000,2001,3000,4000,5000,6000', 'everybody reads what is left');

# ---- a standby ----

$one->backup('backup');
my $standby = cluster('standby', from => $one);
$standby->start;
sql($one, "INSERT INTO t VALUES (7000, 'primary', NULL); CREATE TABLE h AS SELECT * FROM t");
$one->wait_for_catchup($standby);
is(rows($standby), rows($one), 'a hot standby reads Lance tables');
is(sql($standby, 'SELECT count(*) FROM h JOIN t USING (id)'), sql($one, 'SELECT count(*) FROM h'), 'beside ordinary ones');
like(($standby->psql('postgres', "INSERT INTO t VALUES (1, 'x', NULL)"))[2], qr/read-only transaction/, 'writes fail as those of ordinary tables do');
like(($standby->psql('postgres', "CREATE FOREIGN TABLE n (id int) SERVER lake"))[2], qr/read-only transaction/, 'and making tables, too');
ok(!-e "$lake/n.lance", 'without a trace');
like(($standby->psql('postgres', 'SELECT * FROM lancedb.unresolved'))[2], qr/recovery is in progress/, 'it does not judge what the primary knows better');
sql($one, "INSERT INTO u SELECT i, 'last', NULL FROM generate_series(1, 10) i; INSERT INTO h SELECT i, 'last', NULL FROM generate_series(-10, -1) i");
$one->wait_for_catchup($standby);
$standby->stop;
sql($one, "BEGIN; INSERT INTO u VALUES (11, 'not replicated', NULL); INSERT INTO h VALUES (0); COMMIT");
$one->stop('immediate');
$standby->start;
$standby->promote;
is(rows($standby, 'postgres', 'u'), '11|11|66', 'a promoted standby reads what the old primary acknowledged');
is(sql($standby, 'SELECT count(*) FROM h WHERE id = 0'), 0, 'though ordinary rows that were not replicated are lost');
my $newest = sql($standby, "SELECT max(version) FROM lancedb.versions('u')");
is(unresolved($standby), "u|$newest", 'and that version alone is listed');
sql($standby, "INSERT INTO u VALUES (12, 'promoted', NULL); DELETE FROM t WHERE id = 7000");
is(unresolved($standby), "u|$newest", 'its own writes are not');
sql($standby, "SELECT lancedb.resolve('u', $newest, 'keep')");
is(unresolved($standby), '', 'what is kept is listed no more');
is(rows($two, 'postgres', 'u'), '12|12|78', 'all rows are there for other clusters, too');
is(rows($two), rows($standby), 'in every table');

$_->stop for $two, $fresh, $standby;
unlink("$armory.link", $dump);
done_testing();
