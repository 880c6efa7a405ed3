#include "contracts/records/tally.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- People --- */

void people_release(struct people *people)
{
    free(people->bits);
    *people = (struct people){0};
}

enum status people_add(struct people *people, size_t person)
{
    size_t byte = person / 8;
    uint8_t bit = (uint8_t)(1U << (person % 8));
    if (byte >= people->size) {
        size_t wanted = 2 * byte + 64;
        uint8_t *bits = realloc(people->bits, wanted);
        if (bits == NULL) {
            return STATUS_MEMORY;
        }
        memset(bits + people->size, 0, wanted - people->size);
        people->bits = bits;
        people->size = wanted;
    }
    people->count += (people->bits[byte] & bit) == 0;
    people->bits[byte] |= bit;
    return STATUS_OK;
}

/* --- Preparing --- */

static size_t prepare_where(const struct tally *tally, const struct record_where *where, size_t at)
{
    for (size_t i = 0; i < where->count; i++) {
        const struct record_test *test = &where->tests[i];
        struct tally_test *prepared = &tally->tests[at + i];
        struct date date;
        switch (tally->form->columns[test->column].type) {
        case RECORD_TEXT:
            break;
        case RECORD_DECIMAL:
            prepared->decimal = record_decimal(test->value);
            break;
        case RECORD_DATE:
            if (date_read(test->value, &date) == STATUS_OK) {
                prepared->day = date_day_number(date);
            }
            break;
        }
    }
    return at + where->count;
}

static size_t count_tests(const struct aggregate *aggregate)
{
    size_t count = aggregate->where.count + aggregate->share.count;
    for (size_t i = 0; i < aggregate->price_count; i++) {
        count += aggregate->prices[i].where.count;
    }
    return count;
}

enum status tally_init(struct tally *tally, const struct aggregate *aggregate,
                       const struct record_form *form, struct date from, struct date to)
{
    *tally = (struct tally){
        .aggregate = aggregate,
        .form = form,
        .from_day = date_day_number(from),
        .to_day = date_day_number(to),
        .tests = calloc(count_tests(aggregate) + 1, sizeof *tally->tests),
        .prices = calloc(aggregate->price_count + 1, sizeof *tally->prices),
    };
    if (tally->tests == NULL || tally->prices == NULL) {
        return STATUS_MEMORY;
    }
    size_t at = prepare_where(tally, &aggregate->where, 0);
    at = prepare_where(tally, &aggregate->share, at);
    for (size_t i = 0; i < aggregate->price_count; i++) {
        at = prepare_where(tally, &aggregate->prices[i].where, at);
        tally->prices[i] = record_decimal(aggregate->prices[i].price);
    }
    if (aggregate->kind == AGGREGATE_PER_PERSON) {
        tally->at_most = record_decimal(aggregate->at_most);
    }
    return STATUS_OK;
}

void tally_release(struct tally *tally)
{
    free(tally->tests);
    free(tally->prices);
    free(tally->worth);
    people_release(&tally->people);
    people_release(&tally->share_people);
    digest_set_release(&tally->distinct);
    *tally = (struct tally){0};
}

/* --- Which rows --- */

/* <0, 0 or >0; texts are only ever equal or not. */
static int compare_cell(enum record_type type, const struct record_cell *cell,
                        const struct record_test *test, const struct tally_test *prepared)
{
    switch (type) {
    case RECORD_TEXT:
        return view_equal(cell->text, test->value) ? 0 : 1;
    case RECORD_DECIMAL:
        return (cell->decimal > prepared->decimal) - (cell->decimal < prepared->decimal);
    case RECORD_DATE:
        return (cell->day > prepared->day) - (cell->day < prepared->day);
    }
    return 0;
}

