#include "contracts/rule/rule.h"
#include "contracts/shape/shape.h"
#include "contracts/terms/reader.h"

#include <assert.h>

enum {
    COMMON_LINE,
    COMMON_LABEL,
    COMMON_NOTE,
    COMMON_ACTOR,
    COMMON_BASIS,
    COMMON_BASELINE,
    COMMON_COUNT
};
#define COMPANIONS_MAX 5 /* of one operation */

static const struct shape_field COMMON[COMMON_COUNT] = {
    [COMMON_LINE] = {"line", SHAPE_REQUIRED},   [COMMON_LABEL] = {"label", SHAPE_REQUIRED},
    [COMMON_NOTE] = {"note", SHAPE_OPTIONAL},   [COMMON_ACTOR] = {"actor", SHAPE_OPTIONAL},
    [COMMON_BASIS] = {"basis", SHAPE_OPTIONAL}, [COMMON_BASELINE] = {"baseline", SHAPE_OPTIONAL},
};

const char *const GAIN_BASIS_NAMES[GAIN_BASIS_COUNT] = {
    [GAIN_NONE] = "",
    [GAIN_MEASURED] = "measured",
    [GAIN_MODELLED] = "modelled",
};

/* What stands beside the key of an operation. */
static const struct shape_field COMPANIONS[OPERATION_COUNT][COMPANIONS_MAX] = {
    [OPERATION_POWER] = {{"exponent", SHAPE_REQUIRED}},
    [OPERATION_CLAMP] = {{"at_least", SHAPE_OPTIONAL}, {"at_most", SHAPE_OPTIONAL}},
    [OPERATION_TIERS] = {{"steps", SHAPE_REQUIRED}, {"otherwise", SHAPE_REQUIRED}},
    [OPERATION_CURVE] = {{"points", SHAPE_REQUIRED}},
    [OPERATION_BRACKETS] = {{"blocks", SHAPE_REQUIRED}},
    [OPERATION_BY_PERIOD] = {{"otherwise", SHAPE_OPTIONAL}},
    [OPERATION_INTEREST] = {{"rate", SHAPE_REQUIRED},
                            {"count", SHAPE_OPTIONAL},
                            {"from", SHAPE_OPTIONAL},
                            {"to", SHAPE_OPTIONAL},
                            {"periods", SHAPE_OPTIONAL}},
    [OPERATION_INDEX] = {{"base", SHAPE_REQUIRED}, {"current", SHAPE_REQUIRED}},
    [OPERATION_WHEN] = {{"then", SHAPE_REQUIRED}, {"otherwise", SHAPE_REQUIRED}},
    [OPERATION_ROUND] = {{"to", SHAPE_REQUIRED}, {"by", SHAPE_REQUIRED}},
};

/* ", take, add, ..." */
static const char OPERATION_LIST[] = ""
#define OPERATION(name, key) ", " key
#include "contracts/terms/operations.def"
#undef OPERATION
    ;

/* The nodes of a line: the operation's own, and its companions in the order of COMPANIONS. */
struct line_nodes {
    const struct json *common[COMMON_COUNT];
    const struct json *operation;
    const struct json *companions[COMPANIONS_MAX];
};

/* Refuses a line without the key of an operation: for what stands there, or for what does not. */
static enum status refuse_no_operation(const struct json *node, struct failure *failure)
{
    struct shape_field fields[COMMON_COUNT + OPERATION_COUNT];
    const struct json *nodes[COMMON_COUNT + OPERATION_COUNT];
    for (size_t i = 0; i < COMMON_COUNT; i++) {
        fields[i] = COMMON[i];
    }
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        fields[COMMON_COUNT + i] =
            (struct shape_field){operation_name((enum operation)i), SHAPE_OPTIONAL};
    }
    static_assert(COMMON_COUNT + OPERATION_COUNT <= SHAPE_FIELDS_MAX, "shape_object takes them");
    TRY(shape_object(node, fields, COMMON_COUNT + OPERATION_COUNT, nodes, failure));
    return refuse(failure, RULE_FIELD_MISSING, "", "the line has no operation, one of %s",
                  OPERATION_LIST + 2);
}

