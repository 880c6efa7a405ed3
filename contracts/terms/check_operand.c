/*
 * Operands of a checked line: what they name, and in which unit they are.
 */
#include "contracts/rule/rule.h"
#include "contracts/shape/shape.h"
#include "contracts/terms/check.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define DESCRIPTION_MAX 4096 /* a name, a label and the longest unit */

/* --- Names --- */

static enum status resolve_line(const struct check *check, struct operand *operand,
                                struct failure *failure)
{
    size_t index = names_find(&check->lines, operand->name);
    if (index == SIZE_MAX) {
        return refuse(failure, RULE_LINE_UNKNOWN, "", "there is no line \"%.*s\"",
                      VIEW_ARGS(operand->name));
    }
    if (index >= check->line) {
        return refuse(failure, RULE_LINE_UNKNOWN, "",
                      "line \"%.*s\" does not stand before \"%.*s\"", VIEW_ARGS(operand->name),
                      VIEW_ARGS(check->terms->lines[check->line].name));
    }
    operand->index = index;
    operand->unit = check->terms->lines[index].unit;
    return STATUS_OK;
}

/*
 * What earlier settlements made of a line. A line that is paid is money and bounded as money, so it
 * may stand anywhere: "what is due by now, less what was settled before" names the payout itself.
 */
static enum status resolve_earlier(const struct check *check, struct operand *operand,
                                   struct failure *failure)
{
    size_t index = names_find(&check->lines, operand->name);
    if (index == SIZE_MAX || names_find(&check->paid, operand->name) == SIZE_MAX) {
        return resolve_line(check, operand, failure);
    }
    operand->index = index;
    operand->unit = check->money;
    return STATUS_OK;
}

/* What was paid: of one pay, or of all. The ledger knows it, so the line may stand anywhere. */
static enum status resolve_paid(const struct check *check, struct operand *operand,
                                struct failure *failure)
{
    operand->unit = check->money;
    operand->index = SIZE_MAX;
    if (operand->name.size == 0) {
        return STATUS_OK;
    }
    if (names_find(&check->paid, operand->name) == SIZE_MAX) {
        return refuse(failure, RULE_LINE_UNKNOWN, "/paid",
                      "expected \"total\" or the line of a pay, found \"%.*s\", which no pay names",
                      VIEW_ARGS(operand->name));
    }
    operand->index = names_find(&check->lines, operand->name);
    if (operand->index == SIZE_MAX) {
        return refuse(failure, RULE_LINE_UNKNOWN, "/paid", "there is no line \"%.*s\"",
                      VIEW_ARGS(operand->name));
    }
    return STATUS_OK;
}

static enum status resolve_measured(const struct check *check, struct operand *operand,
                                    struct failure *failure)
{
    operand->index = names_find(&check->outcomes, operand->name);
    if (operand->index == SIZE_MAX) {
        return refuse(failure, RULE_OUTCOME_UNKNOWN, "/measured", "there is no outcome \"%.*s\"",
                      VIEW_ARGS(operand->name));
    }
    operand->period = OPERAND_SETTLED_PERIOD;
    if (operand->period_name.size > 0) {
        operand->period = names_find(&check->periods, operand->period_name);
        if (operand->period == SIZE_MAX) {
            return refuse(failure, RULE_PERIOD_UNKNOWN, "/period", "there is no period \"%.*s\"",
                          VIEW_ARGS(operand->period_name));
        }
    }
    operand->unit = outcome_field_unit(&check->terms->outcomes[operand->index], operand->field);
    return STATUS_OK;
}

enum status terms_resolve(const struct check *check, struct operand *operand,
                          struct failure *failure)
{
    switch (operand->kind) {
    case OPERAND_LINE:
        return resolve_line(check, operand, failure);
    case OPERAND_EARLIER:
        return resolve_earlier(check, operand, failure);
    case OPERAND_CONSTANT:
        if (unit_read(operand->unit_text, &operand->unit) != STATUS_OK) {
            return refuse(failure, RULE_UNIT_UNKNOWN, "/unit",
                          "\"%.*s\" is not the spelling of a unit", VIEW_ARGS(operand->unit_text));
        }
        return STATUS_OK;
    case OPERAND_MEASURED:
        return resolve_measured(check, operand, failure);
    case OPERAND_PAID:
        return resolve_paid(check, operand, failure);
    case OPERAND_FUNDED:
        operand->unit = check->money;
        operand->index = SIZE_MAX;
        return STATUS_OK;
    case OPERAND_PERIOD_DAYS:
        operand->unit = (struct unit){.count = 1, .bases = {{.name = VIEW("day"), .exponent = 1}}};
        return STATUS_OK;
    case OPERAND_UNPUBLISHED:
        return STATUS_OK;
    }
    assert(false);
    return STATUS_INVALID;
}

/* --- Units --- */

static enum status describe_named(const char *what, struct view name, const struct localized *label,
                                  struct buffer *text)
{
    char quoted[SHAPE_QUOTE_SIZE];
    shape_quote(localized_text(label, "en"), quoted);
    return buffer_append_format(text, "%s %.*s (%s)", what, VIEW_ARGS(name), quoted);
}

/* A sum that the ledger knows: "the payments in all", "the payments of payout". */
static enum status describe_sum(const char *what, const char *preposition,
                                const struct operand *operand, struct buffer *text)
{
    return operand->name.size == 0 ? buffer_append_format(text, "%s in all", what)
                                   : buffer_append_format(text, "%s %s %.*s", what, preposition,
                                                          VIEW_ARGS(operand->name));
}

