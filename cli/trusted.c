#include "cli/trusted.h"

#include "cli/file.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>

static enum status read_file(const struct invocation *invocation, enum option_name option,
                             struct buffer *ret_bytes, struct failure *failure)
{
    const char *path = invocation->values[option];
    return path == NULL ? STATUS_OK : file_read(path, ret_bytes, failure);
}

enum status trusted_read(const struct invocation *invocation, struct trust **ret_trust,
                         struct failure *failure)
{
    const char *roots_path = invocation->values[OPTION_CA];
    const char *lists_path = invocation->values[OPTION_CRL];
    if (roots_path == NULL) {
        *ret_trust = NULL;
        return lists_path == NULL
                   ? STATUS_OK
                   : fail(failure, STATUS_INVALID, "--crl",
                          "a revocation list is of use with the roots that --ca gives");
    }
    OWNED(buffer_release) struct buffer roots;
    OWNED(buffer_release) struct buffer lists;
    buffer_init(&roots, TRUST_SIZE_MAX);
    buffer_init(&lists, TRUST_SIZE_MAX);
    TRY(read_file(invocation, OPTION_CA, &roots, failure));
    TRY(read_file(invocation, OPTION_CRL, &lists, failure));

    /* Which of the two cannot be read: the roots alone tell. */
    struct view none = {"", 0};
    enum status status = trust_read(buffer_view(&roots), none, ret_trust, failure);
    if (status != STATUS_OK) {
        failure_prefix(failure, roots_path);
        return status;
    }
    if (lists.size == 0) {
        return STATUS_OK;
    }
    trust_freep(ret_trust);
    status = trust_read(buffer_view(&roots), buffer_view(&lists), ret_trust, failure);
    if (status != STATUS_OK) {
        failure_prefix(failure, lists_path);
    }
    return status;
}

static enum status keep_list(void *context, const struct store_attachment *attachment,
                             struct failure *failure)
{
    struct failure inner;
    enum status status = trust_keep_list(context, attachment->bytes, &inner);
    if (status == STATUS_OK || status == STATUS_MEMORY) {
        return status == STATUS_OK ? status : fail_memory(failure);
    }
    char at[64];
    (void)snprintf(at, sizeof at, "checkpoint %" PRIu64, attachment->checkpoint_size);
    return fail(failure, status == STATUS_INVALID ? STATUS_UNTRUSTED : status, at,
                "what is kept as a revocation list: %s", inner.reason);
}

enum status trusted_keep_lists(struct ledger *ledger, struct trust *trust, struct failure *failure)
{
    if (trust == NULL) {
        return STATUS_OK;
    }
    return ledger_each_attachment(ledger, STORE_NONE, ATTACHMENT_REVOCATIONS, keep_list, trust,
                                  failure);
}
