#!/bin/sh
# Fails when a file includes a header that tests/tidy/layers.txt does not let its folder see.
set -eu

grep -rnE --include='*.[ch]' --include='*.def' '^[[:space:]]*#[[:space:]]*include' ledger contracts cli | awk '
    function folder(path) { return sub(/\/[^\/]*$/, "", path) ? path : "(no folder)" }
    function refuse(why) { print part[1] ":" part[2] ": " why; refused = 1 }

    FILENAME != "-" && /^</ {
        prefix = substr($1, 2)
        owned[prefix]
        for (i = 2; i <= NF; i++) owner[prefix, $i]
        next
    }
    FILENAME != "-" {
        if (NF > 0 && $1 !~ /^#/) {
            known[$1]
            for (i = 1; i <= NF; i++) allowed[$1, $i]
        }
        next
    }

    { lines++; split($0, part, ":"); from = folder(part[1]) }
    !(from in known) { refuse(from " is not in layers.txt"); next }
    match($0, /"[^"]+"/) {
        to = folder(substr($0, RSTART + 1, RLENGTH - 2))
        if (!((from, to) in allowed)) refuse(from " may not include from " to)
        next
    }
    match($0, /<[^>]+>/) {
        header = substr($0, RSTART + 1, RLENGTH - 2)
        for (prefix in owned)
            if (index(header, prefix) == 1 && !((prefix, from) in owner))
                refuse(from " may not include <" header ">")
        next
    }
    { refuse("an include that names no header") }

    END {
        if (lines == 0) { print "layers: found no include at all"; refused = 1 }
        exit refused
    }
' tests/tidy/layers.txt -
