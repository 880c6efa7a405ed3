#include "contracts/records/measuring.h"

#include "contracts/rule/rule.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* A tally, and which number it gives. */
struct counter {
    size_t outcome;
    enum measured_field field;
    struct tally tally;
};

struct measuring {
    struct measuring_plan plan;
    struct measuring_hooks hooks;
    struct csv csv;
    struct record_reader reader;
    bool has_header;
    size_t counter_count;
    struct counter *counters; /* by outcome, then field */
    struct digest_set people;
    struct people missing;
    uint64_t records;
    uint64_t missing_records;
    struct merkle_edge edge;
    struct buffer leaf; /* salt, then the record's text */
    size_t value_count;
    struct measured_value *values; /* [outcome that aggregates something] */
};

/* --- Preparing --- */

static bool is_planned(const struct measuring_plan *plan, const struct outcome *outcome)
{
    return view_equal(outcome->evaluator, plan->evaluator);
}

static size_t count_aggregates(const struct outcome *outcome)
{
    size_t count = 0;
    for (size_t field = 0; field < MEASURED_STATED_COUNT; field++) {
        count += outcome->aggregates[field] != NULL;
    }
    return count;
}

static enum status add_counters(struct measuring *measuring, size_t outcome)
{
    const struct contract *contract = measuring->plan.contract;
    const struct period *period = &contract->terms.periods[measuring->plan.period];
    const struct outcome *of = &contract->terms.outcomes[outcome];
    for (size_t field = 0; field < MEASURED_STATED_COUNT; field++) {
        if (of->aggregates[field] == NULL) {
            continue;
        }
        struct counter *counter = &measuring->counters[measuring->counter_count];
        counter->outcome = outcome;
        counter->field = (enum measured_field)field;
        measuring->counter_count++;
        TRY(tally_init(&counter->tally, of->aggregates[field], &contract->records, period->from,
                       period->to));
    }
    return STATUS_OK;
}

static enum status prepare_counters(struct measuring *measuring)
{
    const struct terms *terms = &measuring->plan.contract->terms;
    size_t outcomes = 0;
    size_t counters = 0;
    for (size_t i = 0; i < terms->outcome_count; i++) {
        size_t count = is_planned(&measuring->plan, &terms->outcomes[i])
                           ? count_aggregates(&terms->outcomes[i])
                           : 0;
        outcomes += count > 0;
        counters += count;
    }
    measuring->counters = calloc(counters + 1, sizeof *measuring->counters);
    measuring->values = calloc(outcomes + 1, sizeof *measuring->values);
    if (measuring->counters == NULL || measuring->values == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < terms->outcome_count; i++) {
        if (is_planned(&measuring->plan, &terms->outcomes[i])) {
            TRY(add_counters(measuring, i));
        }
    }
    return STATUS_OK;
}

static enum status take_row(void *context, const struct csv_row *row, struct failure *failure);

enum status measuring_new(const struct measuring_plan *plan, const struct measuring_hooks *hooks,
                          struct measuring **ret_measuring)
{
    assert(plan->contract->records.column_count > 0);

    OWNED(measuring_freep) struct measuring *measuring = calloc(1, sizeof *measuring);
    if (measuring == NULL) {
        return STATUS_MEMORY;
    }
    measuring->plan = *plan;
    measuring->hooks = *hooks;
    csv_init(&measuring->csv, plan->separator, take_row, measuring);
    record_reader_init(&measuring->reader, &plan->contract->records, plan->has_decimal_comma);
    merkle_edge_init(&measuring->edge);
    /* Escapes take up to six bytes for one. */
    buffer_init(&measuring->leaf, 6 * CSV_ROW_SIZE_MAX + (size_t)1024 * 1024);
    TRY(prepare_counters(measuring));
    *ret_measuring = STEAL(measuring);
    return STATUS_OK;
}

static void release_values(struct measuring *measuring)
{
    for (size_t i = 0; i < measuring->value_count; i++) {
        for (size_t field = 0; field < MEASURED_STATED_COUNT; field++) {
            if (measuring->values[i].has[field]) {
                rational_release(&measuring->values[i].fields[field]);
            }
        }
    }
    measuring->value_count = 0;
}

