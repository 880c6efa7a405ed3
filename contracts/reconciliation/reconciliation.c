#include "contracts/reconciliation/reconciliation.h"

#include "contracts/reconciliation/compare.h"
#include "contracts/reconciliation/form.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

const char *const VERDICT_NAMES[VERDICT_COUNT] = {
    [VERDICT_MATCHES] = "MATCHES",
    [VERDICT_DIFFERS] = "DIFFERS",
    [VERDICT_NOT_COMPUTABLE] = "NOT_COMPUTABLE",
    [VERDICT_NOT_PUBLISHED] = "NOT_PUBLISHED",
    [VERDICT_TAKEN] = "TAKEN",
};

const char *const FINDING_NAMES[FINDING_COUNT] = {
    [FINDING_INPUT] = "input", [FINDING_WORDS] = "words", [FINDING_RATIO] = "ratio",
    [FINDING_SUM] = "sum",     [FINDING_CLAIM] = "claim", [FINDING_TOTAL] = "total",
    [FINDING_BOUND] = "bound",
};

/* One version of the terms, and what is known by its indexes; a draft has one. */
struct version {
    const struct contract *contract;
    struct derived derived;
    struct known_sums known;
    bool *is_settled; /* [period]: computed, as a settlement */
};

/* The work: what is known so far, and the forms of the periods that were computed. */
struct work {
    const struct published *published;
    const struct reconciliation_base *base; /* NULL for a draft */
    struct reconciliation *reconciliation;
    size_t version_count;
    struct version *versions;
    struct version *now; /* that governs the period at hand ... */
    const struct contract *contract;
    const struct terms *terms; /* ... and its terms */
    struct assumptions assumptions;
    struct period_form *forms; /* [published period] */
    struct failure *failure;
};

/* --- Findings --- */

static void finding_init(struct finding *finding)
{
    *finding = (struct finding){.period = FINDING_NO_PERIOD};
    rational_init(&finding->published);
    rational_init(&finding->computed);
    rational_init(&finding->difference);
    rational_init(&finding->share);
}

static void finding_release(struct finding *finding)
{
    rational_release(&finding->published);
    rational_release(&finding->computed);
    rational_release(&finding->difference);
    rational_release(&finding->share);
}

void reconciliation_init(struct reconciliation *reconciliation)
{
    *reconciliation = (struct reconciliation){0};
}

void reconciliation_release(struct reconciliation *reconciliation)
{
    for (size_t i = 0; i < reconciliation->count; i++) {
        finding_release(&reconciliation->findings[i]);
    }
    free(reconciliation->findings);
    reconciliation_init(reconciliation);
}

/* A new finding, still without a verdict; NULL without memory. */
static struct finding *finding_add(struct work *work, enum finding_kind kind, size_t period,
                                   size_t item)
{
    struct reconciliation *reconciliation = work->reconciliation;
    if (reconciliation->count == reconciliation->capacity) {
        size_t capacity = 2 * reconciliation->capacity + 16;
        struct finding *findings = realloc(reconciliation->findings, capacity * sizeof *findings);
        if (findings == NULL) {
            return NULL;
        }
        reconciliation->findings = findings;
        reconciliation->capacity = capacity;
    }
    struct finding *finding = &reconciliation->findings[reconciliation->count++];
    finding_init(finding);
    finding->kind = kind;
    finding->contract = work->contract;
    finding->period = period;
    finding->item = item;
    return finding;
}

/* Whether a call refused because of the contract or its numbers, which is a finding. */
static bool is_finding(enum status status)
{
    return status == STATUS_INVALID || status == STATUS_LIMIT;
}

/* Numbers of more digits than are computed with leave the finding without an answer. */
static enum status judged(struct finding *finding, enum status status, struct failure *failure)
{
    if (status != STATUS_LIMIT) {
        return status == STATUS_OK ? STATUS_OK : fail_memory(failure);
    }
    finding->verdict = VERDICT_NOT_COMPUTABLE;
    finding->has_computed = false;
    status = refuse(&finding->failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "",
                    "the comparison needs more than %d digits", RATIONAL_DIGITS_MAX);
    (void)status; /* it is the finding's */
    return STATUS_OK;
}

