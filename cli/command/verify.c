/* utfall verify: checks every hash, signature, rule and settlement, and says what it did not. */

#include "cli/certified.h"
#include "cli/command.h"
#include "cli/display.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/remember.h"
#include "cli/signatures.h"
#include "cli/site.h"
#include "cli/stamps.h"
#include "cli/trusted.h"
#include "cli/verifier/bundle.h"
#include "cli/witnessing.h"
#include "cli/workspace.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 256
#define WHAT_WIDTH 16
#define REMARK_INDENT 2
#define TEXT_MAX ((size_t)64 * 1024)

/* The party statements whose certificates stand. */
struct certified_entries {
    uint64_t *indexes;
    size_t count;
    size_t capacity;
};

/* What the report needs beside the counts. */
struct report {
    const struct invocation *invocation;
    struct progress progress;
    struct workspace_audit audit;
    struct remembered remembered;
    bool has_policy;   /* of witnesses: given, or the charter's */
    bool lacks_quorum; /* too few of them cosigned */
    bool is_pinned;    /* the log key was given by the caller */
    struct json *conflicts;
    struct ledger *ledger;
    struct signatures signatures;
    struct stamps stamps;
    struct trust *trust; /* NULL without --ca */
    struct certified certified;
    struct certified_entries certified_entries;
    enum status told; /* what went wrong in telling, if anything */
};

static void report_release(struct report *report)
{
    json_free(report->conflicts); /* NULL when the answer took it over */
    signatures_release(&report->signatures);
    certified_release(&report->certified);
    free(report->certified_entries.indexes);
    stamps_release(&report->stamps);
    trust_free(report->trust);
}

static enum status read_threads(const struct invocation *invocation, unsigned *ret_threads,
                                struct failure *failure)
{
    const char *text = invocation->values[OPTION_THREADS];
    if (text == NULL) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        *ret_threads = processors < 1             ? 1
                       : processors > THREADS_MAX ? THREADS_MAX
                                                  : (unsigned)processors;
        return STATUS_OK;
    }
    uint64_t threads;
    if (decimal_u64_read(view_of(text), THREADS_MAX, &threads) != STATUS_OK || threads == 0) {
        return fail(failure, STATUS_LIMIT, "--threads", "it is a number from 1 to %d", THREADS_MAX);
    }
    *ret_threads = (unsigned)threads;
    return STATUS_OK;
}

/* A key that the caller knows from elsewhere, or none. */
static enum status check_pinned_key(const struct invocation *invocation, const struct note_key *log,
                                    struct failure *failure)
{
    bool is_among = invocation->vkey_count == 0;
    for (size_t i = 0; i < invocation->vkey_count; i++) {
        struct note_key key;
        enum status parsed = note_key_parse(view_of(invocation->vkeys[i]), &key, failure);
        if (parsed != STATUS_OK) {
            failure_prefix(failure, "--vkey");
            return parsed;
        }
        is_among = is_among || note_key_equal(&key, log);
    }
    if (!is_among) {
        return fail(failure, STATUS_UNTRUSTED, "--vkey",
                    "the ledger is signed by %s+%08x, which is not the key that was given",
                    log->name, (unsigned)log->id);
    }
    return STATUS_OK;
}

/* --- Declared conflicts: shown at every verification --- */

static enum status push_conflict(struct report *report, const struct contract *contract,
                                 const struct conflict *conflict)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *parties = json_new_array();
    if (object == NULL || parties == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < conflict->party_count; i++) {
        TRY(json_push_string(parties, conflict->parties[i]));
    }
    TRY(json_set_string(object, "contract", contract->name));
    TRY(json_set_string(object, "note", display_localized(&conflict->note)));
    TRY(json_set(object, "parties", STEAL(parties)));
    return json_push(report->conflicts, STEAL(object));
}

/* --- What is told while it is verified --- */

static void note_told(struct report *report, enum status status)
{
    if (report->told == STATUS_OK) {
        report->told = status;
    }
}

static enum status push_certified(struct certified_entries *entries, uint64_t index)
{
    if (entries->count == entries->capacity) {
        size_t capacity = entries->capacity == 0 ? 16 : entries->capacity * 2;
        uint64_t *indexes = realloc(entries->indexes, capacity * sizeof *indexes);
        if (indexes == NULL) {
            return STATUS_MEMORY;
        }
        entries->indexes = indexes;
        entries->capacity = capacity;
    }
    entries->indexes[entries->count++] = index;
    return STATUS_OK;
}