void measuring_free(struct measuring *measuring)
{
    if (measuring == NULL) {
        return;
    }
    csv_release(&measuring->csv);
    for (size_t i = 0; i < measuring->counter_count; i++) {
        tally_release(&measuring->counters[i].tally);
    }
    free(measuring->counters);
    digest_set_release(&measuring->people);
    people_release(&measuring->missing);
    buffer_release(&measuring->leaf);
    if (measuring->values != NULL) {
        release_values(measuring);
    }
    free(measuring->values);
    free(measuring);
}

void measuring_freep(struct measuring **measuring)
{
    measuring_free(*measuring);
    *measuring = NULL;
}

/* --- Rows --- */

enum status record_leaf(const uint8_t salt[static RECORD_SALT_SIZE], struct view text,
                        struct hash *ret_leaf)
{
    OWNED(buffer_release) struct buffer leaf;
    buffer_init(&leaf, RECORD_SALT_SIZE + text.size);
    TRY(buffer_append(&leaf, (struct view){(const char *)salt, RECORD_SALT_SIZE}));
    TRY(buffer_append(&leaf, text));
    *ret_leaf = hash_leaf(buffer_view(&leaf));
    return STATUS_OK;
}

static enum status commit(struct measuring *measuring, const struct record *record,
                          struct failure *failure)
{
    uint8_t salt[RECORD_SALT_SIZE];
    TRY(measuring->hooks.salt(measuring->hooks.context, measuring->records, salt, failure));
    struct buffer *leaf = &measuring->leaf;
    buffer_clear(leaf);
    if (buffer_append(leaf, (struct view){(const char *)salt, sizeof salt}) != STATUS_OK ||
        record_write(&measuring->reader, record, leaf) != STATUS_OK) {
        return fail_memory(failure);
    }
    struct view bytes = buffer_view(leaf);
    struct committed_record committed = {
        .row = record->row,
        .index = measuring->records,
        .salt = salt,
        .text = {bytes.data + sizeof salt, bytes.size - sizeof salt},
        .leaf = hash_leaf(bytes),
    };
    enum status appended = merkle_edge_append(&measuring->edge, &committed.leaf, NULL, NULL);
    assert(appended == STATUS_OK); /* without an `emit`, far below the largest tree */
    return measuring->hooks.visit == NULL
               ? appended
               : measuring->hooks.visit(measuring->hooks.context, &committed, failure);
}

static enum status count_record(struct measuring *measuring, const struct record *record)
{
    const struct record_form *form = &measuring->plan.contract->records;
    size_t person;
    TRY(digest_set_add(&measuring->people, record->cells[form->person].text, &person));
    if (!record->is_complete) {
        measuring->missing_records++;
        return people_add(&measuring->missing, person);
    }
    for (size_t i = 0; i < measuring->counter_count; i++) {
        TRY(tally_add(&measuring->counters[i].tally, record, person));
    }
    return STATUS_OK;
}

static enum status take_row(void *context, const struct csv_row *row, struct failure *failure)
{
    struct measuring *measuring = context;
    if (!measuring->has_header) {
        measuring->has_header = true;
        return record_read_header(&measuring->reader, row, failure);
    }
    if (measuring->records == RECORD_COUNT_MAX) {
        return fail(failure, STATUS_LIMIT, "", "there are more than %d records", RECORD_COUNT_MAX);
    }
    struct record record;
    TRY(record_read(&measuring->reader, row, &record, failure));
    if (measuring->hooks.salt != NULL) {
        TRY(commit(measuring, &record, failure));
    }
    if (count_record(measuring, &record) != STATUS_OK) {
        return fail_memory(failure);
    }
    measuring->records++;
    return STATUS_OK;
}

enum status measuring_push(struct measuring *measuring, struct view bytes, struct failure *failure)
{
    return csv_push(&measuring->csv, bytes, failure);
}

enum status measuring_end(struct measuring *measuring, struct failure *failure)
{
    return csv_end(&measuring->csv, failure);
}

/* --- What came out --- */

void measuring_count(const struct measuring *measuring, struct measuring_counts *ret_counts)
{
    *ret_counts = (struct measuring_counts){
        .records = measuring->records,
        .missing_records = measuring->missing_records,
        .people = measuring->people.count,
        .missing_people = measuring->missing.count,
        .other_columns = measuring->reader.other_count,
        .had_mark = measuring->csv.had_mark,
    };
}

struct hash measuring_root(const struct measuring *measuring)
{
    return merkle_edge_root(&measuring->edge);
}

bool measuring_is_small(const struct measuring *measuring, uint64_t people)
{
    return people > 0 && people < (uint64_t)measuring->plan.contract->records.minimum_cell;
}