/* --- Inputs --- */

static enum status add_taken(struct work *work, size_t period, size_t item,
                             enum measured_field field, const struct published_input *input)
{
    struct finding *finding = finding_add(work, FINDING_INPUT, period, item);
    if (finding == NULL) {
        return fail_memory(work->failure);
    }
    finding->verdict = VERDICT_TAKEN;
    finding->field = field;
    finding->unit = outcome_field_unit(&work->terms->outcomes[input->outcome], field);
    finding->is_circular = input->is_derived[field];
    rational_set(&finding->published, &input->value.fields[field]);
    finding->has_published = true;
    return STATUS_OK;
}

/* A number that the ledger knows is compared with it; another one is computed from. */
static enum status take_number(struct work *work, size_t period, size_t item,
                               enum measured_field field)
{
    const struct published_period *place = &work->published->periods[period];
    const struct published_input *input = &place->inputs[item];
    const struct assumed_cell cell = {input->outcome, place->index, field};
    const struct rational *known = assumptions_measured(&work->assumptions, &cell);
    if (work->base == NULL || known == NULL) {
        work->now->derived.cells[derived_cell(&work->now->derived, &cell)] =
            input->is_derived[field];
        TRY(assumptions_set_measured(&work->assumptions, &cell, &input->value.fields[field],
                                     work->failure));
        return add_taken(work, period, item, field, input);
    }
    struct finding *finding = finding_add(work, FINDING_INPUT, period, item);
    if (finding == NULL) {
        return fail_memory(work->failure);
    }
    finding->field = field;
    finding->unit = outcome_field_unit(&work->terms->outcomes[input->outcome], field);
    return judged(finding, finding_compare_exact(finding, &input->value.fields[field], known),
                  work->failure);
}

/* A ratio and the two counts that it is made of. */
struct ratio_fields {
    enum measured_field ratio;
    enum measured_field numerator;
    enum measured_field denominator;
};
static const struct ratio_fields RATIOS[] = {
    {MEASURED_VALUE, MEASURED_NUMERATOR, MEASURED_DENOMINATOR},
    {MEASURED_CONTROL_VALUE, MEASURED_CONTROL_NUMERATOR, MEASURED_CONTROL_DENOMINATOR},
};

static bool states_ratio(const struct work *work, const struct published_input *input,
                         const struct ratio_fields *fields)
{
    const bool *has = input->value.has;
    return work->terms->outcomes[input->outcome].unit.count == 0 && has[fields->ratio] &&
           has[fields->numerator] && has[fields->denominator];
}

/* A ratio beside its counts is compared with theirs, which is what is computed from. */
static enum status take_ratio(struct work *work, size_t period, size_t item,
                              const struct ratio_fields *fields)
{
    const struct published_period *place = &work->published->periods[period];
    const struct published_input *input = &place->inputs[item];
    struct finding *finding = finding_add(work, FINDING_RATIO, period, item);
    if (finding == NULL) {
        return fail_memory(work->failure);
    }
    finding->field = fields->ratio;
    OWNED(rational_release) struct rational ratio;
    rational_init(&ratio);
    const struct rational *numbers = input->value.fields;
    enum status status =
        rational_divide(&ratio, &numbers[fields->numerator], &numbers[fields->denominator]);
    assert(status == STATUS_OK); /* a denominator is not zero, and both are short */
    const struct assumed_cell cell = {input->outcome, place->index, fields->ratio};
    if (work->base == NULL || assumptions_measured(&work->assumptions, &cell) == NULL) {
        TRY(assumptions_set_measured(&work->assumptions, &cell, &ratio, work->failure));
    }
    const struct published_figure figure = {
        .is_published = true,
        .value = numbers[fields->ratio],
        .rounding = input->rounding,
    };
    return judged(finding, finding_compare(finding, &figure, &ratio), work->failure);
}

