#include "cli/secret.h"

#include "cli/file.h"
#include "cli/language.h"
#include "cli/signer.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/crypto/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

void passphrase_release(struct passphrase *passphrase)
{
    secret_free(passphrase->memory);
    *passphrase = (struct passphrase){0};
}

struct view passphrase_view(const struct passphrase *passphrase)
{
    return (struct view){.data = passphrase->memory, .size = passphrase->size};
}

/* Reads up to the first newline or the end; byte by byte, so that a pipe keeps what follows. */
static enum status read_line(int fd, const char *where, struct passphrase *passphrase,
                             struct failure *failure)
{
    passphrase->memory = secret_allocate(PASSPHRASE_SIZE_MAX);
    if (passphrase->memory == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < PASSPHRASE_SIZE_MAX; i++) {
        ssize_t size = read(fd, passphrase->memory + i, 1);
        if (size < 0) {
            return fail(failure, STATUS_STORAGE, where, "cannot read the passphrase: %s",
                        strerror(errno));
        }
        if (size == 0 || passphrase->memory[i] == '\n') {
            passphrase->size = i;
            return i > 0 ? STATUS_OK
                         : fail(failure, STATUS_INVALID, where, "the passphrase is empty");
        }
    }
    return fail(failure, STATUS_LIMIT, where, "the passphrase is over %d bytes",
                PASSPHRASE_SIZE_MAX - 1);
}

static enum status read_from_file(const char *path, struct passphrase *passphrase,
                                  struct failure *failure)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail(failure, STATUS_NOT_FOUND, path, "cannot open the passphrase file: %s",
                    strerror(errno));
    }
    enum status status = read_line(fd, path, passphrase, failure);
    (void)close(fd);
    return status;
}

static enum status ask(int terminal, const char *prompt, const char *file,
                       struct passphrase *passphrase, struct failure *failure)
{
    (void)dprintf(terminal, "%s %s: ", prompt, file);
    struct termios shown;
    if (tcgetattr(terminal, &shown) != 0) {
        return fail(failure, STATUS_STORAGE, "/dev/tty", "cannot hide the passphrase: %s",
                    strerror(errno));
    }
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(terminal, TCSAFLUSH, &hidden);
    enum status status = read_line(terminal, "/dev/tty", passphrase, failure);
    (void)tcsetattr(terminal, TCSAFLUSH, &shown);
    (void)dprintf(terminal, "\n");
    return status;
}

static enum status ask_twice(int terminal, const char *file, struct passphrase *ret_passphrase,
                             struct failure *failure)
{
    TRY(ask(terminal, _("New passphrase for"), file, ret_passphrase, failure));
    OWNED(passphrase_release) struct passphrase again = {0};
    TRY(ask(terminal, _("Again, for"), file, &again, failure));
    if (!view_equal(passphrase_view(&again), passphrase_view(ret_passphrase))) {
        return fail(failure, STATUS_INVALID, file, "the two passphrases differ");
    }
    return STATUS_OK;
}

static enum status ask_terminal(const char *file, bool is_new, struct passphrase *ret_passphrase,
                                struct failure *failure)
{
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (terminal < 0) {
        return fail(failure, STATUS_NOT_FOUND, file,
                    "there is no terminal to ask for the passphrase: give --passphrase-file or "
                    "--passphrase-fd");
    }
    enum status status = is_new ? ask_twice(terminal, file, ret_passphrase, failure)
                                : ask(terminal, _("Passphrase for"), file, ret_passphrase, failure);
    (void)close(terminal);
    return status;
}

static enum status get(const struct invocation *invocation, const char *file, bool is_new,
                       struct passphrase *ret_passphrase, struct failure *failure)
{
    const char *path = invocation->values[OPTION_PASSPHRASE_FILE];
    if (path != NULL) {
        return read_from_file(path, ret_passphrase, failure);
    }
    const char *number = invocation->values[OPTION_PASSPHRASE_FD];
    if (number == NULL) {
        return ask_terminal(file, is_new, ret_passphrase, failure);
    }
    char *end;
    long fd = strtol(number, &end, 10);
    if (*end != '\0' || end == number || fd < 0 || fd > 1023) {
        return fail(failure, STATUS_INVALID, "--passphrase-fd", "%s is not a file descriptor",
                    number);
    }
    return read_line((int)fd, "--passphrase-fd", ret_passphrase, failure);
}

