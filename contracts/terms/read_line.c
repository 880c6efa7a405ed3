#include "contracts/rule/rule.h"
#include "contracts/shape/shape.h"
#include "contracts/terms/reader.h"

#include <assert.h>

#define COMMON_COUNT 4   /* line, label, note, actor */
#define COMPANIONS_MAX 2 /* of one operation */
#define ALL_COMPANIONS 9 /* of all operations */
#define FIRST_OPERATION COMMON_COUNT

static const struct shape_field COMMON[COMMON_COUNT] = {{"line", SHAPE_REQUIRED},
                                                        {"label", SHAPE_REQUIRED},
                                                        {"note", SHAPE_OPTIONAL},
                                                        {"actor", SHAPE_OPTIONAL}};

/* What stands beside the key of an operation. */
static const struct shape_field COMPANIONS[OPERATION_COUNT][COMPANIONS_MAX] = {
    [OPERATION_POWER] = {{"exponent", SHAPE_REQUIRED}},
    [OPERATION_CLAMP] = {{"at_least", SHAPE_OPTIONAL}, {"at_most", SHAPE_OPTIONAL}},
    [OPERATION_TIERS] = {{"steps", SHAPE_REQUIRED}, {"otherwise", SHAPE_REQUIRED}},
    [OPERATION_CURVE] = {{"points", SHAPE_REQUIRED}},
    [OPERATION_WHEN] = {{"then", SHAPE_REQUIRED}, {"otherwise", SHAPE_REQUIRED}},
    [OPERATION_ROUND] = {{"to", SHAPE_REQUIRED}, {"by", SHAPE_REQUIRED}},
};

/* Every field that some line may have. */
static const struct shape_field ANY[] = {
    {"line", SHAPE_REQUIRED},      {"label", SHAPE_REQUIRED},    {"note", SHAPE_OPTIONAL},
    {"actor", SHAPE_OPTIONAL},
#define OPERATION(name, key) {(key), SHAPE_OPTIONAL},
#include "contracts/terms/operations.def"
#undef OPERATION
    {"exponent", SHAPE_OPTIONAL},  {"at_least", SHAPE_OPTIONAL}, {"at_most", SHAPE_OPTIONAL},
    {"steps", SHAPE_OPTIONAL},     {"points", SHAPE_OPTIONAL},   {"then", SHAPE_OPTIONAL},
    {"otherwise", SHAPE_OPTIONAL}, {"to", SHAPE_OPTIONAL},       {"by", SHAPE_OPTIONAL},
};
#define ANY_COUNT (sizeof ANY / sizeof ANY[0])
static_assert(ANY_COUNT == COMMON_COUNT + OPERATION_COUNT + ALL_COMPANIONS, "no field is missing");
static_assert(ANY_COUNT <= SHAPE_FIELDS_MAX, "shape_object takes them");

/* The nodes of a line: the operation's own, and its companions in the order of COMPANIONS. */
struct line_nodes {
    const struct json *common[COMMON_COUNT];
    const struct json *operation;
    const struct json *companions[COMPANIONS_MAX];
};

static enum status find_operation(const struct json *node, enum operation *ret_operation,
                                  struct failure *failure)
{
    const struct json *nodes[ANY_COUNT];
    TRY(shape_object(node, ANY, ANY_COUNT, nodes, failure));

    size_t found = OPERATION_COUNT;
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        if (nodes[FIRST_OPERATION + i] == NULL) {
            continue;
        }
        if (found != OPERATION_COUNT) {
            return refuse(failure, RULE_FIELD_MALFORMED, "",
                          "a line has one operation: \"%s\" and \"%s\" are two",
                          operation_name((enum operation)found), operation_name((enum operation)i));
        }
        found = i;
    }
    if (found == OPERATION_COUNT) {
        return refuse(failure, RULE_FIELD_MISSING, "",
                      "the line has no operation: take, add, subtract, multiply, divide, power, "
                      "minimum, maximum, negate, clamp, tiers, curve, when or round");
    }
    *ret_operation = (enum operation)found;
    return STATUS_OK;
}

/* Sorts the members of a line; a companion of another operation is an unknown field. */
static enum status find_nodes(const struct json *node, enum operation operation,
                              struct line_nodes *ret_nodes, struct failure *failure)
{
    struct shape_field fields[COMMON_COUNT + 1 + COMPANIONS_MAX];
    const struct json *nodes[COMMON_COUNT + 1 + COMPANIONS_MAX] = {NULL};
    size_t count = 0;
    while (count < COMMON_COUNT) {
        fields[count] = COMMON[count];
        count++;
    }
    fields[count] = (struct shape_field){operation_name(operation), SHAPE_REQUIRED};
    count++;
    for (size_t i = 0; i < COMPANIONS_MAX && COMPANIONS[operation][i].name != NULL; i++) {
        fields[count] = COMPANIONS[operation][i];
        count++;
    }
    TRY(shape_object(node, fields, count, nodes, failure));