static enum status take_words(struct work *work, size_t period, size_t item)
{
    struct finding *finding = finding_add(work, FINDING_WORDS, period, item);
    if (finding == NULL) {
        return fail_memory(work->failure);
    }
    finding->verdict = VERDICT_TAKEN;
    return STATUS_OK;
}

static enum status take_input(struct work *work, size_t period, size_t item)
{
    const struct published_input *input = &work->published->periods[period].inputs[item];
    bool has_number = false;
    for (size_t i = 0; i < MEASURED_STATED_COUNT; i++) {
        const struct ratio_fields *ratio = NULL;
        for (size_t k = 0; k < sizeof RATIOS / sizeof RATIOS[0]; k++) {
            bool is_it = (size_t)RATIOS[k].ratio == i && states_ratio(work, input, &RATIOS[k]);
            ratio = is_it ? &RATIOS[k] : ratio;
        }
        if (ratio != NULL) {
            TRY(take_ratio(work, period, item, ratio));
        } else if (input->value.has[i]) {
            TRY(take_number(work, period, item, (enum measured_field)i));
        }
        has_number = has_number || input->value.has[i];
    }
    return has_number ? STATUS_OK : take_words(work, period, item);
}

/* --- What came before --- */

/* The ledger's sum, or NULL. */
static const struct rational *known_sum(const struct work *work, const struct published_sum *sum)
{
    switch (sum->kind) {
    case PUBLISHED_FUNDED:
        for (size_t i = 0; i < work->assumptions.funding_count; i++) {
            if (view_equal(work->assumptions.fundings[i].investor, sum->name)) {
                return &work->assumptions.fundings[i].total;
            }
        }
        break;
    case PUBLISHED_PAID:
        return work->assumptions.paid[sum->line].is_set ? &work->assumptions.paid[sum->line].value
                                                        : NULL;
    case PUBLISHED_EARLIER:
        return &work->assumptions.earlier[sum->line];
    case PUBLISHED_SUM_COUNT:
        break;
    }
    return NULL;
}

static enum status set_sum(struct work *work, const struct published_sum *sum)
{
    switch (sum->kind) {
    case PUBLISHED_FUNDED:
        for (size_t i = 0; i < work->now->known.investors->count; i++) {
            if (view_equal(work->now->known.investors->parties[i], sum->name)) {
                work->now->known.funded[i] = true;
            }
        }
        return assumptions_set_funded(&work->assumptions, sum->name, &sum->amount, work->failure);
    case PUBLISHED_PAID:
        work->now->known.paid[sum->line] = true;
        assumptions_set_paid(&work->assumptions, sum->line, &sum->amount);
        return STATUS_OK;
    case PUBLISHED_EARLIER:
        work->now->known.earlier[sum->line] = true;
        assumptions_set_earlier(&work->assumptions, sum->line, &sum->amount);
        return STATUS_OK;
    case PUBLISHED_SUM_COUNT:
        break;
    }
    return STATUS_OK;
}

static struct unit sum_unit(const struct work *work, const struct published_sum *sum)
{
    return sum->kind == PUBLISHED_EARLIER ? work->terms->lines[sum->line].unit
                                          : published_currency_unit(work->terms);
}

static enum status take_sum(struct work *work, size_t period, size_t item)
{
    const struct published_sum *sum = &work->published->periods[period].sums[item];
    struct finding *finding = finding_add(work, FINDING_SUM, period, item);
    if (finding == NULL) {
        return fail_memory(work->failure);
    }
    finding->unit = sum_unit(work, sum);
    const struct rational *known = work->base == NULL ? NULL : known_sum(work, sum);
    if (known != NULL) {
        return judged(finding, finding_compare_exact(finding, &sum->amount, known), work->failure);
    }
    finding->verdict = VERDICT_TAKEN;
    rational_set(&finding->published, &sum->amount);
    finding->has_published = true;
    return set_sum(work, sum);
}

/* --- What is known before a period --- */

