#!/usr/bin/perl
# What Perl programs do with processes and signals: fork, pipes, waitpid, handlers with and without SA_RESTART,
# interval timers, alarms that end a read. Prints what it counted: the same in every run.
use strict;
use warnings;
$| = 1;
use POSIX qw(:signal_h :sys_wait_h :errno_h);
use Time::HiRes qw(setitimer ITIMER_REAL);

# Children that end in each way.
my @ends;
for my $number (0 .. 39) {
  my $pid = fork // die "fork: $!";
  if ($pid == 0) {
    if ($number % 4 == 3) { kill 'KILL', $$; sleep 1 while 1; }
    if ($number % 4 == 2) { exec '/bin/sh', '-c', "exit $number"; }
    POSIX::_exit($number);
  }
  waitpid($pid, 0) == $pid or die "waitpid: $!";
  push @ends, WIFSIGNALED($?) ? 'signal ' . WTERMSIG($?) : WEXITSTATUS($?);
}
print "ends @ends\n";

# A child that is stopped, continued and ended.
my $stopped = fork // die "fork: $!";
if ($stopped == 0) { sleep 1 while 1; }
my @states;
kill 'STOP', $stopped;
waitpid($stopped, WUNTRACED) == $stopped or die "waitpid: $!";
push @states, 'stopped by ' . WSTOPSIG(${^CHILD_ERROR_NATIVE}) if WIFSTOPPED(${^CHILD_ERROR_NATIVE});
kill 'CONT', $stopped;
kill 'TERM', $stopped;
waitpid($stopped, 0) == $stopped or die "waitpid: $!";
push @states, 'killed by ' . WTERMSIG($?);
print "states: @states\n";

# Handlers that run at once, in the middle of a call: POSIX::sigaction is safe unless it says otherwise.
my $ticks = 0;
sub watch {
  my ($flags) = @_;
  my $action = POSIX::SigAction->new(sub { $ticks++ }, POSIX::SigSet->new, $flags);
  sigaction(SIGALRM, $action) or die "sigaction: $!";
}

# SA_RESTART: a reader sees every byte, however often it is interrupted.
watch(SA_RESTART);
pipe(my $from, my $to) or die "pipe: $!";
my $writer = fork // die "fork: $!";
if ($writer == 0) {
  close $from;
  for (1 .. 100) { select undef, undef, undef, 0.003; syswrite $to, 'x' x 100; }
  POSIX::_exit(0);
}
close $to;
setitimer(ITIMER_REAL, 0.001, 0.001);
my ($bytes, $errors) = (0, 0);
while (1) {
  my $got = sysread $from, my $text, 4096;
  if (!defined $got) { $errors++; next; }
  last if $got == 0;
  $bytes += $got;
}
waitpid($writer, 0);
# A wait for a child is made again as well.
my $slow = fork // die "fork: $!";
if ($slow == 0) { setitimer(ITIMER_REAL, 0); select undef, undef, undef, 0.1; POSIX::_exit(7); }
waitpid($slow, 0) == $slow or die "waitpid: $!";
setitimer(ITIMER_REAL, 0);
print "restarted: $bytes bytes, $errors errors, ", ($ticks > 10 ? 'many' : 'few'), ' signals, then ',
  WEXITSTATUS($?), "\n";

# Without it, a read from nobody ends with EINTR.
watch(0);
pipe(my $nobody, my $open) or die "pipe: $!";
setitimer(ITIMER_REAL, 0.05);
my $got = sysread $nobody, my $text, 1;
print 'interrupted: ', (!defined $got && $! == EINTR ? 'EINTR' : 'no'), "\n";

# Signals that are blocked wait, and come once.
my $set = POSIX::SigSet->new(SIGUSR1);
my $heard = 0;
$SIG{USR1} = sub { $heard++ };
sigprocmask(SIG_BLOCK, $set);
kill 'USR1', $$ for 1 .. 5;
my $before = $heard;
sigprocmask(SIG_UNBLOCK, $set);
print "blocked: $before, then $heard\n";

# Twenty children at once, each of which the handler of SIGCHLD reaps.
my %alive;
my $reaped = 0;
$SIG{CHLD} = sub {
  while ((my $pid = waitpid(-1, WNOHANG)) > 0) { $reaped++; delete $alive{$pid}; }
};
my $chld = POSIX::SigSet->new(SIGCHLD);
sigprocmask(SIG_BLOCK, $chld);
for (1 .. 20) {
  my $pid = fork // die "fork: $!";
  POSIX::_exit(0) if $pid == 0;
  $alive{$pid} = 1;
}
my $old = POSIX::SigSet->new;
sigsuspend($old) while %alive;
sigprocmask(SIG_UNBLOCK, $chld);
print "reaped $reaped\n";
kill 'HUP', $$;
sleep 1 while 1;
