/*
 * The tree of conditions of a `when`.
 *
 * It is walked with a stack of its own, because its depth comes from outside. Nodes are stored in
 * prefix order: a node is followed by its children, and knows how many nodes its subtree has.
 */
#include "contracts/rule/rule.h"
#include "contracts/shape/shape.h"
#include "contracts/terms/reader.h"

#include <assert.h>
#include <string.h>

const char *const CONDITION_KEYS[CONDITION_KIND_COUNT] = {
    [CONDITION_ALL] = "all",
    [CONDITION_ANY] = "any",
    [CONDITION_NOT] = "not",
    [CONDITION_AT_LEAST] = "at_least",
    [CONDITION_ABOVE] = "above",
    [CONDITION_AT_MOST] = "at_most",
    [CONDITION_BELOW] = "below",
    [CONDITION_EQUALS] = "equals",
    [CONDITION_SIGNIFICANT] = "significant",
};

/* A node of `all`, `any` or `not` whose children are being read. */
struct frame {
    size_t node;             /* its index */
    const struct json *next; /* the child to read next; NULL after the last one */
    size_t child_count;      /* children read, for the place of a failure */
};

struct walk {
    struct line *line;
    struct frame frames[TERMS_CONDITION_DEPTH_MAX];
    size_t depth; /* frames in use */
};

/* The kind of condition with that key, or CONDITION_KIND_COUNT. */
static enum condition_kind find_kind(struct view key)
{
    enum condition_kind kind = CONDITION_ALL;
    while (kind < CONDITION_KIND_COUNT && !view_is(key, CONDITION_KEYS[kind])) {
        kind++;
    }
    return kind;
}