/* Whether every period that pays and stands before this one was computed. */
static bool is_past_known(const struct work *work, size_t period)
{
    for (size_t i = 0; i < period; i++) {
        if (work->terms->periods[i].binding && !work->now->is_settled[i]) {
            return false;
        }
    }
    return true;
}

static bool is_first(const struct work *work, size_t period)
{
    for (size_t i = 0; i < period; i++) {
        if (work->terms->periods[i].binding) {
            return false;
        }
    }
    return true;
}

static void enter(struct work *work, struct version *version)
{
    work->now = version;
    work->contract = version->contract;
    work->terms = &version->contract->terms;
}

static void enter_period(struct work *work, size_t published_period)
{
    size_t place = 0;
    while (work->versions[place].contract != work->published->periods[published_period].contract) {
        place++;
        assert(place < work->version_count && "every period's terms are among the versions");
    }
    enter(work, &work->versions[place]);
}

/* From the ledger everything is known; for a draft, what follows from the file itself. */
static enum status begin_period(struct work *work, size_t published_period)
{
    enter_period(work, published_period);
    size_t period = work->published->periods[published_period].index;
    struct known_sums *known = &work->now->known;
    bool is_ledgers = work->base != NULL;
    if (is_ledgers) {
        assumptions_release(&work->assumptions);
        if (assumptions_init(&work->assumptions, work->contract) != STATUS_OK) {
            return fail_memory(work->failure);
        }
        TRY(work->base->begin(work->base->context, published_period, &work->assumptions,
                              work->failure));
    }
    bool knows_paid = is_ledgers || is_first(work, period);
    bool knows_earlier = is_ledgers || is_past_known(work, period);
    for (size_t i = 0; i < known->investors->count; i++) {
        known->funded[i] = known->funded[i] || is_ledgers;
    }
    for (size_t i = 0; i < work->terms->line_count; i++) {
        known->paid[i] = knows_paid;
        known->earlier[i] = knows_earlier;
    }
    return STATUS_OK;
}

/* What rests on a number that was computed back does so under every version, by its name. */
static void note_circular(struct work *work, struct view line)
{
    for (size_t i = 0; i < work->version_count; i++) {
        size_t place = terms_find_line(&work->versions[i].contract->terms, line);
        if (place != SIZE_MAX) {
            work->versions[i].derived.lines[place] = true;
        }
    }
}

/* What a period settles is an earlier settlement of those after it. */
static enum status end_period(struct work *work, size_t period, const struct period_form *form)
{
    if (!work->terms->periods[period].binding || !form->is_computed) {
        return STATUS_OK;
    }
    work->now->is_settled[period] = true;
    OWNED(rational_release) struct rational sum;
    rational_init(&sum);
    for (size_t i = 0; i < work->terms->line_count; i++) {
        if (form->is_circular[i]) {
            note_circular(work, work->terms->lines[i].name);
        }
        if (work->base != NULL) {
            continue;
        }
        enum status status = rational_add(&sum, &work->assumptions.earlier[i],
                                          &form->settlement.values.lines[i].value);
        if (status == STATUS_LIMIT) {
            work->now->is_settled[period] = false; /* what reads the sum is not computed */
            return STATUS_OK;
        }
        assumptions_set_earlier(&work->assumptions, i, &sum);
    }
    return STATUS_OK;
}

/* --- Claims and totals --- */

static void judge_refusal(struct finding *finding, const struct period_form *form, enum rule wanted)
{
    if (!form->is_computed) {
        finding->failure = form->failure;
    }
    bool is_wanted = view_is(view_of(finding->failure.code), rule_name(wanted));
    finding->verdict = is_wanted ? VERDICT_MATCHES : VERDICT_DIFFERS;
}

