#include "cli/story_next.h"

#include "cli/clock.h"
#include "cli/display.h"
#include "cli/form.h"
#include "cli/language.h"
#include "cli/output.h"
#include "contracts/terms/operands.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define INDENT 2
#define WHEN_GAP 2
#define TEXT_MAX ((size_t)64 * 1024)

enum task_kind {
    TASK_MEASURE,
    TASK_SETTLE,
    TASK_PAY,
    TASK_DECIDE,
    TASK_CORRECT,
    TASK_DEDUCT,
    TASK_PLACE,
};
static const char *const TASK_WORDS[] = {"measure", "settle", "pay",  "decide",
                                         "correct", "deduct", "place"};

/* What a date says of a task; in the order in which tasks of one day are told. */
enum task_time { TIME_AFTER, TIME_DUE, TIME_NOW };

struct task {
    enum task_kind kind;
    enum task_time time;
    struct date date; /* TIME_AFTER, TIME_DUE */
    size_t order;     /* as it was found: tasks of one day keep it */
    const struct contract *terms;
    size_t period;         /* measure, settle */
    struct view evaluator; /* measure */
    bool has_begun;        /* measure: this evaluator, in this period */
    bool is_again;         /* settle */
    const struct state_due *due;
    const struct state_dispute *dispute;
    size_t credit;
    const struct party_money *commitment;
};

struct tasks {
    const struct state_contract *contract;
    struct date today;
    size_t count;
    size_t capacity;
    struct task *tasks;
};

static void tasks_release(struct tasks *tasks)
{
    free(tasks->tasks);
}

static enum status push(struct tasks *tasks, struct task task)
{
    if (tasks->count == tasks->capacity) {
        size_t capacity = tasks->capacity == 0 ? 16 : 2 * tasks->capacity;
        struct task *grown = realloc(tasks->tasks, capacity * sizeof *grown);
        if (grown == NULL) {
            return STATUS_MEMORY;
        }
        tasks->tasks = grown;
        tasks->capacity = capacity;
    }
    task.order = tasks->count;
    tasks->tasks[tasks->count] = task;
    tasks->count++;
    return STATUS_OK;
}

/* --- Periods: what is to be measured, and settled --- */

static const struct period *period_of(const struct task *task)
{
    return &task->terms->terms.periods[task->period];
}

/* When a task about a period is to be done: by the day that the contract names, else afterwards. */
static void set_time(struct task *task)
{
    const struct period *period = period_of(task);
    task->time = period->due.is_published ? TIME_DUE : TIME_AFTER;
    task->date = period->due.is_published ? period->due.date : period->to;
}

/* Whether a period can be settled now, for the first time or again. */
static bool is_unsettled(const struct state_contract *contract, const struct period *period)
{
    size_t index;
    struct failure failure;
    return state_find_unsettled(contract, period->name, &index, &failure) == STATUS_OK;
}

/* A closing period waits for a termination that names it; others begin before the end. */
static bool is_live(const struct state_contract *contract, const struct period *period)
{
    if (contract->termination == NULL) {
        return !period->closing;
    }
    const struct termination *termination = &contract->termination->statement->termination;
    return view_equal(termination->closing, period->name) ||
           (!period->closing && date_compare(period->from, termination->on) <= 0);
}

/* Whether a line reads an outcome of a period, so that a settlement waits for it. */
struct need {
    const struct task *task;
    size_t outcome;
    bool is_found;
};

static void look_for_need(void *context, const struct operand *operand)
{
    struct need *need = context;
    size_t period = operand->period;
    if (operand->kind == OPERAND_MEASURED && period == OPERAND_SETTLED_PERIOD) {
        period = period_of(need->task)->binding ? need->task->period : SIZE_MAX;
    }
    need->is_found =
        need->is_found || (operand->kind == OPERAND_MEASURED && operand->index == need->outcome &&
                           period == need->task->period);
}

static bool is_needed(const struct task *task, size_t outcome)
{
    const struct terms *terms = &task->terms->terms;
    struct need need = {.task = task, .outcome = outcome};
    for (size_t i = 0; i < terms->line_count && !need.is_found; i++) {
        line_each_operand(&terms->lines[i], look_for_need, &need);
    }
    return need.is_found;
}

static bool is_measured(const struct state_contract *contract, const struct task *task,
                        size_t outcome)
{
    struct view name = task->terms->terms.outcomes[outcome].name;
    return state_find_cell(contract, period_of(task)->name, name)->value != NULL;
}