static enum status read_comparison(const struct json *member, struct condition *condition,
                                   struct failure *failure)
{
    TRY(shape_array(member, 2, 2, NULL, failure));
    const struct json *item = json_first(member);
    for (size_t i = 0; i < 2; i++) {
        TRY_ITEM(i, terms_read_operand(item, &condition->operands[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}

/* Which one of the ways of SIGNIFICANCE_NAMES stands among `nodes`. */
static enum status find_significance(const struct json *const *nodes,
                                     enum significance *ret_significance, struct failure *failure)
{
    size_t found = SIGNIFICANCE_COUNT;
    for (size_t i = 0; i < SIGNIFICANCE_COUNT; i++) {
        if (nodes[i] == NULL) {
            continue;
        }
        if (found != SIGNIFICANCE_COUNT) {
            return refuse(failure, RULE_FIELD_MALFORMED, "",
                          "significance is judged in one way: \"%s\" and \"%s\" are two",
                          SIGNIFICANCE_NAMES[found], SIGNIFICANCE_NAMES[i]);
        }
        found = i;
    }
    if (found == SIGNIFICANCE_COUNT) {
        return refuse(failure, RULE_FIELD_MISSING, "",
                      "significance needs a level: p_below, p_at_most, interval_above, "
                      "interval_below or interval_excludes");
    }
    *ret_significance = (enum significance)found;
    return STATUS_OK;
}

/* Which number of the outcome is compared with the level first. */
static enum measured_field significant_field(enum significance significance)
{
    switch (significance) {
    case SIGNIFICANCE_P_BELOW:
    case SIGNIFICANCE_P_AT_MOST:
        return MEASURED_P_VALUE;
    case SIGNIFICANCE_INTERVAL_ABOVE:
    case SIGNIFICANCE_INTERVAL_EXCLUDES:
        return MEASURED_LOW;
    case SIGNIFICANCE_INTERVAL_BELOW:
        return MEASURED_HIGH;
    case SIGNIFICANCE_COUNT:
        break;
    }
    assert(false);
    return MEASURED_P_VALUE;
}

/* {"measured": outcome, "period": slug, one of SIGNIFICANCE_NAMES: constant} */
static enum status read_significant(const struct json *member, struct condition *condition,
                                    struct failure *failure)
{
    enum { MEASURED, PERIOD, WAYS, COUNT = WAYS + SIGNIFICANCE_COUNT };
    struct shape_field fields[COUNT] = {
        [MEASURED] = {"measured", SHAPE_REQUIRED}, [PERIOD] = {"period", SHAPE_OPTIONAL}};
    for (size_t i = 0; i < SIGNIFICANCE_COUNT; i++) {
        fields[WAYS + i] = (struct shape_field){SIGNIFICANCE_NAMES[i], SHAPE_OPTIONAL};
    }
    const struct json *nodes[COUNT];
    TRY(shape_object(member, fields, COUNT, nodes, failure));
    TRY(find_significance(nodes + WAYS, &condition->significance, failure));

    struct operand *measured = &condition->operands[0];
    measured->kind = OPERAND_MEASURED;
    measured->field = significant_field(condition->significance);
    TRY_FIELD("measured", shape_name(nodes[MEASURED], &measured->name, failure));
    if (nodes[PERIOD] != NULL) {
        TRY_FIELD("period", shape_slug(nodes[PERIOD], &measured->period_name, failure));
    }
    TRY_FIELD(SIGNIFICANCE_NAMES[condition->significance],
              terms_read_constant(nodes[WAYS + condition->significance], &condition->operands[1],
                                  failure));
    if (condition->significance == SIGNIFICANCE_INTERVAL_EXCLUDES) {
        condition->operands[2] = *measured;
        condition->operands[2].field = MEASURED_HIGH;
    }
    return STATUS_OK;
}

/* The children of `all`, `any` and `not`; NULL for the others, which are read here. */
static enum status read_member(const struct json *member, struct condition *condition,
                               const struct json **ret_children, struct failure *failure)
{
    switch (condition->kind) {
    case CONDITION_ALL:
    case CONDITION_ANY:
        TRY(shape_array(member, 1, TERMS_CONDITION_CHILDREN_MAX, NULL, failure));
        *ret_children = json_first(member);
        return STATUS_OK;
    case CONDITION_NOT:
        *ret_children = member;
        return STATUS_OK;
    case CONDITION_AT_LEAST:
    case CONDITION_ABOVE:
    case CONDITION_AT_MOST:
    case CONDITION_BELOW:
    case CONDITION_EQUALS:
        *ret_children = NULL;
        return read_comparison(member, condition, failure);
    case CONDITION_SIGNIFICANT:
        *ret_children = NULL;
        return read_significant(member, condition, failure);
    }
    assert(false);
    return STATUS_INVALID;
}

/* Reads one node; when it has children, they become the top of the walk. */
static enum status read_node(struct walk *walk, const struct json *node, struct failure *failure)
{
    struct line *line = walk->line;
    if (line->condition_count == TERMS_CONDITIONS_MAX) {
        return refuse(failure, RULE_TERMS_TOO_LARGE, "", "a `when` has at most %d conditions",
                      TERMS_CONDITIONS_MAX);
    }
    if (walk->depth == TERMS_CONDITION_DEPTH_MAX) {
        return refuse(failure, RULE_TERMS_TOO_LARGE, "", "conditions are at most %d deep",
                      TERMS_CONDITION_DEPTH_MAX);
    }
    if (json_type(node) != JSON_OBJECT || json_count(node) != 1) {
        return shape_malformed(
            node,
            "an object with one member: \"all\", \"any\", \"not\", \"at_least\", "
            "\"above\", \"at_most\", \"below\", \"equals\" or \"significant\"",
            failure);
    }
    const struct json *member = json_first(node);
    struct view key = json_name(member);
    enum condition_kind kind = find_kind(key);
    if (kind == CONDITION_KIND_COUNT) {
        char quoted[SHAPE_QUOTE_SIZE];
        shape_quote(key, quoted);
        return refuse(failure, RULE_FIELD_UNKNOWN, "",
                      "expected \"all\", \"any\", \"not\", \"at_least\", \"above\", \"at_most\", "
                      "\"below\", \"equals\" or \"significant\", found %s",
                      quoted);
    }

    size_t index = line->condition_count;
    struct condition *condition = &line->conditions[index];
    *condition = (struct condition){.kind = kind, .size = 1};
    line->condition_count++;

    const struct json *children;
    TRY_FIELD(CONDITION_KEYS[kind], read_member(member, condition, &children, failure));
    if (children != NULL) {
        walk->frames[walk->depth] = (struct frame){.node = index, .next = children};
        walk->depth++;
    }
    return STATUS_OK;
}

/* Puts the way to the node that was refused in front of the failure's place. */
static void prefix_way(const struct walk *walk, struct failure *failure)
{
    for (size_t i = walk->depth; i-- > 0;) {
        const struct frame *frame = &walk->frames[i];
        enum condition_kind kind = walk->line->conditions[frame->node].kind;
        if (kind != CONDITION_NOT) {
            shape_prefix_index(failure, frame->child_count);
        }
        shape_prefix_name(failure, CONDITION_KEYS[kind]);
    }
}

static enum status walk_tree(struct walk *walk, const struct json *root, struct failure *failure)
{
    TRY(read_node(walk, root, failure));
    while (walk->depth > 0) { /* each round reads a node, of a bounded number, or leaves one */
        struct frame *top = &walk->frames[walk->depth - 1];
        struct condition *parent = &walk->line->conditions[top->node];
        const struct json *child = top->next;
        if (child == NULL) {
            parent->size = walk->line->condition_count - top->node;
            walk->depth--;
            if (walk->depth > 0) {
                walk->frames[walk->depth - 1].child_count++;
            }
            continue;
        }
        top->next = parent->kind == CONDITION_NOT ? NULL : json_next(child);

        size_t depth = walk->depth;
        enum status status = read_node(walk, child, failure);
        if (status != STATUS_OK) {
            prefix_way(walk, failure);
            return status;
        }
        if (walk->depth == depth) {
            top->child_count++;
        }
    }
    return STATUS_OK;
}

enum status terms_read_conditions(struct terms_reader *reader, const struct json *node,
                                  struct line *line, struct failure *failure)
{
    /* A refused tree stays in the reader's nodes, from where the line releases it. */
    line->conditions = reader->nodes;
    struct walk walk = {.line = line};
    TRY(walk_tree(&walk, node, failure));

    struct condition *kept =
        arena_allocate(reader->arena, line->condition_count, sizeof *line->conditions);
    if (kept == NULL) {
        return fail_memory(failure);
    }
    memcpy(kept, line->conditions, line->condition_count * sizeof *kept);
    line->conditions = kept;
    return STATUS_OK;
}
