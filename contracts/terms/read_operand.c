#include "contracts/shape/shape.h"
#include "contracts/terms/reader.h"

static enum status read_line_name(const struct json *node, struct operand *operand,
                                  struct failure *failure)
{
    operand->kind = OPERAND_LINE;
    return shape_name(node, &operand->name, failure);
}

static enum status read_decimal(const struct json *node, struct operand *operand,
                                struct failure *failure)
{
    rational_init(&operand->constant);
    operand->kind = OPERAND_CONSTANT;
    operand->unit_text = VIEW("1");
    return shape_decimal(node, &operand->constant, failure);
}

static enum status read_value(const struct json *node, struct operand *operand,
                              struct failure *failure)
{
    static const struct shape_field fields[] = {{"value", SHAPE_REQUIRED},
                                                {"unit", SHAPE_REQUIRED}};
    const struct json *nodes[2];
    TRY(shape_object(node, fields, 2, nodes, failure));
    TRY_FIELD("value", read_decimal(nodes[0], operand, failure));
    TRY_FIELD("unit", shape_unit(nodes[1], &operand->unit_text, failure));
    return STATUS_OK;
}

static enum status read_measured(const struct json *node, struct operand *operand,
                                 struct failure *failure)
{
    static const struct shape_field fields[] = {
        {"measured", SHAPE_REQUIRED}, {"field", SHAPE_REQUIRED}, {"period", SHAPE_OPTIONAL}};
    const struct json *nodes[3];
    TRY(shape_object(node, fields, 3, nodes, failure));

    operand->kind = OPERAND_MEASURED;
    size_t field;
    TRY_FIELD("measured", shape_name(nodes[0], &operand->name, failure));
    TRY_FIELD("field",
              shape_word(nodes[1], MEASURED_FIELD_NAMES, MEASURED_FIELD_COUNT, &field, failure));
    operand->field = (enum measured_field)field;
    if (nodes[2] != NULL) {
        TRY_FIELD("period", shape_slug(nodes[2], &operand->period_name, failure));
    }
    return STATUS_OK;
}

/* Reads an object of one member, `key`: a name as `read` knows it, or "total", which is no name. */
static enum status read_sum(const struct json *node, const char *key,
                            enum status (*read)(const struct json *node, struct view *ret_name,
                                                struct failure *failure),
                            struct operand *operand, struct failure *failure)
{
    const struct shape_field field = {key, SHAPE_REQUIRED};
    const struct json *member;
    TRY(shape_object(node, &field, 1, &member, failure));
    if (json_type(member) == JSON_STRING && view_is(json_string(member), "total")) {
        return STATUS_OK;
    }
    TRY_FIELD(key, read(member, &operand->name, failure));
    return STATUS_OK;
}

static enum status read_funded(const struct json *node, struct operand *operand,
                               struct failure *failure)
{
    operand->kind = OPERAND_FUNDED;
    return read_sum(node, "funded", shape_party, operand, failure);
}

static enum status read_paid(const struct json *node, struct operand *operand,
                             struct failure *failure)
{
    operand->kind = OPERAND_PAID;
    return read_sum(node, "paid", shape_name, operand, failure);
}

static enum status read_earlier(const struct json *node, struct operand *operand,
                                struct failure *failure)
{
    const struct shape_field field = {"earlier", SHAPE_REQUIRED};
    const struct json *member;
    operand->kind = OPERAND_EARLIER;
    TRY(shape_object(node, &field, 1, &member, failure));
    TRY_FIELD("earlier", shape_name(member, &operand->name, failure));
    return STATUS_OK;
}

static enum status read_period_days(const struct json *node, struct operand *operand,
                                    struct failure *failure)
{
    static const struct shape_field field = {"period", SHAPE_REQUIRED};
    static const char *const days = "days";
    const struct json *member;
    size_t index;
    operand->kind = OPERAND_PERIOD_DAYS;
    TRY(shape_object(node, &field, 1, &member, failure));
    TRY_FIELD("period", shape_word(member, &days, 1, &index, failure));
    return STATUS_OK;
}

/* The forms of an operand that is an object, told apart by the first of these keys it has. */
static const struct {
    const char *key;
    enum status (*read)(const struct json *node, struct operand *operand, struct failure *failure);
} FORMS[] = {
    {"value", read_value}, {"measured", read_measured}, {"funded", read_funded},
    {"paid", read_paid},   {"earlier", read_earlier},   {"period", read_period_days},
};

enum status terms_read_operand(const struct json *node, struct operand *operand,
                               struct failure *failure)
{
    if (json_type(node) == JSON_STRING) {
        struct view text = json_string(node);
        bool is_name = text.size > 0 && text.data[0] >= 'a' && text.data[0] <= 'z';
        return is_name ? read_line_name(node, operand, failure)
                       : read_decimal(node, operand, failure);
    }
    if (json_type(node) == JSON_OBJECT) {
        for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
            if (json_member(node, FORMS[i].key) != NULL) {
                return FORMS[i].read(node, operand, failure);
            }
        }
    }
    return shape_malformed(node,
                           "the name of a line, a decimal string, or an object with \"value\", "
                           "\"measured\", \"funded\", \"paid\", \"earlier\" or \"period\"",
                           failure);
}

enum status terms_read_result(const struct json *node, struct operand *operand,
                              struct failure *failure)
{
    if (shape_is_not_published(node)) {
        operand->kind = OPERAND_UNPUBLISHED;
        return STATUS_OK;
    }
    return terms_read_operand(node, operand, failure);
}

enum status terms_read_constant(const struct json *node, struct operand *operand,
                                struct failure *failure)
{
    return json_type(node) == JSON_OBJECT ? read_value(node, operand, failure)
                                          : read_decimal(node, operand, failure);
}

void terms_release_operand(struct operand *operand)
{
    if (operand->kind == OPERAND_CONSTANT) {
        rational_release(&operand->constant);
        operand->kind = OPERAND_LINE;
    }
}
