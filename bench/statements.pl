#!/usr/bin/perl
# Which statements did a page send? Reads PostgreSQL's log of log_statement = 'all' and writes what reads as a pgbench
# script, its parameters as variables: statements.pl SCRIPT VALUES <LOG. With --longest WORDS it prints the longest alone
# of those that hold these words.
use strict;
use warnings;

my @entries;
while (my $line = <STDIN>) {
    chomp $line;
    if ($line =~ /^\S+ \S+ \S+ \[\d+\] (LOG|DETAIL|ERROR|STATEMENT|HINT|WARNING|FATAL): +(.*)$/) {
        push @entries, [$1, $2];
    } elsif (@entries) {
        $line =~ s/^\t//;
        $entries[-1][1] .= "\n$line";
    }
}

my @statements;
for my $entry (@entries) {
    my ($kind, $text) = @$entry;
    if ($kind eq 'LOG' && $text =~ /^(?:execute [^:]+|statement): (.*)$/s) {
        push @statements, { text => $1, values => {} };
    } elsif ($kind eq 'DETAIL' && @statements && $text =~ /^parameters: (.*)$/s) {
        my $parameters = $1;
        while ($parameters =~ /\$(\d+) = ('(?:[^']|'')*'|NULL)/g) {
            my ($number, $value) = ($1, $2);
            if ($value ne 'NULL') {
                $value =~ s/^'|'$//g;
                $value =~ s/''/'/g;
            }
            $statements[-1]{values}{$number} = $2 eq 'NULL' ? undef : $value;
        }
    }
}
@statements = grep { $_->{text} =~ /^\s*(SELECT|WITH)\b/ } @statements;
die "the log has no statement that reads\n" unless @statements;

if (@ARGV && $ARGV[0] eq '--longest') {
    my @found = sort { length $b <=> length $a } grep { index($_, $ARGV[1]) >= 0 } map { $_->{text} } @statements;
    die "no statement holds “$ARGV[1]”\n" unless @found;
    print $found[0];
    exit;
}

my ($script, $values) = @ARGV;
open my $to, '>', $script or die "$script: $!\n";
open my $with, '>', $values or die "$values: $!\n";
my $index = 0;
for my $statement (@statements) {
    $index++;
    my $text = $statement->{text};
    my %value = %{ $statement->{values} };
    $text =~ s/\$(\d+)\b/defined $value{$1} ? ":s${index}_$1" : 'NULL'/ge;
    print $to "$text;\n";
    print $with "s${index}_$_=$value{$_}\0" for grep { defined $value{$_} } sort keys %value;
}
