#include "cli/records.h"

#include "cli/language.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "contracts/rule/rule.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/crypto/key.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_SIZE ((size_t)256 * 1024)
#define SALT_LINE_SIZE 64 /* base64 of 32 bytes takes 44 */

enum status records_plan_format(const struct invocation *invocation, struct measuring_plan *plan,
                                struct failure *failure)
{
    const char *separator = invocation->values[OPTION_SEPARATOR];
    plan->has_decimal_comma = has_option(invocation, OPTION_DECIMAL_COMMA);
    plan->separator = ',';
    if (separator == NULL) {
        return STATUS_OK;
    }
    if (strcmp(separator, "tab") == 0) {
        plan->separator = '\t';
        return STATUS_OK;
    }
    if (strlen(separator) != 1 || strchr(",;|\t", separator[0]) == NULL) {
        return fail(failure, STATUS_INVALID, "--separator", "expected one of , ; | or tab");
    }
    plan->separator = separator[0];
    return STATUS_OK;
}

const struct measurement *records_measurement(const struct statement *statement)
{
    if (statement->kind == KIND_CORRECTION) {
        return &statement->correction.measurement;
    }
    return statement->kind == KIND_MEASUREMENT ? &statement->measurement : NULL;
}

/* A correction is about the period of what it corrects. */
static enum status find_corrected(const struct state_contract *contract, const struct hash *id,
                                  struct view *ret_period, struct failure *failure)
{
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        if (hash_equal(&entry->statement->id, id) &&
            records_measurement(entry->statement) != NULL) {
            *ret_period = contract->tables.periods[entry->period].name;
            return STATUS_OK;
        }
    }
    return refuse(failure, RULE_MEASUREMENT_UNKNOWN, "/corrects",
                  "%.*s has no measurement or correction with this id",
                  VIEW_ARGS(state_newest(contract)->name));
}

/* What is in the ledger was measured by the terms of that day, and a draft by those of today. */
static const struct contract *find_terms(const struct state_contract *contract,
                                         const struct statement *statement, struct view period)
{
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        if (entry->version != NULL && hash_equal(&entry->statement->id, &statement->id)) {
            return entry->version->contract;
        }
    }
    return state_governing(contract, period);
}

enum status records_plan(const struct invocation *invocation, const struct state_contract *contract,
                         const struct statement *statement, struct measuring_plan *plan,
                         struct failure *failure)
{
    const struct measurement *measurement = records_measurement(statement);
    assert(measurement != NULL);
    struct view period = measurement->period;
    if (statement->kind == KIND_CORRECTION) {
        TRY(find_corrected(contract, &statement->correction.corrects, &period, failure));
    }
    const struct contract *terms = find_terms(contract, statement, period);
    if (terms == NULL) {
        return refuse(failure, RULE_PERIOD_UNKNOWN, "/period", "%.*s has no period %.*s",
                      VIEW_ARGS(state_newest(contract)->name), VIEW_ARGS(period));
    }
    if (terms->records.column_count == 0) {
        return refuse(failure, RULE_RECORDS_UNDECLARED, "/records",
                      "%.*s does not say what its records are", VIEW_ARGS(terms->name));
    }
    plan->contract = terms;
    plan->evaluator = measurement->evaluator;
    plan->period = terms_find_period(&terms->terms, period);
    return records_plan_format(invocation, plan, failure);
}

const char *records_failed_file(const struct invocation *invocation, const struct failure *failure)
{
    return strncmp(failure->at, "row ", 4) == 0 ? invocation->values[OPTION_RECORDS] : "";
}

/* --- The table --- */

static enum status fail_errno(struct failure *failure, const char *path, const char *failed)
{
    enum status status = errno == ENOENT ? STATUS_NOT_FOUND : STATUS_STORAGE;
    return fail(failure, status, path, "%s: %s", _(failed), strerror(errno));
}

static enum status push_all(int fd, const char *path, struct measuring *measuring,
                            struct progress *progress, struct failure *failure)
{
    struct stat about;
    uint64_t total = fstat(fd, &about) == 0 && about.st_size > 0 ? (uint64_t)about.st_size : 0;
    uint64_t done = 0;
    static char chunk[CHUNK_SIZE];
    for (;;) { /* bounded by the number of records */
        ssize_t size = read(fd, chunk, sizeof chunk);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            return fail_errno(failure, path, N_("cannot be read"));
        }
        if (size == 0) {
            return measuring_end(measuring, failure);
        }
        TRY(measuring_push(measuring, (struct view){chunk, (size_t)size}, failure));
        done += (uint64_t)size;
        progress_update(progress, done, total);
    }
}

