/*
 * Fuzz: any bytes are refused with a reason, or are a tree whose canonical form is a fixpoint.
 *
 * Run it with a corpus folder and -max_len=4096; the gate's limits are far above that.
 */
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/json/json.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An assertion that no NDEBUG takes away. */
static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_refusal(enum status status, const struct failure *failure)
{
    /* Not STATUS_MEMORY: that would be cJSON refusing what the gate let in. */
    require(status == STATUS_INVALID || status == STATUS_LIMIT);
    require(failure->status == status);
    require(failure->reason[0] != '\0');
}

static void check_walk(const struct json *root)
{
    size_t count = 0;
    for (const struct json *node = json_first(root); node != NULL; node = json_next(node)) {
        if (json_type(root) == JSON_OBJECT) {
            require(json_member(root, json_name(node).data) == node);
        }
        count++;
    }
    require(count == json_count(root));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = {(const char *)data, size};
    OWNED(json_freep) struct json *root = NULL;
    struct failure failure = {.status = STATUS_OK};
    bool is_found_canonical = false;
    enum status status = json_parse_canonical(text, &root, &is_found_canonical, &failure);
    if (status != STATUS_OK) {
        check_refusal(status, &failure);
        return 0;
    }
    check_walk(root);

    OWNED(buffer_release) struct buffer first;
    buffer_init(&first, JSON_SIZE_MAX);
    require(json_write_canonical(root, &first) == STATUS_OK);
    require(first.size <= size); /* canonical is the shortest writing */
    bool is_canonical = view_equal(text, buffer_view(&first));
    require((json_check_canonical(root, text, NULL) == STATUS_OK) == is_canonical);
    require(is_found_canonical == is_canonical);

    OWNED(json_freep) struct json *again = NULL;
    require(json_parse(buffer_view(&first), &again, NULL) == STATUS_OK);
    require(json_check_canonical(again, buffer_view(&first), NULL) == STATUS_OK);

    OWNED(buffer_release) struct buffer pretty;
    buffer_init(&pretty, 100 * (size_t)JSON_SIZE_MAX);
    require(json_write_pretty(root, &pretty) == STATUS_OK);
    if (pretty.size <= JSON_SIZE_MAX) {
        OWNED(json_freep) struct json *from_pretty = NULL;
        require(json_parse(buffer_view(&pretty), &from_pretty, NULL) == STATUS_OK);
        require(json_check_canonical(from_pretty, buffer_view(&first), NULL) == STATUS_OK);
    }

    OWNED(json_freep) struct json *copy = json_copy(root);
    require(copy != NULL);
    require(json_check_canonical(copy, buffer_view(&first), NULL) == STATUS_OK);
    return 0;
}
