/*
 * Fuzz: terms that are accepted can be computed.
 *
 * An input that begins with '{' is the JSON of a contract. Any other one chooses, byte by byte,
 * lines and pays that are well formed, so that many of them are accepted and the bounds are put to
 * the test: whatever is measured, no line of accepted terms needs more digits than a number has.
 * What is explained adds up to what was computed, and what is owed to what is paid.
 */
#include "contracts/rule/rule.h"
#include "contracts/settlement/settlement.h"
#include "contracts/terms/terms.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA_MAX ((size_t)256 * 1024 * 1024)
#define LINES_GENERATED_MAX 60
#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* --- Choosing lines --- */

struct choices {
    const uint8_t *data;
    size_t size;
    struct buffer text;
    size_t line_count;
};

static unsigned choose(struct choices *choices, unsigned count)
{
    if (choices->size == 0) {
        return 0;
    }
    unsigned byte = choices->data[0];
    choices->data++;
    choices->size--;
    return byte % count;
}

static void write(struct choices *choices, const char *text)
{
    require(buffer_append_text(&choices->text, text) == STATUS_OK);
}

static void write_number(struct choices *choices, const char *format, unsigned number)
{
    require(buffer_append_format(&choices->text, format, number) == STATUS_OK);
}

static const char *const CONSTANTS[] = {
    "\"0\"",
    "\"1\"",
    "\"-1\"",
    "\"0.5\"",
    "\"7\"",
    "\"1.05\"",
    "\"100\"",
    "\"999999999999999999\"",
    "\"-999999999999999999.999999999999\"",
    "\"0.000000000001\"",
    "\"-0.333333333333\"",
};

static void write_constant(struct choices *choices)
{
    write(choices, CONSTANTS[choose(choices, COUNT(CONSTANTS))]);
}

static void write_operand(struct choices *choices)
{
    static const char *const others[] = {
        "{\"measured\":\"o\",\"field\":\"value\"}",
        "{\"measured\":\"o\",\"field\":\"count\"}",
        "{\"measured\":\"o\",\"field\":\"low\",\"period\":\"q\"}",
        "{\"measured\":\"o\",\"field\":\"ratio\"}",
        "{\"measured\":\"o\",\"field\":\"control_ratio\",\"period\":\"q\"}",
        "{\"measured\":\"o\",\"field\":\"control_numerator\"}",
    };
    unsigned kind = choose(choices, 8);
    if (choices->line_count > 0 && kind < 4) {
        unsigned back =
            choose(choices, choices->line_count < 8 ? (unsigned)choices->line_count : 8);
        write_number(choices, "\"l%u\"", (unsigned)choices->line_count - 1 - back);
    } else if (choices->line_count > 0 && kind == 4) {
        unsigned line = choose(choices, (unsigned)choices->line_count);
        write_number(choices, "{\"earlier\":\"l%u\"}", line);
    } else if (kind == 5) {
        write_constant(choices);
    } else {
        write(choices, others[choose(choices, COUNT(others))]);
    }
}

static void write_result(struct choices *choices)
{
    if (choose(choices, 16) == 15) {
        write(choices, "\"not_published\"");
    } else {
        write_operand(choices);
    }
}

static void write_operands(struct choices *choices, unsigned count)
{
    write(choices, "[");
    for (unsigned i = 0; i < count; i++) {
        write(choices, i > 0 ? "," : "");
        write_operand(choices);
    }
    write(choices, "]");
}

/* How a row of a table is written: what stands before its threshold, before its result, behind. */
struct row_form {
    const char *name;
    const char *begin[2];
    const char *middle;
    const char *end;
};

static struct row_form row_form_of(enum operation operation)
{
    if (operation == OPERATION_CURVE) {
        return (struct row_form){"points", {"[\"", "[\""}, "\",", "]"};
    }
    if (operation == OPERATION_BRACKETS) {
        return (struct row_form){"blocks", {"{\"from\":\"", "{\"from\":\""}, "\",\"rate\":", "}"};
    }
    return (struct row_form){"steps", {"{\"at_least\":\"", "{\"above\":\""}, "\",\"then\":", "}"};
}

