#include "contracts/records/disclosure.h"

#include "contracts/rule/rule.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <assert.h>
#include <stdlib.h>

#define KIND "disclosed_record"
#define VERSION 1

/* --- Writing --- */

static enum status digest_append(const struct hash *hash, struct buffer *text)
{
    TRY(buffer_append_text(text, "sha256:"));
    return hex_write(text, hash_view(hash));
}

static enum status write_proof(const struct merkle_proof *proof, struct json **ret_array)
{
    OWNED(json_freep) struct json *array = json_new_array();
    if (array == NULL) {
        return STATUS_MEMORY;
    }
    for (uint32_t i = 0; i < proof->count; i++) {
        OWNED(buffer_release) struct buffer text;
        buffer_init(&text, 80);
        TRY(digest_append(&proof->hashes[i], &text));
        TRY(json_push_string(array, buffer_view(&text)));
    }
    *ret_array = STEAL(array);
    return STATUS_OK;
}

enum status disclosure_write(const struct disclosure *disclosure, struct json **ret_root)
{
    OWNED(json_freep) struct json *root = json_new_object();
    OWNED(buffer_release) struct buffer id;
    OWNED(buffer_release) struct buffer salt;
    buffer_init(&id, 80);
    buffer_init(&salt, 80);
    if (root == NULL) {
        return STATUS_MEMORY;
    }
    TRY(digest_append(&disclosure->measurement, &id));
    TRY(base64_write(&salt, (struct view){(const char *)disclosure->salt, RECORD_SALT_SIZE}));
    TRY(json_set_string(root, "kind", VIEW(KIND)));
    TRY(json_set_integer(root, "version", VERSION));
    TRY(json_set_string(root, "contract", disclosure->contract));
    TRY(json_set_string(root, "measurement", buffer_view(&id)));
    struct json *record;
    TRY(json_parse(disclosure->record, &record, NULL));
    TRY(json_set(root, "record", record));
    TRY(json_set_string(root, "salt", buffer_view(&salt)));
    TRY(json_set_integer(root, "index", disclosure->index));
    TRY(json_set_integer(root, "count", disclosure->count));
    struct json *proof;
    TRY(write_proof(&disclosure->proof, &proof));
    TRY(json_set(root, "proof", proof));
    *ret_root = STEAL(root);
    return STATUS_OK;
}

/* --- Reading --- */

static enum status read_salt(const struct json *node, uint8_t ret_salt[static RECORD_SALT_SIZE],
                             struct failure *failure)
{
    struct view text;
    TRY(shape_text(node, 1, 80, &text, failure));
    size_t size;
    if (base64_read(text, RECORD_SALT_SIZE, ret_salt, &size) != STATUS_OK ||
        size != RECORD_SALT_SIZE) {
        return refuse(failure, RULE_FIELD_MALFORMED, "", "expected base64 of %d bytes",
                      RECORD_SALT_SIZE);
    }
    return STATUS_OK;
}

static enum status read_proof(const struct json *node, struct merkle_proof *proof,
                              struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 0, MERKLE_PROOF_COUNT_MAX, &count, failure));
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, shape_digest(item, &proof->hashes[i], failure));
    }
    proof->count = (uint32_t)count;
    return STATUS_OK;
}

static enum status read_record(const struct json *node, struct buffer *text, struct view *ret_text,
                               struct failure *failure)
{
    if (json_type(node) != JSON_OBJECT) {
        return shape_malformed(node, "an object", failure);
    }
    for (const struct json *cell = json_first(node); cell != NULL; cell = json_next(cell)) {
        if (json_type(cell) != JSON_STRING) {
            return refuse(failure, RULE_FIELD_MALFORMED, "", "every cell of a record is a string");
        }
    }
    if (json_write_canonical(node, text) != STATUS_OK) {
        return fail_memory(failure);
    }
    *ret_text = buffer_view(text);
    return STATUS_OK;
}

