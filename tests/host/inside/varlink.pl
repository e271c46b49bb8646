#!/usr/bin/perl
# Calls a method of org.cosmicregistrar.Provision and prints every reply, one a line.
#   varlink.pl SOCKET METHOD [NAME VALUE]…     values are strings; =VALUE is put in as JSON
# Ends with 0; with 1 when the reply is an error; with 2 when there is no reply at all.
use strict;
use warnings;
use IO::Socket::UNIX;
use JSON::PP;

my ($path, $method, %values) = @ARGV;
my $json = JSON::PP->new->canonical->allow_nonref;
my %parameters = map { $_ => $values{$_} =~ /^=(.*)/s ? $json->decode($1) : $values{$_} } keys %values;
my $socket = IO::Socket::UNIX->new(Peer => $path) or do { print STDERR "$path: $!\n"; exit 2 };
$socket->autoflush(1);
print $socket $json->encode({
    method => "org.cosmicregistrar.Provision.$method", parameters => \%parameters, more => JSON::PP::true,
}), "\0";

local $/ = "\0";
while (my $frame = <$socket>) {
    chomp $frame;
    print "$frame\n";
    my $reply = $json->decode($frame);
    exit 1 if $reply->{error};
    exit 0 unless $reply->{continues};
}
print STDERR "no reply\n";
exit 2;
