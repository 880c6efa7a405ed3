/*
 * Writing: the canonical form (RFC 8785), and a person's form by the same walk.
 *
 * The walk keeps the open containers on a stack of JSON_DEPTH_MAX levels, so that no tree can
 * exhaust ours. Members that already ascend, as in every statement that is checked, are written in
 * the order of the tree; only others are sorted.
 */
#include "ledger/json/json.h"

#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/json/gate.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct level {
    bool is_object;
    bool is_empty;              /* nothing of it was written yet */
    const struct json *next;    /* in the order of the tree, unless `sorted` */
    const struct json **sorted; /* members in canonical order, then NULL; or NULL */
    size_t sorted_index;
};

struct walk {
    struct buffer *buffer;
    bool pretty; /* a person's form: indented, in the order of the tree */
    size_t depth;
    struct level levels[JSON_DEPTH_MAX];
};

static enum status write_tree(const struct json *node, bool pretty, struct buffer *buffer);

enum status json_write_canonical(const struct json *node, struct buffer *buffer)
{
    return write_tree(node, false, buffer);
}

enum status json_write_pretty(const struct json *node, struct buffer *buffer)
{
    return write_tree(node, true, buffer);
}

/* Shows a byte to people: 'x', byte 0x0a or the end. */
static void byte_describe(struct view text, size_t offset, char ret_shown[static 16])
{
    uint8_t byte = offset < text.size ? (uint8_t)text.data[offset] : 0;
    if (offset >= text.size) {
        (void)snprintf(ret_shown, 16, "the end");
    } else if (byte >= 0x20 && byte < 0x7f) {
        (void)snprintf(ret_shown, 16, "'%c'", byte);
    } else {
        (void)snprintf(ret_shown, 16, "byte 0x%02x", byte);
    }
}

enum status json_check_canonical(const struct json *node, struct view text, struct failure *failure)
{
    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, (size_t)JSON_SIZE_MAX);
    enum status written = json_write_canonical(node, &buffer);
    if (written == STATUS_MEMORY) {
        return fail_memory(failure);
    }
    if (written != STATUS_OK) {
        return fail(failure, STATUS_INVALID, "",
                    "the canonical form is beyond %d bytes or %d levels", JSON_SIZE_MAX,
                    JSON_DEPTH_MAX);
    }
    struct view canonical = buffer_view(&buffer);
    if (view_equal(text, canonical)) {
        return STATUS_OK;
    }

    size_t offset = 0;
    while (offset < text.size && offset < canonical.size &&
           text.data[offset] == canonical.data[offset]) {
        offset++;
    }
    char at[FAILURE_AT_SIZE];
    char found[16];
    char wanted[16];
    json_place(text, offset, at);
    byte_describe(text, offset, found);
    byte_describe(canonical, offset, wanted);
    return fail(
        failure, STATUS_INVALID, at,
        "not canonical JSON (RFC 8785): at byte %zu stands %s, where the canonical form has "
        "%s",
        offset, found, wanted);
}

/* --- Strings --- */

static enum status write_escape(struct buffer *buffer, uint8_t byte)
{
    /* RFC 8785 section 3.2.2.2: the two-character forms where there are any, else lower-case hex.
     */
    switch (byte) {
    case '"':
        return buffer_append(buffer, VIEW("\\\""));
    case '\\':
        return buffer_append(buffer, VIEW("\\\\"));
    case '\b':
        return buffer_append(buffer, VIEW("\\b"));
    case '\f':
        return buffer_append(buffer, VIEW("\\f"));
    case '\n':
        return buffer_append(buffer, VIEW("\\n"));
    case '\r':
        return buffer_append(buffer, VIEW("\\r"));
    case '\t':
        return buffer_append(buffer, VIEW("\\t"));
    default:
        return buffer_append_format(buffer, "\\u%04x", byte);
    }
}

static enum status write_string(struct buffer *buffer, struct view text)
{
    TRY(buffer_append_byte(buffer, '"'));
    size_t plain_from = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.data[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            continue;
        }
        TRY(buffer_append(buffer, (struct view){text.data + plain_from, i - plain_from}));
        TRY(write_escape(buffer, byte));
        plain_from = i + 1;
    }
    TRY(buffer_append(buffer, (struct view){text.data + plain_from, text.size - plain_from}));
    return buffer_append_byte(buffer, '"');
}

enum status json_write_string(struct view text, struct buffer *buffer)
{
    return write_string(buffer, text);
}

/* --- The order of members --- */

/*
 * UTF-8 bytes order by code points. UTF-16 differs in one thing: code points above U+FFFF (lead
 * byte 0xf0 and up) are written with surrogates, 0xd800 and up, and so come before U+E000 to
 * U+FFFF (lead bytes 0xee and 0xef).
 */
int json_name_compare(struct view a, struct view b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    size_t i = 0;
    while (i < shorter && a.data[i] == b.data[i]) {
        i++;
    }
    if (i == shorter) {
        return (a.size > b.size) - (a.size < b.size);
    }
    uint8_t left = (uint8_t)a.data[i];
    uint8_t right = (uint8_t)b.data[i];
    if (left >= 0xee && right >= 0xee && (left >= 0xf0) != (right >= 0xf0)) {
        return left >= 0xf0 ? -1 : 1;
    }
    return left < right ? -1 : 1;
}

