#!/bin/sh
# Writes a C file that holds the named files as text, in a table ended by NULLs.
#
# A text may be longer than the 4,095 characters that ISO C promises for a literal; the compilers
# that we build with have no such limit.
set -eu

cat <<'C'
#include "cli/embedded.h"

#include <stddef.h>

#pragma GCC diagnostic ignored "-Woverlength-strings"

const struct embedded_file EMBEDDED_SCHEMAS[] = {
C
for file in "$@"; do
    printf '    {"%s",\n' "$(basename "$file" .schema.json)"
    sed 's/\\/\\\\/g; s/"/\\"/g; s/^/     "/; s/$/\\n"/' "$file"
    printf '    },\n'
done
printf '    {NULL, NULL},\n};\n'
