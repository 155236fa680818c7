# dump.pl -- dumps of Lance tables are restored: attached to their datasets, also while these cannot be reached.
use strict;
use warnings;
use Test::More;

my $data = $ENV{LANCEDB_TEST_DATA} or die 'run this with: make installcheck TESTS=dump';
my $folder = "$data/dump";
my $work = "$ENV{LANCEDB_WORK}/dump";
my @run_as = split / /, $ENV{LANCEDB_RUNAS} // '';

# Status, output and errors together, paths left out.
sub run
{
	my (@command) = @_;
	my $pid = open(my $pipe, '-|') // die "fork: $!";
	if ($pid == 0)
	{
		open(STDERR, '>&', \*STDOUT) or die "dup: $!";
		exec(@command) or die "$command[0]: $!";
	}
	my $output = do { local $/; <$pipe> } // '';
	close($pipe);
	$output =~ s/\Q$data\E/<data>/g;
	return ($? >> 8, $output);
}

sub psql
{
	my ($database, $sql) = @_;
	my (undef, $output) = run('psql', '-XAtq', '-d', $database, '-c', $sql);
	return $output;
}

sub fresh_database
{
	my ($name) = @_;
	run('dropdb', '--if-exists', $name);
	my ($status, $output) = run('createdb', $name);
	is($status, 0, "createdb $name") or diag($output);
	return $name;
}

sub system_ok { my (@command) = @_; system(@command) == 0 or die "@command: $?"; }

system_ok('rm', '-rf', $folder, $work);
system_ok('mkdir', '-p', $folder, $work);
system_ok('cp', '-r', "$data/packages_small.lance", $folder);
system_ok('chmod', '-R', 'a+rwX', $folder, $work);

my $declared = q{id bigint, name text OPTIONS (column_name 'package'), embedding real[] OPTIONS (dim '128')};
my $from = fresh_database('dump_from');
psql($from, qq{
	CREATE EXTENSION lancedb;
	CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$folder');
	CREATE TYPE mood AS ENUM ('sad', 'ok');
	CREATE FOREIGN TABLE attached ($declared) SERVER lake OPTIONS (table 'packages_small');
	CREATE FOREIGN TABLE without_io ($declared) SERVER lake OPTIONS (table 'packages_small', create 'never');
	CREATE FOREIGN TABLE inferred () SERVER lake OPTIONS (table 'packages_small');
	CREATE FOREIGN TABLE made (id int NOT NULL, m mood, code varchar(7) OPTIONS (column_name 'Code'), v real[] OPTIONS (dim '2'))
		SERVER lake OPTIONS (stable_row_ids 'true', data_storage_version '2.2');
});
my $state = q{SELECT c.relname, (SELECT array_agg(o ORDER BY o) FROM unnest(ftoptions) o), string_agg(attname || ' ' || format_type(atttypid, atttypmod) || attnotnull || coalesce(attfdwoptions::text, ''), ', ' ORDER BY attnum)
	FROM pg_foreign_table JOIN pg_class c ON c.oid = ftrelid JOIN pg_attribute ON attrelid = ftrelid AND attnum > 0 GROUP BY 1, 2 ORDER BY 1};
my $before = psql($from, $state);
like($before, qr/^attached.*^inferred.*^made\|.*stable_row_ids=true.*code character varying\(7\)false\{column_name=Code\}.*^without_io/ms, 'there is something to dump');
my $listing = join("\n", sort(glob("$folder/*/_versions/*")));

for my $format ('plain', 'custom')
{
	my ($status, $output) = run('pg_dump', '-d', $from, '-F', $format, '-f', "$work/$format");
	is($status, 0, "$format dump") or diag($output);
}

sub restore
{
	my ($format, $database) = @_;
	return $format eq 'plain'
	  ? run('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $database, '-f', "$work/plain")
	  : run('pg_restore', '--exit-on-error', '-d', $database, "$work/custom");
}

for my $format ('plain', 'custom')
{
	my $to = fresh_database("dump_to_$format");
	my ($status, $output) = restore($format, $to);
	is($status, 0, "$format dump is restored") or diag($output);
	is(psql($to, $state), $before, "tables of the $format dump are as they were");
	is(psql($to, 'SELECT count(*), min(name) FROM attached'), psql($from, 'SELECT count(*), min(name) FROM attached'), "and attached to their data ($format)");
	is(psql($to, 'SELECT count(*) FROM made'), "0\n", "made ones, too ($format)");
}
is(join("\n", sort(glob("$folder/*/_versions/*"))), $listing, 'restoring made no version of any dataset');

# the store is down: every table is restored, and works when it is back
rename($folder, "$folder.away") or die "rename: $!";
my $down = fresh_database('dump_down');
my ($status, $output) = restore('custom', $down);
is($status, 0, 'restored while the folder is away') or diag($output);
is(psql($down, $state), $before, 'with all its tables');
like(psql($down, 'SELECT count(*) FROM without_io'), qr/ERROR/, 'which cannot be read then');
ok(!-e $folder, 'and nothing was made in its place');
rename("$folder.away", $folder) or die "rename: $!";
is(psql($down, 'SELECT count(*) FROM without_io'), "2000\n", 'and can when it is back');

run('dropdb', '--if-exists', $_) for qw(dump_from dump_to_plain dump_to_custom dump_down);
system_ok('rm', '-rf', $folder, $work);
done_testing();
