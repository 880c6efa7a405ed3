#!/bin/sh
# Lints manual pages by mandoc and prints TAP: one test each. usage: man-check.sh PAGE...
set -u

if [ $# -eq 0 ]; then
    echo "1..0 # SKIP there are no manual pages"
    exit 0
fi
echo "1..$#"
number=0
failed=0
for page in "$@"; do
    number=$((number + 1))
    if found=$(mandoc -T lint -W warning "$page"); then
        echo "ok $number - $page"
    else
        failed=1
        echo "not ok $number - $page"
        printf '%s\n' "$found" | sed 's/^/# /'
    fi
done
exit $failed
