#!/bin/sh
# Writes docs/states.md from the one table of what may happen when:
#
#     sh packaging/states.sh > docs/states.md
set -eu

cd "$(dirname "$0")/.."
cat <<'MARKDOWN'
# States

What may happen to a contract, and to what belongs to it, in which state; what is refused instead, and by which
[rule](refusals.md). States are not stored: they follow from the statements. The other conditions of each
statement (roles, signatures, ranges, amounts) are in [formats](formats.md) and [model](model.md).

This page is made by `packaging/states.sh` from `contracts/state/life.def`, the table that the program asks;
`tests/scenarios/states.py` plays each row of it.
MARKDOWN
awk '
    function texts(line) { split(line, text, "\"") }
    function names(line) {
        sub(/^[A-Z]+\(/, "", line)
        sub(/[,)]? *"?\)?$/, "", line)
        split(line, name, /, /)
    }
    function flush_machine(    i) {
        if (title == "") {
            return
        }
        printf "\n## %s\n\n%s\n\n```mermaid\nstateDiagram-v2\n", title, about
        for (i = 1; i <= state_count; i++) {
            printf "    state \"%s\" as %s\n", word[states[i]], states[i]
        }
        for (i = 1; i <= state_count; i++) {
            if (i == 1 || !(states[i] in reached)) {
                printf "    [*] --> %s\n", states[i]
            }
        }
        printf "%s```\n\n| state | |\n|---|---|\n", moves
        for (i = 1; i <= state_count; i++) {
            printf "| %s | %s |\n", word[states[i]], meaning[states[i]]
        }
        printf "\n| in the state | what happens | comes to |\n|---|---|---|\n%s", rows
    }
    /^MACHINE\(/ {
        flush_machine()
        texts($0)
        title = text[2]
        about = text[4]
        state_count = 0
        moves = rows = ""
        split("", reached)
    }
    /^STATE\(/ {
        texts($0)
        names($0)
        states[++state_count] = name[1]
        word[name[1]] = text[2]
        meaning[name[1]] = text[4]
    }
    /^EVENT\(/ {
        texts($0)
        names($0)
        event[name[1]] = text[2]
    }
    /^MOVE\(/ {
        names($0)
        if (name[1] != name[3]) {
            reached[name[3]]
        }
        label = event[name[2]]
        gsub(/:/, " -", label)
        moves = moves sprintf("    %s --> %s : %s\n", name[1], name[3], label)
        rows = rows sprintf("| %s | %s | %s |\n", word[name[1]], event[name[2]], word[name[3]])
    }
    /^BAR\(/ {
        names($0)
        rows = rows sprintf("| %s | %s | `%s` |\n", word[name[1]], event[name[2]], name[3])
    }
    END { flush_machine() }
' contracts/state/life.def
