/*
 * Check: what the files of terms_check share.
 */
#pragma once

#include "contracts/terms/names.h"
#include "contracts/terms/terms.h"
#include "ledger/base/status.h"

#include <stddef.h>

struct check {
    struct terms *terms;
    size_t line; /* the one that is being checked */
    struct names outcomes;
    struct names periods;
    struct names lines;
    struct names paid;   /* the lines that pays name, whether or not they exist */
    size_t repeated_pay; /* the first pay of a line that is paid already, or SIZE_MAX */
    struct unit money;   /* the contract's currency */
};

/* --- Operands (check_operand.c): places are relative to the operand. --- */

/* Finds what an operand names, and its unit; lines stand before check->line. */
enum status terms_resolve(const struct check *check, struct operand *operand,
                          struct failure *failure);

/* The same; it must have the unit of `other`. Errors: UNITS_DIFFER besides. */
enum status terms_resolve_same(const struct check *check, struct operand *operand,
                               const struct operand *other, struct failure *failure);

/* The same; it must have this unit, because it is `what`: "a rate of interest". */
enum status terms_resolve_in(const struct check *check, struct operand *operand,
                             const struct unit *unit, const char *what, struct failure *failure);

/*
 * A result: it must have the unit of `*published`, the first one of its line that is not
 * "not_published"; this one becomes it while there is none.
 */
enum status terms_resolve_result(const struct check *check, struct operand *operand,
                                 const struct operand **published, struct failure *failure);

/* Gives the line, and what is not published, the unit of its results; refuses if there is none. */
enum status terms_settle_result(struct line *line, const struct operand *published,
                                struct failure *failure);

/* A constant as it was given, for a message. */
#define CONSTANT_TEXT_SIZE (DECIMAL_WHOLE_DIGITS_MAX + DECIMAL_FRACTION_DIGITS_MAX + 4)
enum status terms_write_constant(const struct rational *constant,
                                 char ret_text[static CONSTANT_TEXT_SIZE]);

/* TERMS_TOO_LARGE for the unit of a line. */
enum status terms_refuse_unit_size(const struct line *line, struct failure *failure);

/* --- Lines: places are relative to the line. --- */

/* The tables of a line (check_table.c), after its operands. */
enum status terms_check_steps(const struct check *check, struct line *line,
                              struct failure *failure);
enum status terms_check_items(const struct check *check, struct line *line,
                              struct failure *failure);
enum status terms_check_cases(const struct check *check, struct line *line,
                              struct failure *failure);

/* Checks line check->line, whose earlier lines have passed. */
enum status terms_check_line(struct check *check, struct failure *failure);

/* Checks the pays, after the lines (check_pay.c); places are whole. */
enum status terms_check_pays(const struct check *check, struct failure *failure);

/* NAME_REPEATED at `at`: "name" is given twice. */
enum status terms_refuse_repeated(struct failure *failure, const char *at, struct view name);

/*
 * Checks that no value of any line can exceed what a rational holds. The lines have passed.
 *
 * Errors  TERMS_TOO_LARGE with `at` = "/lines/<index>".
 */
enum status terms_check_bounds(const struct terms *terms, struct failure *failure);