/* Thresholds ascend by integers, or by quarters. */
static void write_table(struct choices *choices, enum operation operation)
{
    static const char *const fractions[] = {"", ".25", ".5", ".75"};
    struct row_form form = row_form_of(operation);
    unsigned count = 2 + choose(choices, 6);
    unsigned at = choose(choices, 4);
    bool quarters = choose(choices, 2) == 1;
    write(choices, ",\"");
    write(choices, form.name);
    write(choices, "\":[");
    for (unsigned i = 0; i < count; i++) {
        write(choices, i > 0 ? "," : "");
        write(choices, form.begin[choose(choices, 2)]);
        write_number(choices, "%u", quarters ? at / 4 : at);
        write(choices, quarters ? fractions[at % 4] : "");
        write(choices, form.middle);
        if (operation == OPERATION_CURVE) {
            write_constant(choices);
        } else {
            write_result(choices);
        }
        write(choices, form.end);
        at += 1 + choose(choices, 3);
    }
    write(choices, "]");
    if (operation == OPERATION_TIERS) {
        write(choices, ",\"otherwise\":");
        write_result(choices);
    }
}

static void write_member(struct choices *choices, const char *name)
{
    write(choices, ",\"");
    write(choices, name);
    write(choices, "\":");
    write_operand(choices);
}

static void write_items(struct choices *choices)
{
    static const char *const optional[] = {"multiplier", "count_at_most", "amount_at_most"};
    unsigned count = 1 + choose(choices, 12);
    write(choices, "[");
    for (unsigned i = 0; i < count; i++) {
        write(choices, i > 0 ? "," : "");
        write_number(choices, "{\"item\":\"i%u\",\"label\":{\"en\":\"I\"}", i);
        write_member(choices, "count");
        write_member(choices, "price");
        for (size_t k = 0; k < COUNT(optional); k++) {
            if (choose(choices, 2) == 1) {
                write_member(choices, optional[k]);
            }
        }
        write(choices, "}");
    }
    write(choices, "]");
}

/* Of the periods p, q, or both. */
static void write_cases(struct choices *choices)
{
    unsigned which = 1 + choose(choices, 3);
    write(choices, "[");
    for (unsigned i = 0; i < 2; i++) {
        if ((which & (1u << i)) != 0) {
            write(choices, which == 3 && i == 1 ? "," : "");
            write(choices, i == 0 ? "{\"period\":\"p\",\"then\":" : "{\"period\":\"q\",\"then\":");
            write_result(choices);
            write(choices, "}");
        }
    }
    write(choices, "]");
    if (which != 3 || choose(choices, 2) == 1) {
        write(choices, ",\"otherwise\":");
        write_result(choices);
    }
}

static void write_time(struct choices *choices)
{
    static const char *const dates[] = {"2015-12-31", "2016-02-29", "2016-08-30", "9999-12-31"};
    if (choose(choices, 2) == 1) {
        write_number(choices, ",\"periods\":%u", choose(choices, 80));
        return;
    }
    write(choices, ",\"count\":\"");
    write(choices, DAY_COUNT_NAMES[choose(choices, DAY_COUNT_COUNT)]);
    write(choices, "\"");
    if (choose(choices, 2) == 1) {
        unsigned from = choose(choices, COUNT(dates) - 1);
        write(choices, ",\"from\":\"");
        write(choices, dates[from]);
        write(choices, "\",\"to\":\"");
        write(choices, dates[from + 1]);
        write(choices, "\"");
    }
}

static void write_comparison(struct choices *choices)
{
    static const char *const keys[] = {"at_least", "above", "at_most", "below", "equals"};
    if (choose(choices, 6) == 5) {
        write(choices, "{\"significant\":{\"measured\":\"o\",\"");
        write(choices, SIGNIFICANCE_NAMES[choose(choices, SIGNIFICANCE_COUNT)]);
        write(choices, "\":");
        write_constant(choices);
        write(choices, "}}");
        return;
    }
    write(choices, "{\"");
    write(choices, keys[choose(choices, COUNT(keys))]);
    write(choices, "\":");
    write_operands(choices, 2);
    write(choices, "}");
}

static void write_condition(struct choices *choices)
{
    unsigned count = 1 + choose(choices, 4);
    write(choices, choose(choices, 2) == 0 ? "{\"all\":[" : "{\"any\":[");
    for (unsigned i = 0; i < count; i++) {
        bool is_not = choose(choices, 3) == 0;
        write(choices, i > 0 ? "," : "");
        write(choices, is_not ? "{\"not\":" : "");
        write_comparison(choices);
        write(choices, is_not ? "}" : "");
    }
    write(choices, "]}");
}