static bool is_by(const struct task *task, size_t outcome)
{
    return view_equal(task->terms->terms.outcomes[outcome].evaluator, task->evaluator);
}

/*
 * Whether a task to measure is about an outcome. Of a period that the evaluator has begun to
 * measure, only what a settlement needs is missing: the rest may never be measured.
 */
static bool is_to_measure(const struct tasks *tasks, const struct task *task, size_t outcome)
{
    return is_by(task, outcome) && !is_measured(tasks->contract, task, outcome) &&
           (!task->has_begun || is_needed(task, outcome));
}

/* A task for each evaluator who has something left to measure in the period. */
static enum status find_missing(struct tasks *tasks, struct task task)
{
    const struct contract *terms = task.terms;
    for (size_t i = 0; i < terms->roles[ROLE_EVALUATOR].count; i++) {
        task.evaluator = terms->roles[ROLE_EVALUATOR].parties[i];
        task.has_begun = false;
        for (size_t k = 0; k < terms->terms.outcome_count; k++) {
            task.has_begun =
                task.has_begun || (is_by(&task, k) && is_measured(tasks->contract, &task, k));
        }
        bool is_missing = false;
        for (size_t k = 0; k < terms->terms.outcome_count && !is_missing; k++) {
            is_missing = is_to_measure(tasks, &task, k);
        }
        if (is_missing) {
            TRY(push(tasks, task));
        }
    }
    return STATUS_OK;
}

/* What is to be done about a period, by the terms that govern it. */
static enum status find_period(struct tasks *tasks, size_t place)
{
    const struct state_contract *contract = tasks->contract;
    const struct state_period *kept = &contract->tables.periods[place];
    const struct period *period = state_period_terms(contract, place);
    bool is_settled = kept->settled != NULL;
    struct task task = {
        .terms = kept->version->contract,
        .period = kept->index,
        .is_again = is_settled,
    };
    set_time(&task);
    if (!is_settled && is_live(contract, period)) {
        task.kind = TASK_MEASURE;
        TRY(find_missing(tasks, task));
    }
    if (!is_unsettled(contract, period)) {
        return STATUS_OK;
    }
    task.kind = TASK_SETTLE;
    task.time = is_settled ? TIME_NOW : task.time;
    return push(tasks, task);
}

/* --- Disputes, and what is owed --- */

bool story_holds(const struct state_contract *contract, const struct state_dispute *dispute)
{
    const struct state_tables *tables = &contract->tables;
    const struct state_cell *cells = &tables->cells[dispute->entry->period * tables->outcome_count];
    for (size_t i = 0; i < tables->outcome_count; i++) {
        if (cells[i].dispute == dispute) {
            return true;
        }
    }
    return false;
}

static enum status find_disputes(struct tasks *tasks)
{
    for (const struct state_dispute *dispute = tasks->contract->disputes; dispute != NULL;
         dispute = dispute->next) {
        struct task task = {
            .kind = dispute->decision == NULL ? TASK_DECIDE : TASK_CORRECT,
            .time = TIME_NOW,
            .terms = state_newest(tasks->contract),
            .dispute = dispute,
        };
        if (story_holds(tasks->contract, dispute)) {
            TRY(push(tasks, task));
        }
    }
    return STATUS_OK;
}

static enum status find_owed(struct tasks *tasks)
{
    const struct state_contract *contract = tasks->contract;
    for (const struct state_due *due = contract->dues; due != NULL; due = due->next) {
        const struct settlement_pay *pay = state_due_pay(due);
        struct task task = {
            .kind = TASK_PAY,
            .time = pay->has_due ? TIME_DUE : TIME_NOW,
            .date = pay->due,
            .due = due,
        };
        if (state_due_outstanding(due).minor > 0) {
            TRY(push(tasks, task));
        }
    }
    for (size_t i = 0; i < contract->tables.credits.count; i++) {
        if (contract->tables.credits.amounts[i].minor > 0) {
            TRY(push(tasks, (struct task){.kind = TASK_DEDUCT, .time = TIME_NOW, .credit = i}));
        }
    }
    return STATUS_OK;
}

/* --- Commitments --- */

