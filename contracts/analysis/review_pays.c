/* Findings about pays, and about what comes together from them: liability and caps. */

#include "contracts/analysis/reviewing.h"

#include "ledger/base/ownership.h"

#include <stdint.h>

/* Inputs that are looked at, one by one, for what leaves a liability without a limit. */
#define SUSPECTS_MAX 60

/* --- Amounts --- */

/* A line that must not be below zero, as a pay or to fill a tranche. */
static void review_sign(struct reviewing *reviewing, size_t line, const char *at)
{
    const struct line_survey *survey = &reviewing->survey.lines[line];
    OWNED(search_result_release) struct search_result result;
    search_result_init(&result);
    if (!survey->is_negative) {
        return;
    }
    const struct question question = {line, survey->negative_period, NULL, NULL};
    bool is_found = reviewing_search(reviewing, SEARCH_DIFFERENCE, &question, &result);
    struct review_finding *finding = reviewing_add(
        reviewing, is_found ? REVIEW_PAY_NEGATIVE_POSSIBLE : REVIEW_PAY_NEGATIVE_UNPROVEN, line,
        "%s", at);
    if (finding != NULL) {
        finding->name = reviewing->terms->lines[line].name;
    }
    if (is_found) {
        reviewing_set_when(finding, &result);
    }
}

/* Coarse: a step is more than a hundredth of the most that there can be. */
static void review_step(struct reviewing *reviewing, size_t index)
{
    const struct pay *pay = &reviewing->terms->pays[index];
    const struct line *line = &reviewing->terms->lines[pay->line];
    const struct interval *value = &reviewing->survey.lines[pay->line].value;
    OWNED(rational_release) struct rational hundredth;
    rational_init(&hundredth);
    rational_set_fraction(&hundredth, 1, 100);
    bool is_known = !value->is_empty && value->has_greatest && !reviewing->is_open[pay->line] &&
                    rational_sign(&value->greatest) > 0 &&
                    rational_multiply(&hundredth, &hundredth, &value->greatest) == STATUS_OK;
    if (is_known && rational_compare(&line->to.constant, &hundredth) > 0) {
        struct review_finding *finding =
            reviewing_add(reviewing, REVIEW_ROUND_COARSE, pay->line, "/lines/%zu/to", pay->line);
        reviewing_set_value(finding, &line->to.constant, &line->unit);
        reviewing_set_limit(finding, &value->greatest, &line->unit);
    }
}

static void review_amount(struct reviewing *reviewing, size_t index)
{
    const struct pay *pay = &reviewing->terms->pays[index];
    const struct interval *value = &reviewing->survey.lines[pay->line].value;
    OWNED(buffer_release) struct buffer at;
    buffer_init(&at, FAILURE_AT_SIZE);
    bool is_zero = interval_is_point(value) && rational_sign(&value->least) == 0;
    if (is_zero && reviewing->is_open[pay->line]) {
        return;
    }
    if (is_zero) {
        struct review_finding *finding =
            reviewing_add(reviewing, REVIEW_PAY_ALWAYS_ZERO, pay->line, "/pays/%zu", index);
        if (finding != NULL) {
            finding->name = pay->line_name;
        }
        return;
    }
    if (!pay->is_reversible && buffer_append_format(&at, "/pays/%zu", index) == STATUS_OK) {
        review_sign(reviewing, pay->line, at.data);
    }
    review_step(reviewing, index);
}

/* --- Receivers --- */

static void add_party(struct reviewing *reviewing, enum review_code code, size_t index,
                      struct view party)
{
    struct review_finding *finding =
        reviewing_add(reviewing, code, reviewing->terms->pays[index].line, "/pays/%zu", index);
    if (finding != NULL) {
        finding->name = party;
    }
}

/* Weights are only proportions; written as parts of a whole, they should come to one. */
static void review_weights(struct reviewing *reviewing, size_t index, const struct tranche *tranche)
{
    OWNED(rational_release) struct rational sum;
    OWNED(rational_release) struct rational one;
    rational_init(&sum);
    rational_init(&one);
    rational_set_integer(&one, 1);
    for (size_t i = 0; i < tranche->share_count; i++) {
        const struct pay_share *share = &tranche->shares[i];
        bool is_part =
            share->is_given && !share->by_funding && rational_compare(&share->weight, &one) < 0;
        if (!is_part || rational_add(&sum, &sum, &share->weight) != STATUS_OK) {
            return;
        }
    }
    if (tranche->share_count > 1 && rational_compare(&sum, &one) != 0) {
        const struct unit number = {.count = 0};
        reviewing_set_value(reviewing_add(reviewing, REVIEW_SHARES_SUM,
                                          reviewing->terms->pays[index].line, "/pays/%zu", index),
                            &sum, &number);
    }
}