static int member_order(const void *a, const void *b)
{
    return json_name_compare(json_name(*(const struct json *const *)a),
                             json_name(*(const struct json *const *)b));
}

static bool members_ascend(const struct json *object)
{
    const struct json *member = json_first(object);
    if (member == NULL) {
        return true;
    }
    struct view previous = json_name(member);
    while ((member = json_next(member)) != NULL) { /* each turn walks one member */
        struct view name = json_name(member);
        if (json_name_compare(previous, name) > 0) {
            return false;
        }
        previous = name;
    }
    return true;
}

/* Errors: STATUS_MEMORY. Owner: the caller frees `*ret_sorted`, which ends with NULL. */
static enum status members_sort(const struct json *object, const struct json ***ret_sorted)
{
    size_t count = json_count(object);
    const struct json **sorted = calloc(count + 1, sizeof(const struct json *));
    if (sorted == NULL) {
        return STATUS_MEMORY;
    }
    size_t i = 0;
    for (const struct json *member = json_first(object); member != NULL;
         member = json_next(member)) {
        sorted[i++] = member;
    }
    qsort(sorted, count, sizeof(const struct json *), member_order);
    *ret_sorted = sorted;
    return STATUS_OK;
}

/* --- The walk --- */

static void walk_release(struct walk *walk)
{
    while (walk->depth > 0) { /* at most JSON_DEPTH_MAX */
        free(walk->levels[--walk->depth].sorted);
    }
}

static enum status open_container(struct walk *walk, const struct json *node, bool is_object)
{
    if (walk->depth == JSON_DEPTH_MAX) {
        return STATUS_LIMIT;
    }
    struct level level = {.is_object = is_object, .is_empty = true, .next = json_first(node)};
    if (is_object && !walk->pretty && !members_ascend(node)) {
        TRY(members_sort(node, &level.sorted));
    }
    walk->levels[walk->depth++] = level;
    return buffer_append_byte(walk->buffer, is_object ? '{' : '[');
}

static enum status write_line_break(struct walk *walk)
{
    if (!walk->pretty) {
        return STATUS_OK;
    }
    TRY(buffer_append_byte(walk->buffer, '\n'));
    for (size_t i = 0; i < walk->depth; i++) {
        TRY(buffer_append(walk->buffer, VIEW("  ")));
    }
    return STATUS_OK;
}

static enum status close_container(struct walk *walk)
{
    struct level *level = &walk->levels[--walk->depth];
    free(level->sorted);
    if (!level->is_empty) {
        TRY(write_line_break(walk));
    }
    return buffer_append_byte(walk->buffer, level->is_object ? '}' : ']');
}

/* Writes a scalar, or the opening bracket of a container whose inside the walk then writes. */
static enum status write_node(struct walk *walk, const struct json *node)
{
    switch (json_type(node)) {
    case JSON_NULL:
        return buffer_append(walk->buffer, VIEW("null"));
    case JSON_BOOLEAN:
        return buffer_append_text(walk->buffer, json_boolean(node) ? "true" : "false");
    case JSON_INTEGER:
        return buffer_append_format(walk->buffer, "%ld", (long)json_integer(node));
    case JSON_STRING:
        return write_string(walk->buffer, json_string(node));
    case JSON_ARRAY:
        return open_container(walk, node, false);
    case JSON_OBJECT:
        return open_container(walk, node, true);
    }
    assert(false);
    return STATUS_INVALID;
}

static const struct json *next_child(struct level *level)
{
    if (level->sorted != NULL) {
        return level->sorted[level->sorted_index++];
    }
    const struct json *child = level->next;
    level->next = child == NULL ? NULL : json_next(child);
    return child;
}

static enum status write_child(struct walk *walk, struct level *level, const struct json *child)
{
    if (!level->is_empty) {
        TRY(buffer_append_byte(walk->buffer, ','));
    }
    level->is_empty = false;
    TRY(write_line_break(walk));
    if (level->is_object) {
        TRY(write_string(walk->buffer, json_name(child)));
        TRY(buffer_append_text(walk->buffer, walk->pretty ? ": " : ":"));
    }
    return write_node(walk, child);
}

static enum status walk_tree(struct walk *walk, const struct json *root)
{
    TRY(write_node(walk, root));
    while (walk->depth > 0) { /* each turn writes one node or closes one container */
        struct level *level = &walk->levels[walk->depth - 1];
        const struct json *child = next_child(level);
        TRY(child == NULL ? close_container(walk) : write_child(walk, level, child));
    }
    return STATUS_OK;
}

static enum status write_tree(const struct json *node, bool pretty, struct buffer *buffer)
{
    OWNED(walk_release) struct walk walk;
    walk.buffer = buffer;
    walk.pretty = pretty;
    walk.depth = 0; /* the levels above it are never read */

    size_t size_before = buffer->size;
    enum status status = walk_tree(&walk, node);
    if (status != STATUS_OK && buffer->data != NULL) {
        buffer->size = size_before;
        buffer->data[size_before] = '\0';
    }
    return status;
}