static struct money placed_by(const struct state_contract *contract, const struct party_money *by)
{
    const struct state_tables *tables = &contract->tables;
    for (size_t i = 0; i < tables->investor_count; i++) {
        if (view_equal(tables->investors[i].party, by->party)) {
            return tables->investors[i].total;
        }
    }
    return (struct money){.minor = 0, .currency = by->amount.currency};
}

/* What is committed and not placed can be, as long as something is left to settle. */
static enum status find_unplaced(struct tasks *tasks)
{
    const struct contract *newest = state_newest(tasks->contract);
    bool is_going_on = tasks->contract->termination == NULL && tasks->count > 0;
    for (size_t i = 0; i < newest->commitment_count && is_going_on; i++) {
        const struct party_money *commitment = &newest->commitments[i];
        if (placed_by(tasks->contract, commitment).minor < commitment->amount.minor) {
            TRY(push(tasks, (struct task){
                                .kind = TASK_PLACE, .time = TIME_NOW, .commitment = commitment}));
        }
    }
    return STATUS_OK;
}

static int by_date(const void *a, const void *b)
{
    const struct task *left = a;
    const struct task *right = b;
    bool left_is_now = left->time == TIME_NOW;
    bool right_is_now = right->time == TIME_NOW;
    if (left_is_now != right_is_now) {
        return left_is_now ? 1 : -1;
    }
    int order = left_is_now ? 0 : date_compare(left->date, right->date);
    return order != 0 ? order : (left->order > right->order) - (left->order < right->order);
}

static enum status tasks_find(struct tasks *tasks)
{
    tasks->today = clock_today();
    for (size_t i = 0; i < tasks->contract->tables.period_count; i++) {
        TRY(find_period(tasks, i));
    }
    TRY(find_unplaced(tasks));
    TRY(find_disputes(tasks));
    TRY(find_owed(tasks));
    if (tasks->count > 0) {
        qsort(tasks->tasks, tasks->count, sizeof tasks->tasks[0], by_date);
    }
    return STATUS_OK;
}

static bool is_overdue(const struct tasks *tasks, const struct task *task)
{
    return task->time == TIME_DUE && date_compare(task->date, tasks->today) < 0;
}

/* --- Who --- */

/* What a statement that would do the task is asked for: who signs it. */
static struct statement statement_for(const struct task *task)
{
    struct statement statement = {.kind = KIND_SETTLEMENT};
    if (task->kind == TASK_DECIDE) {
        statement.kind = KIND_DECISION;
        statement.decision.decision = DECISION_REJECTED;
    }
    return statement;
}

typedef enum status party_visit(void *context, struct view party);

static bool is_held(const struct tasks *tasks, const struct task *task, size_t outcome)
{
    struct view period = tasks->contract->tables.periods[task->dispute->entry->period].name;
    struct view name = task->terms->terms.outcomes[outcome].name;
    return state_find_cell(tasks->contract, period, name)->dispute == task->dispute;
}

/* Visits those who measure what a dispute still holds, each once. */
static enum status each_corrector(const struct tasks *tasks, const struct task *task,
                                  party_visit *visit, void *context)
{
    const struct terms *terms = &task->terms->terms;
    const struct role_parties *evaluators = &task->terms->roles[ROLE_EVALUATOR];
    for (size_t i = 0; i < evaluators->count; i++) {
        bool corrects = false;
        for (size_t k = 0; k < terms->outcome_count; k++) {
            corrects =
                corrects || (is_held(tasks, task, k) &&
                             view_equal(terms->outcomes[k].evaluator, evaluators->parties[i]));
        }
        if (corrects) {
            TRY(visit(context, evaluators->parties[i]));
        }
    }
    return STATUS_OK;
}

/* Visits everyone who must take part in a task. A quorum is named by write_quorum. */
static enum status each_party(const struct tasks *tasks, const struct task *task,
                              party_visit *visit, void *context)
{
    if (task->kind == TASK_MEASURE) {
        return visit(context, task->evaluator);
    }
    if (task->kind == TASK_CORRECT) {
        return each_corrector(tasks, task, visit, context);
    }
    struct view parties[STATE_SIGNERS_MAX];
    size_t count = 0;
    struct statement statement = statement_for(task);
    TRY(state_signers(state_newest(tasks->contract), &statement, STATE_SIGNERS_MAX, parties,
                      &count));
    for (size_t i = 0; i < count; i++) {
        TRY(visit(context, parties[i]));
    }
    return STATUS_OK;
}

