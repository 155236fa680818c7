# hostile.pl -- damaged datasets behind foreign tables: rows or a clean error, and the backend lives on.
use strict;
use warnings;
use File::Basename;
use Test::More;

# installcheck.sh has a server running, and test/data where that server can read it.
my $data = $ENV{LANCEDB_TEST_DATA} or die 'run this with: make installcheck TESTS=hostile';
my $log = "$ENV{LANCEDB_WORK}/server.log";
my $lake = "$ENV{LANCEDB_WORK}/tap/lake";
my $database = 'lancedb_hostile';
my @datasets = qw(vectors_20 vectors_21 vectors_22 nested_20 nested_22 types_21 history_stable filters);
my $variants_each = 40;

sub slurp
{
	my ($name) = @_;
	open(my $in, '<:raw', $name) or die "$name: $!";
	local $/;
	return scalar <$in>;
}

sub spew
{
	my ($name, $bytes) = @_;
	unlink($name);
	open(my $out, '>:raw', $name) or die "$name: $!";
	print $out $bytes;
	close($out) or die "$name: $!";
}

# One session for the whole script; what psql says on both of its channels.
sub session
{
	my ($script, $name) = @_;
	spew("$lake/script.sql", $script);
	return `psql -X -q -A -t -v VERBOSITY=verbose -d $name -f $lake/script.sql 2>&1`;
}

# ---- damaged copies ----

# The same numbers everywhere.
my $state = 20250101;

sub random_below
{
	my ($limit) = @_;
	$state = ($state * 1103515245 + 12345) % 2147483648;
	return int($state / 65536) % $limit;
}

# Files of the newest version, data files several times: they are what most code reads.
sub choose_file
{
	my ($folder) = @_;
	my ($manifest) = sort glob("$folder/_versions/*.manifest");
	my @files = ($manifest, (glob("$folder/data/*.lance")) x 3, glob("$folder/_deletions/*"));
	return $files[ random_below(scalar @files) ];
}

# Where a file's structures are: mostly metadata, at its end, and a footer of 40 bytes.
sub choose_position
{
	my ($length) = @_;
	my $kind = random_below(4);
	return $length - 1 - random_below(40) if $kind == 0 && $length > 40;
	return $length - 1 - random_below($length < 3000 ? $length : 3000) if $kind < 3;
	return random_below($length);
}

sub damage
{
	my ($bytes, $number) = @_;
	my $length = length $bytes;
	my $at = choose_position($length);
	return substr($bytes, 0, $at) if $number % 5 == 0;
	my $kind = random_below(5);
	my $end = $length - $at < 8 ? $length - $at : 8;
	if ($kind == 0) { substr($bytes, $at, 1) ^= chr(1 << random_below(8)); }
	elsif ($kind == 1) { substr($bytes, $at, 1) = "\xff"; }
	elsif ($kind == 2) { substr($bytes, $at, $end) = "\xff" x $end; }
	elsif ($kind == 3) { substr($bytes, $at, $end) = "\0" x $end; }
	else { substr($bytes, $at, $end) = join('', map { chr(random_below(256)) } 1 .. $end); }
	return $bytes;
}

sub make_variants
{
	my @names;
	for my $dataset (@datasets)
	{
		for my $number (1 .. $variants_each)
		{
			my $name = "${dataset}_$number";
			# undamaged files are shared
			system('cp', '-rl', "$lake/base/$dataset.lance", "$lake/db/$name.lance") == 0 or die 'cp';
			my $file = choose_file("$lake/db/$name.lance");
			spew($file, damage(slurp($file), $number));
			push @names, $name;
		}
	}
	return @names;
}

# ---- what is done with each ----

my $setup = <<'SQL';
CREATE EXTENSION lancedb;
CREATE TABLE tried (name text, step text, state text, message text, anon_kb bigint);
CREATE TABLE backend (pid int);
INSERT INTO backend SELECT pg_backend_pid();

-- private memory of this backend
CREATE FUNCTION anon_kb() RETURNS bigint LANGUAGE sql AS $$
    SELECT substring(pg_read_file('/proc/' || pg_backend_pid() || '/status', 0, 65536) FROM 'RssAnon:\s*(\d+)')::bigint
$$;

