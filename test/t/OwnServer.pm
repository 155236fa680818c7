# OwnServer.pm -- servers of a test's own, which may crash, with backends that end or stop at chosen calls.
package OwnServer;
use strict;
use warnings;
use Test::More;

my @started;

sub run
{
	my ($command) = @_;
	my $output = `$command 2>&1`;
	BAIL_OUT("failed: $command\n$output") if $? != 0;
	return $output;
}

sub spew
{
	my ($name, $text) = @_;
	open(my $out, '>', "$name.new") or die "$name: $!";
	print $out $text;
	close($out) or die "$name: $!";
	rename("$name.new", $name) or die "$name: $!";
}

# A new cluster in a folder of its own; not started.
sub new
{
	my ($class, $work, $name, $port) = @_;
	my $self = bless { folder => "$work/$name", work => $work, name => $name, port => $port }, $class;
	run("initdb -D $self->{folder} -U postgres -A trust --no-sync --locale=C.UTF-8 -E UTF8");
	spew("$work/conf", "listen_addresses = ''\nunix_socket_directories = '$work'\nport = $port\nfsync = off\nrestart_after_crash = on\n");
	run("cat $work/conf >> $self->{folder}/postgresql.conf");
	run("cc -shared -fPIC -o $work/die_at.so t/die_at.c -ldl") if !-e "$work/die_at.so";
	return $self;
}

# A standby of it, in another folder; not started.
sub standby
{
	my ($primary, $name, $port) = @_;
	my $self = bless { %$primary, folder => "$primary->{work}/$name", name => $name, port => $port }, ref $primary;
	run("pg_basebackup -h $self->{work} -p $primary->{port} -U postgres -D $self->{folder} -R --no-sync -c fast");
	run("sed -i 's/^port = .*/port = $port/' $self->{folder}/postgresql.conf");
	return $self;
}

sub start
{
	my ($self) = @_;
	push @started, $self;
	run("LD_PRELOAD=$self->{work}/die_at.so LANCEDB_DIE_AT=$self->{folder}.die pg_ctl -D $self->{folder} -l $self->{folder}.log -w -t 60 start");
}

sub stop
{
	my ($self) = @_;
	run("pg_ctl -D $self->{folder} -m immediate -w stop");
}

# Where the next backends end or stop: see die_at.c. No argument = nowhere.
sub die_at
{
	my ($self, $where) = @_;
	if (defined $where) { spew("$self->{folder}.die", "$where\n"); }
	else { unlink("$self->{folder}.die"); }
}

sub psql
{
	my ($self, $database) = @_;
	$database //= 'postgres';
	return "psql -X -q -A -t -v ON_ERROR_STOP=1 -h $self->{work} -p $self->{port} -U postgres -d $database";
}

# What psql says; $? tells whether all went well.
sub try_sql
{
	my ($self, $sql, $database) = @_;
	my $psql = $self->psql($database);
	spew("$self->{folder}.sql", $sql);
	return scalar `$psql -f $self->{folder}.sql 2>&1`;
}

sub sql
{
	my ($self, $sql, $database) = @_;
	my $output = $self->try_sql($sql, $database);
	die "$sql\n$output" if $? != 0;
	chomp $output;
	return $output;
}

# Runs beside the test; finish returns what psql said.
sub begin_sql
{
	my ($self, $sql) = @_;
	my $psql = $self->psql();
	spew("$self->{folder}.beside.sql", $sql);
	open(my $pipe, '-|', "$psql -f $self->{folder}.beside.sql 2>&1") or die "psql: $!";
	return $pipe;
}

sub finish
{
	my ($self, $pipe) = @_;
	local $/;
	my $output = <$pipe> // '';
	close($pipe);
	return $output;
}

sub crashes
{
	my ($self) = @_;
	open(my $in, '<', "$self->{folder}.log") or die "$self->{folder}.log: $!";
	return scalar grep { /all server processes terminated; reinitializing/ } <$in>;
}

# After a crash, of which there were `before` until then: who is faster than the postmaster is thrown out again.
sub wait_for_restart
{
	my ($self, $before) = @_;
	for (1 .. 300)
	{
		last if $self->crashes() > $before;
		select(undef, undef, undef, 0.1);
	}
	$self->wait_until_up();
}

sub wait_until_up
{
	my ($self) = @_;
	for (1 .. 300)
	{
		$self->try_sql('SELECT 1');
		return if $? == 0;
		select(undef, undef, undef, 0.1);
	}
	BAIL_OUT('the server does not come back: ' . `tail -20 $self->{folder}.log`);
}

# The backend that die_at.c has stopped; kill CONT lets it go on.
sub stopped_backend
{
	my ($self) = @_;
	open(my $in, '<', "$self->{folder}/postmaster.pid") or die 'no postmaster.pid';
	chomp(my $postmaster = <$in>);
	for (1 .. 300)
	{
		for my $line (`ps -o pid=,stat= --ppid $postmaster`)
		{
			return $1 if $line =~ /^\s*(\d+)\s+T/;
		}
		select(undef, undef, undef, 0.1);
	}
	BAIL_OUT('no backend stops');
}

END
{
	my $status = $?;
	for my $server (@started)
	{
		`pg_ctl -D $server->{folder} -m immediate -w stop 2>&1` if -e "$server->{folder}/postmaster.pid";
	}
	$? = $status;
}

1;
