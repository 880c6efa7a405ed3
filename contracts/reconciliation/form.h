/*
 * Form: one published period, computed as far as it can be. Internal to this folder.
 *
 * The lines that could be computed are known, in order; `failure` says why the next one, or the
 * pays, are not. What an outcome, a sum of money placed or an earlier settlement would have to be
 * is never assumed: a line that asks for one that is not known ends the form.
 */
#pragma once

#include "contracts/reconciliation/published.h"
#include "contracts/settlement/settlement.h"
#include "contracts/simulation/assumptions.h"

#include <stdbool.h>
#include <stddef.h>

/* Which stated numbers were computed back from what was paid. */
struct derived {
    const struct terms *terms;
    bool *cells; /* see derived_cell */
    bool *lines; /* [line]: its value in some earlier period is circular */
};

/* What of the sums before a period is known. */
struct known_sums {
    const struct role_parties *investors;
    bool *funded;  /* [investor] */
    bool *paid;    /* [line] */
    bool *earlier; /* [line] */
};

struct period_form {
    const struct terms *terms; /* that it was computed by */
    bool is_computed;          /* lines, pays and caps: it could be settled */
    struct settlement settlement;
    size_t line_count; /* lines that are known */
    bool ends_at_sum;  /* the next line asks for a sum that is not known */
    bool *is_circular; /* [line] */
    struct failure failure;
};

/*
 * Computes a period. `form` is zeroed.
 *
 * Owner   the caller releases it, also after a failure.
 * Errors  STATUS_MEMORY. Refusals are form->failure.
 */
enum status period_form_compute(const struct assumptions *assumptions, size_t period,
                                const struct known_sums *known, const struct derived *derived,
                                struct period_form *form, struct failure *failure);
void period_form_release(struct period_form *form);

/* The place of a stated number in `cells`, which has derived_cell_count places. */
size_t derived_cell(const struct derived *derived, const struct assumed_cell *cell);
size_t derived_cell_count(const struct terms *terms);

/* Whether a number, or one of the counts behind a ratio, was computed back. */
bool derived_has(const struct derived *derived, const struct assumed_cell *cell);

/*
 * The value of what a figure is about, which is no refusal. `ret_value` is initialised.
 *
 * Errors  what the form was refused by; SETTLEMENT_NOT_MEASURED, SETTLEMENT_NOT_COMPUTABLE.
 */
enum status period_form_value(const struct period_form *form, const struct assumptions *assumptions,
                              size_t period, const struct quantity *quantity,
                              struct rational *ret_value, struct failure *failure);

/* Whether what a figure is about rests on a number that was computed back. */
bool period_form_is_circular(const struct period_form *form, const struct derived *derived,
                             size_t period, const struct quantity *quantity);
