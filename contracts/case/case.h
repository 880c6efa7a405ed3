/*
 * Case: one contract with everything that decides about it, in one file that needs no ledger.
 *
 *     utfall-case@v1\n
 *     contract <name>\n
 *     checkpoint <bytes>\n           the signed checkpoint, with its cosignatures
 *     <note>
 *     entries <count>\n
 *     entry <index> <hashes> <bytes>\n
 *     <base64 hash>\n ...            from the leaf's sibling towards the root
 *     <note>
 *     ...
 *     attachments <count>\n
 *     attachment <kind> <bytes>\n
 *     <bytes>\n
 *     ...
 *
 * It holds the charter, the chains of the parties that decide (operator, registrars, whoever the
 * contract names) and the chain of the contract, by ascending index, each with its inclusion proof
 * under the one checkpoint. Each statement names the one before it in its chain by `after`, so
 * nothing is missing between the first and the last that are shown. What came after the last one,
 * a revocation among it, is not in the file, and no reader of the file can see that it is missing.
 *
 * Attachments belong to the checkpoint (time-stamp tokens) or to organisations (certificates); a
 * kind is a slug, and who does not know it leaves it aside and says so.
 *
 * INVARIANTS
 *   (1) A case has one spelling: what the reader accepts is what the writers here write.
 *   (2) Replaying takes nothing on trust but the log's key: inclusion, signatures, rules and
 *       settlements are found again, by the same functions that decide about an append.
 *
 * Source  docs/formats.md, section 9.5.
 */
#pragma once

#include "contracts/state/state.h"
#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/log/checkpoint.h"
#include "ledger/log/merkle.h"
#include "ledger/log/note.h"

#include <stddef.h>
#include <stdint.h>

/* A reader holds the whole file: a life of a thousand large statements fits. */
#define CASE_SIZE_MAX ((size_t)64 * 1024 * 1024)
#define CASE_ENTRIES_MAX 20000
#define CASE_ATTACHMENTS_MAX 1000

/* One entry; views into the file. */
struct case_entry {
    uint64_t index;
    struct view path; /* its hash lines, known to be well formed; see case_path() */
    struct view note;
};

struct case_attachment {
    struct view kind; /* a slug: [a-z0-9-]{1,64} */
    struct view bytes;
};

/* A parsed case; borrows the bytes that it was parsed from. */
struct case_file {
    struct view contract;
    struct view checkpoint; /* a signed note */
    size_t entry_count;     /* at least 2: the charter and the contract */
    struct case_entry *entries;
    size_t attachment_count;
    struct case_attachment *attachments;
};

/* --- Writing: a head, then as many entries as it says, then the attachments --- */

enum status case_write_head(struct buffer *buffer, struct view contract, struct view checkpoint,
                            size_t entry_count);
enum status case_write_entry(struct buffer *buffer, uint64_t index, const struct merkle_proof *path,
                             struct view note);
enum status case_write_attachment_count(struct buffer *buffer, size_t count);
enum status case_write_attachment(struct buffer *buffer, const struct case_attachment *attachment);

/* --- Reading --- */

/* Whether the bytes begin as a case does. */
bool case_is(struct view bytes);

/*
 * Takes a case apart; verifies nothing.
 *
 * Owner   `*ret_file` is to be released; its views point into `bytes`.
 * Errors  STATUS_INVALID with the byte where it goes wrong; STATUS_LIMIT beyond a maximum above;
 *         STATUS_MEMORY.
 */
enum status case_parse(struct view bytes, struct case_file *ret_file, struct failure *failure);
void case_release(struct case_file *file); /* for OWNED(case_release) */

/* The inclusion proof of an entry of a parsed case. */
void case_path(const struct case_entry *entry, struct merkle_proof *ret_path);

/*
 * The log's key as the case itself has it, in its charter: not to be trusted more than the case.
 *
 * Errors  STATUS_UNTRUSTED when the first entry is no charter.
 */
enum status case_log_key(const struct case_file *file, struct note_key *ret_key,
                         struct failure *failure);

/* What a replay found, beside the state. */
struct case_finding {
    struct checkpoint checkpoint;          /* its origin is a view into the case */
    const struct state_contract *contract; /* in the state */
    uint64_t signature_count;
    uint64_t settlement_count;
};

/*
 * Checks a case: the checkpoint is signed by `log`, each entry is under its root, and each is
 * allowed by every rule after those before it, settlements being computed again.
 *
 * Owner   `*ret_state` is the caller's.
 * Errors  STATUS_UNTRUSTED with `at` = "entry <index>", and the name of the rule that was broken
 *         as `code`; STATUS_MEMORY.
 */
enum status case_replay(const struct case_file *file, const struct note_key *log,
                        struct state **ret_state, struct case_finding *ret_finding,
                        struct failure *failure);