static void visit_party(void *context, const struct state_party *party)
{
    struct report *report = context;
    note_told(report, signatures_add_party(&report->signatures, party));
    if (party->certified_at > 0) {
        note_told(report, push_certified(&report->certified_entries, party->certified_at));
    }
}

static enum status visit_parties(void *context, struct failure *failure)
{
    struct report *report = context;
    return signatures_end_parties(&report->signatures, report->ledger, failure);
}

static void visit_contract(void *context, const struct state_contract *contract)
{
    struct report *report = context;
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        note_told(report, signatures_add(&report->signatures, entry->statement, entry->index));
    }
    const struct contract *newest = state_newest(contract);
    for (size_t i = 0; i < newest->conflict_count; i++) {
        note_told(report, push_conflict(report, newest, &newest->conflicts[i]));
    }
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
    struct report *report = context;
    progress_update(&report->progress, done, total);
}

/* --- The report --- */

/* One row: what, how many, and what was done with each. */
static void print_count(const char *what, uint64_t count, const char *how)
{
    printf("  ");
    display_padded(view_of(what), WHAT_WIDTH);
    printf("%10" PRIu64 "  %s\n", count, how);
}

static void print_checked(const struct report *report, const struct ledger *ledger)
{
    const struct workspace_audit *audit = &report->audit;
    printf("%s\n", ledger_log_key(ledger)->name);
    printf(_("size %" PRIu64 ", root %s\n"), audit->counts.entries,
           display_hash(ledger_root(ledger)).text);
    printf("\n%s\n", _("Checked:"));
    print_count(_("entries"), audit->counts.entries, _("leaf hash under the signed root"));
    print_count(_("tree nodes"), audit->counts.nodes - audit->counts.entries, _("hashed again"));
    print_count(_("checkpoints"), audit->counts.checkpoints, _("signature, and root at that size"));
    print_count(_("signatures"), audit->signatures, _("each by a key valid at its place"));
    print_count(_("keys"), report->signatures.count,
                _("each of one party, from one entry to another"));
    print_count(_("parties"), audit->parties, _("every statement allowed by every rule"));
    print_count(_("contracts"), audit->contracts, _("every statement allowed by every rule"));
    print_count(_("settlements"), audit->settlements, _("computed again, equal to the byte"));
    if (audit->counts.attachments > 0) {
        print_count(_("attachments"), audit->counts.attachments - audit->counts.unusable,
                    _("undamaged, and what witnesses signed verified"));
    }
    if (report->remembered.is_known) {
        print_count(_("seen before"), report->remembered.size,
                    _("entries that this history continues"));
    }
}

static enum status print_conflict(const struct json *conflict)
{
    OWNED(buffer_release) struct buffer parties;
    buffer_init(&parties, TEXT_MAX);
    for (const struct json *party = json_first(json_member(conflict, "parties")); party != NULL;
         party = json_next(party)) {
        TRY(buffer_append_format(&parties, "%s%.*s", parties.size == 0 ? "" : ", ",
                                 VIEW_ARGS(json_string(party))));
    }
    printf(_("\nDeclared conflict of interest in %.*s:\n  "),
           VIEW_ARGS(json_string(json_member(conflict, "contract"))));
    display_paragraph(buffer_view(&parties), REMARK_INDENT);
    printf("  ");
    display_paragraph(json_string(json_member(conflict, "note")), REMARK_INDENT);
    return STATUS_OK;
}

static enum status print_remarks(const struct report *report)
{
    if (report->audit.recovered > 0) {
        printf(_("\nLost keys that registrars alone replaced: %" PRIu64 "\n"),
               report->audit.recovered);
    }
    TRY(signatures_print_reviews(&report->signatures));
    for (const struct json *item = json_first(report->conflicts); item != NULL;
         item = json_next(item)) {
        TRY(print_conflict(item));
    }
    return STATUS_OK;
}

static void print_unchecked(const struct report *report)
{
    printf("\n%s\n", _("Not checked:"));
    if (!report->is_pinned) {
        printf("  ");
        display_paragraph(view_of(_("whose key the log key is: it was taken from the ledger "
                                    "itself; give the one you know by --vkey")),
                          REMARK_INDENT);
    }
    if (!report->has_policy || report->lacks_quorum) {
        printf("  %s\n", _("whether others are shown the same ledger (that takes witnesses)"));
    }
    if (report->audit.counts.unusable > 0) {
        printf("  ");
        display_paragraph(view_of(_("cosignatures by ML-DSA-44, which this machine's OpenSSL "
                                    "does not know")),
                          REMARK_INDENT);
    }
    printf("  %s\n", _("whether newer entries are withheld from you"));
    printf("  %s\n", _("whether what was measured is true, and annexes that are named by digest"));
}