static enum status judge_claim(struct work *work, size_t period, size_t item)
{
    const struct published_period *place = &work->published->periods[period];
    const struct published_claim *claim = &place->claims[item];
    const struct period_form *form = &work->forms[period];
    struct finding *finding = finding_add(work, FINDING_CLAIM, period, item);
    if (finding == NULL) {
        return fail_memory(work->failure);
    }
    if (claim->quantity.kind == QUANTITY_REFUSAL) {
        judge_refusal(finding, form, claim->quantity.rule);
        return STATUS_OK;
    }
    finding->is_circular =
        claim->figure.is_circular ||
        period_form_is_circular(form, &work->now->derived, place->index, &claim->quantity);
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    enum status status = period_form_value(form, &work->assumptions, place->index, &claim->quantity,
                                           &value, &finding->failure);
    if (status == STATUS_OK) {
        return judged(finding, finding_compare(finding, &claim->figure, &value), work->failure);
    }
    finding->verdict = VERDICT_NOT_COMPUTABLE;
    finding->unit = claim->figure.unit;
    finding->has_published = claim->figure.is_published;
    rational_set(&finding->published, &claim->figure.value);
    return is_finding(status) ? STATUS_OK : fail_memory(work->failure);
}

static enum status reconcile_period(struct work *work, size_t period)
{
    const struct published_period *place = &work->published->periods[period];
    TRY(begin_period(work, period));
    for (size_t i = 0; i < place->input_count; i++) {
        TRY(take_input(work, period, i));
    }
    for (size_t i = 0; i < place->sum_count; i++) {
        TRY(take_sum(work, period, i));
    }
    struct period_form *form = &work->forms[period];
    TRY(period_form_compute(&work->assumptions, place->index, &work->now->known,
                            &work->now->derived, form, work->failure));
    for (size_t i = 0; i < place->claim_count; i++) {
        TRY(judge_claim(work, period, i));
    }
    return end_period(work, place->index, form);
}

/*
 * Adds the parts of a total. A part that cannot be computed is the total's failure.
 *
 * Errors  STATUS_INVALID and STATUS_LIMIT with `ret_failure`.
 */
static enum status sum_parts(struct work *work, const struct published_total *total,
                             struct rational *ret_sum, bool *ret_is_circular,
                             struct failure *ret_failure)
{
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    *ret_is_circular = total->figure.is_circular;
    for (size_t i = 0; i < total->part_count; i++) {
        const struct quantity *part = &total->parts[i];
        if (part->kind == QUANTITY_PART) {
            rational_set(&value, &part->part);
        } else {
            const struct period_form *form = &work->forms[part->period];
            size_t period = work->published->periods[part->period].index;
            enter_period(work, part->period);
            TRY(period_form_value(form, &work->assumptions, period, part, &value, ret_failure));
            *ret_is_circular = *ret_is_circular ||
                               period_form_is_circular(form, &work->now->derived, period, part);
        }
        if (rational_add(ret_sum, ret_sum, &value) != STATUS_OK) {
            return refuse(ret_failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "",
                          "the sum needs more than %d digits", RATIONAL_DIGITS_MAX);
        }
    }
    return STATUS_OK;
}

static enum status judge_total(struct work *work, size_t item)
{
    const struct published_total *total = &work->published->totals[item];
    OWNED(rational_release) struct rational sum;
    rational_init(&sum);
    bool is_circular = false;
    struct failure failure = {.status = STATUS_OK};
    enum status status = sum_parts(work, total, &sum, &is_circular, &failure);
    if (status != STATUS_OK && !is_finding(status)) {
        return fail_memory(work->failure);
    }
    for (int k = 0; k < 2; k++) {
        bool is_bound = k == 1;
        if (is_bound ? !total->has_at_most : !total->has_figure) {
            continue;
        }
        struct finding *finding =
            finding_add(work, is_bound ? FINDING_BOUND : FINDING_TOTAL, FINDING_NO_PERIOD, item);
        if (finding == NULL) {
            return fail_memory(work->failure);
        }
        finding->is_circular = is_circular;
        finding->unit = total->figure.unit;
        if (status != STATUS_OK) {
            finding->verdict = VERDICT_NOT_COMPUTABLE;
            finding->has_published = is_bound || total->figure.is_published;
            rational_set(&finding->published, is_bound ? &total->at_most : &total->figure.value);
            finding->failure = failure;
            continue;
        }
        enum status compared = is_bound ? finding_compare_bound(finding, &total->at_most, &sum)
                                        : finding_compare(finding, &total->figure, &sum);
        TRY(judged(finding, compared, work->failure));
    }
    return STATUS_OK;
}

