/*
 * Disclosure: one record with its salt and its path to the root that a measurement commits to.
 *
 * Whoever holds it and the ledger can see that the record is among those that were measured, and
 * learns nothing of the others. It is personal data, and never part of the ledger.
 *
 *     {"contract":"small","count":12,"index":3,"kind":"disclosed_record",
 *      "measurement":"sha256:...","proof":["sha256:...", ...],"record":{"days":"31", ...},
 *      "salt":"<base64 of 32 bytes>","version":1}
 */
#pragma once

#include "contracts/records/measuring.h"
#include "ledger/json/json.h"

struct disclosure {
    struct view contract;
    struct hash measurement; /* the statement's id */
    int32_t index;           /* of the record, from 0 */
    int32_t count;
    struct view record; /* canonical text */
    uint8_t salt[RECORD_SALT_SIZE];
    struct merkle_proof proof;
};

/* Owner: `*ret_root` is the caller's. Errors: STATUS_MEMORY; STATUS_INVALID cannot happen with the
 * canonical text of a record. */
enum status disclosure_write(const struct disclosure *disclosure, struct json **ret_root);

/*
 * Reads the form. The record's canonical text is appended to `text`, into which it is a view.
 *
 * Errors  FIELD_..., KIND_UNKNOWN, VERSION_UNKNOWN.
 */
enum status disclosure_read(const struct json *root, struct buffer *text,
                            struct disclosure *ret_disclosure, struct failure *failure);

/* Checks it against what a measurement commits to. Errors: RECORDS_DIFFER. */
enum status disclosure_verify(const struct disclosure *disclosure,
                              const struct commitment *commitment, struct failure *failure);

/* --- The leaves of all records, for one proof --- */

struct record_leaves {
    size_t count;
    size_t capacity;
    struct hash *hashes;
};
void record_leaves_release(struct record_leaves *leaves);
/* Errors: STATUS_MEMORY. */
enum status record_leaves_add(struct record_leaves *leaves, const struct hash *leaf);

/* Shapes: index < count. Computes inner nodes as they are asked for. */
enum status record_leaves_prove(const struct record_leaves *leaves, uint64_t index,
                                struct merkle_proof *ret_proof);
