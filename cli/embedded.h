/* Files that travel inside the program; the table is made at build time from schemas/. */
#pragma once

struct embedded_file {
    const char *name; /* "contract"; NULL ends the table */
    const char *text;
};

extern const struct embedded_file EMBEDDED_SCHEMAS[];
