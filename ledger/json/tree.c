/*
 * The tree: cJSON under another name, behind the gate.
 *
 * This is the only file that meets cJSON. It uses neither cJSON's printer (which rewrites large
 * numbers and follows the locale) nor its look-up (which ignores case). Its memory comes from
 * memory.h, by its global hooks, which are set before the first node of any tree is made.
 */
#include "ledger/json/json.h"

#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/json/gate.h"
#include "ledger/json/memory.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <limits.h>
#include <pthread.h>

/* cJSON keeps an integer in an `int`. */
static_assert(INT_MAX >= JSON_INTEGER_MAX, "every accepted integer fits");

/*
 * How much larger the tree of a statement is than its text. Other texts may need several blocks;
 * the bounds keep a tiny text's from being too small, and a large one's from being mostly empty.
 */
#define TREE_PER_TEXT 8
#define TREE_BLOCK_MIN ((size_t)1024)
#define TREE_BLOCK_MAX ((size_t)64 * 1024)

static const cJSON *inside(const struct json *node)
{
    return (const cJSON *)node;
}

static cJSON *inside_mutable(struct json *node)
{
    return (cJSON *)node;
}

/* --- Memory --- */

static pthread_once_t hooks_once = PTHREAD_ONCE_INIT;

static void set_hooks(void)
{
    cJSON_Hooks hooks = {.malloc_fn = json_memory_allocate, .free_fn = json_memory_free};
    cJSON_InitHooks(&hooks);
}

/* Before a root is made; all other nodes are made for one that is there. */
static void prepare_memory(void)
{
    int failed = pthread_once(&hooks_once, set_hooks);
    assert(failed == 0);
    (void)failed;
}

/* --- Parsing --- */

/*
 * cJSON notes the place of its last error in a static variable, at the start of every parse. We
 * never read it, but two threads may not write it at once.
 */
static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;

static cJSON *build_tree(struct view text, const char **ret_end)
{
    size_t block_size = text.size * TREE_PER_TEXT; /* cannot overflow: the gate bounds a text */
    block_size = block_size < TREE_BLOCK_MIN ? TREE_BLOCK_MIN : block_size;
    block_size = block_size > TREE_BLOCK_MAX ? TREE_BLOCK_MAX : block_size;
    prepare_memory();
    json_memory_start(block_size);
    (void)pthread_mutex_lock(&parsing);
    cJSON *root = cJSON_ParseWithLengthOpts(text.data, text.size, ret_end, false);
    (void)pthread_mutex_unlock(&parsing);
    json_memory_stop();
    return root;
}

enum status json_parse(struct view text, struct json **ret_root, struct failure *failure)
{
    bool is_canonical;
    return json_parse_canonical(text, ret_root, &is_canonical, failure);
}

enum status json_parse_canonical(struct view text, struct json **ret_root, bool *ret_is_canonical,
                                 struct failure *failure)
{
    bool is_canonical;
    TRY(json_gate(text, &is_canonical, failure));

    const char *end = NULL;
    cJSON *root = build_tree(text, &end);
    if (root == NULL) {
        return fail_memory(failure); /* the gate leaves cJSON no other reason */
    }
    /*
     * cJSON's require_null_terminated guards against text after the value, but a view has no
     * terminator. The gate has decided it already; this is the check on the far side of it.
     */
    for (const char *trailing = end; trailing < text.data + text.size; trailing++) {
        assert(*trailing == ' ' || *trailing == '\n' || *trailing == '\r' || *trailing == '\t');
    }
    *ret_root = (struct json *)root;
    *ret_is_canonical = is_canonical;
    return STATUS_OK;
}

void json_free(struct json *root)
{
    /* cJSON makes the root first, and what was parsed and not changed is one block. */
    if (root != NULL && !json_memory_free_whole(root)) {
        cJSON_Delete(inside_mutable(root));
    }
}

void json_freep(struct json **root)
{
    json_free(*root);
    *root = NULL;
}

/* --- Reading --- */

enum json_type json_type(const struct json *node)
{
    switch (inside(node)->type & 0xff) { /* the rest are flags */
    case cJSON_False:
    case cJSON_True:
        return JSON_BOOLEAN;
    case cJSON_Number:
        return JSON_INTEGER;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_Object:
        return JSON_OBJECT;
    default: /* cJSON_Raw and cJSON_Invalid cannot be made through this module */
        assert((inside(node)->type & 0xff) == cJSON_NULL);
        return JSON_NULL;
    }
}

const char *json_type_name(enum json_type type)
{
    switch (type) {
    case JSON_NULL:
        return "null";
    case JSON_BOOLEAN:
        return "a boolean";
    case JSON_INTEGER:
        return "an integer";
    case JSON_STRING:
        return "a string";
    case JSON_ARRAY:
        return "an array";
    case JSON_OBJECT:
        return "an object";
    }
    return "unknown";
}

static cJSON *find_member(const cJSON *object, const char *name)
{
    for (cJSON *member = object->child; member != NULL; member = member->next) {
        if (strcmp(member->string, name) == 0) {
            return member;
        }
    }
    return NULL;
}