static int answer_json(struct report *report, const struct ledger *ledger)
{
    const struct workspace_audit *audit = &report->audit;
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *stamps = NULL;
    OWNED(json_freep) struct json *certified = NULL;
    struct display root = display_hash(ledger_root(ledger));
    if (object == NULL || signatures_set(&report->signatures, object) != STATUS_OK ||
        stamps_to_json(&report->stamps, &stamps) != STATUS_OK ||
        certified_to_json(&report->certified, &certified) != STATUS_OK ||
        json_set_string(object, "origin", view_of(ledger_log_key(ledger)->name)) != STATUS_OK ||
        json_set_string(object, "root", view_of(root.text)) != STATUS_OK ||
        output_set_count(object, "entries", audit->counts.entries) != STATUS_OK ||
        output_set_count(object, "nodes", audit->counts.nodes) != STATUS_OK ||
        output_set_count(object, "checkpoints", audit->counts.checkpoints) != STATUS_OK ||
        output_set_count(object, "signatures", audit->signatures) != STATUS_OK ||
        output_set_count(object, "parties", audit->parties) != STATUS_OK ||
        output_set_count(object, "contracts", audit->contracts) != STATUS_OK ||
        output_set_count(object, "settlements", audit->settlements) != STATUS_OK ||
        output_set_count(object, "recovered_keys", audit->recovered) != STATUS_OK ||
        json_set_boolean(object, "log_key_pinned", report->is_pinned) != STATUS_OK ||
        output_set_count(object, "attachments", audit->counts.attachments) != STATUS_OK ||
        (report->has_policy &&
         json_set_boolean(object, "quorum", !report->lacks_quorum) != STATUS_OK) ||
        (report->lacks_quorum &&
         json_set_string(object, "code", VIEW("INCOMPLETE")) != STATUS_OK) ||
        json_set(object, "timestamps", STEAL(stamps)) != STATUS_OK ||
        json_set(object, "certificates", STEAL(certified)) != STATUS_OK ||
        json_set(object, "conflicts", STEAL(report->conflicts)) != STATUS_OK) {
        return output_failure(report->invocation, "", &(struct failure){0});
    }
    bool is_good = !report->lacks_quorum;
    int printed = report->signatures.spool == NULL
                      ? output_json_verdict(STEAL(object), is_good)
                      : output_json_spooled(STEAL(object), is_good, "signature_list",
                                            report->signatures.spool);
    return printed == EXIT_GOOD && report->lacks_quorum ? EXIT_INCOMPLETE : printed;
}

/* The last line. */
static void print_verdict(const struct report *report)
{
    printf("\n%s\n", report->lacks_quorum
                         ? _("INCOMPLETE: nothing is wrong, and too few witnesses have cosigned "
                             "the newest checkpoint.")
                         : _("OK: the ledger is what its signatures say."));
}

static int answer(struct report *report, struct ledger *ledger)
{
    struct failure failure = {0};
    if (remember_update(ledger, &report->remembered, &failure) != STATUS_OK) {
        output_message(report->invocation, _("utfall: the checkpoint could not be remembered: %s"),
                       failure.reason);
    }
    if (output_is_json(report->invocation)) {
        return answer_json(report, ledger);
    }
    if (!output_is_quiet(report->invocation)) {
        print_checked(report, ledger);
        if (print_remarks(report) != STATUS_OK) {
            return output_failure(report->invocation, "", &failure);
        }
        stamps_print(&report->stamps);
        certified_print(&report->certified);
        print_unchecked(report);
        print_verdict(report);
    }
    return report->lacks_quorum ? EXIT_INCOMPLETE : EXIT_GOOD;
}

static enum status read_stamps(struct report *report, struct ledger *ledger,
                               struct failure *failure)
{
    TRY(trusted_read(report->invocation, &report->trust, failure));
    TRY(trusted_keep_lists(ledger, report->trust, failure));
    return stamps_read(ledger, report->trust, report->invocation->values[OPTION_TSA_POLICY],
                       &report->stamps, failure);
}