/* Whether it has at most 18 digits before the point and 12 after it. */
static bool is_decimal(const struct rational *value)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, (size_t)4 * RATIONAL_DIGITS_MAX);
    OWNED(rational_release) struct rational again;
    rational_init(&again);
    bool is_exact;
    return rational_write_decimal(value, 0, DECIMAL_FRACTION_DIGITS_MAX, &text, &is_exact) ==
               STATUS_OK &&
           is_exact && rational_read_decimal(buffer_view(&text), &again) == STATUS_OK;
}

static enum status state(struct measured_value *value, enum measured_field field,
                         const struct rational *number, struct failure *failure)
{
    if (rational_sign(number) < 0 && !measured_field_has_sign(field)) {
        return refuse(failure, RULE_MEASUREMENT_RANGE, "",
                      "the records give a number below zero, which a %s cannot be",
                      MEASURED_FIELD_NAMES[field]);
    }
    if (!is_decimal(number)) {
        return refuse(failure, RULE_MEASUREMENT_RANGE, "",
                      "the records give a number that is too long for a %s",
                      MEASURED_FIELD_NAMES[field]);
    }
    rational_init(&value->fields[field]);
    value->has[field] = true;
    rational_set(&value->fields[field], number);
    return STATUS_OK;
}

/* As itself when it is a decimal, else as its two parts. */
static enum status state_quotient(struct measured_value *value, enum measured_field field,
                                  const struct tally_result *result, struct failure *failure)
{
    if (rational_sign(&result->divisor) == 0) {
        return refuse(failure, RULE_RECORDS_EMPTY, "", "no record is chosen for the %s",
                      MEASURED_FIELD_NAMES[field]);
    }
    OWNED(rational_release) struct rational quotient;
    rational_init(&quotient);
    if (rational_divide(&quotient, &result->value, &result->divisor) == STATUS_OK &&
        is_decimal(&quotient)) {
        return state(value, field, &quotient, failure);
    }
    bool is_control = field == MEASURED_CONTROL_VALUE;
    TRY(state(value, is_control ? MEASURED_CONTROL_NUMERATOR : MEASURED_NUMERATOR, &result->value,
              failure));
    return state(value, is_control ? MEASURED_CONTROL_DENOMINATOR : MEASURED_DENOMINATOR,
                 &result->divisor, failure);
}

static enum status state_counter(const struct measuring *measuring, const struct counter *counter,
                                 bool is_published, struct measured_value *value,
                                 struct failure *failure)
{
    int32_t minimum = measuring->plan.contract->records.minimum_cell;
    if (is_published && tally_is_small(&counter->tally, minimum)) {
        return refuse(failure, RULE_RECORDS_CELL_TOO_SMALL, "",
                      "it would be about fewer than %d people; measure a longer period, or a "
                      "wider group",
                      minimum);
    }
    OWNED(tally_result_release) struct tally_result result;
    tally_result_init(&result);
    if (tally_result(&counter->tally, &result) != STATUS_OK) {
        return fail_memory(failure);
    }
    return result.is_quotient ? state_quotient(value, counter->field, &result, failure)
                              : state(value, counter->field, &result.value, failure);
}

enum status measuring_values(struct measuring *measuring, bool is_published,
                             const struct measured_value **ret_values, size_t *ret_count,
                             struct failure *failure)
{
    const struct terms *terms = &measuring->plan.contract->terms;
    release_values(measuring);
    for (size_t i = 0; i < measuring->counter_count; i++) {
        const struct counter *counter = &measuring->counters[i];
        if (i == 0 || counter->outcome != measuring->counters[i - 1].outcome) {
            measuring->values[measuring->value_count] =
                (struct measured_value){.outcome = terms->outcomes[counter->outcome].name};
            measuring->value_count++;
        }
        struct measured_value *value = &measuring->values[measuring->value_count - 1];
        enum status stated = state_counter(measuring, counter, is_published, value, failure);
        if (stated != STATUS_OK) {
            char at[160];
            (void)snprintf(at, sizeof at, "/%.*s/%s", VIEW_ARGS(value->outcome),
                           MEASURED_FIELD_NAMES[counter->field]);
            failure_prefix(failure, at);
            return stated;
        }
    }
    *ret_values = measuring->values;
    *ret_count = measuring->value_count;
    return STATUS_OK;
}