CREATE FUNCTION try(name text, step text, command text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    state text := '00000';
    message text;
BEGIN
    BEGIN
        EXECUTE command;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
    END;
    INSERT INTO tried VALUES (name, step, state, message, anon_kb());
END $$;

-- The columns of every variant are those of the dataset that it was made from, so a file can be wrong about them.
CREATE FUNCTION try_all(name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    vectors text;
    first_column text;
BEGIN
    PERFORM try(name, 'import', format('IMPORT FOREIGN SCHEMA public LIMIT TO (%I) FROM SERVER lake INTO public', name));
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE FOREIGN TABLE %I (%s) SERVER lake OPTIONS (create ''never'')', name,
                       (SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
                        FROM pg_attribute
                        WHERE attrelid = regexp_replace(name, '_\d+$', '_base')::regclass AND attnum > 0));
    END IF;
    SELECT quote_ident(attname) INTO first_column FROM pg_attribute
    WHERE attrelid = name::regclass AND attnum > 0 ORDER BY attnum LIMIT 1;
    SELECT quote_ident(attname) INTO vectors FROM pg_attribute
    WHERE attrelid = name::regclass AND atttypid = 'real[]'::regtype ORDER BY attnum LIMIT 1;
    PERFORM try(name, 'count', format('SELECT count(*) FROM %I', name));
    PERFORM try(name, 'filter', format('SELECT count(*) FROM %I WHERE %s IS NOT NULL', name, coalesce(first_column, '1')));
    PERFORM try(name, 'rows', format('SELECT count(t::text) FROM %I t', name));
    PERFORM try(name, 'limit', format('SELECT * FROM %I LIMIT 3', name));
    IF vectors IS NOT NULL THEN
        PERFORM try(name, 'nearest', format(
            'SELECT * FROM %1$I ORDER BY %2$s <-> (SELECT %2$s FROM %1$I WHERE %2$s IS NOT NULL LIMIT 1) LIMIT 5', name, vectors));
    END IF;
    PERFORM try(name, 'analyze', format('ANALYZE %I', name));
    PERFORM try(name, 'versions', format('SELECT count(*) FROM lancedb.versions(%L)', name));
    PERFORM try(name, 'fragments', format('SELECT count(*) FROM lancedb.fragments(%L)', name));
    EXECUTE format('DROP FOREIGN TABLE %I', name);
END $$;
SQL

system('rm', '-rf', $lake);
mkdir($lake) && mkdir("$lake/base") && mkdir("$lake/db") or die "$lake: $!";
for my $dataset (@datasets)
{
	system('cp', '-r', "$data/$dataset.lance", "$lake/base") == 0 or die 'cp';
	system('cp', '-rl', "$lake/base/$dataset.lance", "$lake/db/${dataset}_base.lance") == 0 or die 'cp';
}
my @names = make_variants();

session("DROP DATABASE IF EXISTS $database; CREATE DATABASE $database;", 'postgres');
my $bases = join(', ', map { "${_}_base" } @datasets);
my $said = session(
	$setup
	  . "CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$lake/db');\n"
	  . "IMPORT FOREIGN SCHEMA public LIMIT TO ($bases) FROM SERVER lake INTO public;\n"
	  . "SET statement_timeout = '5s';\n"
	  . "SET client_min_messages = error;\n"
	  . join('', map { "DO \$\$ BEGIN PERFORM try_all('$_'); END \$\$;\n" } @names)
	  . "INSERT INTO backend SELECT pg_backend_pid();\n"
	  . "SELECT 'done', anon_kb();\n",
	$database);

like($said, qr/^done\|\d+$/m, 'the session that read ' . scalar(@names) . ' damaged tables ends well');
unlike($said, qr/ERROR|FATAL|PANIC|server closed/, 'nothing but what was expected went wrong') or diag(substr($said, 0, 2000));
is(session('SELECT count(DISTINCT pid), count(*) FROM backend', $database), "1|2\n", 'one backend did it all');
is(session('SELECT count(DISTINCT name) FROM tried', $database), scalar(@names) . "\n", 'every variant was tried');

my $unclean = session(
	"SELECT step, state, name, left(message, 200) FROM tried
	 WHERE state <> '00000' AND (state !~ '^(HV|22|0A000|53200|42501)' OR coalesce(message, '') = '') LIMIT 20", $database);
is($unclean, '', 'every error has a state that says what was wrong');
my ($refused, $read) = split(/\|/, session(
	"SELECT count(*) FILTER (WHERE state <> '00000'), count(*) FILTER (WHERE state = '00000') FROM tried", $database));
cmp_ok($refused, '>', scalar @names, 'damage is noticed');
cmp_ok($read, '>', scalar @names, 'what is not damaged is read');
cmp_ok(session('SELECT max(anon_kb) / 1024 FROM tried', $database), '<', 512, 'memory stays below 512 MB');

# ---- names that try to be more than names ----

my $evil = qq{f"';\$\$-\n\\}; # as long as the name in whose place it stands
my $evil_table = q{v"'; DROP TABLE tried; --};
system('cp', '-r', "$data/vectors_21.lance", "$lake/db/$evil_table.lance") == 0 or die 'cp';
for my $manifest (glob("$lake/db/v\\\"*.lance/_versions/*.manifest"))
{
	(my $bytes = slurp($manifest)) =~ s/f32_3_nul/$evil/g;
	spew($manifest, $bytes);
}
my $quoted = q{"v""'; DROP TABLE tried; --"};
my $imported = session(
	"IMPORT FOREIGN SCHEMA public LIMIT TO ($quoted) FROM SERVER lake INTO public;\n"
	  . "SELECT count(*) FROM $quoted;\n"
	  . "SELECT replace(attname, E'\\n', 'newline') FROM pg_attribute WHERE attrelid = \$name\$$quoted\$name\$::regclass AND attnum = 3;\n"
	  . "SELECT count(*) > 0 FROM tried;\n", $database);
(my $shown = $evil . 'l') =~ s/\n/newline/;
is($imported, "70\n$shown\nt\n", 'hostile names of tables and columns are only names');

# ---- manifests so large that a session cannot keep all that it opened ----

sub varint
{
	my ($number) = @_;
	my $bytes = '';
	for (; $number > 127; $number >>= 7) { $bytes .= chr($number & 127 | 128); }
	return $bytes . chr($number);
}
sub bytes_field { my ($number, $bytes) = @_; return varint($number << 3 | 2) . varint(length $bytes) . $bytes; }
sub number_field { my ($number, $value) = @_; return varint($number << 3) . varint($value); }

# 200,000 fragments of 10 rows
sub large_manifest
{
	my $field = bytes_field(2, 'a') . number_field(3, 0) . "\x20" . "\xff" x 9 . "\x01" . bytes_field(5, 'int32');
	my $file = bytes_field(1, 'x.lance') . bytes_field(2, "\0") . bytes_field(3, "\0") . number_field(4, 2) . number_field(5, 1);
	my $message = bytes_field(1, $field) . number_field(3, 1)
	  . join('', map { bytes_field(2, number_field(1, $_) . bytes_field(2, $file) . number_field(4, 10)) } 0 .. 199_999);
	return pack('V', length $message) . $message . pack('Q<vv', 0, 0, 2) . 'LANC';
}

my @large = map { "large_$_" } 1 .. 16;
my $large_manifest = large_manifest();
for my $name (@large)
{
	mkdir("$lake/db/$name.lance") && mkdir("$lake/db/$name.lance/_versions") or die $name;
	if ($name eq $large[0]) { spew("$lake/db/$name.lance/_versions/18446744073709551614.manifest", $large_manifest); }
	else { system('cp', '-rl', "$lake/db/$large[0].lance/_versions", "$lake/db/$name.lance/") == 0 or die 'cp'; }
}
my $opened = session(
	join('', map { "CREATE FOREIGN TABLE $_ (a int) SERVER lake OPTIONS (create 'never'); SELECT count(*) FROM $_;\n" } @large)
	  . "SELECT anon_kb() < 512 * 1024;\n", $database);
is($opened, "2000000\n" x @large . "t\n", 'what is kept of many tables makes room for the next');

# ---- a file that gets shorter while it is read ----

sub cut_while_reading
{
	my ($what, $before, $after) = @_;
	my $name = 'cut';
	system('rm', '-rf', "$lake/db/$name.lance");
	system('cp', '-r', "$data/packages_small.lance", "$lake/db/$name.lance") == 0 or die 'cp';
	my ($file) = glob("$lake/db/$name.lance/data/*.lance");
	my $output = session(
		"CREATE FOREIGN TABLE IF NOT EXISTS $name () SERVER lake;\n"
		  . "SELECT 'first', pg_backend_pid();\nBEGIN;\n$before;\n\\! truncate -s 4096 $file\n$after;\nROLLBACK;\n"
		  . "SELECT 'last', pg_backend_pid();\n", $database);
	my $base = basename($file);
	like($output, qr/ERROR:  HV\w+: .*\Q$base\E/, "$what: the error names the file") or diag(substr($output, -1500));
	my ($first) = $output =~ /^first\|(\d+)$/m;
	my ($last) = $output =~ /^last\|(\d+)$/m;
	is($last, $first, "$what: the session goes on");
	return $output;
}

cut_while_reading('cursor over all columns',
	'DECLARE c CURSOR FOR SELECT package, embedding FROM cut; FETCH 3 FROM c', 'FETCH ALL FROM c');
cut_while_reading('cursor over vectors',
	'DECLARE c CURSOR FOR SELECT embedding FROM cut; FETCH 3 FROM c', 'FETCH ALL FROM c');
cut_while_reading('cursor in order of distance',
	'DECLARE c CURSOR FOR SELECT package, embedding FROM cut
	   ORDER BY embedding <-> (SELECT embedding FROM cut LIMIT 1); FETCH 3 FROM c', 'FETCH ALL FROM c');

my $few = cut_while_reading('a few rows of a batch that was read before',
	"DECLARE c CURSOR FOR SELECT 'row', embedding[1:2] FROM cut; FETCH 3 FROM c", 'FETCH 200 FROM c; FETCH ALL FROM c');
unlike($few, qr/^row\|\{0,0\}/m, 'zeros of a lost page are no row');

unlike(slurp($log), qr/terminated by signal/, 'no backend was killed by a signal');

session("DROP DATABASE $database", 'postgres');
system('rm', '-rf', $lake);
done_testing();
