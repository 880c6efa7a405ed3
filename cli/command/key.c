/* utfall key: makes signing keys, shows the public half of one, also of a key held elsewhere, and
 * has an organisation's certificate vouch for them. */

#include "cli/binding.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/secret.h"
#include "cli/signer.h"
#include "contracts/rule/rule.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/crypto/keyfile.h"

#include <stdio.h>
#include <string.h>

static int answer(const struct invocation *invocation, const char *file, struct view vkey)
{
    if (!output_is_json(invocation)) {
        printf("%.*s\n", VIEW_ARGS(vkey));
        return EXIT_GOOD;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || json_set_string(object, "file", view_of(file)) != STATUS_OK ||
        json_set_string(object, "vkey", vkey) != STATUS_OK) {
        return output_failure(invocation, file, &(struct failure){0});
    }
    return output_json(STEAL(object));
}

static enum status make(const struct invocation *invocation, const char *name, const char *file,
                        struct buffer *ret_vkey, struct failure *failure)
{
    OWNED(secret_key_freep) struct secret_key *secret = NULL;
    TRY(secret_key_generate(&secret));
    struct note_key key;
    enum status status =
        note_key_make(view_of(name), NOTE_KEY_ED25519, secret_key_public(secret), &key);
    if (status != STATUS_OK) {
        return fail(failure, status, "--name",
                    "a key name has 1 to 255 bytes without space, control character or '+'");
    }
    TRY(note_key_write(&key, ret_vkey));

    OWNED(passphrase_release) struct passphrase passphrase = {0};
    TRY(passphrase_get(invocation, file, true, &passphrase, failure));
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, KEYFILE_SIZE_MAX);
    TRY(keyfile_write(secret, buffer_view(ret_vkey), passphrase_view(&passphrase), &text, failure));
    return file_write(file, buffer_view(&text), 0600, false, failure);
}

static int command_key_new(const struct invocation *invocation)
{
    const char *name = invocation->values[OPTION_NAME];
    const char *file = invocation->values[OPTION_OUTPUT];
    if (name == NULL || file_is_standard(file)) {
        return output_usage(invocation, _("a new key needs --name and --output"));
    }
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, 1024);
    struct failure failure = {0};
    if (make(invocation, name, file, &vkey, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return answer(invocation, file, buffer_view(&vkey));
}

static enum status find_vkey(const char *file, struct buffer *bytes, struct view *ret_vkey,
                             struct failure *failure)
{
    TRY(file_read(file, bytes, failure));
    struct view rest = buffer_view(bytes);
    struct view line;
    struct view label = VIEW("vkey: ");
    while (text_cut_line(&rest, &line)) { /* bounded by the file's size */
        if (view_starts_with(line, label)) {
            *ret_vkey = (struct view){line.data + label.size, line.size - label.size};
            struct note_key key;
            return note_key_parse(*ret_vkey, &key, failure);
        }
    }
    return fail(failure, STATUS_INVALID, "", "there is no line that begins with 'vkey: '");
}

static int command_key_show(const struct invocation *invocation)
{
    const char *file = invocation->operands[1];
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, KEYFILE_SIZE_MAX);
    struct view vkey;
    struct failure failure = {0};
    if (find_vkey(file, &bytes, &vkey, &failure) != STATUS_OK) {
        return output_failure(invocation, strcmp(failure.at, file) == 0 ? "" : file, &failure);
    }
    return answer(invocation, file, vkey);
}

/* --- Keys that are held elsewhere --- */

static enum status name_held(const struct invocation *invocation, struct buffer *ret_vkey,
                             struct buffer *ret_file, struct failure *failure)
{
    struct view name = view_of(invocation->values[OPTION_KEY]);
    struct signer signer;
    TRY(signer_find(name, &signer, failure));
    const char *given = invocation->values[OPTION_NAME];
    struct note_key key;
    enum status made = note_key_make(view_of(given == NULL ? signer.label : given),
                                     NOTE_KEY_ED25519, &signer.key, &key);
    if (made != STATUS_OK) {
        return fail(failure, made, "--name",
                    "a key name has 1 to 255 bytes without space, control character or '+'");
    }
    TRY(note_key_write(&key, ret_vkey));
    return signer_file_write(buffer_view(ret_vkey), signer.held_by, ret_file);
}