static enum status describe_source(const struct check *check, const struct operand *operand,
                                   struct buffer *text)
{
    const struct terms *terms = check->terms;
    bool is_exact;
    switch (operand->kind) {
    case OPERAND_LINE:
        return describe_named("line", operand->name, &terms->lines[operand->index].label, text);
    case OPERAND_EARLIER:
        return describe_named("the earlier sum of line", operand->name,
                              &terms->lines[operand->index].label, text);
    case OPERAND_CONSTANT:
        TRY(buffer_append_text(text, "the constant "));
        return rational_write_decimal(&operand->constant, 0, DECIMAL_FRACTION_DIGITS_MAX, text,
                                      &is_exact);
    case OPERAND_MEASURED:
        TRY(buffer_append_format(text, "the %s of ", MEASURED_FIELD_NAMES[operand->field]));
        return describe_named("outcome", operand->name, &terms->outcomes[operand->index].label,
                              text);
    case OPERAND_FUNDED:
        return describe_sum("the funding", "by", operand, text);
    case OPERAND_PAID:
        return describe_sum("the payments", "of", operand, text);
    case OPERAND_PERIOD_DAYS:
        return buffer_append_text(text, "the length of the period");
    case OPERAND_UNPUBLISHED:
        break;
    }
    assert(false); /* it has the unit of the others */
    return STATUS_INVALID;
}

static enum status describe(const struct check *check, const struct operand *operand,
                            struct buffer *text)
{
    TRY(describe_source(check, operand, text));
    TRY(buffer_append_text(text, " is in "));
    return unit_write(&operand->unit, text);
}

/* Names both operands, with their labels and units. */
static enum status refuse_units(const struct check *check, const struct operand *a,
                                const struct operand *b, struct failure *failure)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 2 * (size_t)DESCRIPTION_MAX);
    if (describe(check, a, &text) != STATUS_OK ||
        buffer_append_text(&text, ", but ") != STATUS_OK ||
        describe(check, b, &text) != STATUS_OK) {
        return fail_memory(failure);
    }
    return refuse(failure, RULE_UNITS_DIFFER, "", "%s", text.data);
}

enum status terms_resolve_same(const struct check *check, struct operand *operand,
                               const struct operand *other, struct failure *failure)
{
    TRY(terms_resolve(check, operand, failure));
    return unit_equal(&operand->unit, &other->unit) ? STATUS_OK
                                                    : refuse_units(check, other, operand, failure);
}

/* Names the operand, with its label and unit, and the unit it should have. */
static enum status refuse_unit(const struct check *check, const struct operand *operand,
                               const struct unit *unit, const char *what, struct failure *failure)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 2 * (size_t)DESCRIPTION_MAX);
    if (describe(check, operand, &text) != STATUS_OK ||
        buffer_append_format(&text, ", but %s is in ", what) != STATUS_OK ||
        unit_write(unit, &text) != STATUS_OK) {
        return fail_memory(failure);
    }
    return refuse(failure, RULE_UNITS_DIFFER, "", "%s", text.data);
}

enum status terms_resolve_in(const struct check *check, struct operand *operand,
                             const struct unit *unit, const char *what, struct failure *failure)
{
    TRY(terms_resolve(check, operand, failure));
    return unit_equal(&operand->unit, unit) ? STATUS_OK
                                            : refuse_unit(check, operand, unit, what, failure);
}

enum status terms_resolve_result(const struct check *check, struct operand *operand,
                                 const struct operand **published, struct failure *failure)
{
    if (operand->kind == OPERAND_UNPUBLISHED) {
        return STATUS_OK;
    }
    if (*published != NULL) {
        return terms_resolve_same(check, operand, *published, failure);
    }
    TRY(terms_resolve(check, operand, failure));
    *published = operand;
    return STATUS_OK;
}

static void settle_unpublished(struct operand *operand, const struct unit *unit)
{
    if (operand->kind == OPERAND_UNPUBLISHED) {
        operand->unit = *unit;
    }
}

enum status terms_settle_result(struct line *line, const struct operand *published,
                                struct failure *failure)
{
    if (published == NULL) {
        return refuse(failure, RULE_UNITS_DIFFER, "",
                      "line \"%.*s\" publishes no result, so it has no unit",
                      VIEW_ARGS(line->name));
    }
    line->unit = published->unit;
    for (size_t i = 0; i < line->step_count; i++) {
        settle_unpublished(&line->steps[i].then, &line->unit);
    }
    for (size_t i = 0; i < line->case_count; i++) {
        settle_unpublished(&line->cases[i].then, &line->unit);
    }
    settle_unpublished(&line->then, &line->unit);
    settle_unpublished(&line->otherwise, &line->unit);
    return STATUS_OK;
}

enum status terms_write_constant(const struct rational *constant,
                                 char ret_text[static CONSTANT_TEXT_SIZE])
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, CONSTANT_TEXT_SIZE - 1);
    bool is_exact;
    TRY(rational_write_decimal(constant, 0, DECIMAL_FRACTION_DIGITS_MAX, &text, &is_exact));
    assert(is_exact); /* constants are decimals */
    memcpy(ret_text, text.data, text.size + 1);
    return STATUS_OK;
}

enum status terms_refuse_unit_size(const struct line *line, struct failure *failure)
{
    return refuse(failure, RULE_TERMS_TOO_LARGE, "",
                  "the unit of line \"%.*s\" would have more than %d bases, or one to a power "
                  "above %d",
                  VIEW_ARGS(line->name), UNIT_BASES_MAX, UNIT_EXPONENT_MAX);
}
