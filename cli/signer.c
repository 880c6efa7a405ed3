#include "cli/signer.h"

#include "cli/agent.h"
#include "cli/secret.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/crypto/pkcs11.h"
#include "ledger/crypto/ssh_agent.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define AGENT_SCHEME "ssh-agent:"
#define VKEY_LABEL VIEW("vkey: ")
#define HELD_LABEL VIEW("held-by: ")

static_assert(sizeof AGENT_SCHEME + SSH_FINGERPRINT_SIZE <= SIGNER_LABEL_SIZE, "room for a name");

bool signer_is(struct view name)
{
    return view_starts_with(name, VIEW(AGENT_SCHEME)) ||
           view_starts_with(name, VIEW(PKCS11_SCHEME));
}

/* --- An agent --- */

static struct view key_of_agent(struct view name)
{
    size_t size = sizeof AGENT_SCHEME - 1;
    return (struct view){name.data + size, name.size - size};
}

static void describe_agent_key(const struct ssh_agent_key *key, struct signer *ret_signer)
{
    *ret_signer = (struct signer){.key = key->key};
    (void)snprintf(ret_signer->label, sizeof ret_signer->label, "%s", key->comment);
    (void)snprintf(ret_signer->space, sizeof ret_signer->space, AGENT_SCHEME "%s",
                   key->fingerprint);
}

static enum status find_in_agent(struct view name, struct signer *ret_signer,
                                 struct failure *failure)
{
    struct ssh_agent agent;
    struct ssh_agent_key key;
    TRY(agent_connect(&agent, failure));
    enum status status = ssh_agent_find(&agent, key_of_agent(name), &key, failure);
    agent.release(agent.context);
    TRY(status);
    describe_agent_key(&key, ret_signer);
    return STATUS_OK;
}

static enum status open_in_agent(struct view name, struct secret_key **ret_secret,
                                 struct signer *ret_signer, struct failure *failure)
{
    struct ssh_agent agent;
    struct ssh_agent_key key;
    TRY(agent_connect(&agent, failure));
    enum status status = ssh_agent_find(&agent, key_of_agent(name), &key, failure);
    if (status != STATUS_OK) {
        agent.release(agent.context);
        return status;
    }
    TRY(ssh_agent_hold(&agent, &key, ret_secret, failure));
    describe_agent_key(&key, ret_signer);
    return STATUS_OK;
}

/* --- A token --- */

/* What a PIN is asked with, and where it is until the token has it. */
struct asking {
    const struct invocation *invocation;
    struct passphrase pin;
};

static enum status ask(void *context, const char *token, struct view *ret_pin,
                       struct failure *failure)
{
    struct asking *asking = context;
    TRY(passphrase_get(asking->invocation, token, false, &asking->pin, failure));
    *ret_pin = passphrase_view(&asking->pin);
    return STATUS_OK;
}

static void forget(void *context)
{
    struct asking *asking = context;
    passphrase_release(&asking->pin);
}

static void describe_token_key(const struct pkcs11_key *key, struct signer *ret_signer)
{
    *ret_signer = (struct signer){.key = key->key};
    (void)snprintf(ret_signer->label, sizeof ret_signer->label, "%s", key->label);
}

static enum status find_in_token(struct view name, struct signer *ret_signer,
                                 struct failure *failure)
{
    struct pkcs11_uri uri;
    struct pkcs11_key key;
    TRY(pkcs11_uri_parse(name, &uri, failure));
    TRY(pkcs11_find(&uri, &key, failure));
    describe_token_key(&key, ret_signer);
    return STATUS_OK;
}

static enum status open_in_token(const struct invocation *invocation, struct view name,
                                 struct secret_key **ret_secret, struct signer *ret_signer,
                                 struct failure *failure)
{
    struct pkcs11_uri uri;
    struct pkcs11_key key;
    struct asking asking = {.invocation = invocation};
    struct pkcs11_login login = {ask, forget, &asking};
    TRY(pkcs11_uri_parse(name, &uri, failure));
    TRY(pkcs11_open(&uri, &login, ret_secret, &key, failure));
    describe_token_key(&key, ret_signer);
    return STATUS_OK;
}

/* --- Either --- */

/* An agent's key is named by its fingerprint, which no comment can change. */
static void name_for_ever(struct view name, struct signer *signer)
{
    signer->held_by = signer->space[0] == '\0' ? name : view_of(signer->space);
}

enum status signer_find(struct view name, struct signer *ret_signer, struct failure *failure)
{
    TRY(view_starts_with(name, VIEW(AGENT_SCHEME)) ? find_in_agent(name, ret_signer, failure)
                                                   : find_in_token(name, ret_signer, failure));
    name_for_ever(name, ret_signer);
    return STATUS_OK;
}

enum status signer_open(const struct invocation *invocation, struct view name,
                        struct secret_key **ret_secret, struct signer *ret_signer,
                        struct failure *failure)
{
    TRY(view_starts_with(name, VIEW(AGENT_SCHEME))
            ? open_in_agent(name, ret_secret, ret_signer, failure)
            : open_in_token(invocation, name, ret_secret, ret_signer, failure));
    name_for_ever(name, ret_signer);
    return STATUS_OK;
}

/* --- The file that stands for one --- */

enum status signer_file_write(struct view vkey, struct view held_by, struct buffer *ret_text)
{
    TRY(buffer_append(ret_text, VKEY_LABEL));
    TRY(buffer_append(ret_text, vkey));
    TRY(buffer_append_byte(ret_text, '\n'));
    TRY(buffer_append(ret_text, HELD_LABEL));
    TRY(buffer_append(ret_text, held_by));
    return buffer_append_byte(ret_text, '\n');
}

static bool cut_label(struct view *rest, struct view label, struct view *ret_value)
{
    struct view line;
    if (!text_cut_line(rest, &line) || !view_starts_with(line, label)) {
        return false;
    }
    *ret_value = (struct view){line.data + label.size, line.size - label.size};
    return true;
}

bool signer_file_read(struct view file, struct view *ret_vkey, struct view *ret_held_by)
{
    return cut_label(&file, VKEY_LABEL, ret_vkey) && cut_label(&file, HELD_LABEL, ret_held_by) &&
           file.size == 0 && signer_is(*ret_held_by);
}
