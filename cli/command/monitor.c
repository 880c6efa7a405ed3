/* utfall monitor: follows a ledger, tells what is new, and keeps evidence of a second history. */

#include "cli/monitor.h"
#include "cli/command.h"
#include "cli/display.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/words.h"
#include "contracts/statement/statement.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_FOLDER "utfall.monitor"
#define DEFAULT_SECONDS 60
#define SECONDS_MAX 86400
#define THREADS_MAX 16
#define KIND_WIDTH 14
#define LINE_SIZE_MAX ((size_t)64 * 1024)

/* What to tell about. */
struct watch {
    const struct invocation *invocation;
    bool is_everything; /* no contract and no key was chosen */
    size_t key_count;
    struct note_key keys[INVOCATION_VKEYS_MAX];
};

static bool is_chosen_contract(const struct watch *watch, struct view subject)
{
    struct view prefix = VIEW("contract/");
    if (!view_starts_with(subject, prefix)) {
        return false;
    }
    struct view name = {subject.data + prefix.size, subject.size - prefix.size};
    size_t at = 0;
    const char *chosen = next_option(watch->invocation, OPTION_CONTRACT, &at);
    while (chosen != NULL && !view_is(name, chosen)) { /* bounded by the options */
        chosen = next_option(watch->invocation, OPTION_CONTRACT, &at);
    }
    return chosen != NULL;
}

/* Every signature was verified before, so a line by the name and id of a key is by that key. */
static bool is_by_chosen_key(const struct watch *watch, const struct note *note)
{
    for (size_t i = 0; i < watch->key_count; i++) {
        if (note_find(note, &watch->keys[i]) < note->count) {
            return true;
        }
    }
    return false;
}

static enum status write_line(const struct store_entry *entry, const struct statement *statement,
                              struct buffer *ret_line)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *signers = json_new_array();
    if (object == NULL || signers == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < statement->note.count; i++) {
        TRY(json_push_string(signers, statement->note.signatures[i].name));
    }
    TRY(output_set_count(object, "index", entry->index));
    TRY(json_set_string(object, "id", view_of(display_hash(&statement->id).text)));
    TRY(json_set_string(object, "kind", view_of(kind_word(statement->kind))));
    TRY(json_set_string(object, "subject", entry->subject));
    TRY(json_set_string(object, "date", view_of(display_date(statement->date).text)));
    TRY(json_set(object, "signed_by", STEAL(signers)));
    return json_write_canonical(object, ret_line);
}

static enum status print_line(const struct store_entry *entry, const struct statement *statement,
                              struct failure *failure)
{
    OWNED(buffer_release) struct buffer line;
    buffer_init(&line, LINE_SIZE_MAX);
    if (write_line(entry, statement, &line) != STATUS_OK) {
        return fail_memory(failure);
    }
    printf("%s\n", line.data);
    return STATUS_OK;
}

static enum status print_text(const struct watch *watch, const struct store_entry *entry,
                              const struct statement *statement)
{
    if (output_is_quiet(watch->invocation)) {
        return STATUS_OK;
    }
    printf("%6" PRIu64 "  %s  %s  ", entry->index, display_date(statement->date).text,
           display_hash_short(&statement->id).text);
    display_padded(view_of(word_of_kind(statement->kind)), KIND_WIDTH);
    printf("%.*s\n", VIEW_ARGS(entry->subject));
    return STATUS_OK;
}

static enum status tell_statement(void *context, const struct store_entry *entry,
                                  struct failure *failure)
{
    const struct watch *watch = context;
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(entry->bytes, &statement, failure));
    if (!watch->is_everything && !is_chosen_contract(watch, entry->subject) &&
        !is_by_chosen_key(watch, &statement->note)) {
        return STATUS_OK;
    }
    TRY(output_is_json(watch->invocation) ? print_line(entry, statement, failure)
                                          : print_text(watch, entry, statement));
    /* Told before the state says so. */
    return fflush(stdout) == 0 && !ferror(stdout)
               ? STATUS_OK
               : fail(failure, STATUS_STORAGE, "standard output", "cannot be written");
}

/* --- The command line --- */

static enum status read_keys(struct watch *watch, struct failure *failure)
{
    const struct invocation *invocation = watch->invocation;
    for (size_t i = 0; i < invocation->vkey_count; i++) {
        enum status parsed =
            note_key_parse(view_of(invocation->vkeys[i]), &watch->keys[i], failure);
        if (parsed != STATUS_OK) {
            failure_prefix(failure, "--vkey");
            return parsed;
        }
    }
    watch->key_count = invocation->vkey_count;
    watch->is_everything = watch->key_count == 0 && !has_option(invocation, OPTION_CONTRACT);
    return STATUS_OK;
}

