/* utfall simulate: shows what a contract pays over a range of results, before anything happens. */

#include "cli/command/simulate.h"

#include "cli/command.h"
#include "cli/contract_source.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/simulated.h"
#include "contracts/rule/rule.h"
#include "ledger/base/ownership.h"
#include "ledger/store/store.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX ((size_t)256 * 1024 * 1024)
#define CHART_MAX ((size_t)16 * 1024 * 1024)

enum format { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON };

/* What the command works with. A failure names the operand it is about. */
struct work {
    const struct invocation *invocation;
    struct contract_source sources[SIMULATED_CONTRACTS_MAX];
    size_t source_count;
    size_t rows_max;
    struct simulated simulated;
    struct setting settings[INVOCATION_GIVEN_MAX];
    enum format format;
    const char *about;
    struct failure failure;
};

/* --- Contracts and periods --- */

static bool is_settled(const struct contract_source *source, size_t period)
{
    return source->settled_by != NULL && source->settled_by[period] != STORE_NONE;
}

/* The first period that binds and is not settled; else the first that binds; else the first. */
static size_t default_period(const struct contract_source *source)
{
    const struct terms *terms = &contract_source_contract(source)->terms;
    size_t binding = SIZE_MAX;
    for (size_t i = terms->period_count; i > 0; i--) {
        bool is_better =
            binding == SIZE_MAX || !is_settled(source, i - 1) || is_settled(source, binding);
        if (terms->periods[i - 1].binding && is_better) {
            binding = i - 1;
        }
    }
    return binding == SIZE_MAX ? 0 : binding;
}

static enum status choose_period(const struct work *work, const struct contract_source *source,
                                 size_t *ret_period, struct failure *failure)
{
    const struct contract *contract = contract_source_contract(source);
    if (!has_option(work->invocation, OPTION_PERIOD)) {
        *ret_period = default_period(source);
        return STATUS_OK;
    }
    struct view name = view_of(work->invocation->values[OPTION_PERIOD]);
    *ret_period = terms_find_period(&contract->terms, name);
    if (*ret_period == SIZE_MAX) {
        return refuse(failure, RULE_PERIOD_UNKNOWN, "", "%.*s has no period %.*s",
                      VIEW_ARGS(contract->name), VIEW_ARGS(name));
    }
    return STATUS_OK;
}

static enum status open_contract(struct work *work, size_t index)
{
    struct contract_source *source = &work->sources[index];
    struct simulated *simulated = &work->simulated;
    struct simulation *simulation = &simulated->simulations[index];
    work->about = work->invocation->operands[index];
    work->source_count = index + 1; /* closed also after a failure */
    TRY(contract_source_open(source, work->about, work->invocation, &work->failure));
    size_t period;
    TRY(choose_period(work, source, &period, &work->failure));
    if (simulation_init(simulation, contract_source_contract(source), period) != STATUS_OK) {
        return fail_memory(&work->failure);
    }
    simulated->names[index] = work->about;
    simulated->contract_count = index + 1;
    if (source->workspace != NULL) {
        return contract_source_assume(source, period, &simulation->assumptions, &work->failure);
    }
    assumptions_fund_committed(&simulation->assumptions);
    return STATUS_OK;
}

static enum status open_contracts(struct work *work)
{
    for (int i = 0; i < work->invocation->operand_count; i++) {
        TRY(open_contract(work, (size_t)i));
    }
    const struct simulation *simulations = work->simulated.simulations;
    if (work->simulated.contract_count == 2) {
        const struct currency first = simulations[0].contract->terms.currency;
        const struct currency second = simulations[1].contract->terms.currency;
        if (!currency_equal(first, second)) {
            return refuse(&work->failure, RULE_CURRENCY_OTHER, "",
                          "one contract is in %s and the other in %s: they cannot be compared",
                          first.code, second.code);
        }
    }
    return STATUS_OK;
}

/* --- Options that suppose something --- */

typedef enum status suppose(struct simulation *simulation, const struct setting *setting,
                            struct failure *failure);

/*
 * What one of two contracts does not know changes nothing in it. What none of them knows is
 * refused as the first one refuses it.
 */