    for (size_t i = 0; i < COMMON_COUNT; i++) {
        ret_nodes->common[i] = nodes[i];
    }
    ret_nodes->operation = nodes[COMMON_COUNT];
    for (size_t i = 0; i < COMPANIONS_MAX; i++) {
        ret_nodes->companions[i] = nodes[COMMON_COUNT + 1 + i];
    }
    return STATUS_OK;
}

static enum status read_common(const struct line_nodes *nodes, struct line *line,
                               struct failure *failure)
{
    TRY_FIELD("line", shape_name(nodes->common[0], &line->name, failure));
    TRY_FIELD("label", shape_localized(nodes->common[1], &line->label, failure));
    if (nodes->common[2] != NULL) {
        TRY_FIELD("note", shape_localized(nodes->common[2], &line->note, failure));
    }
    if (nodes->common[3] != NULL) {
        TRY_FIELD("actor", shape_party(nodes->common[3], &line->actor, failure));
    }
    return STATUS_OK;
}

static enum status allocate_operands(struct terms_reader *reader, struct line *line, size_t count,
                                     struct failure *failure)
{
    line->operands = arena_allocate(reader->arena, count, sizeof *line->operands);
    if (line->operands == NULL) {
        return fail_memory(failure);
    }
    line->operand_count = count;
    return STATUS_OK;
}

static enum status read_single(struct terms_reader *reader, const struct json *node,
                               struct line *line, struct failure *failure)
{
    TRY(allocate_operands(reader, line, 1, failure));
    return terms_read_operand(node, &line->operands[0], failure);
}