static enum status read_policy(const struct invocation *invocation, struct policy **ret_policy,
                               struct failure *failure)
{
    const char *path = invocation->values[OPTION_POLICY];
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, POLICY_SIZE_MAX);
    TRY(file_read(path, &text, failure));
    enum status parsed = policy_parse(buffer_view(&text), ret_policy, failure);
    if (parsed != STATUS_OK) {
        failure_prefix(failure, failure->at[0] == '\0' ? "" : ": ");
        failure_prefix(failure, path);
    }
    return parsed;
}

static enum status read_seconds(const struct invocation *invocation, uint64_t *ret_seconds,
                                struct failure *failure)
{
    const char *text = invocation->values[OPTION_EVERY];
    *ret_seconds = DEFAULT_SECONDS;
    if (text != NULL && (decimal_u64_read(view_of(text), SECONDS_MAX, ret_seconds) != STATUS_OK ||
                         *ret_seconds == 0)) {
        return fail(failure, STATUS_LIMIT, "--every", "it is a number of seconds from 1 to %d",
                    SECONDS_MAX);
    }
    return STATUS_OK;
}

static unsigned thread_count(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1 ? 1 : processors > THREADS_MAX ? THREADS_MAX : (unsigned)processors;
}

/* --- Looking --- */

static int answer(const struct invocation *invocation, const struct monitor_look *look)
{
    if (!output_is_json(invocation)) {
        if (!output_is_quiet(invocation)) {
            printf(_("checked: %" PRIu64 " entries, %" PRIu64 " of them new; witnesses: %zu\n"),
                   look->size, look->size - look->old_size, look->signed_count);
        }
        return EXIT_GOOD;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || output_set_count(object, "size", look->size) != STATUS_OK ||
        output_set_count(object, "size_before", look->old_size) != STATUS_OK ||
        output_set_count(object, "witnesses", look->signed_count) != STATUS_OK ||
        json_set_boolean(object, "first_look", look->is_first) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

static int tell_failure(const struct invocation *invocation, const struct failure *failure)
{
    int status = output_failure(invocation, "", failure);
    return strcmp(failure->code, MONITOR_INCOMPLETE) == 0 ? EXIT_INCOMPLETE : status;
}

/* One look, told. */
static int take_look(const struct invocation *invocation, const struct monitor *monitor)
{
    struct failure failure = {0};
    struct monitor_look look;
    int status = monitor_look(monitor, &look, &failure) == STATUS_OK
                     ? answer(invocation, &look)
                     : tell_failure(invocation, &failure);
    (void)fflush(stdout); /* main tells when it has failed */
    return status;
}

/* What is false stays false; what could not be seen now may be seen later. */
static int follow(const struct invocation *invocation, const struct monitor *monitor,
                  uint64_t seconds)
{
    const struct timespec pause = {.tv_sec = (time_t)seconds};
    int status = take_look(invocation, monitor);
    while (status != EXIT_FALSE && !has_option(invocation, OPTION_ONCE) && !ferror(stdout)) {
        (void)nanosleep(&pause, NULL);
        status = take_look(invocation, monitor);
    }
    return status;
}

int command_monitor(const struct invocation *invocation)
{
    if (invocation->operand_count != 1) {
        return output_usage(invocation, _("monitor takes the URL, folder or file of one ledger"));
    }
    if (!has_option(invocation, OPTION_POLICY)) {
        return output_usage(invocation, _("monitor needs --policy: whose signatures to believe"));
    }
    struct failure failure = {0};
    struct watch watch = {.invocation = invocation};
    OWNED(policy_freep) struct policy *policy = NULL;
    uint64_t seconds;
    if (read_keys(&watch, &failure) != STATUS_OK ||
        read_seconds(invocation, &seconds, &failure) != STATUS_OK ||
        read_policy(invocation, &policy, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    const char *folder = invocation->values[OPTION_STATE];
    struct monitor monitor = {
        .place = invocation->operands[0],
        .folder = folder == NULL ? DEFAULT_FOLDER : folder,
        .policy = policy,
        .thread_count = thread_count(),
        .statement = tell_statement,
        .context = &watch,
    };
    return follow(invocation, &monitor, seconds);
}
