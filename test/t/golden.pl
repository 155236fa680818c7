# golden.pl -- every dataset of test/data reads exactly as LanceDB reads it.
use strict;
use warnings;
use Fcntl ':flock';
use File::Basename;
use Test::More;

# installcheck.sh has a server running, and test/data where that server can read it.
my $data = $ENV{LANCEDB_TEST_DATA} or die 'run this with: make installcheck TESTS=golden';
my $database = 'lancedb_golden';

sub psql
{
	my ($sql, %set) = @_;
	my @command = ('psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $set{database} // $database);
	open(my $pipe, '-|', @command, '-c', $sql) or die "psql: $!";
	local $/;
	my $output = <$pipe> // '';
	close($pipe) or BAIL_OUT("psql failed: $sql");
	return wantarray ? split(/\n/, $output) : $output;
}

sub run_file
{
	my ($file) = @_;
	system('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $database, '-f', $file) == 0 or BAIL_OUT("$file failed");
}

psql("DROP DATABASE IF EXISTS $database", database => 'postgres');
psql("CREATE DATABASE $database", database => 'postgres');
psql('CREATE EXTENSION lancedb');
run_file("$ENV{LANCEDB_WORK}/tap/golden.sql");

# Branches and clones name their base by its full path, so those datasets are put where they were made.
my $fixed = '/tmp/lancedb-golden';
open(my $lock, '>>', "$fixed.lock") or die "$fixed.lock: $!";
flock($lock, LOCK_EX);
system('rm', '-rf', $fixed);
mkdir($fixed) or die "$fixed: $!";
system('cp', '-r', "$data/refs.lance", "$data/refs_clone.lance", $fixed) == 0 or die 'cp';

psql("CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$data')");
psql("CREATE SERVER fixed FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$fixed')");

for my $file (sort glob("$data/*.json"))
{
	my $name = basename($file, '.json');
	next if $name =~ /^refused/;
	my $server = $name =~ /^refs/ ? 'fixed' : 'lake';
	my $result = psql("SET timezone = 'UTC'; SELECT golden.check('$server', '$name', '$file'); SELECT 'compared'");
	is($result, "compared\n", "$name holds what LanceDB reads");
}

for my $refused (['refused_legacy', qr/0\.1|legacy/i], ['refused_23', qr/2\.3/])
{
	my ($name, $pattern) = @$refused;
	my $output = psql(
		"DO \$\$ BEGIN EXECUTE 'CREATE FOREIGN TABLE $name () SERVER lake; SELECT count(title) FROM $name';
		 RAISE NOTICE 'not refused';
		 EXCEPTION WHEN OTHERS THEN CREATE TABLE said_$name AS SELECT SQLSTATE AS state, SQLERRM AS message; END \$\$;
		 SELECT state || ' ' || message FROM said_$name");
	like($output, qr/^0A000 /, "$name is refused as not supported");
	like($output, $pattern, "$name is refused by its version");
}

system('rm', '-rf', $fixed);
psql("DROP DATABASE $database", database => 'postgres');
done_testing();