static enum status suppose_in_each(struct work *work, suppose *function,
                                   const struct setting *setting, enum rule unknown)
{
    struct simulated *simulated = &work->simulated;
    struct failure first = {0};
    size_t unknown_count = 0;
    for (size_t i = 0; i < simulated->contract_count; i++) {
        work->about = simulated->names[i];
        enum status status = function(&simulated->simulations[i], setting, &work->failure);
        if (status != STATUS_OK && rule_by_name(work->failure.code) != unknown) {
            return status;
        }
        if (status != STATUS_OK) {
            first = unknown_count == 0 ? work->failure : first;
            unknown_count++;
        }
    }
    if (unknown_count == simulated->contract_count) {
        work->failure = first;
        return first.status;
    }
    return STATUS_OK;
}

static enum status suppose_funded(struct simulation *simulation, const struct setting *setting,
                                  struct failure *failure)
{
    return assumptions_set_funded(&simulation->assumptions, setting->name, &setting->value,
                                  failure);
}

static enum status find_line(const struct simulation *simulation, struct view name, bool is_paid,
                             size_t *ret_line, struct failure *failure)
{
    const struct terms *terms = &simulation->contract->terms;
    *ret_line = terms_find_line(terms, name);
    for (size_t i = 0; i < terms->pay_count && is_paid; i++) {
        if (terms->pays[i].line == *ret_line) {
            return STATUS_OK;
        }
    }
    if (is_paid) {
        return refuse(failure, RULE_LINE_UNKNOWN, "", "no pay of %.*s is of a line %.*s",
                      VIEW_ARGS(simulation->contract->name), VIEW_ARGS(name));
    }
    if (*ret_line == SIZE_MAX) {
        return refuse(failure, RULE_LINE_UNKNOWN, "", "%.*s has no line %.*s",
                      VIEW_ARGS(simulation->contract->name), VIEW_ARGS(name));
    }
    return STATUS_OK;
}

static enum status suppose_paid(struct simulation *simulation, const struct setting *setting,
                                struct failure *failure)
{
    size_t line = SIZE_MAX;
    if (setting->name.size > 0) {
        TRY(find_line(simulation, setting->name, true, &line, failure));
    }
    assumptions_set_paid(&simulation->assumptions, line, &setting->value);
    return STATUS_OK;
}

static enum status suppose_earlier(struct simulation *simulation, const struct setting *setting,
                                   struct failure *failure)
{
    size_t line;
    TRY(find_line(simulation, setting->name, false, &line, failure));
    assumptions_set_earlier(&simulation->assumptions, line, &setting->value);
    return STATUS_OK;
}

/* Reads NAME=VALUE; with `may_have_no_name` also a value alone. */
static enum status read_supposed(const char *text, bool may_have_no_name,
                                 struct setting *ret_setting, struct failure *failure)
{
    if (may_have_no_name && strchr(text, '=') == NULL) {
        ret_setting->name = VIEW("");
        if (rational_read_decimal(view_of(text), &ret_setting->value) != STATUS_OK) {
            return fail(failure, STATUS_INVALID, "", "'%s' is not an amount, such as 1500000.5",
                        text);
        }
        return STATUS_OK;
    }
    return setting_read(view_of(text), ret_setting, failure);
}

static enum status suppose_all(struct work *work, enum option_name option, suppose *function,
                               enum rule unknown)
{
    struct setting setting;
    rational_init(&setting.value);
    enum status status = STATUS_OK;
    size_t at = 0;
    for (const char *text = next_option(work->invocation, option, &at);
         text != NULL && status == STATUS_OK; text = next_option(work->invocation, option, &at)) {
        status = read_supposed(text, option == OPTION_PAID, &setting, &work->failure);
        if (status == STATUS_OK) {
            status = suppose_in_each(work, function, &setting, unknown);
        }
    }
    rational_release(&setting.value);
    return status;
}

/* --- Varying and setting --- */

static enum status vary(struct simulation *simulation, const struct setting *setting,
                        struct failure *failure)
{
    enum status status = simulation_vary(simulation, setting->name, failure);
    if (status != STATUS_OK && rule_by_name(failure->code) == RULE_OUTCOME_UNKNOWN) {
        struct failure ignored;
        TRY(simulation_vary_nothing(simulation, &ignored));
    }
    return status;
}

