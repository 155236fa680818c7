# two_clusters.pl -- two servers, which share no locks, write to one folder at the same time: nothing is lost, nothing is half.
use strict;
use warnings;
use Test::More;
use lib 't';
use OwnServer;

my $data = $ENV{LANCEDB_TEST_DATA} or die 'run this with: make installcheck TESTS=two_clusters';
my $work = "$ENV{LANCEDB_WORK}/tap/two";
my $lake = "$work/lake";
my $port = 20000 + $$ % 20000;

OwnServer::run("rm -rf $work && mkdir -p $lake");
OwnServer::run("ln -s lake $work/link");
OwnServer::run("cp -r $data/fragments.lance $lake/a.lance && cp -r $data/fragments.lance $lake/b.lance");
my $one = OwnServer->new($work, 'one', $port);
my $two = OwnServer->new($work, 'two', $port + 1);
for my $server ($one, $two)
{
	$server->start();
	$server->sql("CREATE EXTENSION lancedb;
		CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$lake');
		CREATE FOREIGN TABLE a (id int, category smallint, title text) SERVER lake;
		CREATE FOREIGN TABLE b (id int, category smallint, title text) SERVER lake;");
}
$one->sql("DELETE FROM a WHERE id > 2; DELETE FROM b WHERE id > 2; UPDATE a SET category = 0; UPDATE b SET category = 0");

sub newest { return $one->sql("SELECT max(version) FROM lancedb.versions('$_[0]')"); }

# Runs `ours` on the first server, stopped there, and `theirs` on the second meanwhile; what psql said of ours.
sub race
{
	my ($where, $ours, $theirs) = @_;
	$one->die_at("stop $where");
	my $session = $one->begin_sql($ours);
	my $backend = $one->stopped_backend();
	$one->die_at();
	my $done = $two->try_sql($theirs);
	is($?, 0, 'the other one is not held up') or diag($done);
	kill('CONT', $backend);
	return $one->finish($session);
}

# ---- the version is taken when it is put ----

my $version = newest('a');
is(race('before 1 manifest', "INSERT INTO a VALUES (100, 1, 'ours')", "INSERT INTO a VALUES (101, 1, 'theirs')"),
	'', 'rows are added by both');
is($two->sql("SELECT string_agg(title, ' ' ORDER BY id) FROM a WHERE category = 1"), 'ours theirs', 'and both are there');
is(newest('a'), $version + 2, 'in a version of each');
is($one->sql("SELECT count(*) FROM lancedb.commits WHERE version = $version + 2 AND uri LIKE '%/a.lance'"), 1, 'the audit row has moved with it');
is($one->sql('SELECT count(*) FROM lancedb.unresolved'), 0, 'nothing is left to decide');
is($two->sql('SELECT count(*) FROM lancedb.unresolved'), 0, 'for neither');

is(race('before 1 manifest', 'UPDATE a SET category = category + 5 WHERE id = 1', 'UPDATE a SET category = category + 7 WHERE id = 2'),
	'', 'different rows are changed by both');
is($two->sql('SELECT string_agg(category::text, \' \' ORDER BY id) FROM a WHERE id < 3'), '5 7', 'and both are changed');

like(race('before 1 manifest', 'UPDATE a SET category = 50 WHERE id = 1', 'UPDATE a SET category = 70 WHERE id = 1'),
	qr/could not serialize access due to concurrent change of Lance table "a"/, 'the same row is changed by the first');
is($one->sql('SELECT category FROM a WHERE id = 1'), 70, 'whose change stays');

# ---- the second of two datasets cannot be committed after the first was put ----

my ($a, $b) = (newest('a'), newest('b'));
my $change = "BEGIN; INSERT INTO a VALUES (200, 2, 'half'); UPDATE b SET category = 50 WHERE id = 1; COMMIT;";

like(race('before 2 manifest', $change, 'UPDATE b SET category = 70 WHERE id = 1'), qr/could not serialize access/, 'the transaction fails');
is($one->sql("SELECT count(*) FROM a WHERE title = 'half'"), 0, 'its other half is taken back');
is(newest('a'), $a + 2, 'by a version of its own');
is(newest('b'), $b + 1, 'the other one has theirs');
is($one->sql('SELECT count(*) FROM lancedb.unresolved'), 0, 'nothing is left to decide');

# ---- somebody builds on a version that is to be taken back ----

my $late = "BEGIN; INSERT INTO a VALUES (300, 3, 'late');
	CREATE TEMP TABLE parent (n int PRIMARY KEY) ON COMMIT DELETE ROWS;
	CREATE TEMP TABLE child (n int REFERENCES parent) ON COMMIT PRESERVE ROWS; COMMIT;";

like(race('after 1 manifest', $late, "INSERT INTO a VALUES (301, 3, 'on top')"), qr/WARNING:.*could not be taken back/s, 'there is a warning');
is($two->sql("SELECT string_agg(title, ' ' ORDER BY id) FROM a WHERE category = 3"), 'late on top', 'both are there, as everybody saw them');
my ($relation, $number) = split(/\|/, $one->sql('SELECT relation, version FROM lancedb.unresolved'));
is($relation, 'a', 'the version is listed');
is($one->sql("SELECT rows_removed, rows_lost FROM lancedb.resolve('a', $number, 'withdraw')"), '1|0', 'and withdrawn');
is($two->sql("SELECT string_agg(title, ' ' ORDER BY id) FROM a WHERE category = 3"), 'on top', 'alone');
is($one->sql('SELECT count(*) FROM lancedb.unresolved') + $two->sql('SELECT count(*) FROM lancedb.unresolved'), 0, 'that was all');

# ---- a commit under way is no unresolved version ----

$one->die_at('stop after 1 manifest');
my $session = $one->begin_sql("INSERT INTO a VALUES (400, 4, 'slow')");
my $backend = $one->stopped_backend();
$one->die_at();
like($one->try_sql("SET statement_timeout = '500ms'; SELECT * FROM lancedb.unresolved"), qr/statement timeout/, 'whoever asks waits for it');
is($one->sql('SELECT count(*) FROM a WHERE category = 4'), 1, 'readers do not');
kill('CONT', $backend);
is($one->finish($session), '', 'it ends well');
is($one->sql('SELECT count(*) FROM lancedb.unresolved'), 0, 'and is none');

# ---- two databases of one server share locks ----

$one->sql('CREATE DATABASE other TEMPLATE template0');
$one->sql("CREATE EXTENSION lancedb;
	CREATE SERVER elsewhere FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$work/link');
	CREATE FOREIGN TABLE also_a (id int, category smallint, title text) SERVER elsewhere OPTIONS (table 'a');", 'other');
$session = $one->begin_sql("BEGIN; UPDATE a SET category = 80 WHERE id = 1; SELECT pg_sleep(1.5) \\g /dev/null\nCOMMIT;");
for (1 .. 100)
{
	last if $one->sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = 0") > 0;
	select(undef, undef, undef, 0.05);
}
like($one->try_sql("SET lock_timeout = '100ms'; UPDATE also_a SET category = 90 WHERE id = 1", 'other'), qr/lock timeout/, 'the other database waits');
is($one->sql('UPDATE also_a SET category = category + 1 WHERE id = 1 RETURNING category', 'other'), 81, 'and sees what it waited for');
is($one->finish($session), '', 'of the first');
is($two->sql('SELECT category FROM a WHERE id = 1'), 81, 'and so does everybody');

# ---- both write all the time ----

my @sessions = map { my $server = $_; map { $server->begin_sql(join("\n", map { "INSERT INTO a SELECT 5, 5, 'x'; " } 1 .. 10)) } 1 .. 3 } ($one, $two);
for my $i (0 .. $#sessions)
{
	is($one->finish($sessions[$i]), '', "session $i was not disturbed");
}
is($one->sql('SELECT count(*) FROM a WHERE category = 5'), 60, 'and no row is missing');
done_testing();
