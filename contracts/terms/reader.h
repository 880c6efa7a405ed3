/*
 * Reader: what the files of terms_read share.
 *
 * Every function fills the failure with a place relative to the node it was given. An operand whose
 * kind is OPERAND_CONSTANT holds an initialised number, and no other one does: so what was read
 * before a refusal can be released.
 */
#pragma once

#include "contracts/terms/terms.h"
#include "ledger/base/arena.h"
#include "ledger/base/status.h"
#include "ledger/json/json.h"

#include <stddef.h>

struct terms_reader {
    struct arena *arena;
    size_t step_count;       /* in all tables so far */
    struct condition *nodes; /* TERMS_CONDITIONS_MAX of them, used by one `when` at a time */
};

/* The pays, into `terms`. Errors: FIELD_..., STATUS_MEMORY. */
enum status terms_read_pays(struct arena *arena, const struct json *node, struct terms *terms,
                            struct failure *failure);

/* Releases the numbers of a pay. */
void terms_release_pay(struct pay *pay);

/* The lines, into `terms`. Errors: FIELD_..., TERMS_TOO_LARGE, STATUS_MEMORY. */
enum status terms_read_lines(struct terms_reader *reader, const struct json *node,
                             struct terms *terms, struct failure *failure);

/* Releases the numbers of a line. */
void terms_release_line(struct line *line);

/* Any operand. */
enum status terms_read_operand(const struct json *node, struct operand *operand,
                               struct failure *failure);

/* An operand or "not_published". */
enum status terms_read_result(const struct json *node, struct operand *operand,
                              struct failure *failure);

/* A decimal string or {"value", "unit"}. */
enum status terms_read_constant(const struct json *node, struct operand *operand,
                                struct failure *failure);

void terms_release_operand(struct operand *operand);

/*
 * The steps, points or blocks, the items, the rows by period of a line. All but the last count
 * towards TERMS_ALL_STEPS_MAX.
 */
enum status terms_read_steps(struct terms_reader *reader, const struct json *node,
                             struct line *line, struct failure *failure);
enum status terms_read_items(struct terms_reader *reader, const struct json *node,
                             struct line *line, struct failure *failure);
enum status terms_read_cases(struct terms_reader *reader, const struct json *node,
                             struct line *line, struct failure *failure);

/* The tree of conditions of a `when`, into line->conditions. */
enum status terms_read_conditions(struct terms_reader *reader, const struct json *node,
                                  struct line *line, struct failure *failure);

/* The JSON key of a condition: "all", ... */
#define CONDITION_KIND_COUNT (CONDITION_SIGNIFICANT + 1)
extern const char *const CONDITION_KEYS[CONDITION_KIND_COUNT];