/* The parties of whom only some must sign; NULL when there are none. */
static const struct extra_signers *quorum_of(const struct tasks *tasks, const struct task *task)
{
    if (task->kind != TASK_SETTLE && task->kind != TASK_DECIDE) {
        return NULL;
    }
    const struct extra_signers *extra =
        &state_newest(tasks->contract)->extra[statement_for(task).kind];
    return extra->at_least < extra->count ? extra : NULL;
}

/* The first of a list follows a word and a space, the others a party. */
static enum status write_party(void *context, struct view party)
{
    struct buffer *text = context;
    bool is_first = text->size == 0 || text->data[text->size - 1] == ' ';
    TRY(buffer_append_text(text, is_first ? "" : ", "));
    return buffer_append(text, party);
}

/* "town.se, investor.se, and 2 of a.se, b.se, c.se" */
static enum status write_parties(const struct tasks *tasks, const struct task *task,
                                 struct buffer *text)
{
    TRY(each_party(tasks, task, write_party, text));
    const struct extra_signers *quorum = quorum_of(tasks, task);
    if (quorum == NULL) {
        return STATUS_OK;
    }
    TRY(buffer_append_format(text, _(", and %zu of "), quorum->at_least));
    for (size_t i = 0; i < quorum->count; i++) {
        TRY(write_party(text, quorum->parties[i]));
    }
    return STATUS_OK;
}

/* --- For people --- */

static enum status write_measure(const struct tasks *tasks, const struct task *task,
                                 struct buffer *text)
{
    const struct period *period = period_of(task);
    TRY(buffer_append_format(text, _("%.*s is to measure period %.*s (%s to %s): "),
                             VIEW_ARGS(task->evaluator), VIEW_ARGS(period->name),
                             display_date(period->from).text, display_date(period->to).text));
    const struct terms *terms = &task->terms->terms;
    bool is_first = true;
    for (size_t i = 0; i < terms->outcome_count; i++) {
        if (is_to_measure(tasks, task, i)) {
            TRY(buffer_append_text(text, is_first ? "" : ", "));
            TRY(buffer_append(text, display_localized(&terms->outcomes[i].label)));
            is_first = false;
        }
    }
    return STATUS_OK;
}

static enum status write_settle(const struct tasks *tasks, const struct task *task,
                                struct buffer *text)
{
    const struct period *period = period_of(task);
    if (task->is_again) {
        TRY(buffer_append_format(text,
                                 _("period %.*s is to be settled again, since what it was settled "
                                   "by was replaced; to be signed by "),
                                 VIEW_ARGS(period->name)));
    } else {
        TRY(buffer_append_format(text,
                                 _("period %.*s (%s to %s) is to be settled; to be signed by "),
                                 VIEW_ARGS(period->name), display_date(period->from).text,
                                 display_date(period->to).text));
    }
    return write_parties(tasks, task, text);
}

static enum status write_pay(const struct tasks *tasks, const struct task *task,
                             struct buffer *text)
{
    const struct settlement_pay *pay = state_due_pay(task->due);
    const struct state_dispute *dispute;
    TRY(buffer_append_format(text, _("%.*s still owes %.*s %s (settled by entry %" PRIu64 ")"),
                             VIEW_ARGS(pay->from), VIEW_ARGS(pay->to),
                             display_money(state_due_outstanding(task->due)).text,
                             task->due->settlement->index));
    TRY(form_write_tranche(pay->tranche, text));
    TRY(form_write_owed_remark(pay, text));
    TRY(state_due_find_dispute(tasks->contract, task->due, &dispute));
    return dispute == NULL
               ? STATUS_OK
               : buffer_append_format(text, _(", held by the dispute of entry %" PRIu64),
                                      dispute->entry->index);
}

static enum status write_dispute(const struct tasks *tasks, const struct task *task,
                                 struct buffer *text)
{
    TRY(buffer_append_format(
        text,
        task->kind == TASK_DECIDE
            ? _("the dispute of entry %" PRIu64 " is to be decided; to be signed by ")
            : _("what the dispute of entry %" PRIu64 " is about is to be corrected by "),
        task->dispute->entry->index));
    return write_parties(tasks, task, text);
}

