#!/usr/bin/perl
# forge.pl: makes hostile files for the tests of data sets, on stdout, by Debian's perl-base and gzip alone.
#   png H W [SAID_H SAID_W]        a black grey image, whole; its header may say another size
#   says FILE H W                  FILE (JPEG, lossy or lossless WebP) with another size in its header
#   scans FILE N                   FILE, a progressive JPEG, with its first scan N times more
#   zip [locked] NAME FILE...      an archive of these files under these names, packed; `locked`: marked as encrypted
#   entries N                      a tar of N empty files called *.png (uncompressed)
#   npy SHAPE                      a header of bytes of this shape ("(3, 4)"), and 16 bytes
#   change FILE FROM TO            FILE with the bytes TO in place of the first FROM, which is there; in hexadecimal
use strict;
use warnings;
binmode STDOUT;

my @table = map { my $c = $_; $c = $c & 1 ? 0xedb88320 ^ $c >> 1 : $c >> 1 for 1 .. 8; $c } 0 .. 255;

sub crc32 {
    my $c = 0xffffffff;
    $c = $table[($c ^ $_) & 255] ^ $c >> 8 for unpack 'C*', $_[0];
    return $c ^ 0xffffffff;
}

sub slurp {
    open my $f, '<:raw', $_[0] or die "$_[0]: $!";
    local $/;
    return scalar <$f>;
}

# what a command prints, as raw deflate: gzip's head of 10 bytes and its tail of 8 are left out; and the sum and length in that tail
sub deflated {
    open my $f, '-|', "($_[0]) | gzip -nc1" or die "gzip: $!";
    binmode $f;
    local $/;
    my $all = <$f>;
    return (substr($all, 10, -8), unpack('V V', substr $all, -8));
}

sub chunk { my ($type, $bytes) = @_; return pack('N', length $bytes) . $type . $bytes . pack('N', crc32($type . $bytes)) }

sub png {
    my ($h, $w, $said_h, $said_w) = @_;
    my $bytes = $h * ($w + 1); # a zero before each row: no filter
    my ($packed) = deflated("head -c $bytes /dev/zero");
    my $adler = $bytes % 65521 << 16 | 1; # of so many zeros
    print "\x89PNG\r\n\x1a\n", chunk('IHDR', pack('N N C5', $said_w // $w, $said_h // $h, 8, 0, 0, 0, 0)),
        chunk('IDAT', "\x78\x01$packed" . pack('N', $adler)), chunk('IEND', '');
}

sub says {
    my ($path, $h, $w) = @_;
    my $b = slurp($path);
    if ($b =~ /^\xff\xd8/) {
        my $at = 2;
        $at += 2 + unpack('n', substr $b, $at + 2, 2) until substr($b, $at, 2) =~ /^\xff[\xc0-\xc2]/;
        substr($b, $at + 5, 4) = pack 'n n', $h, $w;
    } elsif (substr($b, 12, 4) eq 'VP8 ') {
        substr($b, 26, 4) = pack 'v v', $w, $h;
    } elsif (substr($b, 12, 4) eq 'VP8L') {
        substr($b, 21, 4) = pack 'V', ($w - 1 | $h - 1 << 14) | (unpack('V', substr $b, 21, 4) & 0xf0000000);
    } else {
        die "$path: neither JPEG nor WebP";
    }
    print $b;
}

sub scans {
    slurp($_[0]) =~ /^(.*?)(\xff\xda.*?)(\xff\xc4.*)$/s or die "$_[0]: no progressive JPEG\n";
    print $1, $2 x ($_[1] + 1), $3;
}

sub zip {
    my $flags = $_[0] eq 'locked' ? shift && 1 : 0;
    my ($at, $n, $list) = (0, 0, '');
    while (my ($name, $path) = splice @_, 0, 2) {
        my ($packed, $crc, $length) = deflated("cat '$path'");
        my $head = pack 'v5 V3 v2', 20, $flags, 8, 0, 33, $crc, length $packed, $length, length $name, 0;
        print "PK\3\4", $head, $name, $packed;
        $list .= "PK\1\2" . pack('v', 20) . $head . pack('v3 V2', 0, 0, 0, 0100644 << 16, $at) . $name;
        $at += 30 + length($name) + length $packed;
        $n++;
    }
    print $list, "PK\5\6", pack 'v4 V2 v', 0, 0, $n, $n, length $list, $at, 0;
}

sub entries {
    for my $i (1 .. $_[0]) {
        my $head = pack 'a100 a8 a8 a8 a12 a12 a8 a1 a100 a6 a2 a247', sprintf('%09d.png', $i), '0000644', '0000000', '0000000', '00000000000',
            '00000000000', '        ', '0', '', "ustar\0", '00', '';
        substr($head, 148, 8) = sprintf "%06o\0 ", unpack '%32C*', $head;
        print $head;
    }
    print "\0" x 1024;
}

sub npy {
    my $text = "{'descr': '|u1', 'fortran_order': False, 'shape': $_[0], }";
    print "\x93NUMPY\1\0", pack('v', 118), $text, ' ' x (117 - length $text), "\n", 'sixteen bytes !!';
}

sub change {
    my ($path, $from, $to) = @_;
    my $b = slurp($path);
    my $at = index $b, pack 'H*', $from;
    die "$path: has no $from\n" if $at < 0;
    substr($b, $at, length($to) / 2) = pack 'H*', $to;
    print $b;
}

my %make = (png => \&png, says => \&says, scans => \&scans, zip => \&zip, entries => \&entries, npy => \&npy, change => \&change);
my $what = shift // '';
($make{$what} // die "forge.pl: there is no '$what'\n")->(@ARGV);