enum status records_read(const struct invocation *invocation, const struct measuring_plan *plan,
                         const struct measuring_hooks *hooks, struct measuring **ret_measuring,
                         struct failure *failure)
{
    const char *path = invocation->values[OPTION_RECORDS];
    OWNED(measuring_freep) struct measuring *measuring = NULL;
    if (measuring_new(plan, hooks, &measuring) != STATUS_OK) {
        return fail_memory(failure);
    }
    bool is_standard = strcmp(path, "-") == 0;
    int fd = is_standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail_errno(failure, path, N_("cannot be opened"));
    }
    struct progress progress;
    progress_begin(&progress, _("bytes"),
                   !output_is_json(invocation) && !output_is_quiet(invocation));
    enum status status = push_all(fd, path, measuring, &progress, failure);
    progress_end(&progress);
    if (!is_standard) {
        (void)close(fd);
    }
    TRY(status);
    *ret_measuring = STEAL(measuring);
    return STATUS_OK;
}

/* --- New salts --- */

enum status salts_out_open(struct salts_out *out, const char *path, struct failure *failure)
{
    out->left = 0;
    buffer_init(&out->lines, CHUNK_SIZE);
    return file_out_open(&out->file, path, 0600, failure);
}

static enum status flush_lines(struct salts_out *out, struct failure *failure)
{
    TRY(file_out_append(&out->file, buffer_view(&out->lines), failure));
    buffer_clear(&out->lines);
    return STATUS_OK;
}

enum status salts_out_next(void *context, uint64_t index, uint8_t ret_salt[static RECORD_SALT_SIZE],
                           struct failure *failure)
{
    struct salts_out *out = context;
    (void)index;
    if (out->left == 0) {
        crypto_random(out->ready, sizeof out->ready);
        out->left = SALTS_AT_ONCE;
    }
    out->left--;
    memcpy(ret_salt, out->ready[out->left], RECORD_SALT_SIZE);
    if (out->lines.size + SALT_LINE_SIZE > out->lines.size_max) {
        TRY(flush_lines(out, failure));
    }
    if (base64_write(&out->lines, (struct view){(const char *)ret_salt, RECORD_SALT_SIZE}) !=
            STATUS_OK ||
        buffer_append_byte(&out->lines, '\n') != STATUS_OK) {
        return fail_memory(failure);
    }
    return STATUS_OK;
}

enum status salts_out_commit(struct salts_out *out, struct failure *failure)
{
    TRY(flush_lines(out, failure));
    return file_out_commit(&out->file, failure);
}

void salts_out_release(struct salts_out *out)
{
    file_out_discard(&out->file);
    buffer_release(&out->lines);
}

/* --- Kept salts --- */

enum status salts_in_open(struct salts_in *in, const char *path, struct failure *failure)
{
    *in = (struct salts_in){.path = path, .file = fopen(path, "re")};
    return in->file == NULL ? fail_errno(failure, path, N_("cannot be opened")) : STATUS_OK;
}

static enum status refuse_line(const struct salts_in *in, struct failure *failure)
{
    return fail(failure, STATUS_INVALID, in->path,
                "line %" PRIu64 " is no salt: expected base64 of %d bytes", in->count + 1,
                RECORD_SALT_SIZE);
}

enum status salts_in_next(void *context, uint64_t index, uint8_t ret_salt[static RECORD_SALT_SIZE],
                          struct failure *failure)
{
    struct salts_in *in = context;
    (void)index;
    char line[SALT_LINE_SIZE];
    if (fgets(line, sizeof line, in->file) == NULL) {
        return refuse(failure, RULE_RECORDS_DIFFER, "/records/count",
                      "%s has only %" PRIu64 " salts, and the table has more records", in->path,
                      in->count);
    }
    size_t size = strlen(line);
    size_t salt_size;
    if (size == 0 || line[size - 1] != '\n' ||
        base64_read((struct view){line, size - 1}, RECORD_SALT_SIZE, ret_salt, &salt_size) !=
            STATUS_OK ||
        salt_size != RECORD_SALT_SIZE) {
        return refuse_line(in, failure);
    }
    in->count++;
    return STATUS_OK;
}

enum status salts_in_end(struct salts_in *in, struct failure *failure)
{
    if (fgetc(in->file) != EOF) {
        return refuse(failure, RULE_RECORDS_DIFFER, "/records/count",
                      "%s has more salts than the table has records, %" PRIu64, in->path,
                      in->count);
    }
    return STATUS_OK;
}

void salts_in_release(struct salts_in *in)
{
    if (in->file != NULL) {
        (void)fclose(in->file);
        in->file = NULL;
    }
}
