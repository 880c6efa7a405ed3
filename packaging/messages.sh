#!/bin/sh
# Writes every message that can be translated to standard output, as a template for po/:
#
#     sh packaging/messages.sh > build/utfall.pot && msgmerge -U po/sv.po build/utfall.pot
#
# With the argument `marked`, only those that people always meet: without the reasons of failures.
#
# Messages are marked by _() and N_(). The reasons of failures are not marked: they are the formats
# that fail() and its relatives are called with, and are looked up when they are used.
set -eu

cd "$(dirname "$0")/.."

reasons='--keyword=fail:4 --keyword=fail_code:5 --keyword=refuse:4 --keyword=refuse:3,3t
    --keyword=failure_format --keyword=refuse_found:2 --keyword=shape_malformed:2
    --keyword=fail_line:5,5t --keyword=fail_line:3,3t --keyword=wrong_node:2
    --keyword=wrong_checkpoint:2 --keyword=check_integer:4 --keyword=check_text:4
    --keyword=csv_refuse:4 --keyword=refuse_here:2 --keyword=fail_here:3 --keyword=refuse_cell:3 --keyword=accuse:3 --keyword=untrusted_entry:2
    --keyword=refuse_rewrite:3 --keyword=refuse_role:3'
if [ "${1:-}" = marked ]; then
    reasons=
fi

# The memory store is for tests, and nobody reads its reasons. The list is split into words.
# shellcheck disable=SC2086
find cli contracts ledger \( -name '*.c' -o -name '*.def' \) ! -path ledger/store/memory.c |
    LC_ALL=C sort |
    xgettext --files-from=- --output=- --language=C --from-code=UTF-8 --omit-header \
        --no-location --keyword=_ --keyword=N_ $reasons
