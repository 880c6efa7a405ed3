/* Baselines: what the gains of a contract are compared with, fixed before it starts. */

#include "contracts/statement/parts.h"

#include <stdio.h>

#define VERSION_SIZE_MAX 200

static enum status baseline_read(const struct json *node, struct baseline *ret_baseline,
                                 struct failure *failure)
{
    enum { BASELINE, DATE, METHOD, SOURCE, VERSION, COUNT };
    static const struct shape_field BASELINE_FIELDS[COUNT] = {
        [BASELINE] = {"baseline", SHAPE_REQUIRED}, [DATE] = {"date", SHAPE_REQUIRED},
        [METHOD] = {"method", SHAPE_REQUIRED},     [SOURCE] = {"source", SHAPE_REQUIRED},
        [VERSION] = {"version", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, BASELINE_FIELDS, COUNT, nodes, failure));
    TRY_FIELD("baseline", shape_name(nodes[BASELINE], &ret_baseline->name, failure));
    TRY_FIELD("source", shape_localized(nodes[SOURCE], &ret_baseline->source, failure));
    TRY_FIELD("method", shape_localized(nodes[METHOD], &ret_baseline->method, failure));
    TRY_FIELD("version",
              shape_text(nodes[VERSION], 1, VERSION_SIZE_MAX, &ret_baseline->version, failure));
    TRY_FIELD("date", shape_date(nodes[DATE], &ret_baseline->date, failure));
    return STATUS_OK;
}

enum status baselines_read(const struct json *node, struct arena *arena, size_t *ret_count,
                           struct baseline **ret_baselines, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, STATEMENT_BASELINES_MAX, &count, failure));
    struct baseline *baselines = arena_allocate(arena, count, sizeof *baselines);
    if (baselines == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, baseline_read(item, &baselines[i], failure));
    }
    *ret_count = count;
    *ret_baselines = baselines;
    return STATUS_OK;
}

static const struct baseline *find_baseline(const struct contract *contract, struct view name)
{
    for (size_t i = 0; i < contract->baseline_count; i++) {
        if (view_equal(contract->baselines[i].name, name)) {
            return &contract->baselines[i];
        }
    }
    return NULL;
}

/* The period that begins first. */
static const struct period *first_period(const struct terms *terms)
{
    const struct period *first = &terms->periods[0];
    for (size_t i = 1; i < terms->period_count; i++) {
        first = date_compare(terms->periods[i].from, first->from) < 0 ? &terms->periods[i] : first;
    }
    return first;
}

static enum status check_date(const struct contract *contract, const struct baseline *baseline,
                              struct failure *failure)
{
    const struct period *first = first_period(&contract->terms);
    if (date_compare(baseline->date, first->from) > 0) {
        return refuse(
            failure, RULE_BASELINE_LATE, "/date",
            "baseline \"%.*s\" is fixed after the period %.*s has begun: what is compared "
            "with must stand before anything is measured",
            VIEW_ARGS(baseline->name), VIEW_ARGS(first->name));
    }
    return STATUS_OK;
}

static enum status check_list(const struct contract *contract, struct failure *failure)
{
    if (contract->baseline_count == 0) {
        return STATUS_OK;
    }
    const struct baseline *baselines = contract->baselines;
    size_t repeated =
        names_find_repeated(&baselines[0].name, contract->baseline_count, sizeof baselines[0]);
    if (repeated < contract->baseline_count) {
        TRY_ITEM(repeated, refuse_repeated(failure, "/baseline", baselines[repeated].name));
    }
    for (size_t i = 0; i < contract->baseline_count; i++) {
        TRY_ITEM(i, check_date(contract, &baselines[i], failure));
    }
    return STATUS_OK;
}

enum status baselines_check(const struct contract *contract, struct failure *failure)
{
    TRY_FIELD("baselines", check_list(contract, failure));
    for (size_t i = 0; i < contract->terms.line_count; i++) {
        struct view name = contract->terms.lines[i].baseline;
        if (name.size > 0 && find_baseline(contract, name) == NULL) {
            char at[64];
            (void)snprintf(at, sizeof at, "/lines/%zu/baseline", i);
            return refuse(failure, RULE_BASELINE_UNKNOWN, at, "there is no baseline \"%.*s\"",
                          VIEW_ARGS(name));
        }
    }
    return STATUS_OK;
}