static enum status find_operation(const struct json *node, enum operation *ret_operation,
                                  struct failure *failure)
{
    size_t found = OPERATION_COUNT;
    for (size_t i = 0; i < OPERATION_COUNT && json_type(node) == JSON_OBJECT; i++) {
        if (json_member(node, operation_name((enum operation)i)) == NULL) {
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
        return refuse_no_operation(node, failure);
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

/* A gain is somebody's, and a baseline is what a gain is compared with. */
static enum status read_gain(const struct line_nodes *nodes, struct line *line,
                             struct failure *failure)
{
    const struct json *basis = nodes->common[COMMON_BASIS];
    const struct json *baseline = nodes->common[COMMON_BASELINE];
    if (basis != NULL) {
        size_t found;
        TRY_FIELD("basis", shape_word(basis, &GAIN_BASIS_NAMES[GAIN_MEASURED], GAIN_BASIS_COUNT - 1,
                                      &found, failure));
        line->basis = (enum gain_basis)(GAIN_MEASURED + found);
        if (nodes->common[COMMON_ACTOR] == NULL) {
            return refuse(failure, RULE_FIELD_MISSING, "/actor",
                          "a line with \"basis\" says whose gain it is");
        }
    }
    if (baseline != NULL) {
        TRY_FIELD("baseline", shape_name(baseline, &line->baseline, failure));
        if (basis == NULL) {
            return refuse(failure, RULE_FIELD_MISSING, "/basis",
                          "a line with \"baseline\" says whether it is measured or modelled");
        }
    }
    return STATUS_OK;
}

static enum status read_common(const struct line_nodes *nodes, struct line *line,
                               struct failure *failure)
{
    TRY_FIELD("line", shape_name(nodes->common[COMMON_LINE], &line->name, failure));
    TRY_FIELD("label", shape_localized(nodes->common[COMMON_LABEL], &line->label, failure));
    if (nodes->common[COMMON_NOTE] != NULL) {
        TRY_FIELD("note", shape_localized(nodes->common[COMMON_NOTE], &line->note, failure));
    }
    if (nodes->common[COMMON_ACTOR] != NULL) {
        TRY_FIELD("actor", shape_party(nodes->common[COMMON_ACTOR], &line->actor, failure));
    }
    return read_gain(nodes, line, failure);
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

/* The first of `count` operands; the others stand under keys of their own. */
static enum status read_first(struct terms_reader *reader, const struct json *node,
                              struct line *line, size_t count, struct failure *failure)
{
    TRY(allocate_operands(reader, line, count, failure));
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

/* The dates of simple interest, which are both there or neither. */
static enum status read_dates(const struct json *from, const struct json *to, struct line *line,
                              struct failure *failure)
{
    line->has_dates = from != NULL && to != NULL;
    if (from == NULL && to == NULL) {
        return STATUS_OK;
    }
    if (!line->has_dates) {
        return refuse(failure, RULE_FIELD_MISSING, from == NULL ? "/from" : "/to",
                      "interest has both \"from\" and \"to\", or neither for the settled period");
    }
    TRY_FIELD("from", shape_date(from, &line->from, failure));
    TRY_FIELD("to", shape_date(to, &line->to_date, failure));
    return STATUS_OK;
}

static enum status read_interest(const struct line_nodes *nodes, struct line *line,
                                 struct failure *failure)
{
    enum { RATE, DAY_COUNT, FROM, TO, PERIODS };
    const struct json *const *parts = nodes->companions;
    if (parts[DAY_COUNT] == NULL && parts[PERIODS] == NULL) {
        return refuse(failure, RULE_FIELD_MISSING, "",
                      "interest has \"count\" (simple) or \"periods\" (compound)");
    }
    if (parts[DAY_COUNT] != NULL && parts[PERIODS] != NULL) {
        return refuse(failure, RULE_FIELD_MALFORMED, "",
                      "interest has \"count\" (simple) or \"periods\" (compound), not both");
    }
    TRY_FIELD("rate", terms_read_operand(parts[RATE], &line->operands[1], failure));

    line->is_compound = parts[PERIODS] != NULL;
    if (line->is_compound && (parts[FROM] != NULL || parts[TO] != NULL)) {
        return refuse(failure, RULE_FIELD_UNKNOWN, parts[FROM] != NULL ? "/from" : "/to",
                      "compound interest counts \"periods\" and has no dates");
    }
    if (line->is_compound) {
        TRY_FIELD("periods",
                  shape_integer(parts[PERIODS], 0, RATIONAL_POWER_MAX, &line->exponent, failure));
        return STATUS_OK;
    }
    size_t day_count;
    TRY_FIELD("count",
              shape_word(parts[DAY_COUNT], DAY_COUNT_NAMES, DAY_COUNT_COUNT, &day_count, failure));
    line->day_count = (enum day_count)day_count;
    return read_dates(parts[FROM], parts[TO], line, failure);
}

static enum status read_otherwise(const struct json *node, struct line *line,
                                  struct failure *failure)
{
    line->has_otherwise = node != NULL;
    if (node != NULL) {
        TRY_FIELD("otherwise", terms_read_result(node, &line->otherwise, failure));
    }
    return STATUS_OK;
}

static enum status read_rounding(const struct line_nodes *nodes, struct line *line,
                                 struct failure *failure)
{
    TRY_FIELD("to", terms_read_constant(nodes->companions[0], &line->to, failure));
    const struct json *by = nodes->companions[1];
    if (json_type(by) != JSON_STRING || !rounding_by_name(json_string(by), &line->by)) {
        TRY_FIELD("by", shape_malformed(
                            by, "one of half_even, half_up, up, down, ceiling and floor", failure));
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
        TRY_FIELD("steps", terms_read_steps(reader, nodes->companions[0], line, failure));
        return read_otherwise(nodes->companions[1], line, failure);
    case OPERATION_CURVE:
        TRY_FIELD("points", terms_read_steps(reader, nodes->companions[0], line, failure));
        return STATUS_OK;
    case OPERATION_BRACKETS:
        TRY_FIELD("blocks", terms_read_steps(reader, nodes->companions[0], line, failure));
        return STATUS_OK;
    case OPERATION_BY_PERIOD:
        return read_otherwise(nodes->companions[0], line, failure);
    case OPERATION_INTEREST:
        return read_interest(nodes, line, failure);
    case OPERATION_INDEX:
        TRY_FIELD("base", terms_read_operand(nodes->companions[0], &line->operands[1], failure));
        TRY_FIELD("current", terms_read_operand(nodes->companions[1], &line->operands[2], failure));
        return STATUS_OK;
    case OPERATION_WHEN:
        TRY_FIELD("then", terms_read_result(nodes->companions[0], &line->then, failure));
        return read_otherwise(nodes->companions[1], line, failure);
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
    case OPERATION_RATE_CARD:
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
    case OPERATION_BRACKETS:
    case OPERATION_ROUND:
        return read_first(reader, node, line, 1, failure);
    case OPERATION_INTEREST:
        return read_first(reader, node, line, 2, failure); /* principal, rate */
    case OPERATION_INDEX:
        return read_first(reader, node, line, 3, failure); /* amount, base, current */
    case OPERATION_RATE_CARD:
        return terms_read_items(reader, node, line, failure);
    case OPERATION_BY_PERIOD:
        return terms_read_cases(reader, node, line, failure);
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

static void release_item(struct card_item *item)
{
    terms_release_operand(&item->count);
    terms_release_operand(&item->price);
    terms_release_operand(&item->multiplier);
    terms_release_operand(&item->count_at_most);
    terms_release_operand(&item->amount_at_most);
}

static void release_tables(struct line *line)
{
    for (size_t i = 0; i < line->step_count; i++) {
        terms_release_operand(&line->steps[i].threshold);
        terms_release_operand(&line->steps[i].then);
    }
    for (size_t i = 0; i < line->item_count; i++) {
        release_item(&line->items[i]);
    }
    for (size_t i = 0; i < line->case_count; i++) {
        terms_release_operand(&line->cases[i].then);
    }
    for (size_t i = 0; i < line->condition_count; i++) {
        struct operand *operands = line->conditions[i].operands;
        for (size_t k = 0; k < sizeof line->conditions[i].operands / sizeof *operands; k++) {
            terms_release_operand(&operands[k]);
        }
    }
}

void terms_release_line(struct line *line)
{
    for (size_t i = 0; i < line->operand_count; i++) {
        terms_release_operand(&line->operands[i]);
    }
    release_tables(line);
    terms_release_operand(&line->at_least);
    terms_release_operand(&line->at_most);
    terms_release_operand(&line->then);
    terms_release_operand(&line->otherwise);
    terms_release_operand(&line->to);
}
