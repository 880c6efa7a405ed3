/* Findings about roles, outcomes and periods. */

#include "contracts/analysis/reviewing.h"

#include "contracts/terms/operands.h"
#include "ledger/base/ownership.h"

#include <stdint.h>

/* --- Roles --- */

static bool pays_something(const struct terms *terms, struct view party)
{
    for (size_t i = 0; i < terms->pay_count; i++) {
        if (view_equal(terms->pays[i].from, party)) {
            return true;
        }
    }
    return false;
}

static bool receives_something(const struct terms *terms, struct view party)
{
    for (size_t i = 0; i < terms->pay_count; i++) {
        for (size_t k = 0; k < terms->pays[i].tranche_count; k++) {
            const struct tranche *tranche = &terms->pays[i].tranches[k];
            for (size_t n = 0; n < tranche->share_count; n++) {
                if (view_equal(tranche->shares[n].party, party)) {
                    return true;
                }
            }
        }
    }
    return false;
}

static void review_role(struct reviewing *reviewing, enum role role, enum review_code code)
{
    const struct role_parties *parties = &reviewing->contract->roles[role];
    for (size_t i = 0; i < parties->count; i++) {
        struct view party = parties->parties[i];
        bool is_idle = role == ROLE_INVESTOR ? !receives_something(reviewing->terms, party)
                                             : !pays_something(reviewing->terms, party);
        if (is_idle) {
            struct review_finding *finding =
                reviewing_add(reviewing, code, SIZE_MAX, "/roles/%s/%zu", ROLE_NAMES[role], i);
            if (finding != NULL) {
                finding->name = party;
            }
        }
    }
}

static bool is_declared(const struct contract *contract, struct view party)
{
    for (size_t i = 0; i < contract->conflict_count; i++) {
        for (size_t k = 0; k < contract->conflicts[i].party_count; k++) {
            if (view_equal(contract->conflicts[i].parties[k], party)) {
                return true;
            }
        }
    }
    return false;
}

/* Whoever measures an outcome that pays depend on has a part in what they come to. */
static void review_evaluators(struct reviewing *reviewing)
{
    static const enum role roles[] = {ROLE_PAYER, ROLE_INVESTOR, ROLE_PROVIDER, ROLE_INTERMEDIARY,
                                      ROLE_GUARANTOR};
    const struct contract *contract = reviewing->contract;
    for (size_t i = 0; i < reviewing->terms->outcome_count; i++) {
        struct view evaluator = reviewing->terms->outcomes[i].evaluator;
        bool is_involved = false;
        for (size_t k = 0; k < sizeof roles / sizeof roles[0]; k++) {
            is_involved = is_involved || contract_has_role(contract, roles[k], evaluator);
        }
        if (!is_involved || !reviewing->is_paying[i] || is_declared(contract, evaluator)) {
            continue;
        }
        struct review_finding *finding = reviewing_add(reviewing, REVIEW_EVALUATOR_INVOLVED,
                                                       SIZE_MAX, "/outcomes/%zu/evaluator", i);
        if (finding != NULL) {
            finding->name = evaluator;
            finding->other = reviewing->terms->outcomes[i].name;
        }
    }
}

void review_roles(struct reviewing *reviewing)
{
    if (reviewing->terms->pay_count > 0) {
        review_role(reviewing, ROLE_PAYER, REVIEW_PAYER_IDLE);
        review_role(reviewing, ROLE_GUARANTOR, REVIEW_GUARANTOR_IDLE);
        review_role(reviewing, ROLE_INVESTOR, REVIEW_INVESTOR_UNPAID);
    }
    review_evaluators(reviewing);
    if (reviewing->contract->dispute.count == 0) {
        (void)reviewing_add(reviewing, REVIEW_DISPUTE_NOT_PUBLISHED, SIZE_MAX, "/dispute");
    }
}

/* --- Outcomes --- */

/* Which fields of the outcomes are read by lines that pays depend on. */
struct fields {
    size_t outcome;
    bool is_read[MEASURED_FIELD_COUNT];
};