static void write_companions(struct choices *choices, enum operation operation)
{
    static const char *const steps[] = {"\"1\"", "\"0.01\"", "\"0.000000000001\"", "\"7.3\""};
    switch (operation) {
    case OPERATION_POWER:
        write(choices, ",\"exponent\":");
        write(choices, choose(choices, 2) == 0 ? "" : "-");
        write_number(choices, "%u", 1 + choose(choices, 60));
        return;
    case OPERATION_CLAMP:
        write(choices, ",\"at_least\":");
        write_operand(choices);
        if (choose(choices, 2) == 1) {
            write(choices, ",\"at_most\":");
            write_operand(choices);
        }
        return;
    case OPERATION_TIERS:
    case OPERATION_CURVE:
    case OPERATION_BRACKETS:
        write_table(choices, operation);
        return;
    case OPERATION_INTEREST:
        write_member(choices, "rate");
        write_time(choices);
        return;
    case OPERATION_INDEX:
        write_member(choices, "base");
        write_member(choices, "current");
        return;
    case OPERATION_WHEN:
        write(choices, ",\"then\":");
        write_result(choices);
        write(choices, ",\"otherwise\":");
        write_result(choices);
        return;
    case OPERATION_ROUND:
        write(choices, ",\"to\":");
        write(choices, steps[choose(choices, COUNT(steps))]);
        write(choices, ",\"by\":\"");
        write(choices, rounding_name((enum rounding)choose(choices, 6)));
        write(choices, "\"");
        return;
    case OPERATION_TAKE:
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
    case OPERATION_NEGATE:
    case OPERATION_RATE_CARD:
    case OPERATION_BY_PERIOD:
    case OPERATION_COUNT:
        return;
    }
}

static void write_line(struct choices *choices)
{
    enum operation operation = (enum operation)choose(choices, OPERATION_COUNT);
    write(choices, choices->line_count > 0 ? "," : "");
    write_number(choices, "{\"line\":\"l%u\",\"label\":{\"en\":\"L\"},\"",
                 (unsigned)choices->line_count);
    write(choices, operation_name(operation));
    write(choices, "\":");
    switch (operation) {
    case OPERATION_ADD:
    case OPERATION_MULTIPLY:
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
        write_operands(choices, 1 + choose(choices, 12));
        break;
    case OPERATION_SUBTRACT:
    case OPERATION_DIVIDE:
        write_operands(choices, 2);
        break;
    case OPERATION_WHEN:
        write_condition(choices);
        break;
    case OPERATION_RATE_CARD:
        write_items(choices);
        break;
    case OPERATION_BY_PERIOD:
        write_cases(choices);
        break;
    case OPERATION_TAKE:
    case OPERATION_POWER:
    case OPERATION_NEGATE:
    case OPERATION_CLAMP:
    case OPERATION_TIERS:
    case OPERATION_CURVE:
    case OPERATION_BRACKETS:
    case OPERATION_INTEREST:
    case OPERATION_INDEX:
    case OPERATION_ROUND:
    case OPERATION_COUNT:
        write_operand(choices);
        break;
    }
    write_companions(choices, operation);
    write(choices, "}");
    choices->line_count++;
}

/* A line in money, rounded, of what the line before last is a number of. */
static void write_rounded(struct choices *choices, const char *name, unsigned of)
{
    write(choices, ",{\"line\":\"raw_");
    write(choices, name);
    write_number(choices, "\",\"label\":{\"en\":\"L\"},\"multiply\":[\"l%u\",", of);
    write(choices, "{\"value\":\"1\",\"unit\":\"SEK\"}]},{\"line\":\"");
    write(choices, name);
    write(choices, "\",\"label\":{\"en\":\"L\"},\"round\":\"raw_");
    write(choices, name);
    write(choices, "\",\"to\":{\"value\":\"0.01\",\"unit\":\"SEK\"},\"by\":\"down\"}");
}

