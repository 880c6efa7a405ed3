#include "cli/sealing.h"

#include "cli/file.h"

enum status sealing_read(const struct invocation *invocation, struct sealing *sealing,
                         struct failure *failure)
{
    const char *key = invocation->values[OPTION_KEY];
    *sealing = (struct sealing){0};
    buffer_init(&sealing->certificates, SEAL_SIZE_MAX);
    buffer_init(&sealing->key, SEAL_SIZE_MAX);
    TRY(file_read(invocation->values[OPTION_CERTIFICATE], &sealing->certificates, failure));
    TRY(file_read(key, &sealing->key, failure));
    sealing->maker.certificates = buffer_view(&sealing->certificates);
    sealing->maker.key = buffer_view(&sealing->key);
    if (seal_key_is_encrypted(sealing->maker.key)) {
        TRY(passphrase_get(invocation, key, false, &sealing->passphrase, failure));
        sealing->maker.passphrase = passphrase_view(&sealing->passphrase);
    }
    return STATUS_OK;
}

void sealing_release(struct sealing *sealing)
{
    secret_wipe(sealing->key.data, sealing->key.size);
    buffer_release(&sealing->certificates);
    buffer_release(&sealing->key);
    passphrase_release(&sealing->passphrase);
}