enum status disclosure_read(const struct json *root, struct buffer *text,
                            struct disclosure *ret_disclosure, struct failure *failure)
{
    enum { CONTRACT, COUNT, INDEX, KIND_, MEASUREMENT, PROOF, RECORD, SALT, VERSION_, FIELDS };
    static const struct shape_field NAMES[FIELDS] = {
        [CONTRACT] = {"contract", SHAPE_REQUIRED},
        [COUNT] = {"count", SHAPE_REQUIRED},
        [INDEX] = {"index", SHAPE_REQUIRED},
        [KIND_] = {"kind", SHAPE_REQUIRED},
        [MEASUREMENT] = {"measurement", SHAPE_REQUIRED},
        [PROOF] = {"proof", SHAPE_REQUIRED},
        [RECORD] = {"record", SHAPE_REQUIRED},
        [SALT] = {"salt", SHAPE_REQUIRED},
        [VERSION_] = {"version", SHAPE_REQUIRED},
    };
    static const char *const KINDS[] = {KIND};
    const struct json *nodes[FIELDS];
    TRY(shape_object(root, NAMES, FIELDS, nodes, failure));
    struct disclosure disclosure = {0};
    size_t word;
    int32_t version;
    TRY_FIELD("kind", shape_word(nodes[KIND_], KINDS, 1, &word, failure));
    TRY_FIELD("version", shape_integer(nodes[VERSION_], VERSION, VERSION, &version, failure));
    TRY_FIELD("contract", shape_slug(nodes[CONTRACT], &disclosure.contract, failure));
    TRY_FIELD("measurement", shape_digest(nodes[MEASUREMENT], &disclosure.measurement, failure));
    TRY_FIELD("index", shape_integer(nodes[INDEX], 0, INT32_MAX, &disclosure.index, failure));
    TRY_FIELD("count", shape_integer(nodes[COUNT], 1, INT32_MAX, &disclosure.count, failure));
    TRY_FIELD("salt", read_salt(nodes[SALT], disclosure.salt, failure));
    TRY_FIELD("proof", read_proof(nodes[PROOF], &disclosure.proof, failure));
    TRY_FIELD("record", read_record(nodes[RECORD], text, &disclosure.record, failure));
    *ret_disclosure = disclosure;
    return STATUS_OK;
}

/* --- Checking --- */

enum status disclosure_verify(const struct disclosure *disclosure,
                              const struct commitment *commitment, struct failure *failure)
{
    if (!commitment->is_given) {
        return refuse(failure, RULE_RECORDS_DIFFER, "/measurement",
                      "the measurement commits to no records");
    }
    if (disclosure->count != commitment->count) {
        return refuse(failure, RULE_RECORDS_DIFFER, "/count",
                      "the measurement commits to %d records, and this is one of %d",
                      commitment->count, disclosure->count);
    }
    struct hash leaf;
    if (record_leaf(disclosure->salt, disclosure->record, &leaf) != STATUS_OK) {
        return fail_memory(failure);
    }
    enum status verified =
        merkle_verify_inclusion((uint64_t)disclosure->index, (uint64_t)disclosure->count, &leaf,
                                &disclosure->proof, &commitment->root);
    if (verified != STATUS_OK) {
        return refuse(failure, RULE_RECORDS_DIFFER, "/record",
                      "record, salt, index and proof do not lead to the root of the measurement");
    }
    return STATUS_OK;
}

/* --- Leaves --- */

void record_leaves_release(struct record_leaves *leaves)
{
    free(leaves->hashes);
    *leaves = (struct record_leaves){0};
}

enum status record_leaves_add(struct record_leaves *leaves, const struct hash *leaf)
{
    if (leaves->count == leaves->capacity) {
        size_t wanted = leaves->capacity == 0 ? 256 : 2 * leaves->capacity;
        struct hash *hashes = realloc(leaves->hashes, wanted * sizeof *hashes);
        if (hashes == NULL) {
            return STATUS_MEMORY;
        }
        leaves->hashes = hashes;
        leaves->capacity = wanted;
    }
    leaves->hashes[leaves->count] = *leaf;
    leaves->count++;
    return STATUS_OK;
}

/* The root of the leaves below a complete node. */
static enum status read_node(void *context, struct merkle_position at, struct hash *ret_hash)
{
    const struct record_leaves *leaves = context;
    uint64_t width = (uint64_t)1 << at.level;
    uint64_t first = at.index * width;
    assert(first + width <= leaves->count);

    struct merkle_edge edge;
    merkle_edge_init(&edge);
    for (uint64_t i = 0; i < width; i++) {
        TRY(merkle_edge_append(&edge, &leaves->hashes[first + i], NULL, NULL));
    }
    *ret_hash = merkle_edge_root(&edge);
    return STATUS_OK;
}

enum status record_leaves_prove(const struct record_leaves *leaves, uint64_t index,
                                struct merkle_proof *ret_proof)
{
    struct record_leaves borrowed = *leaves;
    return merkle_prove_inclusion(index, leaves->count, read_node, &borrowed, ret_proof);
}