static void write_pays(struct choices *choices)
{
    static const char *const forms[] = {
        "\"negative\":\"reverse\",\"to\":[{\"party\":\"a.se\",\"share\":\"1\"},"
        "{\"party\":\"b.se\",\"share\":\"0.7\"},{\"party\":\"c.se\",\"share\":\"0\"}]",
        "\"to\":[{\"party\":\"a.se\",\"share\":\"funding\"},"
        "{\"party\":\"b.se\",\"share\":\"funding\"}]",
        "\"due\":{\"days_after_period\":36525},\"waterfall\":[{\"tranche\":\"s\",\"up_to\":"
        "\"limit\","
        "\"to\":[{\"party\":\"a.se\"}]},{\"tranche\":\"t\",\"up_to\":\"limit\",\"to\":["
        "{\"party\":\"a.se\",\"share\":\"2\"},{\"party\":\"b.se\",\"share\":\"1\"}]},"
        "{\"tranche\":\"u\",\"to\":[{\"party\":\"b.se\"}]}]",
    };
    write(choices, "],\"pays\":[{\"pay\":\"owed\",\"from\":\"p.se\",");
    write(choices, forms[choose(choices, COUNT(forms))]);
    write(choices, "}]}");
}

static void write_contract(struct choices *choices)
{
    write(choices,
          "{\"currency\":\"SEK\",\"outcomes\":[{\"outcome\":\"o\",\"label\":{\"en\":\"O\"},"
          "\"unit\":\"1\",\"class\":\"paying\",\"evaluator\":\"e.se\","
          "\"source\":\"not_published\",\"missing_data\":\"not_published\"}],"
          "\"periods\":[{\"period\":\"p\",\"from\":\"2016-08-01\",\"to\":\"2018-07-31\","
          "\"due\":\"not_published\",\"binding\":true},{\"period\":\"q\","
          "\"from\":\"0001-01-01\",\"to\":\"9999-12-31\",\"due\":\"not_published\","
          "\"binding\":false}],\"lines\":[");
    do { /* at most LINES_GENERATED_MAX */
        write_line(choices);
    } while (choices->size > 0 && choices->line_count < LINES_GENERATED_MAX);
    write_rounded(choices, "owed", (unsigned)choices->line_count - 1);
    write_rounded(choices, "limit", choose(choices, (unsigned)choices->line_count));
    write_pays(choices);
}

/* --- What is measured --- */

struct facts {
    size_t seed;
    const struct terms_values *values;
};

static enum status measured(const void *context, size_t outcome, size_t period,
                            enum measured_field field, struct rational *ret_value)
{
    static const char *const decimals[] = {"999999999999999999.999999999999",
                                           "-999999999999999999.999999999997",
                                           "0.000000000001",
                                           "-0.000000000007",
                                           "0",
                                           "1",
                                           "333333333333333333.333333333331",
                                           "2.5"};
    const struct facts *facts = context;
    size_t which = facts->seed + outcome + 3 * period + 5 * (size_t)field;
    if (which % 61 == 60) {
        return STATUS_NOT_FOUND;
    }
    const char *text = decimals[which % COUNT(decimals)];
    if (!measured_field_has_sign(field)) {
        text += text[0] == '-';
    }
    bool is_zero = strcmp(text, "0") == 0;
    if (is_zero && (field == MEASURED_DENOMINATOR || field == MEASURED_CONTROL_DENOMINATOR)) {
        text = "0.000000000003";
    }
    return rational_read_decimal(view_of(text), ret_value);
}

static enum status funded(const void *context, struct view investor, struct rational *ret_value)
{
    const struct facts *facts = context;
    bool is_nothing = facts->seed == 7 || view_is(investor, "b.se");
    return rational_read_decimal(is_nothing ? VIEW("0") : VIEW("9999999999999999.99"), ret_value);
}

static enum status paid(const void *context, size_t line, struct rational *ret_value)
{
    (void)context;
    (void)line;
    return rational_read_decimal(VIEW("-9999999999999999.99"), ret_value);
}

/* As if the line had had the same value in 1,000 settlements. */
static enum status earlier(const void *context, size_t line, struct rational *ret_value)
{
    const struct facts *facts = context;
    require(line < facts->values->count);
    OWNED(rational_release) struct rational count;
    rational_init(&count);
    rational_set_integer(&count, 1000);
    enum status status = rational_multiply(ret_value, &facts->values->lines[line].value, &count);
    require(status == STATUS_OK);
    return status;
}

/* --- What must hold --- */