/* --- The whole --- */

static enum status add_version(struct work *work, const struct contract *contract)
{
    for (size_t i = 0; i < work->version_count; i++) {
        if (work->versions[i].contract == contract) {
            return STATUS_OK;
        }
    }
    const struct terms *terms = &contract->terms;
    struct version *version = &work->versions[work->version_count];
    work->version_count++;
    struct derived *derived = &version->derived;
    struct known_sums *known = &version->known;
    version->contract = contract;
    derived->terms = terms;
    derived->cells = calloc(derived_cell_count(terms) + 1, sizeof *derived->cells);
    derived->lines = calloc(terms->line_count + 1, sizeof *derived->lines);
    known->investors = &contract->roles[ROLE_INVESTOR];
    known->funded = calloc(known->investors->count + 1, sizeof *known->funded);
    known->paid = calloc(terms->line_count + 1, sizeof *known->paid);
    known->earlier = calloc(terms->line_count + 1, sizeof *known->earlier);
    version->is_settled = calloc(terms->period_count + 1, sizeof *version->is_settled);
    bool is_whole = derived->cells != NULL && derived->lines != NULL && known->funded != NULL &&
                    known->paid != NULL && known->earlier != NULL && version->is_settled != NULL;
    return is_whole ? STATUS_OK : fail_memory(work->failure);
}

static enum status work_begin(struct work *work, const struct contract *contract)
{
    size_t count = work->published->period_count;
    work->versions = calloc(count + 1, sizeof *work->versions);
    work->forms = calloc(count + 1, sizeof *work->forms);
    if (work->versions == NULL || work->forms == NULL) {
        return fail_memory(work->failure);
    }
    TRY(add_version(work, contract));
    for (size_t i = 0; i < count; i++) {
        TRY(add_version(work, work->published->periods[i].contract));
    }
    enter(work, &work->versions[0]);
    return assumptions_init(&work->assumptions, contract) == STATUS_OK ? STATUS_OK
                                                                       : fail_memory(work->failure);
}

static void version_release(struct version *version)
{
    free(version->is_settled);
    free(version->known.earlier);
    free(version->known.paid);
    free(version->known.funded);
    free(version->derived.lines);
    free(version->derived.cells);
}

static void work_release(struct work *work)
{
    for (size_t i = 0; work->forms != NULL && i < work->published->period_count; i++) {
        period_form_release(&work->forms[i]);
    }
    free(work->forms);
    for (size_t i = 0; i < work->version_count; i++) {
        version_release(&work->versions[i]);
    }
    free(work->versions);
    assumptions_release(&work->assumptions);
}

static void count_verdicts(struct reconciliation *reconciliation)
{
    for (size_t i = 0; i < reconciliation->count; i++) {
        const struct finding *finding = &reconciliation->findings[i];
        reconciliation->verdicts[finding->verdict]++;
        reconciliation->circular_count +=
            finding->is_circular && finding->verdict == VERDICT_MATCHES;
    }
}

static enum status work_run(struct work *work, const struct contract *contract)
{
    TRY(work_begin(work, contract));
    for (size_t i = 0; i < work->published->period_count; i++) {
        TRY(reconcile_period(work, i));
    }
    for (size_t i = 0; i < work->published->total_count; i++) {
        TRY(judge_total(work, i));
    }
    count_verdicts(work->reconciliation);
    return STATUS_OK;
}

enum status reconcile(const struct published *published, const struct contract *contract,
                      const struct reconciliation_base *base, struct reconciliation *reconciliation,
                      struct failure *failure)
{
    reconciliation->contract = contract;
    reconciliation->published = published;
    struct work work = {
        .published = published,
        .base = base,
        .reconciliation = reconciliation,
        .failure = failure,
    };
    enum status status = work_run(&work, contract);
    work_release(&work);
    return status;
}
