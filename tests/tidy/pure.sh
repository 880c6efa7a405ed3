#!/bin/sh
# Fails when an object of contracts/ calls what tests/tidy/pure.txt does not allow, or keeps a
# variable between calls. Arguments: the objects of ledger/ and contracts/.
set -eu
export LC_ALL=C

contracts=$(printf '%s\n' "$@" | grep '/contracts/') || { echo "pure: no object of contracts/"; exit 1; }
allowed=$(grep -v '^#' tests/tidy/pure.txt | grep . | paste -sd '|')
# Functions of ledger/ that contracts/ could reach by an include that it needs for others.
impure='crypto_random|secret_key_generate|secret_allocate|keyfile_.*|store_.*|sqlite_.*|ledger_.*|audit_.*|pkcs11_.*|ssh_agent_.*|timestamp_request_write|seal_write'

ours=$(nm --defined-only --extern-only "$@" | awk 'NF == 3 { print $3 }' | grep -vxE "$impure")
refused=0

# shellcheck disable=SC2086 # a list of objects
calls=$(nm -A --undefined-only $contracts | awk '{ print $1, $NF }')
foreign=$(printf '%s\n' "$calls" | { grep -vE " ($allowed)\$" || true; } |
    awk -v ours="$ours" 'BEGIN { split(ours, names, "\n"); for (i in names) known[names[i]] }
        !($2 in known) { sub(/:$/, "", $1); print $1 ": calls " $2 }')
if [ -n "$foreign" ]; then
    printf '%s\n' "$foreign"
    refused=1
fi

for object in $contracts; do
    if objdump -t "$object" | awk -v object="$object" '
        NF < 4 { next }
        $(NF - 2) ~ /^\.t?(data|bss)(\.[A-Za-z_]|$)/ && $(NF - 2) !~ /\.rel\.ro/ && $NF !~ /^\./ {
            print object ": keeps the variable " $NF; found = 1
        }
        $(NF - 2) == "*COM*" { print object ": keeps the variable " $NF; found = 1 }
        END { exit !found }'; then
        refused=1
    fi
done
exit $refused
