# crash.pl -- sessions are killed at every step of a transaction; nothing acknowledged is lost, nothing is half there.
#
# A server of its own, with test/crash preloaded, runs each kind of transaction on Lance tables and on heap copies
# of them, killed at one file-changing call after the other. After each recovery every Lance table is that before
# or that after; what the heap does not have is in lancedb.unresolved and resolving it brings both in step.
#
# LANCEDB_CRASH_ALL: every call (otherwise a sample); LANCEDB_CRASH_ONLY: a pattern of scenarios;
# LANCEDB_CRASH_KEEP: a folder for copies of what each crash left, with what was read from it.
use strict;
use warnings;
use Cwd;
use File::Basename;
use File::Path qw(make_path remove_tree);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $all = $ENV{LANCEDB_CRASH_ALL};
my $only = $ENV{LANCEDB_CRASH_ONLY} // '.';
my $keep = $ENV{LANCEDB_CRASH_KEEP};
my $lake = PostgreSQL::Test::Utils::tempdir();
my $armory = PostgreSQL::Test::Utils::tempdir();
my $columns = 'id int NOT NULL, word text, v real[]';
my $lance_columns = "$columns OPTIONS (dim '2')";
my ($crashes, $undone, $kept_files) = (0, 0, 0);

# ---- the server ----

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
$node->append_conf('postgresql.conf', <<"CONF");
shared_preload_libraries = 'lancedb'
restart_after_crash = on
fsync = on
wal_writer_delay = 10s
autovacuum = off
checkpoint_timeout = 1h
shared_buffers = 16MB
recovery_init_sync_method = syncfs
max_worker_processes = 0
CONF
{
	local $ENV{LD_PRELOAD} = getcwd() . '/crash.so';
	local $ENV{LANCEDB_CRASH_FOLDER} = $armory;
	$node->start;
}

sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }

sub slurp_log { return PostgreSQL::Test::Utils::slurp_file($node->logfile); }
sub times_ready { my @found = slurp_log() =~ /database system is ready to accept connections/g; return scalar @found; }
my $starts = times_ready();

# The server notices the death of a process and starts again; what is said before that does not count.
sub wait_for_restart
{
	for (1 .. 1200)
	{
		if (times_ready() > $starts) { $starts = times_ready(); return; }
		sleep 0.03;
	}
	BAIL_OUT('the server did not come back: ' . substr(slurp_log(), -2000));
}

# A session that dies at its n-th call. Gives what became of it, and the calls that it made.
sub run_armed
{
	my ($script, $mode, $n) = @_;
	my $armed = "SELECT format('COPY (SELECT %L) TO %L', '$mode $n', '$armory/' || pg_backend_pid()) AS arm \\gset\n:arm;\n";
	my ($status, $out, $err) = $node->psql('postgres', "SET search_path = crash, public; SET synchronous_commit = off; SELECT count(*) FROM a;\n$armed$script\n\\echo acknowledged\n");
	my ($calls) = glob("$armory/*.calls");
	my @calls = defined $calls ? split(/\n/, PostgreSQL::Test::Utils::slurp_file($calls)) : ();
	unlink(glob("$armory/*"));
	my $died = $status == 2;
	die "session failed: $err" if $status != 0 && !$died;
	wait_for_restart() if $died;
	return {died => $died, acknowledged => scalar($out =~ /^acknowledged$/m), calls => \@calls};
}

# ---- what is left ----

sub newest { my ($table) = @_; return sql("SELECT coalesce(max(version), 0) FROM lancedb.versions('$table')"); }
sub unresolved { return sql('SELECT relation, version FROM lancedb.unresolved ORDER BY 1, 2'); }

# 'old' or 'new': the rows that a table had before, or would have after; anything else is wrong.
sub state
{
	my ($table, $copy) = @_;
	return sql("SELECT crash.state('$table', 'crash.old_$copy', 'crash.new_$copy')");
}

