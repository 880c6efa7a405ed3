#include "cli/contract_source.h"

#include "cli/clock.h"
#include "cli/display.h"
#include "cli/draft.h"
#include "cli/file.h"
#include "contracts/rule/rule.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <stdlib.h>
#include <string.h>

static bool is_file(const char *name)
{
    size_t size = strlen(name);
    return strcmp(name, "-") == 0 || (size > 5 && strcmp(name + size - 5, ".json") == 0);
}

static enum status read_draft(struct contract_source *source, const char *file,
                              struct failure *failure)
{
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, JSON_SIZE_MAX);
    TRY(file_read(file, &bytes, failure));
    OWNED(json_freep) struct json *draft = NULL;
    enum status status = json_parse(buffer_view(&bytes), &draft, failure);
    if (status == STATUS_INVALID) {
        return refuse(failure, RULE_JSON_INVALID, failure->at, "%s", failure->reason);
    }
    TRY(status);
    if (json_type(draft) == JSON_OBJECT && json_member(draft, "date") == NULL) {
        struct display today = display_date(clock_today());
        TRY(json_set_string(draft, "date", view_of(today.text)));
    }
    TRY(draft_stand_in(draft, failure));
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, ENTRY_SIZE_MAX);
    return draft_finish(draft, &text, &source->statement, failure);
}

static enum status read_from_ledger(struct contract_source *source, const char *name,
                                    const struct invocation *invocation, struct failure *failure)
{
    TRY(workspace_open(workspace_path(invocation), false, &source->workspace, failure));
    const struct state_contract *contract;
    TRY(workspace_load_contract(source->workspace, view_of(name), &contract, failure));
    TRY(statement_read(contract->newest->entry->statement->bytes, &source->statement, failure));
    TRY(statement_check(source->statement, failure));

    const struct terms *terms = &state_newest(contract)->terms;
    size_t count = terms->period_count;
    source->settled_by = calloc(count, sizeof *source->settled_by);
    if (source->settled_by == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < count; i++) {
        size_t place = state_find_period(contract, terms->periods[i].name);
        const struct state_entry *settled =
            place == SIZE_MAX ? NULL : contract->tables.periods[place].settled;
        source->settled_by[i] = settled == NULL ? STORE_NONE : settled->index;
    }
    return STATUS_OK;
}

enum status contract_source_open(struct contract_source *source, const char *name,
                                 const struct invocation *invocation, struct failure *failure)
{
    TRY(is_file(name) ? read_draft(source, name, failure)
                      : read_from_ledger(source, name, invocation, failure));
    if (statement_terms(source->statement) == NULL) {
        return refuse(failure, RULE_KIND_UNKNOWN, "/kind", "a contract is asked for here, not a %s",
                      kind_word(source->statement->kind));
    }
    return STATUS_OK;
}

enum status contract_source_govern(struct contract_source *source, struct view period,
                                   struct failure *failure)
{
    if (source->workspace == NULL) {
        return STATUS_OK;
    }
    const struct state_contract *contract;
    TRY(workspace_load_contract(source->workspace, contract_source_contract(source)->name,
                                &contract, failure));
    size_t place = state_find_period(contract, period);
    if (place == SIZE_MAX) {
        return STATUS_OK;
    }
    const struct state_entry *entry = contract->tables.periods[place].version->entry;
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(entry->statement->bytes, &statement, failure));
    TRY(statement_check(statement, failure));
    statement_free(source->statement);
    source->statement = STEAL(statement);
    return STATUS_OK;
}

/* One version of the terms, as a period that it governs is computed by it. */
struct contract_version {
    uint64_t index; /* of the entry that states it */
    struct statement *statement;
    struct contract contract;
};

static struct contract_version *find_version(const struct contract_source *source, uint64_t index)
{
    for (size_t i = 0; i < source->version_count; i++) {
        if (source->versions[i]->index == index) {
            return source->versions[i];
        }
    }
    return NULL;
}

static enum status add_version(struct contract_source *source, const struct state_entry *entry,
                               struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(entry->statement->bytes, &statement, failure));
    TRY(statement_check(statement, failure));
    struct contract_version **versions =
        realloc((void *)source->versions, (source->version_count + 1) * sizeof *source->versions);
    if (versions == NULL) {
        return fail_memory(failure);
    }
    source->versions = versions;
    struct contract_version *version = malloc(sizeof *version);
    if (version == NULL) {
        return fail_memory(failure);
    }
    const struct contract *newest = contract_source_contract(source);
    version->index = entry->index;
    version->statement = STEAL(statement);
    version->contract = *statement_terms(version->statement);
    version->contract.cap_count = newest->cap_count;
    version->contract.caps = newest->caps;
    source->versions[source->version_count] = version;
    source->version_count++;
    return STATUS_OK;
}

enum status contract_source_period(struct contract_source *source, struct view name,
                                   struct contract_period *ret_period, struct failure *failure)
{
    struct contract_period found = {contract_source_contract(source), STORE_NONE};
    const struct state_contract *contract = NULL;
    size_t place = SIZE_MAX;
    if (source->workspace != NULL) {
        TRY(workspace_load_contract(source->workspace, found.contract->name, &contract, failure));
        place = state_find_period(contract, name);
    }
    if (place != SIZE_MAX) {
        const struct state_period *period = &contract->tables.periods[place];
        const struct state_entry *entry = period->version->entry;
        found.settled_by = period->settled == NULL ? STORE_NONE : period->settled->index;
        if (find_version(source, entry->index) == NULL) {
            TRY(add_version(source, entry, failure));
        }
        found.contract = &find_version(source, entry->index)->contract;
    }
    *ret_period = found;
    return STATUS_OK;
}

void contract_source_close(struct contract_source *source)
{
    for (size_t i = 0; i < source->version_count; i++) {
        statement_free(source->versions[i]->statement);
        free(source->versions[i]);
    }
    free((void *)source->versions);
    statement_free(source->statement);
    workspace_close(source->workspace);
    free(source->settled_by);
    *source = (struct contract_source){0};
}

enum status contract_source_assume(const struct contract_source *source, size_t period,
                                   struct assumptions *assumptions, struct failure *failure)
{
    return contract_source_assume_before(source, source->settled_by[period], period, assumptions,
                                         failure);
}

enum status contract_source_assume_before(const struct contract_source *source, uint64_t settled_by,
                                          size_t period, struct assumptions *assumptions,
                                          struct failure *failure)
{
    const struct state_contract *contract;
    TRY(workspace_load_contract_before(source->workspace, contract_source_contract(source)->name,
                                       settled_by, &contract, failure));
    return assumptions_take_state(assumptions, contract, period) == STATUS_OK
               ? STATUS_OK
               : fail_memory(failure);
}