static int command_key_vkey(const struct invocation *invocation)
{
    const char *name = invocation->values[OPTION_KEY];
    const char *output = invocation->values[OPTION_OUTPUT];
    if (name == NULL || !signer_is(view_of(name))) {
        return output_usage(invocation,
                            _("key vkey takes --key ssh-agent:COMMENT or --key pkcs11:URI"));
    }
    OWNED(buffer_release) struct buffer vkey;
    OWNED(buffer_release) struct buffer file;
    buffer_init(&vkey, 1024);
    buffer_init(&file, KEYFILE_SIZE_MAX);
    struct failure failure = {0};
    if (name_held(invocation, &vkey, &file, &failure) != STATUS_OK) {
        return output_failure(invocation, strcmp(failure.at, "--name") == 0 ? "" : name, &failure);
    }
    if (output != NULL &&
        file_write(output, buffer_view(&file), 0644, false, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return answer(invocation, output == NULL ? name : output, buffer_view(&vkey));
}

/* --- Certificates --- */

static enum status bind_draft(const struct invocation *invocation, struct json **ret_draft,
                              struct certificate_facts *ret_facts, struct failure *failure)
{
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, JSON_SIZE_MAX);
    TRY(file_read(invocation->operands[1], &bytes, failure));
    enum status status = json_parse(buffer_view(&bytes), ret_draft, failure);
    if (status == STATUS_INVALID) {
        return refuse(failure, RULE_JSON_INVALID, failure->at, "%s", failure->reason);
    }
    TRY(status);
    return binding_add(*ret_draft, invocation, ret_facts, failure);
}

static int answer_bound(const struct invocation *invocation, const struct certificate_facts *facts)
{
    const char *output = invocation->values[OPTION_OUTPUT];
    if (!output_is_json(invocation)) {
        output_message(invocation, _("%s vouches for the keys, by the certificate of %s"),
                       facts->organization_id, facts->subject);
        return EXIT_GOOD;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || json_set_string(object, "file", view_of(output)) != STATUS_OK ||
        json_set_string(object, "organization_identifier", view_of(facts->organization_id)) !=
            STATUS_OK ||
        json_set_string(object, "subject", view_of(facts->subject)) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

static int command_key_bind(const struct invocation *invocation)
{
    if (!has_option(invocation, OPTION_CERTIFICATE) || !has_option(invocation, OPTION_KEY)) {
        return output_usage(invocation, _("key bind takes --certificate and its --key"));
    }
    const char *file = invocation->operands[1];
    const char *output = invocation->values[OPTION_OUTPUT];
    if (output_is_json(invocation) && file_is_standard(output)) {
        return output_usage(invocation, _("--json needs --output, since both are written"));
    }
    OWNED(json_freep) struct json *draft = NULL;
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    struct certificate_facts facts;
    struct failure failure = {0};
    if (bind_draft(invocation, &draft, &facts, &failure) != STATUS_OK) {
        return output_failure(invocation, strcmp(failure.at, file) == 0 ? "" : file, &failure);
    }
    bool may_replace =
        has_option(invocation, OPTION_FORCE) || (output != NULL && strcmp(output, file) == 0);
    if (json_write_pretty(draft, &text) != STATUS_OK ||
        file_write(output, buffer_view(&text), 0644, may_replace, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return answer_bound(invocation, &facts);
}

int command_key(const struct invocation *invocation)
{
    if (invocation->operand_count == 1 && strcmp(invocation->operands[0], "vkey") == 0) {
        return command_key_vkey(invocation);
    }
    if (invocation->operand_count == 1 && strcmp(invocation->operands[0], "new") == 0) {
        return command_key_new(invocation);
    }
    if (invocation->operand_count == 2 && strcmp(invocation->operands[0], "show") == 0) {
        return command_key_show(invocation);
    }
    if (invocation->operand_count == 2 && strcmp(invocation->operands[0], "bind") == 0) {
        return command_key_bind(invocation);
    }
    return output_usage(invocation,
                        _("say 'key new', 'key show FILE', 'key vkey' or 'key bind DRAFT.json'"));
}