static void check_refusal(enum status status, const struct failure *failure)
{
    require(status == STATUS_MEMORY || rule_by_name(failure->code) != RULE_NONE);
    require(failure->status == status);
}

/* The step, segment or block that a table line took, found by looking at each. */
static void check_table(const struct line *line, const struct line_value *taken,
                        const struct rational *value)
{
    bool is_curve = line->operation == OPERATION_CURVE;
    bool is_tiers = line->operation == OPERATION_TIERS;
    size_t applying = 0;
    for (size_t i = 0; i < line->step_count; i++) {
        int order = rational_compare(value, &line->steps[i].threshold.constant);
        bool is_above = line->steps[i].is_above || line->operation == OPERATION_BRACKETS;
        if (order > 0 || (order == 0 && !is_above)) {
            applying = i + 1;
        }
    }
    if (applying == 0) {
        require(taken->way == (is_tiers ? WAY_OTHERWISE : WAY_BELOW_FIRST));
    } else if (taken->way == WAY_ABOVE_LAST) {
        require(is_curve && applying == line->step_count);
    } else {
        size_t last = is_curve ? line->step_count - 2 : line->step_count - 1;
        require(taken->way == WAY_STEP);
        require(taken->step == (applying - 1 < last ? applying - 1 : last));
    }
    if (is_curve) { /* between the least and the largest y */
        bool is_above = true;
        bool is_below = true;
        for (size_t i = 0; i < line->step_count; i++) {
            int order = rational_compare(&taken->value, &line->steps[i].then.constant);
            is_above = is_above && order > 0;
            is_below = is_below && order < 0;
        }
        require(!is_above && !is_below);
    }
}

/* What the items of a rate card come to, or the blocks of brackets: together the line. */
static void check_parts(const struct terms_form *form, size_t index)
{
    const struct line *line = &form->terms->lines[index];
    const struct line_value *taken = &form->values->lines[index];
    OWNED(card_result_release) struct card_result item;
    OWNED(block_result_release) struct block_result block;
    OWNED(rational_release) struct rational sum;
    struct failure failure;
    card_result_init(&item);
    block_result_init(&block);
    rational_init(&sum);
    for (size_t i = 0; i < line->item_count; i++) {
        require(terms_card_item(form, line, i, &item, &failure) == STATUS_OK);
        require(rational_add(&sum, &sum, &item.amount) == STATUS_OK);
        int order = rational_compare(&item.paid, &item.counted);
        require(item.is_count_held ? order < 0 : order == 0);
    }
    for (size_t i = 0; taken->way == WAY_STEP && i < line->step_count && i <= taken->step; i++) {
        require(terms_block(form, line, i, &block, &failure) == STATUS_OK);
        require(rational_sign(&block.width) > 0);
        require(rational_add(&sum, &sum, &block.amount) == STATUS_OK);
    }
    require(rational_compare(&sum, &taken->value) == 0);
}

static void check_explanations(const struct terms *terms, const struct terms_source *source,
                               const struct terms_values *values)
{
    const struct terms_form form = {terms, 0, source, values};
    struct failure failure;
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    for (size_t i = 0; i < values->count; i++) {
        const struct line *line = &terms->lines[i];
        struct zero_step step = {.line = i};
        while (step.line != SIZE_MAX) { /* descends */
            size_t index = step.line;
            require(terms_zero_step(&form, index, &step, &failure) == STATUS_OK);
            require(step.line == SIZE_MAX || step.line < index);
            require((step.cause == ZERO_NOT) == (rational_sign(&values->lines[index].value) != 0));
        }
        bool is_brackets = line->operation == OPERATION_BRACKETS;
        if (is_brackets || line->operation == OPERATION_RATE_CARD) {
            check_parts(&form, i);
        }
        if (is_brackets || line->operation == OPERATION_TIERS ||
            line->operation == OPERATION_CURVE) {
            require(terms_operand(&form, &line->operands[0], &value, &failure) == STATUS_OK);
            check_table(line, &values->lines[i], &value);
        }
        for (size_t node = 0; node < line->condition_count; node++) {
            bool holds;
            require(terms_condition(&form, line, node, &holds, &failure) == STATUS_OK);
            require(node > 0 || holds == (values->lines[i].way == WAY_THEN));
        }
    }
}