static enum status vary_all(struct work *work)
{
    struct simulated *simulated = &work->simulated;
    size_t at = 0;
    for (const char *text = next_option(work->invocation, OPTION_VARY, &at); text != NULL;
         text = next_option(work->invocation, OPTION_VARY, &at)) {
        if (simulated->axis_count == SIMULATION_AXES_MAX) {
            return fail(&work->failure, STATUS_INVALID, "", "at most %d numbers can be varied",
                        SIMULATION_AXES_MAX);
        }
        struct axis *axis = &simulated->axes[simulated->axis_count];
        axis_init(axis);
        simulated->axis_count++;
        TRY(axis_read(view_of(text), axis, &work->failure));
        const struct setting named = {.name = axis->name};
        TRY(suppose_in_each(work, vary, &named, RULE_OUTCOME_UNKNOWN));
    }
    return grid_count(simulated->axes, simulated->axis_count, &simulated->row_count,
                      &work->failure);
}

/* Whether the field behind the dot is a ratio. */
static bool is_ratio(struct view name)
{
    const char *dot = memchr(name.data, '.', name.size);
    if (dot == NULL) {
        return false;
    }
    size_t before = (size_t)(dot + 1 - name.data);
    struct view field = {dot + 1, name.size - before};
    return view_starts_with(field, VIEW("ratio")) || view_starts_with(field, VIEW("control_ratio"));
}

/* Denominators before the ratios that stand on them, in whatever order they were given. */
static enum status set_all(struct work *work)
{
    struct simulated *simulated = &work->simulated;
    simulated->settings = work->settings;
    size_t at = 0;
    for (const char *text = next_option(work->invocation, OPTION_SET, &at); text != NULL;
         text = next_option(work->invocation, OPTION_SET, &at)) {
        struct setting *setting = &work->settings[simulated->setting_count];
        rational_init(&setting->value);
        simulated->setting_count++;
        TRY(setting_read(view_of(text), setting, &work->failure));
    }
    for (int ratios = 0; ratios < 2; ratios++) {
        for (size_t i = 0; i < simulated->setting_count; i++) {
            if (is_ratio(work->settings[i].name) == (ratios == 1)) {
                TRY(suppose_in_each(work, simulation_set, &work->settings[i],
                                    RULE_OUTCOME_UNKNOWN));
            }
        }
    }
    return STATUS_OK;
}

static enum status show_lines(struct work *work)
{
    struct simulated *simulated = &work->simulated;
    size_t at = 0;
    for (const char *text = next_option(work->invocation, OPTION_LINE, &at); text != NULL;
         text = next_option(work->invocation, OPTION_LINE, &at)) {
        for (size_t i = 0; i < simulated->contract_count; i++) {
            work->about = simulated->names[i];
            TRY(simulation_show_line(&simulated->simulations[i], view_of(text), &work->failure));
        }
        const struct simulation *first = &simulated->simulations[0];
        const struct simulation *second = &simulated->simulations[1];
        if (simulated->contract_count == 2 &&
            !unit_equal(&first->columns[first->column_count - 1].unit,
                        &second->columns[second->column_count - 1].unit)) {
            return refuse(&work->failure, RULE_UNITS_DIFFER, "",
                          "the line %s has another unit in each contract", text);
        }
    }
    return STATUS_OK;
}

/* --- Computing --- */

static enum status prepare(struct work *work)
{
    TRY(open_contracts(work));
    TRY(suppose_all(work, OPTION_FUNDED, suppose_funded, RULE_ROLE_PARTY));
    TRY(suppose_all(work, OPTION_PAID, suppose_paid, RULE_LINE_UNKNOWN));
    TRY(suppose_all(work, OPTION_EARLIER, suppose_earlier, RULE_LINE_UNKNOWN));
    TRY(vary_all(work));
    TRY(set_all(work));
    TRY(show_lines(work));
    for (size_t i = 0; i < work->simulated.contract_count; i++) {
        work->about = work->simulated.names[i];
        TRY(simulation_check(&work->simulated.simulations[i], &work->failure));
    }
    return STATUS_OK;
}

