#!/bin/sh
# Writes a C file that holds the named files as text: schemas, and the pages of the portal.
#
# A text may be longer than the 4,095 characters that ISO C promises for a literal; the compilers
# that we build with have no such limit.
set -eu

# embed TABLE BEGINNING END FILE...: a table of files, their names without beginning and end.
embed() {
    table=$1 beginning=$2 end=$3
    shift 3
    printf '\nconst struct embedded_file %s[] = {\n' "$table"
    for file in "$@"; do
        name=${file#"$beginning"}
        printf '    {"%s",\n' "${name%"$end"}"
        sed 's/\\/\\\\/g; s/"/\\"/g; s/?/\\?/g; s/^/     "/; s/$/\\n"/' "$file"
        printf '    },\n'
    done
    printf '    {NULL, NULL},\n};\n'
}

cat <<'C'
#include "cli/embedded.h"

#include <stddef.h>

#pragma GCC diagnostic ignored "-Woverlength-strings"
C
embed EMBEDDED_SCHEMAS schemas/ .schema.json schemas/*.schema.json
embed EMBEDDED_API schemas/ '' schemas/openapi.json
# shellcheck disable=SC2046 # names of the repository have no blanks
embed EMBEDDED_PORTAL cli/portal/ '' $(find cli/portal -type f | LC_ALL=C sort)