const struct json *json_member(const struct json *object, const char *name)
{
    if (json_type(object) != JSON_OBJECT) {
        return NULL;
    }
    return (const struct json *)find_member(inside(object), name);
}

const struct json *json_first(const struct json *container)
{
    return (const struct json *)inside(container)->child;
}

const struct json *json_next(const struct json *node)
{
    return (const struct json *)inside(node)->next;
}

size_t json_count(const struct json *container)
{
    size_t count = 0;
    for (const struct json *node = json_first(container); node != NULL; node = json_next(node)) {
        count++;
    }
    return count;
}

struct view json_name(const struct json *node)
{
    assert(inside(node)->string != NULL);
    return view_of(inside(node)->string);
}

struct view json_string(const struct json *node)
{
    assert(json_type(node) == JSON_STRING);
    return view_of(inside(node)->valuestring);
}

int32_t json_integer(const struct json *node)
{
    assert(json_type(node) == JSON_INTEGER);
    return inside(node)->valueint;
}

bool json_boolean(const struct json *node)
{
    assert(json_type(node) == JSON_BOOLEAN);
    return (inside(node)->type & 0xff) == cJSON_True;
}

/* --- Building --- */

/* What cJSON could not hold, or the gate would not let back in. */
static bool is_string_content(struct view text)
{
    bool has_nul = text.size > 0 && memchr(text.data, '\0', text.size) != NULL;
    return !has_nul && utf8_valid(text);
}

/* A terminated copy in cJSON's memory, since cJSON will free it. NULL without memory. */
static char *copy_string(struct view text)
{
    char *copy = cJSON_malloc(text.size + 1);
    if (copy != NULL) {
        if (text.size > 0) {
            memcpy(copy, text.data, text.size);
        }
        copy[text.size] = '\0';
    }
    return copy;
}

/* Errors: STATUS_INVALID, STATUS_MEMORY. Owner: the caller frees `*ret_node`. */
static enum status new_string(struct view text, struct json **ret_node)
{
    if (!is_string_content(text)) {
        return STATUS_INVALID;
    }
    /* cJSON_CreateString wants a terminator: make the node, then give it a copy of the view. */
    cJSON *node = cJSON_CreateNull();
    char *copy = copy_string(text);
    if (node == NULL || copy == NULL) {
        cJSON_free(copy);
        cJSON_Delete(node);
        return STATUS_MEMORY;
    }
    node->type = cJSON_String;
    node->valuestring = copy;
    *ret_node = (struct json *)node;
    return STATUS_OK;
}

struct json *json_new_object(void)
{
    prepare_memory();
    return (struct json *)cJSON_CreateObject();
}

struct json *json_new_array(void)
{
    prepare_memory();
    return (struct json *)cJSON_CreateArray();
}

/* A node belongs to one container: one that is in a list already would be freed twice. */
static bool is_root(const struct json *node)
{
    return inside(node)->next == NULL && inside(node)->prev == NULL;
}

enum status json_set(struct json *object, const char *name, struct json *value)
{
    OWNED(json_freep) struct json *owned = value;
    assert(json_type(object) == JSON_OBJECT);
    if (owned == NULL) {
        return STATUS_MEMORY;
    }
    assert(is_root(owned) && owned != object);
    if (!is_string_content(view_of(name))) {
        return STATUS_INVALID;
    }
    char *copy = copy_string(view_of(name));
    if (copy == NULL) {
        return STATUS_MEMORY;
    }
    cJSON *node = inside_mutable(owned);
    cJSON_free(node->string); /* a copy of a member still has the name it had there */
    node->string = copy;

    json_memory_join(object);
    cJSON *existing = find_member(inside(object), name);
    bool is_done =
        existing == NULL
            ? cJSON_AddItemToArray(inside_mutable(object), node) /* it is named already */
            : cJSON_ReplaceItemViaPointer(inside_mutable(object), existing, node);
    assert(is_done); /* neither allocates */
    (void)STEAL(owned);
    return STATUS_OK;
}

enum status json_set_string(struct json *object, const char *name, struct view value)
{
    struct json *node;
    TRY(new_string(value, &node));
    return json_set(object, name, node);
}

enum status json_set_integer(struct json *object, const char *name, int32_t value)
{
    assert(value >= -JSON_INTEGER_MAX);
    return json_set(object, name, (struct json *)cJSON_CreateNumber(value));
}

enum status json_set_boolean(struct json *object, const char *name, bool value)
{
    return json_set(object, name, (struct json *)cJSON_CreateBool(value));
}

enum status json_push(struct json *array, struct json *value)
{
    assert(json_type(array) == JSON_ARRAY);
    if (value == NULL) {
        return STATUS_MEMORY;
    }
    assert(is_root(value) && value != array);
    json_memory_join(array);
    bool is_done = cJSON_AddItemToArray(inside_mutable(array), inside_mutable(value));
    assert(is_done); /* it does not allocate */
    return STATUS_OK;
}

enum status json_push_string(struct json *array, struct view value)
{
    struct json *node;
    TRY(new_string(value, &node));
    return json_push(array, node);
}

struct json *json_copy(const struct json *node)
{
    return (struct json *)cJSON_Duplicate(inside(node), true);
}