static void note_field(void *context, const struct operand *operand)
{
    struct fields *fields = context;
    if (operand->kind == OPERAND_MEASURED && operand->index == fields->outcome) {
        fields->is_read[operand->field] = true;
    }
}

static struct review_finding *add_outcome(struct reviewing *reviewing, enum review_code code,
                                          size_t index, const char *member)
{
    struct review_finding *finding =
        reviewing_add(reviewing, code, SIZE_MAX, "/outcomes/%zu%s", index, member);
    if (finding != NULL) {
        finding->name = reviewing->terms->outcomes[index].name;
    }
    return finding;
}

/* A share of a whole that has counts: its value may have been rounded. */
static bool is_share(const struct outcome *outcome)
{
    OWNED(rational_release) struct rational end;
    rational_init(&end);
    const struct range *range = &outcome->range;
    bool is_from_zero = range->has_at_least && rational_compare(&range->at_least, &end) == 0;
    rational_set_integer(&end, 1);
    bool is_to_one = range->has_at_most && rational_compare(&range->at_most, &end) == 0;
    return outcome->unit.count == 0 && outcome->count_unit.count > 0 && is_from_zero && is_to_one;
}

static void review_fields(struct reviewing *reviewing, size_t index, const struct fields *fields)
{
    const struct outcome *outcome = &reviewing->terms->outcomes[index];
    OWNED(rational_release) struct rational hundred;
    rational_init(&hundred);
    rational_set_integer(&hundred, 100);
    bool is_ratio = fields->is_read[MEASURED_RATIO] || fields->is_read[MEASURED_CONTROL_RATIO];
    bool is_compared =
        fields->is_read[MEASURED_CONTROL_VALUE] || fields->is_read[MEASURED_CONTROL_COUNT] ||
        fields->is_read[MEASURED_CONTROL_NUMERATOR] ||
        fields->is_read[MEASURED_CONTROL_DENOMINATOR] || fields->is_read[MEASURED_CONTROL_RATIO];
    bool is_percentage = outcome->unit.count == 0 && outcome->range.has_at_most &&
                         rational_compare(&outcome->range.at_most, &hundred) == 0;
    if (is_ratio && is_percentage) {
        reviewing_set_limit(add_outcome(reviewing, REVIEW_RATIO_RANGE, index, "/range"), &hundred,
                            &outcome->unit);
    }
    if (!is_ratio && fields->is_read[MEASURED_VALUE] && is_share(outcome)) {
        (void)add_outcome(reviewing, REVIEW_RATIO_NOT_USED, index, "");
    }
    if (is_compared && outcome->baseline.count == 0) {
        (void)add_outcome(reviewing, REVIEW_BASELINE_MISSING, index, "");
    }
}

static void review_outcome(struct reviewing *reviewing, size_t index)
{
    const struct terms *terms = reviewing->terms;
    const struct outcome *outcome = &terms->outcomes[index];
    struct fields fields = {.outcome = index};
    for (size_t i = 0; i < terms->line_count; i++) {
        if (reviewing->is_paid[i]) {
            line_each_operand(&terms->lines[i], note_field, &fields);
        }
    }
    bool is_paying = reviewing->is_paying[index];
    if (!is_paying && outcome->class != OUTCOME_REPORTED && terms->pay_count > 0) {
        (void)add_outcome(reviewing, REVIEW_OUTCOME_UNUSED, index, "");
    }
    if (is_paying && outcome->class == OUTCOME_REPORTED) {
        (void)add_outcome(reviewing, REVIEW_OUTCOME_REPORTED_COUNTS, index, "/class");
    }
    if (is_paying) {
        review_fields(reviewing, index, &fields);
    }
    if (is_paying && outcome->source.count == 0) {
        (void)add_outcome(reviewing, REVIEW_SOURCE_NOT_PUBLISHED, index, "/source");
    }
    if (is_paying && outcome->missing_data.count == 0) {
        (void)add_outcome(reviewing, REVIEW_MISSING_DATA_NOT_PUBLISHED, index, "/missing_data");
    }
}

