/*
 * JSON: one strict gate, a tree, and one canonical writing.
 *
 * Every JSON text that enters the program, draft or statement, goes through json_parse(): first a
 * gate that accepts exactly RFC 8259 (UTF-8, no byte order mark, no duplicate keys, no U+0000,
 * depth at most JSON_DEPTH_MAX), then cJSON builds the tree. The gate exists because cJSON alone
 * accepts duplicate keys, invalid UTF-8, leading zeros and trailing commas, and changes large
 * numbers.
 *
 * Numbers are integers within +-JSON_INTEGER_MAX, written without exponent or fraction. Everything
 * that is an amount, a rate or a measured value is a decimal *string*.
 *
 * Canonical writing is RFC 8785 (JCS) restricted to those values: no white space, keys ascending by
 * UTF-16 code units, shortest escapes. A parsed text is canonical when it equals its own writing.
 *
 * `struct json` is a node of a tree; the root owns all of it. This folder is the only user of
 * cJSON, and `struct json` is never defined: it is a cJSON node under another name.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;

enum json_type {
    JSON_NULL,
    JSON_BOOLEAN,
    JSON_INTEGER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

/*
 * Parses one JSON text.
 *
 * Owner   `*ret_root` is the caller's; free it with json_free.
 * Errors  STATUS_INVALID with `at` = "line L, column C" (both from 1, columns in code points) when
 *         it is not acceptable JSON; STATUS_LIMIT above JSON_SIZE_MAX or JSON_DEPTH_MAX;
 *         STATUS_MEMORY.
 * Source  RFC 8259; RFC 7493 (I-JSON) section 2 for duplicate keys.
 */
enum status json_parse(struct view text, struct json **ret_root, struct failure *failure);

/*
 * As json_parse; also tells whether `text` is the canonical form of `*ret_root`, byte for byte.
 *
 * The answer is that of json_check_canonical, without writing the text again; ask that one where a
 * text differs.
 */
enum status json_parse_canonical(struct view text, struct json **ret_root, bool *ret_is_canonical,
                                 struct failure *failure);

/* Frees a root. Accepts NULL. For OWNED(json_freep). */
void json_free(struct json *root);
void json_freep(struct json **root);

/*
 * Appends the canonical form, without a newline. On failure the buffer is as it was.
 *
 * Errors  STATUS_LIMIT when the buffer is full, or a tree that was built is deeper than
 *         JSON_DEPTH_MAX; STATUS_MEMORY.
 * Source  RFC 8785 sections 3.2.1 to 3.2.4; keys ascend by UTF-16 code units (3.2.3).
 */
enum status json_write_canonical(const struct json *node, struct buffer *buffer);

/* Appends one string as it stands in the canonical form, with its quotes. `text` is UTF-8. */
enum status json_write_string(struct view text, struct buffer *buffer);

/*
 * Whether `text` is the canonical form of `node`, byte for byte.
 *
 * Errors  STATUS_INVALID naming the first byte that differs (`at` as json_parse); STATUS_MEMORY.
 */
enum status json_check_canonical(const struct json *node, struct view text,
                                 struct failure *failure);

/* --- Reading a tree. Views and nodes live as long as the root. --- */

enum json_type json_type(const struct json *node);

/* "an object", "a string", ... for messages. */
const char *json_type_name(enum json_type type);

/* The member of an object by exact name; NULL when it is absent or `object` is no object. */
const struct json *json_member(const struct json *object, const char *name);

/* Walks the items of an array or the members of an object, in order; NULL at the end. */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *node);

/* How many items or members; walks them. */
size_t json_count(const struct json *container);

/* The name of a node that is a member of an object. */
struct view json_name(const struct json *node);

/* The content of a string; the value of an integer or boolean. The type must match. */
struct view json_string(const struct json *node);
int32_t json_integer(const struct json *node);
bool json_boolean(const struct json *node);

/* --- Building a tree, for drafts and computed members. --- */

/* A new empty root. NULL without memory. */
struct json *json_new_object(void);
struct json *json_new_array(void);

/*
 * Adds to an object (replacing a member of that name in place) or at the end of an array.
 *
 * Shapes  `value` is a root of its own; an integer is at least -JSON_INTEGER_MAX.
 * Owner   json_set and json_push take over `value`, also when they fail (then it is freed); a NULL
 *         `value` is a failed allocation further out and gives STATUS_MEMORY.
 * Errors  STATUS_INVALID when a name or string is not UTF-8 or holds U+0000: what the gate would
 *         refuse cannot be built; STATUS_MEMORY.
 */
enum status json_set(struct json *object, const char *name, struct json *value);
enum status json_set_string(struct json *object, const char *name, struct view value);
enum status json_set_integer(struct json *object, const char *name, int32_t value);
enum status json_set_boolean(struct json *object, const char *name, bool value);
enum status json_push(struct json *array, struct json *value);
enum status json_push_string(struct json *array, struct view value);

/* A deep copy of `node`, as a root of its own. NULL without memory. */
struct json *json_copy(const struct json *node);

/*
 * Appends a person's form: two-space indents, members in the order of the tree, and no newline at
 * the end. For drafts.
 *
 * Errors  as json_write_canonical.
 */
enum status json_write_pretty(const struct json *node, struct buffer *buffer);