sub keep_copy
{
	my ($title, @tables) = @_;
	return unless defined $keep;
	my $folder = "$keep/" . ($title =~ s/[^a-z0-9]+/-/gr);
	make_path($folder);
	system('cp', '-r', $lake, "$folder/lake") == 0 or die 'cp';
	open(my $out, '>', "$folder/expected.json") or die $!;
	print $out '{', join(',', map { my ($name, $sql) = @$_; "\"$name\":" . sql($sql) } @tables), "}\n";
	close($out);
}

sub rows_of { my ($table) = @_; return [$table, "SELECT coalesce(json_agg(t ORDER BY id), '[]') FROM crash.$table t"]; }

# Files that crashed sessions left are of these kinds only, and no reader minds them.
sub check_files
{
	my ($title) = @_;
	my @odd = grep { !m{/(?:data/[^/]+\.lance|_deletions/[^/]+\.(?:arrow|bin)|_versions/(?:\d+\.manifest|latest_version_hint\.json)|[a-z_]+/\.tmp-[0-9a-f]{16}(?:\.(?:lance|bin|arrow|json))?)$} }
		split(/\n/, `find '$lake' -type f`);
	is_deeply(\@odd, [], "$title: files are of the kinds that documentation names");
}

# ---- kinds of transactions ----

# What is done to a table %t, Lance and heap alike unless lance is there; the number of the crash makes them differ.
# Those that are slow to try and tell little more than others are tried with LANCEDB_CRASH_ALL alone.
my @scenarios = (
	{
		name => 'insert',
		tables => ['a'],
		change => sub { my ($n) = @_; return "INSERT INTO %t SELECT i, 'n' || i, ARRAY[i, $n] FROM generate_series(${n}000, ${n}019) i" },
		adds_only => 1,
	},
	{name => 'update', tables => ['a'], change => sub { my ($n) = @_; return "UPDATE %t SET word = 'u$n' WHERE id % 3 = $n % 3" }},
	{name => 'delete', tables => ['a'], change => sub { my ($n) = @_; return "DELETE FROM %t WHERE id % 11 = (SELECT min(id) FROM %t) % 11" }},
	{
		name => 'two tables',
		tables => ['a', 'b'],
		change => sub { my ($n) = @_; return "INSERT INTO %t VALUES ($n, 'two', '{1,2}'); DELETE FROM %t WHERE id = (SELECT min(id) FROM %t)" },
	},
	{
		name => 'savepoints',
		tables => ['a'],
		slow => 1,
		change => sub { my ($n) = @_; return "SAVEPOINT s; INSERT INTO %t VALUES ($n, 'gone', NULL); ROLLBACK TO s; INSERT INTO %t VALUES ($n, 'stays', NULL); RELEASE s" },
		adds_only => 1,
	},
	{
		name => 'add column',
		tables => ['a'],
		change => sub { my ($n) = @_; return "ALTER TABLE %t ADD COLUMN c$n int DEFAULT $n" },
		refresh => 1,
	},
	{
		name => 'restore',
		tables => ['a'],
		prepare => "INSERT INTO a VALUES (-1, 'other', NULL); INSERT INTO h_a VALUES (-1, 'other', NULL)",
		lance => sub { my ($n) = @_; return "SELECT lancedb.restore('a', 2); UPDATE %t SET word = 'r$n' WHERE id = 1" },
		change => sub { my ($n) = @_; return "TRUNCATE %t; INSERT INTO %t SELECT * FROM first_a; UPDATE %t SET word = 'r$n' WHERE id = 1" },
	},
	{
		name => 'on conflict',
		tables => ['a'],
		unique => 1,
		change => sub { my ($n) = @_; return "INSERT INTO %t SELECT i, 'c$n', NULL FROM generate_series($n * 7, $n * 7 + 20) i ON CONFLICT (id) DO UPDATE SET word = excluded.word" },
	},
	{name => 'truncate', tables => ['a'], slow => 1, change => sub { my ($n) = @_; return "TRUNCATE %t; INSERT INTO %t VALUES ($n, 'truncated', NULL)" }},
);

sub fill { my ($text, $table) = @_; return $text =~ s/%t/$table/gr; }