static enum status write_deduction(const struct tasks *tasks, const struct task *task,
                                   struct buffer *text)
{
    const struct state_contract *contract = tasks->contract;
    const struct settlement_place *place = &contract->tables.credits.places[task->credit];
    TRY(buffer_append_format(text, _("%s is to be taken off what %.*s comes to owe %.*s"),
                             display_money(contract->tables.credits.amounts[task->credit]).text,
                             VIEW_ARGS(place->from), VIEW_ARGS(place->to)));
    return form_write_tranche(place->tranche, text);
}

static enum status write_place(const struct tasks *tasks, const struct task *task,
                               struct buffer *text)
{
    const struct party_money *commitment = task->commitment;
    return buffer_append_format(text, _("%.*s has placed %s of the %s that it committed"),
                                VIEW_ARGS(commitment->party),
                                display_money(placed_by(tasks->contract, commitment)).text,
                                display_money(commitment->amount).text);
}

static enum status write_task(const struct tasks *tasks, const struct task *task,
                              struct buffer *text)
{
    switch (task->kind) {
    case TASK_MEASURE:
        return write_measure(tasks, task, text);
    case TASK_SETTLE:
        return write_settle(tasks, task, text);
    case TASK_PAY:
        return write_pay(tasks, task, text);
    case TASK_DECIDE:
    case TASK_CORRECT:
        return write_dispute(tasks, task, text);
    case TASK_DEDUCT:
        return write_deduction(tasks, task, text);
    case TASK_PLACE:
        return write_place(tasks, task, text);
    }
    return STATUS_OK;
}

/* "due 2027-03-01", "overdue since 2020-03-01", "after 2026-12-31", "now" */
static struct display when_of(const struct tasks *tasks, const struct task *task)
{
    struct display text;
    switch (task->time) {
    case TIME_AFTER:
        (void)snprintf(text.text, sizeof text.text, _("after %s"), display_date(task->date).text);
        return text;
    case TIME_DUE:
        (void)snprintf(text.text, sizeof text.text,
                       is_overdue(tasks, task) ? _("overdue since %s") : _("due %s"),
                       display_date(task->date).text);
        return text;
    case TIME_NOW:
        break;
    }
    (void)snprintf(text.text, sizeof text.text, "%s",
                   task->kind == TASK_DEDUCT  ? _("later")
                   : task->kind == TASK_PLACE ? _("open")
                                              : _("now"));
    return text;
}

static enum status print_task(const struct tasks *tasks, const struct task *task, size_t width)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    TRY(write_task(tasks, task, &text));
    printf("%*s", INDENT, "");
    display_padded(view_of(when_of(tasks, task).text), width + WHEN_GAP);
    display_paragraph(buffer_view(&text), INDENT + width + WHEN_GAP);
    return STATUS_OK;
}

static void print_nothing(const struct state_contract *contract)
{
    printf("  %s\n", contract->termination == NULL
                         ? _("nothing: every binding period is settled and paid")
                         : _("nothing: the contract has ended, and what was settled is paid"));
}

enum status story_next_print(const struct state_contract *contract)
{
    OWNED(tasks_release) struct tasks tasks = {.contract = contract};
    TRY(tasks_find(&tasks));
    printf("\n%s\n", _("What comes next:"));
    size_t width = 0;
    for (size_t i = 0; i < tasks.count; i++) {
        size_t wanted = display_width(view_of(when_of(&tasks, &tasks.tasks[i]).text));
        width = wanted > width ? wanted : width;
    }
    for (size_t i = 0; i < tasks.count; i++) {
        TRY(print_task(&tasks, &tasks.tasks[i], width));
    }
    if (tasks.count == 0) {
        print_nothing(contract);
    }
    return STATUS_OK;
}

/* --- For programs --- */

static enum status push_party(void *context, struct view party)
{
    return json_push_string(context, party);
}

static enum status set_parties(const struct tasks *tasks, const struct task *task,
                               struct json *object)
{
    OWNED(json_freep) struct json *parties = json_new_array();
    if (parties == NULL) {
        return STATUS_MEMORY;
    }
    TRY(each_party(tasks, task, push_party, parties));
    TRY(json_set(object, "by", STEAL(parties)));
    const struct extra_signers *quorum = quorum_of(tasks, task);
    if (quorum == NULL) {
        return STATUS_OK;
    }
    OWNED(json_freep) struct json *some = json_new_array();
    if (some == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < quorum->count; i++) {
        TRY(json_push_string(some, quorum->parties[i]));
    }
    TRY(output_set_count(object, "quorum_at_least", quorum->at_least));
    return json_set(object, "quorum", STEAL(some));
}