static void review_receivers(struct reviewing *reviewing, size_t index,
                             const struct tranche *tranche)
{
    const struct pay *pay = &reviewing->terms->pays[index];
    for (size_t i = 0; i < tranche->share_count; i++) {
        struct view party = tranche->shares[i].party;
        if (view_equal(party, pay->from)) {
            add_party(reviewing, REVIEW_PAY_TO_ITSELF, index, party);
        }
        bool is_investor = contract_has_role(reviewing->contract, ROLE_INVESTOR, party);
        if (tranche->shares[i].by_funding && !is_investor) {
            add_party(reviewing, REVIEW_SHARE_UNFUNDED, index, party);
        }
    }
    review_weights(reviewing, index, tranche);
}

/* What is filled before a tranche may always take the whole. */
static void review_tranches(struct reviewing *reviewing, size_t index)
{
    const struct pay *pay = &reviewing->terms->pays[index];
    const struct line_survey *lines = reviewing->survey.lines;
    const struct interval *whole = &lines[pay->line].value;
    OWNED(rational_release) struct rational before;
    OWNED(buffer_release) struct buffer at;
    rational_init(&before);
    buffer_init(&at, FAILURE_AT_SIZE);
    for (size_t i = 0; i < pay->tranche_count; i++) {
        const struct tranche *tranche = &pay->tranches[i];
        bool is_filled = i > 0 && !whole->is_empty && !reviewing->is_open[pay->line] &&
                         whole->has_greatest && rational_compare(&whole->greatest, &before) <= 0;
        if (is_filled) {
            struct review_finding *finding = reviewing_add(
                reviewing, REVIEW_TRANCHE_EMPTY, pay->line, "/pays/%zu/waterfall/%zu", index, i);
            if (finding != NULL) {
                finding->name = tranche->name;
            }
        }
        if (!tranche->has_up_to) {
            return;
        }
        buffer_clear(&at);
        if (buffer_append_format(&at, "/pays/%zu/waterfall/%zu/up_to", index, i) == STATUS_OK) {
            review_sign(reviewing, tranche->up_to, at.data);
        }
        const struct interval *up_to = &lines[tranche->up_to].value;
        if (!up_to->is_empty && up_to->has_least && rational_sign(&up_to->least) > 0 &&
            rational_add(&before, &before, &up_to->least) != STATUS_OK) {
            return;
        }
    }
}

static void review_due(struct reviewing *reviewing, size_t index)
{
    const struct terms *terms = reviewing->terms;
    const struct pay *pay = &terms->pays[index];
    for (size_t i = 0; i < terms->period_count && pay->due_kind == DUE_DATE; i++) {
        const struct period *period = &terms->periods[i];
        if (!period->binding || date_compare(pay->due_date, period->to) >= 0) {
            continue;
        }
        struct review_finding *finding =
            reviewing_add(reviewing, REVIEW_DUE_TOO_EARLY, pay->line, "/pays/%zu/due/date", index);
        if (finding != NULL) {
            finding->name = period->name;
            finding->from = pay->due_date;
            finding->to = period->to;
        }
        return;
    }
}

/* --- Commitments --- */

static bool has_commitment(const struct contract *contract, struct view party)
{
    for (size_t i = 0; i < contract->commitment_count; i++) {
        if (view_equal(contract->commitments[i].party, party)) {
            return true;
        }
    }
    return false;
}

static bool shares_by_funding(const struct terms *terms)
{
    for (size_t i = 0; i < terms->pay_count; i++) {
        for (size_t k = 0; k < terms->pays[i].tranche_count; k++) {
            const struct tranche *tranche = &terms->pays[i].tranches[k];
            for (size_t n = 0; n < tranche->share_count; n++) {
                if (tranche->shares[n].by_funding) {
                    return true;
                }
            }
        }
    }
    return false;
}

static void review_commitments(struct reviewing *reviewing)
{
    const struct role_parties *investors = &reviewing->contract->roles[ROLE_INVESTOR];
    bool is_asked = reviewing->inputs->is_funded_read || shares_by_funding(reviewing->terms);
    for (size_t i = 0; i < investors->count && is_asked; i++) {
        if (!has_commitment(reviewing->contract, investors->parties[i])) {
            struct review_finding *finding = reviewing_add(reviewing, REVIEW_COMMITMENT_MISSING,
                                                           SIZE_MAX, "/roles/investor/%zu", i);
            if (finding != NULL) {
                finding->name = investors->parties[i];
            }
        }
    }
}

