/*
 * Reader: what the files of published_read share. Internal to this folder.
 *
 * Places are relative to the node that a function was given, or to the object whose members it was
 * given. Numbers are initialised by the caller; arrays live in the arena.
 */
#pragma once

#include "contracts/reconciliation/published.h"

/* A decimal as people print it: "620978.40". Errors: FIELD_MALFORMED. */
enum status published_number_read(const struct json *node, struct rational *ret_value,
                                  struct failure *failure);
enum status published_unsigned_read(const struct json *node, struct rational *ret_value,
                                    struct failure *failure);

/* The members "rounded_to" and "rounded_by", each NULL when absent. */
enum status published_rounding_read(const struct json *to, const struct json *by,
                                    struct published_rounding *rounding, struct failure *failure);

/* What an array may hold: 1 to `maximum` items, each read into so many bytes. */
struct items_shape {
    size_t maximum;
    size_t size;
};

/* Room for the items of an array, zeroed. */
enum status published_items_new(const struct json *node, struct items_shape shape,
                                struct arena *arena, size_t *ret_count, void **ret_items,
                                struct failure *failure);
/* The members that say what a figure is about; NULL where absent. */
struct quantity_nodes {
    const struct json *line;
    const struct json *item;
    const struct json *pay;
    const struct json *tranche;
    const struct json *to;
    const struct json *outcome;
    const struct json *field;
    const struct json *refused; /* NULL in a total */
};
enum status published_quantity_read(const struct quantity_nodes *nodes, struct quantity *quantity,
                                    struct failure *failure);

/* The members of a published figure, all of them optional here. */
struct figure_nodes {
    const struct json *published;
    const struct json *rounded_to;
    const struct json *rounded_by;
    const struct json *unit;
    const struct json *circular;
    const struct json *note;
};
void published_figure_init(struct published_figure *figure);
enum status published_figure_read(const struct figure_nodes *nodes, struct published_figure *figure,
                                  struct failure *failure);

/* The claims of a period. */
enum status published_claims_read(const struct json *node, struct arena *arena,
                                  struct published_period *period, struct failure *failure);
