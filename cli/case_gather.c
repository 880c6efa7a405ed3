#include "cli/case_gather.h"

#include "contracts/case/case.h"
#include "ledger/base/ownership.h"
#include "ledger/log/proof.h"

#include <stdio.h>
#include <stdlib.h>

/* Where the entries of the case stand. */
struct places {
    size_t count;
    uint64_t *indexes; /* CASE_ENTRIES_MAX */
};

static void places_release(struct places *places)
{
    free(places->indexes);
}

static enum status visit_place(void *context, const struct store_entry *entry,
                               struct failure *failure)
{
    struct places *places = context;
    if (places->count == CASE_ENTRIES_MAX) {
        return fail(failure, STATUS_LIMIT, "", "a case has at most %d entries", CASE_ENTRIES_MAX);
    }
    places->indexes[places->count] = entry->index;
    places->count++;
    return STATUS_OK;
}

static enum status gather_chain(struct ledger *ledger, const char *prefix, struct view name,
                                struct places *places, struct failure *failure)
{
    char subject[SUBJECT_SIZE_MAX + 1];
    (void)snprintf(subject, sizeof subject, "%s%.*s", prefix, VIEW_ARGS(name));
    struct store_scan scan = {.kind = STORE_SCAN_SUBJECT, .subject = view_of(subject)};
    return ledger_scan(ledger, scan, visit_place, places, failure);
}

/* What gathering a party's chain needs, and how it went. */
struct party_visit {
    struct ledger *ledger;
    struct places *places;
    enum status status;
    struct failure *failure;
};

static bool visit_party(void *context, const struct state_party *party)
{
    struct party_visit *visit = context;
    visit->status =
        gather_chain(visit->ledger, "party/", view_of(party->id), visit->places, visit->failure);
    return visit->status == STATUS_OK;
}

static int by_index(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* The workspace has loaded these parties and no others: the operator, registrars, and its own. */
static enum status gather_places(struct workspace *workspace, struct view contract,
                                 struct places *places, struct failure *failure)
{
    const struct state_contract *loaded;
    TRY(workspace_load_contract(workspace, contract, &loaded, failure));
    places->indexes = calloc(CASE_ENTRIES_MAX, sizeof *places->indexes);
    if (places->indexes == NULL) {
        return fail_memory(failure);
    }
    struct ledger *ledger = workspace_ledger(workspace);
    TRY(gather_chain(ledger, "charter", (struct view){0}, places, failure));
    struct party_visit visit = {ledger, places, STATUS_OK, failure};
    state_each_party(workspace_state(workspace), visit_party, &visit);
    TRY(visit.status);
    TRY(gather_chain(ledger, "contract/", contract, places, failure));
    qsort(places->indexes, places->count, sizeof places->indexes[0], by_index);
    return STATUS_OK;
}

/* --- Writing --- */

struct writing {
    struct ledger *ledger;
    struct buffer *bytes;
};

static enum status visit_write(void *context, const struct store_entry *entry,
                               struct failure *failure)
{
    const struct writing *writing = context;
    struct merkle_proof path = {.count = 0};
    TRY(ledger_prove(writing->ledger, entry->index, &path, failure));
    return case_write_entry(writing->bytes, entry->index, &path, entry->bytes);
}

/* Attachments of the checkpoint that a case carries on; cosignatures are in the checkpoint. */
struct attaching {
    size_t count;
    struct buffer bytes;
};

static void attaching_release(struct attaching *attaching)
{
    buffer_release(&attaching->bytes);
}

static enum status visit_attachment(void *context, const struct store_attachment *attachment,
                                    struct failure *failure)
{
    static const struct view KINDS[] = {
        [ATTACHMENT_TIMESTAMP] = {"timestamp", 9},
        [ATTACHMENT_REVOCATIONS] = {"crl", 3},
    };
    struct attaching *attaching = context;
    if (attachment->kind == ATTACHMENT_COSIGNATURE) {
        return STATUS_OK;
    }
    if (attaching->count == CASE_ATTACHMENTS_MAX) {
        return fail(failure, STATUS_LIMIT, "", "a case has at most %d attachments",
                    CASE_ATTACHMENTS_MAX);
    }
    attaching->count++;
    struct case_attachment one = {.kind = KINDS[attachment->kind], .bytes = attachment->bytes};
    return case_write_attachment(&attaching->bytes, &one);
}

static enum status write_attachments(struct ledger *ledger, struct buffer *ret_case,
                                     struct failure *failure)
{
    OWNED(attaching_release) struct attaching attaching = {0};
    buffer_init(&attaching.bytes, CASE_SIZE_MAX);
    TRY(ledger_each_attachment(ledger, ledger_size(ledger), ATTACHMENT_ANY, visit_attachment,
                               &attaching, failure));
    TRY(case_write_attachment_count(ret_case, attaching.count));
    return buffer_append(ret_case, buffer_view(&attaching.bytes));
}

static enum status write_case(struct ledger *ledger, struct view contract,
                              const struct places *places, struct buffer *ret_case,
                              struct failure *failure)
{
    OWNED(buffer_release) struct buffer checkpoint;
    buffer_init(&checkpoint, COSIGNED_SIZE_MAX);
    TRY(case_gather_checkpoint(ledger, &checkpoint, failure));
    TRY(case_write_head(ret_case, contract, buffer_view(&checkpoint), places->count));
    struct writing writing = {ledger, ret_case};
    for (size_t i = 0; i < places->count; i++) {
        TRY(ledger_read(ledger, places->indexes[i], visit_write, &writing, failure));
    }
    return write_attachments(ledger, ret_case, failure);
}

enum status case_gather_checkpoint(struct ledger *ledger, struct buffer *ret_note,
                                   struct failure *failure)
{
    return ledger_cosigned_checkpoint(ledger, ledger_size(ledger), ret_note, failure);
}

enum status case_gather_proof(struct ledger *ledger, uint64_t index, struct buffer *ret_text,
                              struct failure *failure)
{
    OWNED(buffer_release) struct buffer checkpoint;
    buffer_init(&checkpoint, COSIGNED_SIZE_MAX);
    TRY(case_gather_checkpoint(ledger, &checkpoint, failure));
    struct proof proof = {.index = index, .checkpoint = buffer_view(&checkpoint)};
    TRY(ledger_prove(ledger, index, &proof.path, failure));
    return proof_write(&proof, ret_text) == STATUS_OK ? STATUS_OK : fail_memory(failure);
}

enum status case_gather(struct workspace *workspace, struct view contract, struct buffer *ret_case,
                        struct failure *failure)
{
    OWNED(places_release) struct places places = {0};
    TRY(gather_places(workspace, contract, &places, failure));
    failure->status = STATUS_OK;
    enum status status =
        write_case(workspace_ledger(workspace), contract, &places, ret_case, failure);
    if (status == STATUS_LIMIT && failure->status == STATUS_OK) {
        return fail(failure, STATUS_LIMIT, "", "a case is at most %zu bytes", CASE_SIZE_MAX);
    }
    return status;
}