/* Nothing holds of an empty cell. */
static bool test_holds(const struct tally *tally, const struct record_test *test,
                       const struct tally_test *prepared, const struct record *record)
{
    const struct record_cell *cell = &record->cells[test->column];
    if (cell->text.size == 0) {
        return false;
    }
    int order = compare_cell(tally->form->columns[test->column].type, cell, test, prepared);
    switch (test->comparison) {
    case RECORD_EQUALS:
        return order == 0;
    case RECORD_NOT_EQUALS:
        return order != 0;
    case RECORD_AT_LEAST:
        return order >= 0;
    case RECORD_AT_MOST:
        return order <= 0;
    case RECORD_ABOVE:
        return order > 0;
    case RECORD_BELOW:
        return order < 0;
    case RECORD_COMPARISON_COUNT:
        break;
    }
    return false;
}

static bool where_holds(const struct tally *tally, const struct record_where *where,
                        const struct tally_test *prepared, const struct record *record)
{
    for (size_t i = 0; i < where->count; i++) {
        if (!test_holds(tally, &where->tests[i], &prepared[i], record)) {
            return false;
        }
    }
    return true;
}

static bool is_chosen(const struct tally *tally, const struct record *record)
{
    const struct aggregate *aggregate = tally->aggregate;
    if (aggregate->within_name.size > 0) {
        const struct record_cell *cell = &record->cells[aggregate->within];
        if (cell->text.size == 0 || cell->day < tally->from_day || cell->day > tally->to_day) {
            return false;
        }
    }
    return where_holds(tally, &aggregate->where, tally->tests, record);
}

/* --- Adding --- */

static enum status grow_worth(struct tally *tally, size_t person)
{
    if (person < tally->worth_count) {
        return STATUS_OK;
    }
    size_t wanted = 2 * person + 64;
    int128 *worth = realloc(tally->worth, wanted * sizeof *worth);
    if (worth == NULL) {
        return STATUS_MEMORY;
    }
    memset(worth + tally->worth_count, 0, (wanted - tally->worth_count) * sizeof *worth);
    tally->worth = worth;
    tally->worth_count = wanted;
    return STATUS_OK;
}

/* What a row is worth: the prices whose conditions hold on it. False when none does. */
static bool row_worth(const struct tally *tally, const struct record *record, int128 *ret_worth)
{
    const struct aggregate *aggregate = tally->aggregate;
    const struct tally_test *prepared =
        tally->tests + aggregate->where.count + aggregate->share.count;
    bool is_priced = false;
    int128 worth = 0; /* at most 100 prices below 10^30: fits */
    for (size_t i = 0; i < aggregate->price_count; i++) {
        const struct record_where *where = &aggregate->prices[i].where;
        if (where_holds(tally, where, prepared, record)) {
            worth += tally->prices[i];
            is_priced = true;
        }
        prepared += where->count;
    }
    *ret_worth = worth;
    return is_priced;
}

static enum status add_worth(struct tally *tally, const struct record *record, size_t person)
{
    int128 worth;
    if (!row_worth(tally, record, &worth)) {
        return STATUS_OK;
    }
    TRY(grow_worth(tally, person));
    /* Prices are not below zero: once at its maximum, a person's sum stays there. */
    int128 sum = tally->worth[person] + worth;
    tally->worth[person] = sum > tally->at_most ? tally->at_most : sum;
    tally->rows++;
    return people_add(&tally->people, person);
}

static void add_decimal(struct tally *tally, int128 decimal)
{
    tally->whole += decimal / RECORD_SCALE;
    tally->fraction += decimal % RECORD_SCALE;
}

static enum status add_share(struct tally *tally, const struct record *record, size_t person)
{
    const struct aggregate *aggregate = tally->aggregate;
    if (where_holds(tally, &aggregate->share, tally->tests + aggregate->where.count, record)) {
        tally->share_rows++;
        TRY(people_add(&tally->share_people, person));
    }
    return STATUS_OK;
}

enum status tally_add(struct tally *tally, const struct record *record, size_t person)
{
    assert(record->is_complete);

