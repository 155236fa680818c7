# commit_crash.pl -- backends killed at every step of a commit: what was acknowledged is there, the rest is listed.
use strict;
use warnings;
use Test::More;

use lib 't';
use OwnServer;

# installcheck.sh says where things are; the server is one of our own, because it crashes.
my $data = $ENV{LANCEDB_TEST_DATA} or die 'run this with: make installcheck TESTS=commit_crash';
my $work = "$ENV{LANCEDB_WORK}/tap/crash";
my $lake = "$work/lake";
my $port = 20000 + $$ % 20000;

OwnServer::run("rm -rf $work && mkdir -p $lake");
OwnServer::run("cp -r $data/fragments.lance $lake/a.lance && cp -r $data/fragments.lance $lake/b.lance");
my $server = OwnServer->new($work, 'cluster', $port);
$server->start();

sub sql { return $server->sql(@_); }
sub try_sql { return $server->try_sql(@_); }

# Runs it with a backend that dies there, and waits until the server is up again.
sub crash
{
	my ($where, $sql) = @_;
	my $before = $server->crashes();
	$server->die_at($where);
	try_sql($sql);
	my $acknowledged = $? == 0;
	$server->die_at();
	$server->wait_for_restart($before) if !$acknowledged;
	return !$acknowledged;
}

sub manifests
{
	my ($table) = @_;
	my @found = glob("$lake/$table.lance/_versions/*.manifest");
	return scalar @found;
}

sub data_files
{
	my @found = (glob("$lake/*.lance/data/*"), glob("$lake/*.lance/_deletions/*"));
	return scalar @found;
}

# What there is to decide about: "a 4", a line each.
sub unresolved
{
	return sql("SELECT relation || ' ' || version FROM lancedb.unresolved ORDER BY relation::text, version");
}

sub counts
{
	return sql('SELECT (SELECT count(*) FROM heap), (SELECT count(*) FROM a), (SELECT count(*) FROM b)');
}

