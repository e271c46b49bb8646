#!/usr/bin/perl
# Shows the mails in a Maildir: who, to whom, subject, and the plain text decoded.
#   show-mail.pl --follow MAILDIR   for ever, each new mail once
#   show-mail.pl FILE…              these
use strict;
use warnings;
use MIME::Base64 qw(decode_base64);
use MIME::QuotedPrint qw(decode_qp);

$| = 1;

sub headers_and_body {
    my ($mail) = @_;
    my ($head, $body) = split /\n\n/, $mail, 2;
    $head =~ s/\n[ \t]+/ /g;
    my %headers;
    for (split /\n/, $head) { $headers{lc $1} //= $2 if /^([\w-]+):\s*(.*)$/ }
    return (\%headers, $body // '');
}

# The first text/plain part, decoded.
sub plain_text {
    my ($headers, $body) = @_;
    my $type = $headers->{'content-type'} // 'text/plain';
    if ($type =~ m{^multipart/}i && $type =~ /boundary="?([^";]+)"?/i) {
        for my $part (split /^--\Q$1\E(?:--)?[ \t]*\n?/m, $body) {
            my $text = plain_text(headers_and_body($part)) if $part =~ /^content-/mi;
            return $text if defined $text;
        }
        return undef;
    }
    return undef unless $type =~ m{^text/plain}i;
    my $encoding = lc($headers->{'content-transfer-encoding'} // '');
    return $encoding =~ /quoted-printable/ ? decode_qp($body)
        : $encoding =~ /base64/ ? decode_base64($body)
        : $body;
}

sub show {
    my ($file) = @_;
    open my $in, '<', $file or return;
    my $mail = do { local $/; <$in> };
    $mail =~ s/\r\n/\n/g;
    my ($headers, $body) = headers_and_body($mail);
    my $text = plain_text($headers, $body) // "(no plain text)\n";
    # A terminal must not obey what a mail holds.
    $text =~ s/[^\n\t\x20-\x7e\x80-\xff]//g;
    print "=" x 72, "\n";
    for my $name (qw(From To Subject)) { print "$name: ", $headers->{lc $name} // '', "\n" }
    print "\n$text", "=" x 72, "\n\n";
}

if (@ARGV && $ARGV[0] eq '--follow') {
    my %seen;
    while (1) {
        for my $file (sort glob "$ARGV[1]/new/*") {
            show($file) unless $seen{$file}++;
        }
        select undef, undef, undef, 0.3;
    }
}
show($_) for @ARGV;