void review_pays(struct reviewing *reviewing)
{
    const struct terms *terms = reviewing->terms;
    if (terms->pay_count == 0) {
        (void)reviewing_add(reviewing, REVIEW_PAY_NONE, SIZE_MAX, "/pays");
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        review_amount(reviewing, i);
        for (size_t k = 0; k < terms->pays[i].tranche_count; k++) {
            review_receivers(reviewing, i, &terms->pays[i].tranches[k]);
        }
        review_tranches(reviewing, i);
        review_due(reviewing, i);
    }
    review_commitments(reviewing);
}

/* --- Liability --- */

static bool is_unbounded(const struct interval *interval)
{
    return !interval->is_empty && (!interval->has_least || !interval->has_greatest);
}

/* Inputs of one name: an outcome's field in every period, or an investor's funding. */
static bool is_same_source(const struct input *a, const struct input *b)
{
    return a->kind == b->kind && a->outcome == b->outcome && a->field == b->field &&
           view_equal(a->investor, b->investor);
}

static void set_item(const struct terms *terms, const struct input *input,
                     struct review_item *ret_item)
{
    bool is_measured = input->kind == INPUT_MEASURED;
    *ret_item = (struct review_item){
        .kind = input->kind,
        .name = is_measured ? terms->outcomes[input->outcome].name : input->investor,
        .field = input->field,
    };
}

/* Whether it is the first input of its source, and could leave a pay without a limit. */
static bool is_suspect(const struct reviewing *reviewing, size_t index)
{
    const struct input *items = reviewing->inputs->items;
    const struct input *input = &items[index];
    bool is_read = input->kind == INPUT_MEASURED ? reviewing->is_paying[input->outcome]
                                                 : reviewing->inputs->is_funded_read;
    if (!is_read || !is_unbounded(&input->domain)) {
        return false;
    }
    for (size_t i = 0; i < index; i++) {
        if (is_same_source(&items[i], input)) {
            return false;
        }
    }
    return true;
}

/* Bounds every input without an end by the largest decimals, but those of one source. */
static void bound_others(struct reviewing *reviewing, const struct input *source, bool is_source)
{
    const struct inputs *inputs = reviewing->inputs;
    OWNED(interval_release) struct interval wide;
    interval_init(&wide);
    interval_set_integers(&wide, -INT64_C(1000000000000000000), INT64_C(1000000000000000000));
    for (size_t i = 0; i < inputs->count; i++) {
        struct interval *domain = &reviewing->searcher.domains[i];
        interval_set(domain, &inputs->items[i].domain);
        if (is_same_source(&inputs->items[i], source) == is_source) {
            interval_meet(domain, domain, &wide);
        }
    }
}

static void unbound(struct reviewing *reviewing)
{
    for (size_t i = 0; i < reviewing->inputs->count; i++) {
        interval_set(&reviewing->searcher.domains[i], &reviewing->inputs->items[i].domain);
    }
}

/*
 * Which inputs leave what a party owes without a limit: those that do so though all the others have
 * one; or else, those that would give it one though the others have none.
 */
static void set_items(struct reviewing *reviewing, const struct search_goal *goal, bool is_other,
                      struct review_finding *finding)
{
    const struct inputs *inputs = reviewing->inputs;
    OWNED(interval_release) struct interval owed;
    interval_init(&owed);
    size_t suspects = 0;
    for (size_t i = 0; i < inputs->count && finding->item_count < REVIEW_LIST_MAX; i++) {
        const struct input *input = &inputs->items[i];
        if (suspects == SUSPECTS_MAX || !is_suspect(reviewing, i)) {
            continue;
        }
        suspects++;
        bound_others(reviewing, input, is_other);
        search_bound(&reviewing->searcher, goal, &owed);
        if (!owed.is_empty && owed.has_greatest == is_other) {
            set_item(reviewing->terms, input, &finding->items[finding->item_count]);
            finding->item_count++;
        }
    }
    unbound(reviewing);
}

/* The first of the party's pays that has no limit. */
static size_t unbounded_pay(const struct reviewing *reviewing, struct view party)
{
    const struct terms *terms = reviewing->terms;
    for (size_t i = 0; i < terms->pay_count; i++) {
        const struct interval *value = &reviewing->survey.lines[terms->pays[i].line].value;
        if (view_equal(terms->pays[i].from, party) && !value->has_greatest) {
            return i;
        }
    }
    return 0;
}

