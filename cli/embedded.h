/* Files that travel inside the program; the tables are made at build time. */
#pragma once

struct embedded_file {
    const char *name; /* "contract", "check/check.js"; NULL ends the table */
    const char *text;
};

extern const struct embedded_file EMBEDDED_SCHEMAS[]; /* schemas/NAME.schema.json */
extern const struct embedded_file EMBEDDED_PORTAL[];  /* cli/portal/NAME */
extern const struct embedded_file EMBEDDED_API[];     /* openapi.json */