sql("CREATE EXTENSION lancedb;
	CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$lake');
	CREATE TABLE heap (step int);
	CREATE FOREIGN TABLE a (id int, category smallint, title text) SERVER lake;
	CREATE FOREIGN TABLE b (id int, category smallint, title text) SERVER lake;");
my ($heap, $a, $b) = split(/\|/, counts());
is($heap, 0, 'nothing there yet');

# ---- killed at each call that changes the file system ----

my $change = "BEGIN;
	INSERT INTO heap VALUES (1);
	INSERT INTO a VALUES (1000001, 1, 'one'), (1000002, 2, 'two');
	DELETE FROM a WHERE id = (SELECT min(id) FROM a);
	INSERT INTO b VALUES (1000001, 1, 'one'), (1000002, 2, 'two'), (1000003, 3, 'three');
	COMMIT;";
my $committed = 0;
my $crashes = 0;
my %seen;

for my $moment (qw(before after))
{
	for (my $call = 1; $call < 200; $call++)
	{
		my ($versions_a, $versions_b) = (manifests('a'), manifests('b'));

		my $acknowledged = !crash("kill $moment $call", $change);
		my ($heap_now, $a_now, $b_now) = split(/\|/, counts());
		my $new_a = manifests('a') - $versions_a;
		my $new_b = manifests('b') - $versions_b;
		my @listed = split(/\n/, unresolved());

		if ($heap_now > $heap)
		{
			ok($acknowledged, "$moment call $call: no crash, so there are no more calls");
			is("$a_now $b_now @listed", ($a + 1) . ' ' . ($b + 3) . ' ', "$moment call $call: all of it is there");
			($heap, $a, $b) = ($heap_now, $a_now, $b_now);
			$committed++;
			last;
		}
		ok(!$acknowledged, "$moment call $call: what is not there was not acknowledged") or last;
		$crashes++;
		$seen{"$new_a$new_b"}++;
		is(scalar @listed, $new_a + $new_b, "$moment call $call: each version that is there too much is listed (@listed)");
		is($a_now - $a, $new_a, "$moment call $call: a has all or nothing");
		is($b_now - $b, $new_b * 3, "$moment call $call: b has all or nothing");
		for my $version (@listed)
		{
			my ($table, $number) = split(/ /, $version);
			my $removed = sql("SELECT rows_removed FROM lancedb.resolve('$table', $number, 'withdraw')");
			is($removed, $table eq 'a' ? 2 : 3, "$moment call $call: version $number of $table is withdrawn");
		}
		is(unresolved(), '', "$moment call $call: nothing is left to decide");
		is(counts(), "$heap|$a|$b", "$moment call $call: all is as it was");
	}
}
cmp_ok($crashes, '>', 8, 'there were crashes at many calls');
is($committed, 2, 'in the end it was committed');
ok($seen{'00'} && $seen{'10'} && $seen{'11'}, 'crashes came before, between and after the puts');

# ---- failing at each call, once or from then on ----

my $failures = 0;
my $survived = 0;
for my $action (qw(fail break))
{
	for my $moment (qw(before after))
	{
		for (my $call = 1; $call < 200; $call++)
		{
			my $files = data_files();
			my $manifests = manifests('a') + manifests('b');

			$server->die_at("$action $moment $call");
			my $said = try_sql($change);
			my $acknowledged = $? == 0;
			$server->die_at();
			my ($heap_now, $a_now, $b_now) = split(/\|/, counts());
			my @listed = split(/\n/, unresolved());
			my $name = "$action $moment call $call";

			if ($acknowledged)
			{
				is("$heap_now $a_now $b_now @listed", ($heap + 1) . ' ' . ($a + 1) . ' ' . ($b + 3) . ' ', "$name: all of it is there");
				($heap, $a, $b) = ($heap_now, $a_now, $b_now);
				$survived++;
				last if $survived > 20 || $action eq 'break';
				next;
			}
			$failures++;
			is($heap_now, $heap, "$name: it failed");
			is(scalar @listed, () = $said =~ /could not be taken back/g, "$name: each version that is left is warned of and listed");
			is(data_files(), $files, "$name: no file is left") if manifests('a') + manifests('b') == $manifests && $action eq 'fail';
			for my $version (@listed)
			{
				my ($table, $number) = split(/ /, $version);
				sql("SELECT lancedb.resolve('$table', $number, 'withdraw')");
			}
			is(counts(), "$heap|$a|$b", "$name: all is as it was");
		}
	}
}
cmp_ok($failures, '>', 20, 'calls failed in many places');
cmp_ok($survived, '>', 1, 'and some failures did not matter');

# ---- a version that is kept, and one that others have built on ----

crash("kill after 1 manifest", "BEGIN; INSERT INTO a VALUES (1000100, 1, 'kept'); INSERT INTO b VALUES (1000100, 1, 'lost'); COMMIT;");
my ($listed) = split(/\n/, unresolved());
like($listed, qr/^a \d+$/, 'the first of two tables has its version');
my ($version) = $listed =~ /(\d+)$/;
is(sql("SELECT * FROM lancedb.resolve('a', $version, 'keep')"), '|0|0', 'it is kept');
is(sql("SELECT count(*) FROM a WHERE title = 'kept'"), 1, 'and its row stays');
is(unresolved(), '', 'and it is decided');
like(try_sql("SELECT lancedb.resolve('a', $version, 'withdraw')"), qr/is not unresolved/, 'once and for all');
is(sql("SELECT resolution FROM lancedb.commits WHERE version = $version AND uri LIKE '%/a.lance'"), 'kept', 'the audit says so');

crash("kill after 1 manifest", "INSERT INTO a VALUES (1000200, 1, 'crashed')");
sql("INSERT INTO a VALUES (1000201, 1, 'built on top'); UPDATE a SET title = 'changed' WHERE id = 1000200;
	DROP FOREIGN TABLE a; CREATE FOREIGN TABLE a (id int, category smallint, title text) SERVER lake;");
($listed) = split(/\n/, unresolved());
($version) = $listed =~ /(\d+)$/;
ok(defined $version, 'the foreign table was made anew, the version is still listed');
sql("SELECT lancedb.resolve('a', $version, 'withdraw')");
is(sql("SELECT count(*) FROM a WHERE title = 'built on top'"), 1, 'withdrawing leaves what came later');
is(sql("SELECT count(*) FROM a WHERE title = 'crashed'"), 0, 'and takes what the version added');
is(unresolved(), '', 'and settles it');

# ---- who may look and decide ----

sql("CREATE ROLE reader LOGIN; CREATE ROLE owner LOGIN; GRANT SELECT ON a TO reader;
	GRANT USAGE ON FOREIGN SERVER lake TO owner;");
crash("kill after 2 manifest", "BEGIN; INSERT INTO a VALUES (1000300, 1, 'x'); INSERT INTO b VALUES (1000300, 1, 'x'); COMMIT;");
is(sql("SET ROLE reader; SELECT relation FROM lancedb.unresolved"), 'a', 'one sees the tables that one may read');
like(try_sql("SET ROLE reader; SELECT * FROM lancedb.resolve('a', 1, 'keep')"), qr/must be owner/, 'only the owner decides');
like(try_sql("SET ROLE reader; SELECT * FROM lancedb.commits"), qr/permission denied/, 'the audit is not for everybody');
sql("SELECT lancedb.resolve(relation, version, 'withdraw') FROM lancedb.unresolved");
is(unresolved(), '', 'both are withdrawn');

# ---- copies of the database see all rows, and are not asked to decide about the versions ----

crash("kill after 1 manifest", "INSERT INTO a VALUES (1000400, 1, 'of the first database')");
my $rows = sql('SELECT count(*) FROM a');
sql('CREATE DATABASE copied TEMPLATE postgres');
is(sql('SELECT count(*) FROM a', 'copied'), $rows, 'a copied database reads every row');
is(sql('SELECT count(*) FROM lancedb.unresolved', 'copied'), 0, 'and lists nothing, since it made no version');
OwnServer::run("pg_dump -h $work -p $port -U postgres -d postgres -f $work/dump.sql");
sql('CREATE DATABASE restored TEMPLATE template0');
OwnServer::run($server->psql('restored') . " -f $work/dump.sql");
is(sql('SELECT count(*) FROM a', 'restored'), $rows, 'a restored dump reads every row');
is(sql('SELECT count(*) FROM lancedb.unresolved', 'restored'), 0, 'and lists nothing');
sql("INSERT INTO a VALUES (1000401, 1, 'of the restored one')", 'restored');
is(sql('SELECT count(*) FROM a'), $rows + 1, 'what it writes is seen by the first');
is(sql('SELECT count(*) FROM lancedb.unresolved'), 1, 'which lists its own version alone');
sql("DROP EXTENSION lancedb CASCADE; CREATE EXTENSION lancedb;
	CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$lake');
	CREATE FOREIGN TABLE a (id int, category smallint, title text) SERVER lake", 'copied');
is(sql('SELECT count(*) FROM a', 'copied'), $rows + 1, 'an extension made anew reads every row');
is(sql('SELECT count(*) FROM lancedb.unresolved', 'copied'), 0, 'and lists nothing');

# ---- a standby reads, does not write, and loses nothing when it is promoted ----

my $standby = $server->standby('standby', $port + 1);
$standby->start();
is($standby->sql('SELECT count(*) FROM a'), $rows + 1, 'the standby reads');
is($standby->sql('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM a; COMMIT'), $rows + 1, 'in a transaction as well');
like($standby->try_sql("INSERT INTO a VALUES (1, 1, 'no')"), qr/cannot execute INSERT in a read-only transaction/, 'it does not write');
like($standby->try_sql("UPDATE a SET title = 'no'"), qr/cannot execute UPDATE in a read-only transaction/, 'nor change rows');
like($standby->try_sql('SELECT * FROM lancedb.unresolved'), qr/recovery is in progress/, 'nor guess what is unresolved');
$standby->stop();
sql("INSERT INTO a VALUES (1000500, 1, 'acknowledged, never replicated')");
$server->stop();
OwnServer::run("sed -i '/primary_conninfo/d' $standby->{folder}/postgresql.auto.conf");
$standby->start();
OwnServer::run("pg_ctl -D $standby->{folder} -w promote");
is($standby->sql('SELECT count(*) FROM a'), $rows + 2, 'a promoted standby reads what was committed, replicated or not');
is($standby->sql('SELECT count(*) FROM lancedb.unresolved'), 2, 'and lists what it has not heard of');
$standby->sql("INSERT INTO a VALUES (1000501, 1, 'of the new primary')");
is($standby->sql('SELECT count(*) FROM a'), $rows + 3, 'and writes');
done_testing();