static void review_unbounded(struct reviewing *reviewing, const struct party_liability *party)
{
    const struct liabilities *liabilities = &reviewing->review->liabilities;
    size_t pay = unbounded_pay(reviewing, party->party);
    struct review_finding *finding = reviewing_add(
        reviewing, REVIEW_LIABILITY_UNBOUNDED, reviewing->terms->pays[pay].line, "/pays/%zu", pay);
    if (finding == NULL) {
        return;
    }
    finding->name = party->party;
    size_t place = 0;
    while (place + 1 < liabilities->period_count && party->periods[place].greatest.is_bounded) {
        place++;
    }
    const struct search_goal goal = {
        .kind = SEARCH_OWED,
        .order = 1,
        .periods = liabilities->periods,
        .period_count = place + 1,
        .party = party->party,
    };
    set_items(reviewing, &goal, false, finding);
    if (finding->item_count == 0) {
        set_items(reviewing, &goal, true, finding);
    }
}

/* An example of more than a cap, where what the lines give has no limit. */
static bool find_above(struct reviewing *reviewing, const struct party_liability *party,
                       const struct rational *cap, struct search_result *ret_result)
{
    const struct liabilities *liabilities = &reviewing->review->liabilities;
    const struct search_goal goal = {
        .kind = SEARCH_OWED,
        .order = 1,
        .periods = liabilities->periods,
        .period_count = liabilities->period_count,
        .is_sum = true,
        .party = party->party,
        .enough = cap,
    };
    return reviewing_example(reviewing, &goal, ret_result) &&
           rational_compare(&ret_result->value, cap) > 0;
}

static void add_above(struct reviewing *reviewing, const struct party_liability *party,
                      const struct rational *cap, const struct unit *unit)
{
    const struct search_result *greatest = &party->in_all.greatest;
    size_t index = (size_t)(party->cap - reviewing->contract->caps);
    OWNED(search_result_release) struct search_result example;
    search_result_init(&example);
    bool is_example = !greatest->is_bounded && find_above(reviewing, party, cap, &example);
    struct review_finding *finding =
        reviewing_add(reviewing, REVIEW_CAP_EXCEEDED, SIZE_MAX, "/caps/%zu", index);
    reviewing_set_value(finding, is_example ? &example.value : &greatest->value, unit);
    reviewing_set_limit(finding, cap, unit);
    if (finding != NULL && is_example) {
        reviewing_set_when(finding, &example);
    } else if (finding != NULL) {
        reviewing_copy_when(reviewing, finding, greatest);
    }
}

static bool is_open(const struct reviewing *reviewing, struct view party)
{
    const struct terms *terms = reviewing->terms;
    for (size_t i = 0; i < terms->pay_count; i++) {
        if (view_equal(terms->pays[i].from, party) && reviewing->is_open[terms->pays[i].line]) {
            return true;
        }
    }
    return false;
}

/* A cap cuts nothing: what the lines give above it cannot be settled. */
static void review_cap(struct reviewing *reviewing, const struct party_liability *party)
{
    const struct search_result *end = &party->in_all.greatest;
    OWNED(rational_release) struct rational cap;
    struct unit unit;
    rational_init(&cap);
    money_to_rational(party->cap->amount, &cap);
    reviewing_currency_unit(reviewing, &unit);
    if (end->is_found && rational_compare(&end->value, &cap) > 0) {
        add_above(reviewing, party, &cap, &unit);
        return;
    }
    int bound = end->is_bounded ? rational_compare(&end->bound, &cap) : 0;
    if (bound == 0 || (bound < 0 && is_open(reviewing, party->party))) {
        return; /* that there is no limit is told elsewhere */
    }
    struct review_finding *finding =
        reviewing_add(reviewing, bound > 0 ? REVIEW_CAP_UNPROVEN : REVIEW_CAP_NEVER_REACHED,
                      SIZE_MAX, "/caps/%td", party->cap - reviewing->contract->caps);
    reviewing_set_value(finding, &end->bound, &unit);
    reviewing_set_limit(finding, &cap, &unit);
}

void review_liability(struct reviewing *reviewing)
{
    const struct liabilities *liabilities = &reviewing->review->liabilities;
    for (size_t i = 0; i < liabilities->party_count && liabilities->period_count > 0; i++) {
        const struct party_liability *party = &liabilities->parties[i];
        if (!party->in_all.greatest.is_bounded) {
            review_unbounded(reviewing, party);
        }
        if (party->cap != NULL) {
            review_cap(reviewing, party);
        }
    }
}