static enum status read_list(struct terms_reader *reader, const struct json *node,
                             struct line *line, struct failure *failure)
{
    bool is_pair = line->operation == OPERATION_SUBTRACT || line->operation == OPERATION_DIVIDE;
    size_t count;
    TRY(shape_array(node, is_pair ? 2 : 1, is_pair ? 2 : TERMS_OPERANDS_MAX, &count, failure));
    TRY(allocate_operands(reader, line, count, failure));

    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, terms_read_operand(item, &line->operands[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}

static enum status read_clamp(const struct line_nodes *nodes, struct line *line,
                              struct failure *failure)
{
    const struct json *at_least = nodes->companions[0];
    const struct json *at_most = nodes->companions[1];
    if (at_least == NULL && at_most == NULL) {
        return refuse(failure, RULE_FIELD_MISSING, "",
                      "a clamp has \"at_least\", \"at_most\" or both");
    }
    if (at_least != NULL) {
        line->has_at_least = true;
        TRY_FIELD("at_least", terms_read_operand(at_least, &line->at_least, failure));
    }
    if (at_most != NULL) {
        line->has_at_most = true;
        TRY_FIELD("at_most", terms_read_operand(at_most, &line->at_most, failure));
    }
    return STATUS_OK;
}

/* {"at_least" or "above": constant, "then": result} */
static enum status read_tier(const struct json *node, struct step *step, struct failure *failure)
{
    static const struct shape_field fields[] = {
        {"at_least", SHAPE_OPTIONAL}, {"above", SHAPE_OPTIONAL}, {"then", SHAPE_REQUIRED}};
    const struct json *nodes[3];
    TRY(shape_object(node, fields, 3, nodes, failure));
    if (nodes[0] == NULL && nodes[1] == NULL) {
        return refuse(failure, RULE_FIELD_MISSING, "", "a step has \"at_least\" or \"above\"");
    }
    if (nodes[0] != NULL && nodes[1] != NULL) {
        return refuse(failure, RULE_FIELD_MALFORMED, "",
                      "a step has \"at_least\" or \"above\", not both");
    }
    step->is_above = nodes[1] != NULL;
    size_t which = step->is_above ? 1 : 0;
    TRY_FIELD(fields[which].name, terms_read_constant(nodes[which], &step->threshold, failure));
    TRY_FIELD("then", terms_read_result(nodes[2], &step->then, failure));
    return STATUS_OK;
}

/* [x, y] */
static enum status read_point(const struct json *node, struct step *step, struct failure *failure)
{
    TRY(shape_array(node, 2, 2, NULL, failure));
    const struct json *x = json_first(node);
    TRY_ITEM(0, terms_read_constant(x, &step->threshold, failure));
    TRY_ITEM(1, terms_read_constant(json_next(x), &step->then, failure));
    return STATUS_OK;
}

static enum status read_table(struct terms_reader *reader, const struct json *node,
                              struct line *line, struct failure *failure)
{
    bool is_curve = line->operation == OPERATION_CURVE;
    size_t count;
    TRY(shape_array(node, is_curve ? 2 : 1, TERMS_STEPS_MAX, &count, failure));
    reader->step_count += count;
    if (reader->step_count > TERMS_ALL_STEPS_MAX) {
        return refuse(failure, RULE_TERMS_TOO_LARGE, "",
                      "the tables of a contract have at most %d steps together",
                      TERMS_ALL_STEPS_MAX);
    }
    line->steps = arena_allocate(reader->arena, count, sizeof *line->steps);
    if (line->steps == NULL) {
        return fail_memory(failure);
    }
    line->step_count = count;

    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, is_curve ? read_point(item, &line->steps[i], failure)
                             : read_tier(item, &line->steps[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}

static enum status read_rounding(const struct line_nodes *nodes, struct line *line,
                                 struct failure *failure)
{
    TRY_FIELD("to", terms_read_constant(nodes->companions[0], &line->to, failure));
    const struct json *by = nodes->companions[1];
    if (json_type(by) != JSON_STRING || !rounding_by_name(json_string(by), &line->by)) {
        return refuse(failure, RULE_FIELD_MALFORMED, "/by",
                      "rounding is by half_even, half_up, up, down, ceiling or floor");
    }
    return STATUS_OK;
}

static enum status read_companions(struct terms_reader *reader, const struct line_nodes *nodes,
                                   struct line *line, struct failure *failure)
{
    switch (line->operation) {
    case OPERATION_POWER:
        TRY_FIELD("exponent", shape_integer(nodes->companions[0], -RATIONAL_POWER_MAX,
                                            RATIONAL_POWER_MAX, &line->exponent, failure));
        return STATUS_OK;
    case OPERATION_CLAMP:
        return read_clamp(nodes, line, failure);
    case OPERATION_TIERS:
        TRY_FIELD("steps", read_table(reader, nodes->companions[0], line, failure));
        TRY_FIELD("otherwise", terms_read_result(nodes->companions[1], &line->otherwise, failure));
        return STATUS_OK;
    case OPERATION_CURVE:
        TRY_FIELD("points", read_table(reader, nodes->companions[0], line, failure));
        return STATUS_OK;
    case OPERATION_WHEN:
        TRY_FIELD("then", terms_read_result(nodes->companions[0], &line->then, failure));
        TRY_FIELD("otherwise", terms_read_result(nodes->companions[1], &line->otherwise, failure));
        return STATUS_OK;
    case OPERATION_ROUND:
        return read_rounding(nodes, line, failure);
    case OPERATION_TAKE:
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
    case OPERATION_NEGATE:
    case OPERATION_COUNT:
        break;
    }
    return STATUS_OK;
}

static enum status read_operation(struct terms_reader *reader, const struct json *node,
                                  struct line *line, struct failure *failure)
{
    switch (line->operation) {
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
        return read_list(reader, node, line, failure);
    case OPERATION_TAKE:
    case OPERATION_POWER:
    case OPERATION_NEGATE:
    case OPERATION_CLAMP:
    case OPERATION_TIERS:
    case OPERATION_CURVE:
    case OPERATION_ROUND:
        return read_single(reader, node, line, failure);
    case OPERATION_WHEN:
        return terms_read_conditions(reader, node, line, failure);
    case OPERATION_COUNT:
        break;
    }
    assert(false);
    return STATUS_INVALID;
}

static enum status read_line(struct terms_reader *reader, const struct json *node,
                             struct line *line, struct failure *failure)
{
    struct line_nodes nodes;
    TRY(find_operation(node, &line->operation, failure));
    TRY(find_nodes(node, line->operation, &nodes, failure));
    TRY(read_common(&nodes, line, failure));
    TRY_FIELD(operation_name(line->operation),
              read_operation(reader, nodes.operation, line, failure));
    return read_companions(reader, &nodes, line, failure);
}

enum status terms_read_lines(struct terms_reader *reader, const struct json *node,
                             struct terms *terms, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, TERMS_LINES_MAX, &count, failure));
    terms->lines = arena_allocate(reader->arena, count, sizeof *terms->lines);
    reader->nodes = arena_allocate(reader->arena, TERMS_CONDITIONS_MAX, sizeof *reader->nodes);
    if (terms->lines == NULL || reader->nodes == NULL) {
        return fail_memory(failure);
    }
    terms->line_count = count;

    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, read_line(reader, item, &terms->lines[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}

void terms_release_line(struct line *line)
{
    for (size_t i = 0; i < line->operand_count; i++) {
        terms_release_operand(&line->operands[i]);
    }
    for (size_t i = 0; i < line->step_count; i++) {
        terms_release_operand(&line->steps[i].threshold);
        terms_release_operand(&line->steps[i].then);
    }
    for (size_t i = 0; i < line->condition_count; i++) {
        terms_release_operand(&line->conditions[i].operands[0]);
        terms_release_operand(&line->conditions[i].operands[1]);
    }
    terms_release_operand(&line->at_least);
    terms_release_operand(&line->at_most);
    terms_release_operand(&line->then);
    terms_release_operand(&line->otherwise);
    terms_release_operand(&line->to);
}