sub set_up
{
	my ($scenario) = @_;
	my $folder = "$lake/" . ($scenario->{name} =~ s/ /_/gr);
	mkdir($folder) or die "$folder: $!";
	my $script = <<"SQL";
DROP SERVER IF EXISTS lake CASCADE;
DROP SCHEMA IF EXISTS crash CASCADE;
CREATE SCHEMA crash;
SET search_path = crash, public;
CREATE FUNCTION state(t regclass, older regclass, newer regclass) RETURNS text LANGUAGE plpgsql AS \$\$
DECLARE
	candidate regclass;
	differences bigint;
	found text[] := '{}';
BEGIN
	FOREACH candidate IN ARRAY ARRAY[older, newer] LOOP
		EXECUTE format('SELECT (SELECT count(*) FROM (SELECT to_jsonb(t)::text FROM %1\$s t EXCEPT ALL SELECT to_jsonb(t)::text FROM %2\$s t) x)
			+ (SELECT count(*) FROM (SELECT to_jsonb(t)::text FROM %2\$s t EXCEPT ALL SELECT to_jsonb(t)::text FROM %1\$s t) x)', t, candidate)
			INTO differences;
		IF differences = 0 THEN found := found || CASE candidate WHEN older THEN 'old' ELSE 'new' END; END IF;
	END LOOP;
	RETURN array_to_string(found, ' and ');
END \$\$;
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$folder');
SQL
	for my $table (@{$scenario->{tables}})
	{
		$script .= "CREATE FOREIGN TABLE $table ($lance_columns) SERVER lake;\nCREATE TABLE h_$table ($columns);\n";
		$script .= "CREATE UNIQUE INDEX ON $_ (id);\n" for $scenario->{unique} ? ($table, "h_$table") : ();
		$script .= "INSERT INTO $_ SELECT i, 'w' || i, ARRAY[i, -i] FROM generate_series(1, 100) i;\n" for $table, "h_$table";
		$script .= "CREATE TABLE first_$table AS TABLE h_$table;\n";
	}
	sql($script . ($scenario->{prepare} // ''));
}

sub remember
{
	my ($scenario, $n) = @_;
	my $script = 'SET search_path = crash, public;';
	for my $table (@{$scenario->{tables}})
	{
		$script .= "DROP TABLE IF EXISTS old_$table, new_$table;"
			. "CREATE TABLE old_$table AS TABLE h_$table; CREATE TABLE new_$table (LIKE h_$table INCLUDING ALL);"
			. "INSERT INTO new_$table TABLE h_$table; BEGIN;" . fill($scenario->{change}->($n), "new_$table") . '; COMMIT;';
	}
	sql($script);
	return map { $_ => newest("crash.$_") } @{$scenario->{tables}};
}

sub transaction
{
	my ($scenario, $n) = @_;
	my $script = "BEGIN;\n";
	for my $table (@{$scenario->{tables}})
	{
		$script .= fill(($scenario->{lance} // $scenario->{change})->($n), $table) . ";\n";
		$script .= fill($scenario->{change}->($n), "h_$table") . ";\n";
	}
	return "${script}COMMIT;";
}

# The owner's decision about one table whose version the crash left; the heap follows it.
sub resolve
{
	my ($scenario, $title, $n, $table, $version) = @_;
	my $decision = $n % 2 ? 'withdraw' : 'keep';
	my $built_on = $n % 4 >= 2 && $scenario->{adds_only};
	my $rows = "INSERT INTO %t SELECT 900000 + $n, 'built on', NULL";
	my $set = 'SET search_path = crash, public;';
	sql($set . join(';', map { fill($rows, $_) } $table, "h_$table", "old_$table", "new_$table")) if $built_on;
	my $result = sql("$set SELECT * FROM lancedb.resolve('$table', $version, '$decision')");
	like($result, $decision eq 'keep' ? qr/^\|0\|0$/ : qr/^\d+\|\d+\|\d+$/, "$title: $decision of version $version" . ($built_on ? ', built on' : ''));
	if ($decision eq 'keep')
	{
		sql("$set SELECT lancedb.refresh('$table'); ALTER FOREIGN TABLE $table ALTER COLUMN c$n SET DEFAULT $n") if $scenario->{refresh};
		sql("$set BEGIN; " . fill($scenario->{change}->($n), "h_$table") . '; COMMIT');
	}
	is(state("crash.$table", $table), $decision eq 'keep' ? 'new' : 'old', "$title: $table after that");
	$undone++;
}

sub judge
{
	my ($scenario, $n, $how, $run, $before) = @_;
	my $title = "$scenario->{name}, $how";
	my @tables = @{$scenario->{tables}};
	my $heap = join(' ', map { state("crash.h_$_", $_) } @tables);
	my %after = map { $_ => newest("crash.$_") } @tables;
	my ($old, $new) = map { my $word = $_; join(' ', map { $word } @tables) } 'old', 'new';
	ok($heap eq $old || $heap eq $new, "$title: heap is as before or after") or diag($heap);
	is($heap, $new, "$title: what was acknowledged is there") if $run->{acknowledged};
	my @left;
	for my $table (@tables)
	{
		my $made = $after{$table} - $before->{$table};
		my $wanted = $made == 1 && !($scenario->{refresh} && $heap eq $old) ? 'new' : 'old';
		ok($made == 0 || $made == 1, "$title: $table has one version more, or none") or diag("$before->{$table} -> $after{$table}");
		is(state("crash.$table", $table), $wanted, "$title: $table is whole");
		is($made, 1, "$title: $table has what the heap has") if $heap eq $new;
		push @left, $table if $made == 1 && $heap eq $old;
	}
	is(unresolved(), join("\n", map { "crash.$_|$after{$_}" } @left), "$title: what is unresolved is listed, and nothing else");
	keep_copy($title, map { rows_of($_) } @tables);
	resolve($scenario, $title, $n, $_, $after{$_}) for @left;
	is(unresolved(), '', "$title: nothing is left to decide") if @left;
}

sub next_write
{
	my ($scenario, $n, $title) = @_;
	for my $table (@{$scenario->{tables}})
	{
		sql("SET search_path = crash, public; BEGIN;" . join(';', map { "INSERT INTO $_ SELECT 800000 + $n, 'next', NULL; DELETE FROM $_ WHERE id = 800000 + $n - 1" } $table, "h_$table") . '; COMMIT');
		is(sql("SELECT crash.state('crash.$table', 'crash.h_$table', 'crash.h_$table')"), 'old and old', "$title: $table can be written to");
	}
}

# Which calls of the undisturbed transaction are tried: all, or a few of each stretch and all around the commit record.
sub chosen
{
	my ($offset, @calls) = @_;
	my @points;
	for my $n (1 .. @calls)
	{
		my $writes = $calls[ $n - 1 ] =~ /^p?write/;
		my $decisive = $calls[ $n - 1 ] =~ /^(linkat \d+\.manifest|fdatasync)/;
		next unless $all || $decisive || $n == @calls || $n % 13 == $offset % 13;
		push @points, ['before', $n];
		push @points, ['within', $n] if $writes && ($all || $n % 2);
		push @points, ['after', $n] if $n == @calls || (!$all && $decisive);
	}
	return @points;
}

sub play
{
	my ($scenario, $offset) = @_;
	set_up($scenario);
	my %before = remember($scenario, 1);
	my $whole = run_armed(transaction($scenario, 1), 'before', 1_000_000);
	# what was acknowledged is there although the server was not to wait for the disk
	kill('KILL', sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"));
	wait_for_restart();
	judge($scenario, 1, 'undisturbed', $whole, \%before);
	my @calls = @{$whole->{calls}};
	note("$scenario->{name}: " . join(', ', @calls));
	my $n = 1;
	for my $point (chosen($offset, @calls))
	{
		my ($mode, $at) = @$point;
		my $how = "$mode call $at ($calls[ $at - 1 ])";
		$n++;
		%before = remember($scenario, $n);
		my $run = run_armed(transaction($scenario, $n), $mode, $at);
		$crashes += $run->{died};
		judge($scenario, $n, $how, $run, \%before);
		next_write($scenario, $n, "$scenario->{name}, $how");
	}
	check_files($scenario->{name});
	keep_copy("$scenario->{name} in the end", map { rows_of($_) } @{$scenario->{tables}});
	remove_tree(glob("$lake/*"));
}

# ---- tables that are made ----

sub play_creation
{
	mkdir("$lake/create") or die $!;
	sql("DROP SERVER IF EXISTS lake CASCADE; DROP SCHEMA IF EXISTS crash CASCADE; CREATE SCHEMA crash; CREATE TABLE crash.a (id int);
		CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$lake/create')");
	my $create = sub { return "CREATE FOREIGN TABLE crash.t_$_[0] ($lance_columns) SERVER lake" };
	my $insert = sub { my ($name) = @_; return "INSERT INTO crash.$name SELECT i, 'w' || i, NULL FROM generate_series(1, 10) i" };
	my $whole = sub { my ($n) = @_; return 'BEGIN; ' . $create->($n) . '; ' . $insert->("t_$n") . "; CREATE TABLE crash.h_$n ($columns); " . $insert->("h_$n") . '; COMMIT;' };
	my @calls = @{run_armed($whole->(1), 'before', 1_000_000)->{calls}};
	note('create: ' . join(', ', @calls));
	my $n = 1;
	for my $point (chosen(3, @calls))
	{
		my ($mode, $at) = @$point;
		my $title = "create, $mode call $at ($calls[ $at - 1 ])";
		$n++;
		my $run = run_armed($whole->($n), $mode, $at);
		$crashes += $run->{died};
		my $committed = sql("SELECT to_regclass('crash.h_$n') IS NOT NULL AND to_regclass('crash.t_$n') IS NOT NULL") eq 't';
		is(sql("SELECT to_regclass('crash.h_$n') IS NULL"), $committed ? 'f' : 't', "$title: both tables are declared, or none");
		ok($committed, "$title: what was acknowledged is there") if $run->{acknowledged};
		my ($manifest) = glob("$lake/create/t_$n.lance/_versions/*.manifest");
		if ($committed)
		{
			is(unresolved(), '', "$title: nothing is unresolved");
			is(sql("SELECT count(*), sum(id) FROM crash.t_$n"), '10|55', "$title: the rows are there");
			next;
		}
		keep_copy($title, defined $manifest ? ["t_$n", "SELECT json_agg(t) FROM (SELECT i AS id, 'w' || i AS word, NULL::real[] AS v FROM generate_series(1, 10) i) t"] : ());
		sql($create->($n));
		is(unresolved(), defined $manifest ? "crash.t_$n|1" : '', "$title: a table that was made is unresolved, one that was not is made now");
		is(sql("SELECT count(*) FROM crash.t_$n"), defined $manifest ? '10' : '0', "$title: whole or empty");
		if (defined $manifest && $n % 2)
		{
			sql("SELECT lancedb.resolve('crash.t_$n', 1, 'withdraw')");
			ok(!-e "$lake/create/t_$n.lance", "$title: withdrawn, the folder is gone");
			sql("DROP FOREIGN TABLE crash.t_$n; " . $create->($n));
		}
		elsif (defined $manifest)
		{
			sql("SELECT lancedb.resolve('crash.t_$n', 1, 'keep'); DELETE FROM crash.t_$n");
		}
		is(unresolved(), '', "$title: nothing is left to decide");
		sql($insert->("t_$n"));
		is(sql("SELECT count(*), sum(id) FROM crash.t_$n"), '10|55', "$title: the next write works");
	}
	check_files('create');
	remove_tree(glob("$lake/*"));
}

# ---- what takes effect at once: decisions, and removing a table ----

sub play_resolving
{
	my $scenario = {name => 'withdraw', tables => ['a'], adds_only => 1, change => sub { my ($n) = @_; return "INSERT INTO %t VALUES ($n, 'left', NULL)" }};
	set_up($scenario);
	my @calls = @{run_armed(transaction($scenario, 0), 'before', 1_000_000)->{calls}};
	my ($put) = grep { $calls[ $_ - 1 ] =~ /^linkat \d+\.manifest/ } 1 .. @calls;
	for (my ($n, $at) = (1, 0); $at <= @calls; $n++, $at += $all ? 1 : 4)
	{
		my %before = remember($scenario, $n);
		run_armed(transaction($scenario, $n), 'after', $put);
		my $version = $before{a} + 1;
		is(unresolved(), "crash.a|$version", "withdraw: version $version is left");
		my $title = "withdraw, before call $at";
		my $run = run_armed("SELECT lancedb.resolve('a', $version, 'withdraw');", 'before', $at || 1_000_000);
		@calls = @{$run->{calls}} if $at == 0;
		$crashes += $run->{died};
		my $withdrawn = newest('crash.a') > $version;
		is(state('crash.a', 'a'), $withdrawn ? 'old' : 'new', "$title: it was withdrawn, or not");
		ok($withdrawn, "$title: what was acknowledged happened") if $run->{acknowledged};
		is(unresolved(), $withdrawn ? '' : "crash.a|$version", "$title: it is listed until it was");
		sql("SELECT lancedb.resolve('crash.a', $version, 'withdraw')") if !$withdrawn;
		is(state('crash.a', 'a'), 'old', "$title: after all");
		is(unresolved(), '', "$title: nothing is left to decide");
		next_write($scenario, $n, $title);
	}
	remove_tree(glob("$lake/*"));
}

sub play_dropping
{
	my $scenario = {name => 'drop', tables => ['a'], change => sub { my ($n) = @_; return "INSERT INTO %t VALUES ($n, 'more', NULL); DELETE FROM %t WHERE id % 7 = $n" }};
	my @calls = (1);
	for (my ($n, $at) = (1, 0); $at <= @calls; $n++, $at += $all ? 1 : 3)
	{
		set_up($scenario);
		sql('SET search_path = crash, public; ' . fill($scenario->{change}->(1), 'a'));
		my $rows = sql('SELECT count(*), sum(id) FROM crash.a');
		my $title = "drop, before call $at";
		my $run = run_armed("SELECT lancedb.drop_dataset('lake', 'a');", 'before', $at || 1_000_000);
		@calls = @{$run->{calls}} if $at == 0;
		$crashes += $run->{died};
		ok(!-e "$lake/drop/a.lance", "$title: acknowledged, so it is gone") if $run->{acknowledged};
		my @manifests = glob("$lake/drop/a.lance/_versions/*.manifest");
		is(sql('SELECT count(*), sum(id) FROM crash.a'), $rows, "$title: the table is whole as long as it has a version") if @manifests;
		# an error when nothing but empty folders was left
		$node->psql('postgres', "SELECT lancedb.drop_dataset('lake', 'a')") if -e "$lake/drop/a.lance";
		ok(!-e "$lake/drop/a.lance", "$title: dropped after all");
		sql("DROP FOREIGN TABLE crash.a; CREATE FOREIGN TABLE crash.a ($lance_columns) SERVER lake; INSERT INTO crash.a VALUES (1, 'new', NULL)");
		is(sql('SELECT count(*) FROM crash.a'), 1, "$title: and made anew");
		remove_tree(glob("$lake/*"));
	}
}

sql('CREATE EXTENSION lancedb');
my $offset = 0;
for my $scenario (grep { $_->{name} =~ /$only/ && ($all || !$_->{slow}) } @scenarios) { play($scenario, $offset++); }
play_creation() if 'create' =~ /$only/;
play_resolving() if 'withdraw' =~ /$only/;
play_dropping() if 'drop' =~ /$only/;
cmp_ok($crashes, '>', 5, "sessions were killed ($crashes)");
cmp_ok($undone, '>', 0, "versions without their transaction were resolved ($undone)") if 'insert' =~ /$only/;
my @panics = grep { /PANIC|TRAP|terminated by signal (?!9)/ } split(/\n/, slurp_log());
is_deeply(\@panics, [], 'the server itself never failed');
$node->stop;
done_testing();