static enum status trace(struct work *work)
{
    struct simulated *simulated = &work->simulated;
    struct simulation *first = &simulated->simulations[0];
    const struct axis *axis = &simulated->axes[0];
    if (simulated->contract_count == 2) {
        const struct compared a = {first, COLUMN_TOTAL_INDEX};
        const struct compared b = {&simulated->simulations[1], COLUMN_TOTAL_INDEX};
        TRY(comparison_make(&a, &b, axis, &simulated->comparison, &work->failure));
    } else {
        TRY(places_find(first, 0, &axis->from, &axis->to, &simulated->places, &work->failure));
        places_sort(&simulated->places);
        TRY(trace_compute(first, 0, &simulated->places, &simulated->trace, &work->failure));
    }
    simulated->is_traced = true;
    return STATUS_OK;
}

static enum status compute(struct work *work)
{
    struct simulated *simulated = &work->simulated;
    TRY(prepare(work));
    if (simulated->row_count > work->rows_max) {
        return fail(&work->failure, STATUS_LIMIT, "vary",
                    "these are %zu rows, and at most %zu are computed", simulated->row_count,
                    work->rows_max);
    }
    for (size_t i = 0; i < simulated->contract_count; i++) {
        work->about = simulated->names[i];
        simulated->rows[i] = points_new(&simulated->simulations[i], simulated->row_count);
        if (simulated->rows[i] == NULL) {
            return fail_memory(&work->failure);
        }
        TRY(simulation_grid(&simulated->simulations[i], simulated->axes, simulated->rows[i],
                            &work->failure));
    }
    bool has_length = simulated->axis_count == 1 &&
                      rational_compare(&simulated->axes[0].from, &simulated->axes[0].to) < 0;
    return has_length ? trace(work) : STATUS_OK;
}

static void release(struct work *work)
{
    struct simulated *simulated = &work->simulated;
    trace_release(&simulated->trace);
    places_release(&simulated->places);
    comparison_release(&simulated->comparison);
    for (size_t i = 0; i < simulated->contract_count; i++) {
        points_free(simulated->rows[i], &simulated->simulations[i], simulated->row_count);
        simulation_release(&simulated->simulations[i]);
    }
    for (size_t i = 0; i < simulated->axis_count; i++) {
        axis_release(&simulated->axes[i]);
    }
    for (size_t i = 0; i < simulated->setting_count; i++) {
        rational_release(&work->settings[i].value);
    }
    for (size_t i = 0; i < work->source_count; i++) {
        contract_source_close(&work->sources[i]);
    }
}

/* --- Answering --- */

/* A word of the command line that cannot be read is told as wrong usage. */
static int answer_failure(const struct work *work)
{
    bool is_usage =
        strcmp(work->failure.code, status_name(STATUS_INVALID)) == 0 ||
        (strcmp(work->failure.code, status_name(STATUS_LIMIT)) == 0 && work->failure.at[0] == '\0');
    if (is_usage) {
        return output_usage(work->invocation, "%s", work->failure.reason);
    }
    return output_failure(work->invocation, work->about, &work->failure);
}

static enum status write_chart(struct work *work)
{
    const char *file = work->invocation->values[OPTION_CHART];
    if (file == NULL) {
        return STATUS_OK;
    }
    OWNED(buffer_release) struct buffer svg;
    buffer_init(&svg, CHART_MAX);
    TRY(simulated_write_chart(&work->simulated, &svg, &work->failure));
    work->about = "";
    return file_write(file, buffer_view(&svg), 0644, has_option(work->invocation, OPTION_FORCE),
                      &work->failure);
}