enum status passphrase_get(const struct invocation *invocation, const char *file, bool is_new,
                           struct passphrase *ret_passphrase, struct failure *failure)
{
    struct passphrase passphrase = {0};
    enum status status = get(invocation, file, is_new, &passphrase, failure);
    if (status != STATUS_OK) {
        passphrase_release(&passphrase);
        return status;
    }
    *ret_passphrase = passphrase;
    return STATUS_OK;
}

/* A key that is named by its holder has the name of its comment or label. */
static enum status open_held(const struct invocation *invocation, const char *name,
                             struct secret_key **ret_secret, struct note_key *ret_key,
                             struct failure *failure)
{
    OWNED(secret_key_freep) struct secret_key *secret = NULL;
    struct signer signer;
    TRY(signer_open(invocation, view_of(name), &secret, &signer, failure));
    enum status made = note_key_make(view_of(signer.label), NOTE_KEY_ED25519, &signer.key, ret_key);
    if (made != STATUS_OK) {
        return fail(failure, made, name,
                    "the comment or label of the key is not a key name: give it one by utfall key "
                    "vkey --name");
    }
    *ret_secret = STEAL(secret);
    return STATUS_OK;
}

/* A file that stands for a held key names both: they must belong together. */
static enum status open_held_file(const struct invocation *invocation, struct view vkey,
                                  struct view held_by, struct secret_key **ret_secret,
                                  struct note_key *ret_key, struct failure *failure)
{
    OWNED(secret_key_freep) struct secret_key *secret = NULL;
    struct signer signer;
    TRY(note_key_parse(vkey, ret_key, failure));
    TRY(signer_open(invocation, held_by, &secret, &signer, failure));
    if (!public_key_equal(&signer.key, &ret_key->key)) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the vkey line is not of the key that is held under this name");
    }
    *ret_secret = STEAL(secret);
    return STATUS_OK;
}

enum status secret_open(const struct invocation *invocation, const char *file,
                        struct secret_key **ret_secret, struct note_key *ret_key,
                        struct failure *failure)
{
    if (signer_is(view_of(file))) {
        return open_held(invocation, file, ret_secret, ret_key, failure);
    }
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, KEYFILE_SIZE_MAX);
    TRY(file_read(file, &bytes, failure));

    struct view held_vkey;
    struct view held_by;
    if (signer_file_read(buffer_view(&bytes), &held_vkey, &held_by)) {
        return open_held_file(invocation, held_vkey, held_by, ret_secret, ret_key, failure);
    }
    OWNED(passphrase_release) struct passphrase passphrase = {0};
    TRY(passphrase_get(invocation, file, false, &passphrase, failure));

    OWNED(secret_key_freep) struct secret_key *secret = NULL;
    struct view vkey;
    struct note_key key;
    enum status status =
        keyfile_read(buffer_view(&bytes), passphrase_view(&passphrase), &secret, &vkey, failure);
    passphrase_release(&passphrase);
    if (status == STATUS_OK) {
        status = note_key_parse(vkey, &key, failure);
    }
    if (status == STATUS_OK && !public_key_equal(secret_key_public(secret), &key.key)) {
        status = fail(failure, STATUS_UNTRUSTED, "", "the vkey line is not of this secret key");
    }
    if (status != STATUS_OK) {
        failure_prefix(failure, failure->at[0] == '\0' ? "" : ": ");
        failure_prefix(failure, file);
        return status;
    }
    *ret_secret = STEAL(secret);
    *ret_key = key;
    return STATUS_OK;
}

enum status secret_open_log(const struct invocation *invocation, struct secret_key **ret_secret,
                            struct note_key *ret_key, struct failure *failure)
{
    const char *file = invocation->values[OPTION_LOG_KEY];
    if (file == NULL) {
        file = getenv("UTFALL_LOG_KEY");
    }
    if (file == NULL || file[0] == '\0') {
        return fail(
            failure, STATUS_NOT_FOUND, "--log-key",
            "the log signs every append: give its key file by --log-key or $UTFALL_LOG_KEY");
    }
    return secret_open(invocation, file, ret_secret, ret_key, failure);
}
