/* Stamps: the RFC 3161 time-stamps that are kept beside a ledger's checkpoints. */
#pragma once

#include "ledger/crypto/timestamp.h"
#include "ledger/crypto/trust.h"
#include "ledger/json/json.h"
#include "ledger/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAMPS_MAX 100000

struct stamp {
    uint64_t size; /* of the checkpoint that it is of */
    struct timestamp timestamp;
};

struct stamps {
    struct stamp *list; /* in order of arrival */
    size_t count;
    size_t capacity;
    bool is_verified;     /* each of them, to the roots that were given */
    bool were_lists_read; /* revocation lists were given too */
};

void stamps_release(struct stamps *stamps);

/* SHA-256 of the text of a checkpoint note: what is stamped. Errors: STATUS_INVALID. */
enum status stamp_digest(struct view checkpoint, struct hash *ret_digest, struct failure *failure);

/*
 * Reads the time-stamps of a ledger. Each is compared with its checkpoint; with `trust` each is
 * verified too.
 *
 * Shapes  `ret_stamps` is empty; `trust` and `policy` may be NULL.
 * Errors  STATUS_UNTRUSTED naming the checkpoint.
 */
enum status stamps_read(struct ledger *ledger, const struct trust *trust, const char *policy,
                        struct stamps *ret_stamps, struct failure *failure);

/* For people, on standard output: each with its time and authority, the newest last. */
void stamps_print(const struct stamps *stamps);

/* As an array of objects. */
enum status stamps_to_json(const struct stamps *stamps, struct json **ret_array);

/* One of them. */
enum status stamp_to_json(const struct stamp *stamp, bool is_verified, struct json **ret_object);
