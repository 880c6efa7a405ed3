/*
 * SSH agent: signing with an Ed25519 key that an agent holds.
 *
 * An agent (ssh-agent, gpg-agent, and what hardware makers ship) keeps keys and signs what it is
 * asked to; the secret never leaves it. A plain `ssh-ed25519` signature is the RFC 8032 signature
 * of the data itself, so it stands in a note as it is. Keys of security keys (`sk-ssh-ed25519`) are
 * not: their signatures cover a counter and flags too, and are no Ed25519 signatures of the data.
 *
 * The caller carries the bytes: a request is a message of the protocol without its length, and so
 * is the answer.
 *
 * Source  draft-ietf-sshm-ssh-agent; RFC 8709 for the key and signature blobs.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/key.h"

#define SSH_AGENT_MESSAGE_MAX 262144 /* OpenSSH's own bound */
#define SSH_AGENT_KEYS_MAX 1000
#define SSH_AGENT_COMMENT_SIZE 256
#define SSH_FINGERPRINT_SIZE 52 /* "SHA256:" and 43 digits of base64 */

/* The way to an agent. */
struct ssh_agent {
    /* Sends a message and appends the answer. Errors: STATUS_STORAGE, STATUS_NOT_FOUND. */
    enum status (*exchange)(void *context, struct view message, struct buffer *ret_answer,
                            struct failure *failure);
    void (*release)(void *context);
    void *context;
};

/* A key that an agent has. */
struct ssh_agent_key {
    struct public_key key;
    char comment[SSH_AGENT_COMMENT_SIZE];   /* cut when it is longer */
    char fingerprint[SSH_FINGERPRINT_SIZE]; /* as ssh-add -l shows it */
};

/*
 * Finds the one Ed25519 key with this comment, or this fingerprint ("SHA256:...").
 *
 * Errors  STATUS_NOT_FOUND when the agent has none; STATUS_INVALID when it has several, or its
 *         answer cannot be read; those of `exchange`.
 */
enum status ssh_agent_find(const struct ssh_agent *agent, struct view wanted,
                           struct ssh_agent_key *ret_key, struct failure *failure);

/*
 * Makes a key that the agent signs with.
 *
 * Owner   the key takes over `agent.context`, also when the call fails.
 */
enum status ssh_agent_hold(const struct ssh_agent *agent, const struct ssh_agent_key *key,
                           struct secret_key **ret_key, struct failure *failure);
