#include "cli/trusted.h"

#include "cli/file.h"
#include "ledger/base/ownership.h"

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