static int compare_indexes(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* In ledger order. */
static enum status read_certified(struct report *report, struct ledger *ledger,
                                  struct failure *failure)
{
    struct certified_entries *entries = &report->certified_entries;
    report->certified = (struct certified){.stamps = &report->stamps, .trust = report->trust};
    if (entries->count > 0) {
        qsort(entries->indexes, entries->count, sizeof *entries->indexes, compare_indexes);
    }
    for (size_t i = 0; i < entries->count; i++) {
        TRY(certified_add(&report->certified, ledger, entries->indexes[i], failure));
    }
    return STATUS_OK;
}

/* Whether enough witnesses cosigned: by --policy, else as the charter demands. */
static enum status check_witnesses(struct report *report, struct ledger *ledger,
                                   struct failure *failure)
{
    OWNED(policy_freep) struct policy *policy = NULL;
    OWNED(witnessing_release) struct witnessing witnessing;
    witnessing_init(&witnessing);
    TRY(witnessing_read_options(report->invocation, &policy, failure));
    enum status status =
        policy == NULL ? witnessing_charter_policy(ledger, &policy, failure) : STATUS_OK;
    if (status == STATUS_INVALID) {
        report->has_policy = true; /* and nothing can fulfil it */
        report->lacks_quorum = true;
        return STATUS_OK;
    }
    TRY(status);
    report->has_policy = policy != NULL;
    TRY(witnessing_judge(ledger, policy, &witnessing, failure));
    report->lacks_quorum = witnessing.quorum == POLICY_INCOMPLETE;
    return STATUS_OK;
}

static enum status verify(struct report *report, struct workspace *workspace,
                          struct failure *failure)
{
    struct ledger *ledger = workspace_ledger(workspace);
    unsigned threads = 1;
    TRY(read_threads(report->invocation, &threads, failure));
    TRY(check_pinned_key(report->invocation, ledger_log_key(ledger), failure));
    report->is_pinned = report->invocation->vkey_count > 0;

    report->ledger = ledger;
    TRY(signatures_init(&report->signatures, report->invocation, failure));
    bool shows = !output_is_json(report->invocation) && !output_is_quiet(report->invocation);
    progress_begin(&report->progress, _("verifying"), shows);
    struct workspace_audit_visitor visitor = {visit_party, visit_parties, visit_contract,
                                              show_progress, report};
    enum status status = workspace_audit_all(workspace, threads, &visitor, &report->audit, failure);
    progress_end(&report->progress);
    TRY(status);
    if (report->told == STATUS_STORAGE) {
        return fail(failure, STATUS_STORAGE, "--signatures",
                    "the temporary file could not be written: is the disk full?");
    }
    if (report->told != STATUS_OK) {
        return fail_memory(failure);
    }
    TRY(read_stamps(report, ledger, failure));
    TRY(read_certified(report, ledger, failure));
    TRY(check_witnesses(report, ledger, failure));
    return remember_check(ledger, &report->remembered, failure);
}

/* Whether it is about a proof or a case, which need no ledger. */
static bool names_bundle(const struct invocation *invocation)
{
    for (int i = 0; i < invocation->operand_count; i++) {
        if (bundle_is_one(invocation->operands[i])) {
            return true;
        }
    }
    return false;
}

int command_verify(const struct invocation *invocation)
{
    if (names_bundle(invocation)) {
        return bundle_verify(invocation, invocation->values[OPTION_POLICY], NULL);
    }
    const char *path = workspace_path(invocation);
    if (invocation->operand_count > 0) {
        path = invocation->operands[0];
    }
    if (invocation->operand_count > 1 || (invocation->operand_count == 1 && !site_is_place(path))) {
        return output_usage(invocation, _("verify takes the URL or folder of a published ledger; "
                                          "name the file of a ledger by --ledger"));
    }
    struct failure failure = {0};
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    OWNED(report_release)
    struct report report = {
        .invocation = invocation,
        .conflicts = json_new_array(),
    };
    if (report.conflicts == NULL) {
        return output_failure(invocation, "", &failure);
    }
    if (workspace_open(path, false, &workspace, &failure) != STATUS_OK ||
        verify(&report, workspace, &failure) != STATUS_OK) {
        return output_failure(invocation, strcmp(failure.at, path) == 0 ? "" : path, &failure);
    }
    return answer(&report, workspace_ledger(workspace));
}