/* What is owed of a pay adds up to its line, whichever way it is owed. */
static void check_pay(const struct settlement *settlement, const struct terms *terms,
                      const struct pay *pay)
{
    OWNED(rational_release) struct rational sum;
    OWNED(rational_release) struct rational part;
    rational_init(&sum);
    rational_init(&part);
    for (size_t i = 0; i < settlement->pay_count; i++) {
        const struct settlement_pay *owed = &settlement->pays[i];
        if (!view_equal(owed->line, terms->lines[pay->line].name)) {
            continue;
        }
        require(owed->amount.minor >= 0);
        require(owed->has_due == (pay->due_kind != DUE_NOT_SAID));
        require(view_equal(owed->is_reversed ? owed->to : owed->from, pay->from));
        money_to_rational(owed->amount, &part);
        if (owed->is_reversed) {
            rational_negate(&part, &part);
        }
        require(rational_add(&sum, &sum, &part) == STATUS_OK);
    }
    require(rational_compare(&sum, &settlement->values.lines[pay->line].value) == 0);
}

/* `terms` are what a contract holds of them: whose they remain. */
static void check_settlement(const struct terms *terms, const struct terms_source *source)
{
    const struct contract contract = {.terms = *terms};
    const struct settlement_source from = {.contract = &contract, .terms = *source};
    OWNED(settlement_release) struct settlement settlement;
    struct failure failure;
    settlement_init(&settlement);
    enum status status = settlement_compute(&from, 0, &settlement, &failure);
    if (status != STATUS_OK) {
        check_refusal(status, &failure);
        return;
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        check_pay(&settlement, terms, &terms->pays[i]);
    }
}

static void check_evaluation(const struct terms *terms, size_t seed)
{
    OWNED(terms_values_release) struct terms_values values;
    terms_values_init(&values);
    const struct facts facts = {.seed = seed, .values = &values};
    const struct terms_source source = {.measured = measured,
                                        .funded = funded,
                                        .paid = paid,
                                        .earlier = earlier,
                                        .context = &facts};
    struct failure failure;
    enum status status = terms_evaluate(terms, 0, &source, &values, &failure);
    if (status != STATUS_OK) {
        check_refusal(status, &failure);
        require(status == STATUS_INVALID);
        /* The one thing that must not happen: the bounds were wrong. */
        require(strstr(failure.reason, "digits") == NULL);
        require(values.count < terms->line_count);
        return;
    }
    require(values.count == terms->line_count);
    check_explanations(terms, &source, &values);
    check_settlement(terms, &source);
}

static void check_terms(const struct json *root)
{
    const struct terms_nodes nodes = {
        .currency = json_member(root, "currency"),
        .outcomes = json_member(root, "outcomes"),
        .periods = json_member(root, "periods"),
        .lines = json_member(root, "lines"),
        .pays = json_member(root, "pays"),
    };
    if (nodes.currency == NULL || nodes.outcomes == NULL || nodes.periods == NULL ||
        nodes.lines == NULL || nodes.pays == NULL) {
        return;
    }
    OWNED(arena_release) struct arena arena;
    OWNED(terms_release) struct terms terms;
    struct failure failure;
    arena_init(&arena, ARENA_MAX);
    enum status status = terms_read(&nodes, &arena, &terms, &failure);
    if (status == STATUS_OK) {
        status = terms_check(&terms, &failure);
    }
    if (status != STATUS_OK) {
        check_refusal(status, &failure);
        return;
    }
    for (size_t seed = 0; seed < 8; seed++) {
        check_evaluation(&terms, seed);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct choices choices = {.data = data, .size = size};
    OWNED(buffer_release) struct buffer text;
    buffer_init(&choices.text, JSON_SIZE_MAX);
    bool is_chosen = size == 0 || data[0] != '{';
    if (is_chosen) {
        write_contract(&choices);
    } else {
        struct view bytes = {.data = (const char *)data, .size = size};
        if (buffer_append(&choices.text, bytes) != STATUS_OK) {
            buffer_release(&choices.text);
            return 0;
        }
    }
    text = choices.text;

    OWNED(json_freep) struct json *root = NULL;
    struct failure failure;
    enum status status = json_parse(buffer_view(&text), &root, &failure);
    require(!is_chosen || status == STATUS_OK);
    if (status == STATUS_OK && json_type(root) == JSON_OBJECT) {
        check_terms(root);
    }
    return 0;
}