    if (!is_chosen(tally, record)) {
        return STATUS_OK;
    }
    const struct aggregate *aggregate = tally->aggregate;
    const struct record_cell *cell = &record->cells[aggregate->column];
    size_t number;
    switch (aggregate->kind) {
    case AGGREGATE_PER_PERSON:
        return add_worth(tally, record, person);
    case AGGREGATE_DISTINCT:
    case AGGREGATE_SUM:
    case AGGREGATE_MEAN:
        if (cell->text.size == 0) {
            return STATUS_OK; /* there is nothing to add */
        }
        if (aggregate->kind == AGGREGATE_DISTINCT) {
            TRY(digest_set_add(&tally->distinct, cell->text, &number));
        } else {
            add_decimal(tally, cell->decimal);
        }
        break;
    case AGGREGATE_SHARE:
        TRY(add_share(tally, record, person));
        break;
    case AGGREGATE_COUNT:
    case AGGREGATE_KIND_COUNT:
        break;
    }
    tally->rows++;
    return people_add(&tally->people, person);
}

/* --- Results --- */

void tally_result_init(struct tally_result *result)
{
    result->is_quotient = false;
    rational_init(&result->value);
    rational_init(&result->divisor);
}

void tally_result_release(struct tally_result *result)
{
    rational_release(&result->value);
    rational_release(&result->divisor);
}

/* Adds part / divisor, exactly; the part is below 10^36 in size. */
static enum status add_part(struct rational *target, int128 part, int64_t divisor)
{
    const int64_t half = INT64_C(1000000000000000000);
    OWNED(rational_release) struct rational high;
    OWNED(rational_release) struct rational scale;
    OWNED(rational_release) struct rational low;
    rational_init(&high);
    rational_init(&scale);
    rational_init(&low);
    rational_set_fraction(&high, (int64_t)(part / half), divisor);
    rational_set_integer(&scale, half);
    rational_set_fraction(&low, (int64_t)(part % half), divisor);
    TRY(rational_multiply(&high, &high, &scale));
    TRY(rational_add(target, target, &high));
    return rational_add(target, target, &low);
}

static enum status sum_of(int128 whole, int128 fraction, struct rational *ret_sum)
{
    rational_set_integer(ret_sum, 0);
    TRY(add_part(ret_sum, whole, 1));
    return add_part(ret_sum, fraction, RECORD_SCALE);
}

static enum status worth_of_all(const struct tally *tally, struct rational *ret_sum)
{
    int128 whole = 0;
    int128 fraction = 0;
    for (size_t i = 0; i < tally->worth_count; i++) {
        whole += tally->worth[i] / RECORD_SCALE;
        fraction += tally->worth[i] % RECORD_SCALE;
    }
    return sum_of(whole, fraction, ret_sum);
}

enum status tally_result(const struct tally *tally, struct tally_result *ret_result)
{
    ret_result->is_quotient = aggregate_is_quotient(tally->aggregate);
    rational_set_integer(&ret_result->divisor, (int64_t)tally->rows);
    switch (tally->aggregate->kind) {
    case AGGREGATE_COUNT:
        rational_set_integer(&ret_result->value, (int64_t)tally->rows);
        return STATUS_OK;
    case AGGREGATE_DISTINCT:
        rational_set_integer(&ret_result->value, (int64_t)tally->distinct.count);
        return STATUS_OK;
    case AGGREGATE_SHARE:
        rational_set_integer(&ret_result->value, (int64_t)tally->share_rows);
        return STATUS_OK;
    case AGGREGATE_SUM:
    case AGGREGATE_MEAN:
        return sum_of(tally->whole, tally->fraction, &ret_result->value);
    case AGGREGATE_PER_PERSON:
        return worth_of_all(tally, &ret_result->value);
    case AGGREGATE_KIND_COUNT:
        break;
    }
    return STATUS_INVALID;
}

static bool is_small(uint64_t count, int32_t minimum)
{
    return count > 0 && count < (uint64_t)minimum;
}

bool tally_is_small(const struct tally *tally, int32_t minimum)
{
    return is_small(tally->people.count, minimum) || is_small(tally->share_people.count, minimum) ||
           is_small(tally->distinct.count, minimum);
}