/* The outcomes that are to be measured, or corrected. */
static enum status set_outcomes(const struct tasks *tasks, const struct task *task,
                                struct json *object)
{
    const struct terms *terms = &task->terms->terms;
    OWNED(json_freep) struct json *outcomes = json_new_array();
    if (outcomes == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < terms->outcome_count; i++) {
        bool is_meant =
            task->kind == TASK_MEASURE ? is_to_measure(tasks, task, i) : is_held(tasks, task, i);
        if (is_meant) {
            TRY(json_push_string(outcomes, terms->outcomes[i].name));
        }
    }
    return json_set(object, "outcomes", STEAL(outcomes));
}

static enum status set_id(struct json *object, const char *name, const struct state_entry *entry)
{
    return json_set_string(object, name, view_of(display_hash(&entry->statement->id).text));
}

static enum status set_owed(const struct tasks *tasks, const struct task *task, struct json *object)
{
    const struct settlement_pay *pay = state_due_pay(task->due);
    const struct state_dispute *dispute;
    TRY(json_set_string(object, "pay", pay->line));
    if (pay->tranche.size > 0) {
        TRY(json_set_string(object, "tranche", pay->tranche));
    }
    TRY(json_set_string(object, "from", pay->from));
    TRY(json_set_string(object, "to", pay->to));
    TRY(output_set_amount(object, "amount", state_due_outstanding(task->due)));
    TRY(set_id(object, "settlement", task->due->settlement));
    TRY(state_due_find_dispute(tasks->contract, task->due, &dispute));
    return dispute == NULL ? STATUS_OK : set_id(object, "held_by", dispute->entry);
}

static enum status set_deduction(const struct tasks *tasks, const struct task *task,
                                 struct json *object)
{
    const struct state_contract *contract = tasks->contract;
    const struct settlement_place *place = &contract->tables.credits.places[task->credit];
    TRY(json_set_string(object, "pay", place->line));
    if (place->tranche.size > 0) {
        TRY(json_set_string(object, "tranche", place->tranche));
    }
    TRY(json_set_string(object, "from", place->from));
    TRY(json_set_string(object, "to", place->to));
    return output_set_amount(object, "amount", contract->tables.credits.amounts[task->credit]);
}

static enum status set_contents(const struct tasks *tasks, const struct task *task,
                                struct json *object)
{
    switch (task->kind) {
    case TASK_MEASURE:
        TRY(json_set_string(object, "period", period_of(task)->name));
        TRY(set_outcomes(tasks, task, object));
        return set_parties(tasks, task, object);
    case TASK_SETTLE:
        TRY(json_set_string(object, "period", period_of(task)->name));
        TRY(json_set_boolean(object, "again", task->is_again));
        return set_parties(tasks, task, object);
    case TASK_PAY:
        return set_owed(tasks, task, object);
    case TASK_DECIDE:
    case TASK_CORRECT:
        TRY(set_id(object, "dispute", task->dispute->entry));
        TRY(set_outcomes(tasks, task, object));
        return set_parties(tasks, task, object);
    case TASK_DEDUCT:
        return set_deduction(tasks, task, object);
    case TASK_PLACE:
        TRY(json_set_string(object, "from", task->commitment->party));
        TRY(output_set_amount(object, "committed", task->commitment->amount));
        return output_set_amount(object, "placed", placed_by(tasks->contract, task->commitment));
    }
    return STATUS_OK;
}

static enum status push_task(const struct tasks *tasks, const struct task *task, struct json *array)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "what", view_of(TASK_WORDS[task->kind])));
    if (task->time != TIME_NOW) {
        TRY(json_set_string(object, task->time == TIME_DUE ? "due" : "after",
                            view_of(display_date(task->date).text)));
    }
    if (task->time == TIME_DUE) {
        TRY(json_set_boolean(object, "overdue", is_overdue(tasks, task)));
    }
    TRY(set_contents(tasks, task, object));
    return json_push(array, STEAL(object));
}

enum status story_next_set(struct json *object, const struct state_contract *contract)
{
    OWNED(tasks_release) struct tasks tasks = {.contract = contract};
    OWNED(json_freep) struct json *array = json_new_array();
    TRY(tasks_find(&tasks));
    if (array == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < tasks.count; i++) {
        TRY(push_task(&tasks, &tasks.tasks[i], array));
    }
    return json_set(object, "next", STEAL(array));
}
