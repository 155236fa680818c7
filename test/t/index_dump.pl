# index_dump.pl -- unique indexes of Lance tables in dumps, and in sessions that did not load the library at their start.
use strict;
use warnings;
use Test::More;

my $data = $ENV{LANCEDB_TEST_DATA} or die 'run this with: make installcheck TESTS=index_dump';
my $folder = "$data/index_dump";
my $work = "$ENV{LANCEDB_WORK}/index_dump";
my $loaded = '-c session_preload_libraries=lancedb';

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

# Each statement on its own, in one session.
sub psql
{
	my ($database, @statements) = @_;
	my (undef, $output) = run('psql', '-XAtq', '-d', $database, map { ('-c', $_) } @statements);
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
system_ok('chmod', '-R', 'a+rwX', $folder, $work);

# --- who is told to load the library
my $from = fresh_database('index_from');
like(psql($from, 'CREATE EXTENSION lancedb'), qr/WARNING:  lancedb is not loaded when sessions start/, 'CREATE EXTENSION warns when nobody loads the library');
psql($from, 'DROP EXTENSION lancedb');
{
	local $ENV{PGOPTIONS} = $loaded;
	is(psql($from, 'CREATE EXTENSION lancedb'), '', 'and does not when sessions do');
}
psql($from, qq{
	CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$folder');
	CREATE FOREIGN TABLE t (id int, name text, n int) SERVER lake;
	INSERT INTO t SELECT g, 'n' || g, NULLIF(g % 3, 0) FROM generate_series(1, 3) g;
});
my $create = 'CREATE UNIQUE INDEX t_id ON t (id)';
my $refused = psql($from, $create);
like($refused, qr/ERROR:  cannot create index on Lance table "t": the library lancedb was not loaded when the session started/, 'a session that has not loaded the library cannot create an index');
like($refused, qr/HINT:.*shared_preload_libraries/, 'and is told how it could');
unlike(psql($from, $create, $create), qr/library.*library/s, 'the second attempt of a session finds it loaded');
psql($from, 'DROP INDEX IF EXISTS t_id');
{
	local $ENV{PGOPTIONS} = $loaded;
	is(psql($from, $create, 'CREATE UNIQUE INDEX t_name_n ON t (name, n) NULLS NOT DISTINCT', q{COMMENT ON INDEX t_id IS 'key'}), '', 'a session that has loaded it can');
}

# --- commands that know nothing of us, in sessions that did not load the library
like(psql($from, 'REINDEX INDEX CONCURRENTLY t_id'), qr/ERROR:  indexes of Lance tables cannot be rebuilt concurrently/, 'REINDEX CONCURRENTLY is refused by the access method');
is(psql($from, 'SELECT 1'), "1\n", 'and the server is still there');
psql($from, 'DROP INDEX t_id_ccnew');
is(psql($from, 'REINDEX INDEX t_id'), '', 'REINDEX works');
like(psql($from, 'REINDEX TABLE t'), qr/is not a table or materialized view/, 'REINDEX TABLE is not known to the server');
like(psql($from, 'CREATE TABLE h (LIKE t INCLUDING ALL)'), qr/"h" is not a Lance table/, 'LIKE cannot copy the index to another table');
is(psql($from, 'ANALYZE t'), '', 'ANALYZE works');
like(psql($from, q{INSERT INTO t VALUES (1, 'x', 1)}), qr/duplicate key value violates unique constraint "t_id"/, 'the key is enforced by the first statement of a session');
like(psql($from, 'EXPLAIN SELECT a.n FROM t a LEFT JOIN t b ON a.id = b.id'), qr/Left Join/, 'and no proof in it');
unlike(psql($from, 'ALTER FOREIGN TABLE t RENAME COLUMN n TO m', 'ALTER INDEX t_name_n RENAME TO t_name_m', 'DROP INDEX CONCURRENTLY t_name_m'), qr/ERROR/, 'ALTER and DROP work');
{
	local $ENV{PGOPTIONS} = $loaded;
	psql($from, 'CREATE UNIQUE INDEX t_name_m ON t (name, m) NULLS NOT DISTINCT');
}

# --- dumps
my $state = q{SELECT pg_get_indexdef(indexrelid), indisvalid, obj_description(indexrelid) FROM pg_index WHERE indrelid = 't'::regclass ORDER BY 1};
my $before = psql($from, $state);
like($before, qr/t_id ON public.t USING lance_key \(id\)\|t\|key\n.*t_name_m ON public.t USING lance_key \(name, m\) NULLS NOT DISTINCT\|t\|/, 'there is something to dump');
for my $format ('plain', 'custom')
{
	my ($status, $output) = run('pg_dump', '-d', $from, '-F', $format, '-f', "$work/$format");
	is($status, 0, "pg_dump -F $format") or diag($output);
}
my $to = fresh_database('index_to');
my ($status, $output) = run('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $to, '-f', "$work/plain");
is($status, 0, 'a plain dump is restored by one session, which CREATE EXTENSION makes load the library') or diag($output);
is(psql($to, $state), $before, 'with all indexes');
$to = fresh_database('index_to');
($status, $output) = run('pg_restore', '-j', '2', '-d', $to, "$work/custom");
isnt($status, 0, 'parallel sessions that do not load it');
like($output, qr/HINT:.*session_preload_libraries/, 'say what to do');
psql($to, "DROP EXTENSION IF EXISTS lancedb CASCADE");
$to = fresh_database('index_to');
{
	local $ENV{PGOPTIONS} = $loaded;
	($status, $output) = run('pg_restore', '-j', '2', '-d', $to, "$work/custom");
}
is($status, 0, 'and those that do restore the dump') or diag($output);
is(psql($to, $state), $before, 'with all indexes');

# --- the same dataset in two databases has one key
like(psql($to, q{INSERT INTO t VALUES (3, 'x', 1)}), qr/duplicate key/, 'a row that the other database inserted');
is(psql($to, q{INSERT INTO t VALUES (4, 'x', 1)}), '', 'a new row');
like(psql($from, q{INSERT INTO t VALUES (4, 'y', 1)}), qr/duplicate key/, 'is in the way of the first database');
is(psql($from, q{INSERT INTO t VALUES (4, 'y', 1) ON CONFLICT (id) DO UPDATE SET name = excluded.name}), '', 'which can change it');
is(psql($to, 'SELECT name FROM t WHERE id = 4'), "y\n", 'for both');

# --- a restore while the folder is away
$to = fresh_database('index_to');
rename($folder, "$folder.away") or die "rename: $!";
($status, $output) = run('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $to, '-f', "$work/plain");
rename("$folder.away", $folder) or die "rename: $!";
is($status, 0, 'a dump of tables that say nothing of it is restored') or diag($output);
like($output, qr/WARNING:  keys of Lance table "t" could not be checked for duplicates/, 'with a warning');
is(psql($to, $state), $before, 'and all indexes');
psql($from, q{ALTER FOREIGN TABLE t OPTIONS (ADD create 'never')});
is((run('pg_dump', '-d', $from, '-f', "$work/never"))[0], 0, 'pg_dump');
$to = fresh_database('index_to');
rename($folder, "$folder.away") or die "rename: $!";
($status, $output) = run('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $to, '-f', "$work/never");
rename("$folder.away", $folder) or die "rename: $!";
is($status, 0, 'a table that leaves its storage alone gets its indexes while the folder is away') or diag($output);
like($output, qr/WARNING:  keys of Lance table "t" could not be checked for duplicates/, 'with a warning');
is(psql($to, $state), $before, 'all of them');
like(psql($to, q{INSERT INTO t VALUES (3, 'x', 1)}), qr/duplicate key/, 'which are enforced when it is back');

run('dropdb', $from);
run('dropdb', $to);
done_testing();
