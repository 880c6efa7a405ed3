/* utfall seal: an organisation's X.509 signature over a statement, beside the statement. */

#include "ledger/crypto/seal.h"
#include "cli/command.h"
#include "cli/display.h"
#include "cli/entry.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/sealing.h"
#include "cli/trusted.h"
#include "cli/words.h"
#include "cli/workspace.h"
#include "ledger/base/instant.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <stdio.h>
#include <string.h>

/* --- The statement --- */

static enum status read_file(const char *path, struct statement **ret_statement,
                             struct failure *failure)
{
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, ENTRY_SIZE_MAX);
    TRY(file_read(path, &bytes, failure));
    OWNED(statement_freep) struct statement *statement = NULL;
    enum status status = statement_read(buffer_view(&bytes), &statement, failure);
    if (status == STATUS_OK) {
        status = statement_check(statement, failure);
    }
    if (status != STATUS_OK) {
        failure_prefix(failure, failure->at[0] == '\0' ? "" : ": ");
        failure_prefix(failure, path);
        return status;
    }
    *ret_statement = STEAL(statement);
    return STATUS_OK;
}

static enum status read_statement(const struct invocation *invocation,
                                  struct statement **ret_statement, struct failure *failure)
{
    const char *name = invocation->operands[0];
    if (!entry_is_name(name)) {
        return read_file(name, ret_statement, failure);
    }
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    uint64_t index;
    TRY(workspace_open(workspace_path(invocation), false, &workspace, failure));
    TRY(entry_find(workspace_ledger(workspace), name, &index, failure));
    return entry_read(workspace_ledger(workspace), index, ret_statement, failure);
}

/* --- Making --- */

static enum status make(const struct invocation *invocation, const struct statement *statement,
                        struct buffer *ret_seal, struct failure *failure)
{
    OWNED(sealing_release) struct sealing sealing;
    TRY(sealing_read(invocation, &sealing, failure));
    return seal_write(statement->note.text, &sealing.maker, ret_seal, failure);
}

static int answer_made(const struct invocation *invocation, const struct statement *statement)
{
    const char *output = invocation->values[OPTION_OUTPUT];
    struct display id = display_hash(&statement->id);
    if (!output_is_json(invocation)) {
        output_message(invocation, _("sealed %s: %s"), word_of_kind(statement->kind), id.text);
        return EXIT_GOOD;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || json_set_string(object, "id", view_of(id.text)) != STATUS_OK ||
        json_set_string(object, "file", view_of(output)) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

static int command_make(const struct invocation *invocation)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    OWNED(buffer_release) struct buffer seal;
    buffer_init(&seal, SEAL_SIZE_MAX);
    struct failure failure = {0};
    if (read_statement(invocation, &statement, &failure) != STATUS_OK ||
        make(invocation, statement, &seal, &failure) != STATUS_OK ||
        file_write(invocation->values[OPTION_OUTPUT], buffer_view(&seal), 0644,
                   has_option(invocation, OPTION_FORCE), &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return answer_made(invocation, statement);
}

/* --- Checking --- */

/* A seal over a party statement binds its vkeys to the organisation: it must be the same one. */
static enum status check_party(const struct statement *statement, const struct seal *seal,
                               bool *ret_binds, struct failure *failure)
{
    char wanted[REGISTRATION_IDENTIFIER_SIZE];
    *ret_binds = statement->kind == KIND_PARTY &&
                 registration_identifier(&statement->party.identity.registration, wanted);
    if (!*ret_binds ||
        registration_identifies(&statement->party.identity.registration, seal->organization_id)) {
        return STATUS_OK;
    }
    if (seal->organization_id[0] == '\0') {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the certificate names no organisation by number, and the statement is of %s",
                    wanted);
    }
    return fail(failure, STATUS_UNTRUSTED, "",
                "the certificate is of the organisation %s, and the statement of %s",
                seal->organization_id, wanted);
}

static enum status check(const struct invocation *invocation, const struct statement *statement,
                         struct seal *ret_seal, bool *ret_binds, struct failure *failure)
{
    const char *path = invocation->values[OPTION_SEAL];
    OWNED(trust_freep) struct trust *trust = NULL;
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, SEAL_SIZE_MAX);
    TRY(trusted_read(invocation, &trust, failure));
    TRY(file_read(path, &bytes, failure));
    enum status status =
        seal_verify(statement->note.text, buffer_view(&bytes), trust, ret_seal, failure);
    if (status == STATUS_OK) {
        status = check_party(statement, ret_seal, ret_binds, failure);
    }
    if (status != STATUS_OK) {
        failure_prefix(failure, path);
    }
    return status;
}

static int answer_checked_json(const struct statement *statement, const struct seal *seal,
                               bool binds, const struct invocation *invocation)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL ||
        json_set_string(object, "id", view_of(display_hash(&statement->id).text)) != STATUS_OK ||
        json_set_string(object, "subject", view_of(seal->subject)) != STATUS_OK ||
        json_set_string(object, "organization_identifier", view_of(seal->organization_id)) !=
            STATUS_OK ||
        json_set_string(object, "signed_at", view_of(instant_write(seal->signed_at).text)) !=
            STATUS_OK ||
        json_set_string(object, "certificate_valid_until",
                        view_of(instant_write(seal->certificate_until).text)) != STATUS_OK ||
        json_set_boolean(object, "revocation_checked", has_option(invocation, OPTION_CRL)) !=
            STATUS_OK ||
        json_set_boolean(object, "binds_keys", binds) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

static void print_checked(const struct statement *statement, const struct seal *seal, bool binds,
                          const struct invocation *invocation)
{
    printf(_("%s %s\nis sealed by %s\n"), word_of_kind(statement->kind),
           display_hash(&statement->id).text, seal->subject);
    if (seal->organization_id[0] != '\0') {
        printf(_("of the organisation %s\n"), seal->organization_id);
    }
    printf(_("at %s, as the seal says itself\n"), instant_write(seal->signed_at).text);
    if (binds) {
        printf("%s\n", _("The certificate is of the organisation whose keys the statement names."));
    }
    if (!has_option(invocation, OPTION_CRL)) {
        printf("%s\n", _("Not looked up: whether the certificate was revoked (give --crl)."));
    }
}

static int command_check_seal(const struct invocation *invocation)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    struct seal seal;
    bool binds = false;
    struct failure failure = {0};
    if (read_statement(invocation, &statement, &failure) != STATUS_OK ||
        check(invocation, statement, &seal, &binds, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    if (output_is_json(invocation)) {
        return answer_checked_json(statement, &seal, binds, invocation);
    }
    if (!output_is_quiet(invocation)) {
        print_checked(statement, &seal, binds, invocation);
    }
    return EXIT_GOOD;
}

int command_seal(const struct invocation *invocation)
{
    if (invocation->operand_count != 1) {
        return output_usage(invocation, _("seal takes one note or entry"));
    }
    if (has_option(invocation, OPTION_SEAL)) {
        return has_option(invocation, OPTION_CA)
                   ? command_check_seal(invocation)
                   : output_usage(invocation, _("to check a seal, give root certificates by --ca"));
    }
    if (!has_option(invocation, OPTION_CERTIFICATE) || !has_option(invocation, OPTION_KEY) ||
        file_is_standard(invocation->values[OPTION_OUTPUT])) {
        return output_usage(invocation,
                            _("to make a seal, give --certificate, --key and --output"));
    }
    return command_make(invocation);
}