/* The whole answer as one object, with what every answer has. */
static enum status make_object(const struct work *work, struct json **ret_object)
{
    OWNED(json_freep) struct json *object = NULL;
    TRY(simulated_to_json(&work->simulated, &object));
    if (has_option(work->invocation, OPTION_CHART)) {
        TRY(json_set_string(object, "chart", view_of(work->invocation->values[OPTION_CHART])));
    }
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static enum status write_json(const struct work *work, struct buffer *text)
{
    OWNED(json_freep) struct json *object = NULL;
    TRY(make_object(work, &object));
    TRY(json_set_boolean(object, "ok", true));
    TRY(json_set_string(object, "code", view_of(status_name(STATUS_OK))));
    TRY(json_write_canonical(object, text));
    return buffer_append_byte(text, '\n');
}

static enum status write_answer(struct work *work, struct buffer *text)
{
    enum status status = STATUS_OK;
    switch (work->format) {
    case FORMAT_TABLE:
        status = simulated_write_table(&work->simulated, text, &work->failure);
        break;
    case FORMAT_CSV:
        status = simulated_write_csv(&work->simulated, text);
        break;
    case FORMAT_JSON:
        status = write_json(work, text);
        break;
    }
    return status;
}

/* With --json the rows are members of the answer, unless they go into a file. */
static int answer_json(struct work *work)
{
    const char *output = work->invocation->values[OPTION_OUTPUT];
    struct json *object = NULL;
    if (file_is_standard(output)) {
        return make_object(work, &object) == STATUS_OK
                   ? output_json(object)
                   : output_failure(work->invocation, "", &work->failure);
    }
    object = json_new_object();
    if (object == NULL || json_set_string(object, "file", view_of(output)) != STATUS_OK) {
        json_free(object);
        return output_failure(work->invocation, "", &work->failure);
    }
    return output_json(object);
}

static int answer(struct work *work)
{
    if (write_chart(work) != STATUS_OK) {
        return output_failure(work->invocation, work->about, &work->failure);
    }
    const char *output = work->invocation->values[OPTION_OUTPUT];
    bool is_member = output_is_json(work->invocation) && file_is_standard(output);
    if (!is_member) {
        OWNED(buffer_release) struct buffer text;
        buffer_init(&text, ANSWER_MAX);
        if (write_answer(work, &text) != STATUS_OK) {
            return answer_failure(work);
        }
        if (file_write(output, buffer_view(&text), 0644, has_option(work->invocation, OPTION_FORCE),
                       &work->failure) != STATUS_OK) {
            return output_failure(work->invocation, "", &work->failure);
        }
    }
    return output_is_json(work->invocation) ? answer_json(work) : EXIT_GOOD;
}

static bool choose_format(struct work *work)
{
    const char *format = work->invocation->values[OPTION_FORMAT];
    if (format == NULL) {
        work->format = output_is_json(work->invocation) ? FORMAT_JSON : FORMAT_TABLE;
    } else if (strcmp(format, "csv") == 0) {
        work->format = FORMAT_CSV;
    } else if (strcmp(format, "json") == 0) {
        work->format = FORMAT_JSON;
        (void)language_choose("en"); /* what programs read is the same everywhere */
    } else if (strcmp(format, "table") == 0) {
        work->format = FORMAT_TABLE;
    } else {
        return false;
    }
    return true;
}

static int run(struct work *work)
{
    if (compute(work) != STATUS_OK) {
        return answer_failure(work);
    }
    work->failure = (struct failure){0}; /* a refused row left one behind */
    if (has_option(work->invocation, OPTION_CHART) && !work->simulated.is_traced) {
        return output_usage(work->invocation,
                            _("--chart needs exactly one --vary, from a value to a greater one"));
    }
    return answer(work);
}

static struct work *work_new(const struct invocation *invocation)
{
    struct work *work = calloc(1, sizeof *work);
    if (work != NULL) {
        work->invocation = invocation;
        work->about = "";
        work->rows_max = SIZE_MAX;
        places_init(&work->simulated.places);
    }
    return work;
}

enum status simulate_json(const struct invocation *invocation, size_t rows_max,
                          struct json **ret_object, struct failure *failure)
{
    struct work *work = work_new(invocation);
    if (work == NULL) {
        return fail_memory(failure);
    }
    work->rows_max = rows_max;
    enum status status = compute(work);
    *failure = work->failure;
    if (status == STATUS_OK && simulated_to_json(&work->simulated, ret_object) != STATUS_OK) {
        status = fail_memory(failure);
    }
    release(work);
    free(work);
    return status;
}

int command_simulate(const struct invocation *invocation)
{
    if (invocation->operand_count < 1 || invocation->operand_count > 2) {
        return output_usage(invocation, _("simulate takes one contract, or two to compare"));
    }
    struct work *work = work_new(invocation);
    if (work == NULL) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    int status = choose_format(work)
                     ? run(work)
                     : output_usage(invocation, _("--format is table, csv or json"));
    release(work);
    free(work);
    return status;
}