void review_outcomes(struct reviewing *reviewing)
{
    for (size_t i = 0; i < reviewing->terms->outcome_count; i++) {
        review_outcome(reviewing, i);
    }
}

/* --- Periods --- */

/* Binding periods by their first days. */
static size_t binding_by_first_day(const struct terms *terms, size_t *ret_periods)
{
    size_t count = 0;
    for (size_t i = 0; i < terms->period_count; i++) {
        if (!terms->periods[i].binding) {
            continue;
        }
        size_t place = count;
        while (place > 0 && date_compare(terms->periods[ret_periods[place - 1]].from,
                                         terms->periods[i].from) > 0) {
            ret_periods[place] = ret_periods[place - 1];
            place--;
        }
        ret_periods[place] = i;
        count++;
    }
    return count;
}

static void add_gap(struct reviewing *reviewing, size_t index, struct date before)
{
    struct date last;
    struct review_finding *finding =
        reviewing_add(reviewing, REVIEW_PERIOD_GAP, SIZE_MAX, "/periods/%zu/from", index);
    bool is_known = finding != NULL && date_add_days(before, 1, &finding->from) == STATUS_OK &&
                    date_add_days(reviewing->terms->periods[index].from, -1, &last) == STATUS_OK;
    if (is_known) {
        finding->to = last;
    }
}

static void add_overlap(struct reviewing *reviewing, size_t index, size_t before)
{
    const struct period *period = &reviewing->terms->periods[index];
    const struct period *other = &reviewing->terms->periods[before];
    struct review_finding *finding =
        reviewing_add(reviewing, REVIEW_PERIOD_OVERLAP, SIZE_MAX, "/periods/%zu", index);
    if (finding != NULL) {
        finding->name = other->name;
        finding->other = period->name;
        finding->from = period->from;
        finding->to = date_compare(period->to, other->to) < 0 ? period->to : other->to;
    }
}

static void review_sequence(struct reviewing *reviewing)
{
    const struct terms *terms = reviewing->terms;
    size_t periods[TERMS_PERIODS_MAX];
    size_t count = binding_by_first_day(terms, periods);
    size_t latest = 0;
    for (size_t i = 1; i < count; i++) {
        const struct period *before = &terms->periods[periods[latest]];
        const struct period *period = &terms->periods[periods[i]];
        int32_t days = date_days_inclusive(before->to, period->from);
        if (days > 2) { /* the last day of one and the first of the next are two */
            add_gap(reviewing, periods[i], before->to);
        } else if (days < 2) {
            add_overlap(reviewing, periods[i], periods[latest]);
        }
        latest = date_compare(period->to, before->to) > 0 ? i : latest;
    }
    if (count == 0) {
        (void)reviewing_add(reviewing, REVIEW_PERIOD_NONE_BINDING, SIZE_MAX, "/periods");
    }
}

static bool is_due_said(const struct terms *terms)
{
    for (size_t i = 0; i < terms->pay_count; i++) {
        if (terms->pays[i].due_kind == DUE_NOT_SAID) {
            return false;
        }
    }
    return true;
}

void review_periods(struct reviewing *reviewing)
{
    const struct terms *terms = reviewing->terms;
    review_sequence(reviewing);
    for (size_t i = 0; i < terms->period_count; i++) {
        const struct period *period = &terms->periods[i];
        if (!period->binding || terms->pay_count == 0) {
            continue;
        }
        struct review_finding *finding = NULL;
        if (reviewing->survey.is_refused[i]) {
            size_t line = reviewing->survey.refused[i];
            finding = reviewing_add(reviewing, REVIEW_PERIOD_REFUSED, line, "/lines/%zu", line);
        } else if (!period->due.is_published && !is_due_said(terms)) {
            finding =
                reviewing_add(reviewing, REVIEW_DUE_NOT_PUBLISHED, SIZE_MAX, "/periods/%zu/due", i);
        }
        if (finding != NULL) {
            finding->name = period->name;
        }
    }
}
