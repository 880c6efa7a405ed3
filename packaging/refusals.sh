#!/bin/sh
# Writes docs/refusals.md from the one list of refusals:
#
#     sh packaging/refusals.sh > docs/refusals.md
set -eu

cd "$(dirname "$0")/.."
cat <<'MARKDOWN'
# Refusals

Every rule that a statement can be refused by, in the order in which they are looked at: the form of a statement,
its place, its signatures, then what its kind asks. A refusal is told as the sentence, the name, and what is
wrong in this case; with `--json` the name is `code`. Names do not change and are not used again.

Each of them ends a command with exit status 1. *Status* says what to do: `INVALID` the author changes it,
`UNTRUSTED` find out why, `CONFLICT` load again and retry, `LIMIT` make it smaller. Failures that are no rule's
have the name of their status as `code`; [operating](operating.md#exit-codes) has them.

This page is made by `packaging/refusals.sh` from `contracts/rule/rules.def`; change that.
MARKDOWN
awk '
    # A section of the list.
    /^\/\* .* \*\/$/ {
        title = substr($0, 4, length($0) - 6)
        printf "\n## %s\n\n| name | status | English | Swedish |\n|---|---|---|---|\n", title
    }
    /^RULE\(/ { rule = "" }
    /^RULE\(/, /\)$/ {
        rule = rule " " $0
        if ($0 !~ /"\)$/) {
            next
        }
        match(rule, /\([A-Z_]+, [A-Z_]+,/)
        split(substr(rule, RSTART + 1, RLENGTH - 2), word, ", ")
        split(substr(rule, RSTART + RLENGTH), text, "\"")
        printf "| `%s` | `%s` | %s | %s |\n", word[1], word[2], text[2], text[4]
    }
' contracts/rule/rules.def
