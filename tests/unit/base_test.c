/* Base: statuses and failures, buffers, arenas and views. */
#include "ledger/base/arena.h"
#include "ledger/base/buffer.h"
#include "ledger/base/ownership.h"
#include "ledger/base/status.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdalign.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* --- Status and failure --- */

Test(base, every_status_has_a_name_of_its_own)
{
    static const char *const names[] = {"OK",       "INVALID", "UNTRUSTED", "NOT_FOUND",
                                        "CONFLICT", "LIMIT",   "MEMORY",    "STORAGE"};
    cr_assert(eq(int, STATUS_STORAGE + 1, COUNT(names)), "a new status needs a row");
    for (size_t i = 0; i < COUNT(names); i++) {
        cr_assert(eq(str, (char *)status_name((enum status)i), (char *)names[i]), "row %zu", i);
    }
}

Test(base, a_failure_says_its_status_code_place_and_reason)
{
    struct failure failure = {0};
    cr_assert(eq(int, fail(&failure, STATUS_CONFLICT, "/after", "%s is %d", "head", 17),
                 STATUS_CONFLICT));
    cr_assert(eq(int, failure.status, STATUS_CONFLICT));
    cr_assert(eq(str, failure.code, (char *)"CONFLICT"));
    cr_assert(eq(str, failure.at, (char *)"/after"));
    cr_assert(eq(str, failure.reason, (char *)"head is 17"));

    cr_assert(
        eq(int, fail_code(&failure, STATUS_INVALID, "CHAIN_STALE", "", "stale"), STATUS_INVALID));
    cr_assert(eq(str, failure.code, (char *)"CHAIN_STALE"));
    cr_assert(eq(str, failure.at, (char *)""));
    cr_assert(eq(str, failure.reason, (char *)"stale"));

    cr_assert(eq(int, fail_memory(&failure), STATUS_MEMORY));
    cr_assert(eq(str, failure.code, (char *)"MEMORY"));
}

Test(base, a_failure_that_nobody_reads_is_still_a_status)
{
    cr_assert(eq(int, fail(NULL, STATUS_LIMIT, "here", "%d", 1), STATUS_LIMIT));
    cr_assert(eq(int, fail_code(NULL, STATUS_INVALID, "CODE", "", "why"), STATUS_INVALID));
    cr_assert(eq(int, fail_memory(NULL), STATUS_MEMORY));
    failure_prefix(NULL, "/a");
}

Test(base, a_failure_cannot_write_to_a_terminal)
{
    struct failure failure;
    (void)fail(&failure, STATUS_INVALID, "/a\033[2J\n", "%s", "\033]0;title\007 a\tb\r\n\177");
    cr_assert(eq(str, failure.at, (char *)"/a?[2J?"));
    cr_assert(eq(str, failure.reason, (char *)"?]0;title? a?b???"));
    failure_prefix(&failure, "\n/x");
    cr_assert(eq(str, failure.at, (char *)"?/x/a?[2J?"));
}

Test(base, a_failure_that_is_too_long_is_cut)
{
    char text[FAILURE_REASON_SIZE + 50];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct failure failure;
    (void)fail_code(&failure, STATUS_INVALID, text, text, "%s", text);
    cr_assert(eq(sz, strlen(failure.code), FAILURE_CODE_SIZE - 1));
    cr_assert(eq(sz, strlen(failure.at), FAILURE_AT_SIZE - 1));
    cr_assert(eq(sz, strlen(failure.reason), FAILURE_REASON_SIZE - 1));

    failure_prefix(&failure, "/lines/3");
    cr_assert(eq(sz, strlen(failure.at), FAILURE_AT_SIZE - 1));
    cr_assert(strncmp(failure.at, "/lines/3xxx", 11) == 0);
    failure_prefix(&failure, text);
    cr_assert(eq(sz, strlen(failure.at), FAILURE_AT_SIZE - 1));
    cr_assert(eq(int, failure.at[0], 'x'));
}

Test(base, a_prefix_is_put_in_front_of_the_place)
{
    struct failure failure;
    (void)fail(&failure, STATUS_INVALID, "/to", "why");
    failure_prefix(&failure, "/3");
    failure_prefix(&failure, "/lines");
    cr_assert(eq(str, failure.at, (char *)"/lines/3/to"));
    failure_prefix(&failure, "");
    cr_assert(eq(str, failure.at, (char *)"/lines/3/to"));
    cr_assert(eq(str, failure.reason, (char *)"why"));
}

static enum status try_twice(enum status first, enum status second, int *ret_reached)
{
    TRY(first);
    *ret_reached = 1;
    TRY(second);
    *ret_reached = 2;
    return STATUS_OK;
}

Test(base, try_returns_the_first_status_that_is_not_ok)
{
    static const struct {
        enum status first;
        enum status second;
        enum status result;
        int reached;
    } rows[] = {
        {STATUS_OK, STATUS_OK, STATUS_OK, 2},
        {STATUS_OK, STATUS_LIMIT, STATUS_LIMIT, 1},
        {STATUS_MEMORY, STATUS_LIMIT, STATUS_MEMORY, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int reached = 0;
        cr_assert(eq(int, try_twice(rows[i].first, rows[i].second, &reached), rows[i].result),
                  "row %zu", i);
        cr_assert(eq(int, reached, rows[i].reached), "row %zu", i);
    }
}

/* --- Buffer --- */

Test(base, a_buffer_holds_what_was_appended_and_a_terminator)
{
    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, 100);
    cr_assert(view_is(buffer_view(&buffer), ""), "an empty buffer has an empty content");
    cr_assert(eq(int, buffer_append(&buffer, (struct view){NULL, 0}), STATUS_OK));
    cr_assert(eq(int, buffer_append(&buffer, (struct view){"abcdef", 3}), STATUS_OK));
    cr_assert(eq(int, buffer_append_byte(&buffer, '\0'), STATUS_OK));
    cr_assert(eq(int, buffer_append_text(&buffer, "-"), STATUS_OK));
    cr_assert(eq(int, buffer_append_format(&buffer, "%d%%%s", 17, "z"), STATUS_OK));
    cr_assert(view_equal(buffer_view(&buffer), VIEW("abc\0-17%z")));
    cr_assert(eq(int, buffer.data[buffer.size], '\0'));

    size_t capacity = buffer.capacity;
    buffer_clear(&buffer);
    cr_assert(view_is(buffer_view(&buffer), "") && buffer.data[0] == '\0');
    cr_assert(eq(sz, buffer.capacity, capacity), "the memory is kept");
}

Test(base, a_buffer_that_is_full_stays_as_it_was)
{
    static const struct {
        size_t size_max;
        const char *text;
        enum status status;
    } rows[] = {
        {0, "", STATUS_OK},    {0, "x", STATUS_LIMIT}, {3, "", STATUS_OK},
        {4, "x", STATUS_OK},   {3, "x", STATUS_LIMIT}, {5, "xyz", STATUS_LIMIT},
        {6, "xyz", STATUS_OK},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t way = 0; way < 3; way++) {
            OWNED(buffer_release) struct buffer buffer;
            buffer_init(&buffer, rows[i].size_max);
            const char *before = rows[i].size_max < 3 ? "" : "abc";
            cr_assert(eq(int, buffer_append_text(&buffer, before), STATUS_OK));
            enum status status = way == 0   ? buffer_append_text(&buffer, rows[i].text)
                                 : way == 1 ? buffer_append(&buffer, view_of(rows[i].text))
                                            : buffer_append_format(&buffer, "%s", rows[i].text);
            cr_assert(eq(int, status, rows[i].status), "row %zu way %zu", i, way);
            size_t added = status == STATUS_OK ? strlen(rows[i].text) : 0;
            cr_assert(eq(sz, buffer.size, strlen(before) + added), "row %zu way %zu", i, way);
            cr_assert(view_starts_with(buffer_view(&buffer), view_of(before)));
            cr_assert(eq(int, buffer_view(&buffer).data[buffer.size], '\0'));
        }
    }
    struct buffer buffer;
    char *room = NULL;
    buffer_init(&buffer, 10);
    cr_assert(eq(int, buffer_reserve(&buffer, SIZE_MAX, &room), STATUS_LIMIT));
    cr_assert(room == NULL && buffer.data == NULL);
}

Test(base, a_buffer_grows_byte_by_byte_to_its_maximum)
{
    enum { SIZE = 5000 };
    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, SIZE);
    for (size_t i = 0; i < SIZE; i++) {
        cr_assert(buffer_append_byte(&buffer, (char)('a' + i % 26)) == STATUS_OK, "byte %zu", i);
    }
    cr_assert(eq(int, buffer_append_byte(&buffer, '!'), STATUS_LIMIT));
    cr_assert(eq(sz, buffer.size, SIZE));
    cr_assert(eq(sz, strlen(buffer.data), SIZE));
    for (size_t i = 0; i < SIZE; i++) {
        cr_assert(buffer.data[i] == (char)('a' + i % 26), "byte %zu", i);
    }
    buffer_release(&buffer);
    cr_assert(buffer.data == NULL && buffer.size == 0);
    cr_assert(eq(int, buffer_append_text(&buffer, "again"), STATUS_OK), "as after buffer_init");
    cr_assert(eq(sz, buffer.size_max, SIZE));
}

Test(base, reserved_room_is_the_callers_to_fill)
{
    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, 2000);
    cr_assert(eq(int, buffer_append_text(&buffer, "size "), STATUS_OK));
    char *room = NULL;
    cr_assert(eq(int, buffer_reserve(&buffer, 1000, &room), STATUS_OK));
    memset(room, '7', 1000);
    cr_assert(eq(sz, buffer.size, 5), "not before the caller says so");
    buffer.size += 1000;
    cr_assert(eq(sz, strlen(buffer.data), 1005));
}

/* --- Arena --- */

Test(base, an_arena_hands_out_zeroed_aligned_pieces_that_do_not_overlap)
{
    enum { PIECES = 500 };
    static const size_t sizes[] = {1, 3, 8, 16, 17, 100, 4095, 4096, 4097, 20000};
    struct arena arena;
    arena_init(&arena, 4 * 1024 * 1024);
    unsigned char *pieces[PIECES];

    for (size_t i = 0; i < PIECES; i++) {
        size_t size = sizes[i % COUNT(sizes)];
        pieces[i] = arena_allocate(&arena, size, 1);
        cr_assert(pieces[i] != NULL, "piece %zu", i);
        uintptr_t address = (uintptr_t)pieces[i];
        cr_assert(eq(int, address % alignof(max_align_t), 0), "piece %zu", i);
        for (size_t k = 0; k < size; k++) {
            cr_assert(pieces[i][k] == 0, "piece %zu byte %zu", i, k);
        }
        memset(pieces[i], (int)(i % 251) + 1, size);
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t k = 0; k < sizes[i % COUNT(sizes)]; k++) {
            cr_assert(pieces[i][k] == i % 251 + 1, "piece %zu byte %zu", i, k);
        }
    }
    arena_release(&arena);
    cr_assert(arena.blocks == NULL && arena.size == 0);
}

Test(base, an_arena_has_a_maximum)
{
    struct arena arena;
    arena_init(&arena, 10000);
    cr_assert(arena_allocate(&arena, 10001, 1) == NULL);
    cr_assert(arena_allocate(&arena, SIZE_MAX / 2 + 1, 2) == NULL, "the product wraps to 0");
    cr_assert(arena_allocate(&arena, SIZE_MAX, 1) == NULL);
    cr_assert(eq(sz, arena.size, 0));

    size_t count = 0;
    while (count < 1000 && arena_allocate(&arena, 25, 4) != NULL) {
        count++;
    }
    cr_assert(count > 50 && count <= 100, "%zu pieces of 100 bytes", count);
    cr_assert(arena.size <= 10000);
    arena_release(&arena);
    cr_assert(arena_allocate(&arena, 10000, 1) != NULL, "released, it is as new");
    arena_release(&arena);
    arena_release(&arena);
}

Test(base, an_arena_copies_views_with_a_terminator)
{
    struct arena arena;
    arena_init(&arena, 10000);
    char source[] = "kept";
    struct view copy;
    cr_assert(eq(int, arena_copy(&arena, (struct view){source, 4}, &copy), STATUS_OK));
    source[0] = 'x';
    cr_assert(view_is(copy, "kept") && copy.data[4] == '\0');
    cr_assert(eq(int, arena_copy(&arena, (struct view){NULL, 0}, &copy), STATUS_OK));
    cr_assert(copy.size == 0 && copy.data[0] == '\0');
    char large[10001];
    memset(large, 'x', sizeof large);
    cr_assert(
        eq(int, arena_copy(&arena, (struct view){large, sizeof large}, &copy), STATUS_MEMORY));
    cr_assert(eq(sz, copy.size, 0), "untouched on failure");
    arena_release(&arena);
}

/* --- View --- */

Test(base, views_are_compared_by_bytes_and_by_size)
{
    static const struct {
        struct view a;
        struct view b;
        int order;
    } rows[] = {
        {{"", 0}, {NULL, 0}, 0},         {{"a", 1}, {"a", 1}, 0},    {{"a", 1}, {"b", 1}, -1},
        {{"a", 1}, {"ab", 2}, -1},       {{NULL, 0}, {"\0", 1}, -1}, {{"a\0b", 3}, {"a\0c", 3}, -1},
        {{"z", 1}, {"\303\245", 2}, -1}, /* bytes are unsigned */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int order = view_compare(rows[i].a, rows[i].b);
        int reverse = view_compare(rows[i].b, rows[i].a);
        cr_assert(eq(int, (order > 0) - (order < 0), rows[i].order), "row %zu", i);
        cr_assert(eq(int, (reverse > 0) - (reverse < 0), -rows[i].order), "row %zu", i);
        cr_assert(eq(int, view_equal(rows[i].a, rows[i].b), rows[i].order == 0), "row %zu", i);
    }
    cr_assert(view_starts_with(VIEW("line"), VIEW("li")));
    cr_assert(view_starts_with(VIEW("line"), VIEW("line")));
    cr_assert(view_starts_with(VIEW("line"), VIEW("")));
    cr_assert(not(view_starts_with(VIEW("line"), VIEW("lines"))));
    cr_assert(not(view_starts_with(VIEW("line"), VIEW("in"))));
}

static int releases;

static void count_release(int **number)
{
    releases += *number != NULL;
}

static int *steal_or_release(bool steal)
{
    static int number;
    OWNED(count_release) int *owned = &number;
    return steal ? STEAL(owned) : NULL;
}

Test(base, what_is_stolen_is_not_released)
{
    cr_assert(steal_or_release(false) == NULL);
    cr_assert(eq(int, releases, 1));
    cr_assert(steal_or_release(true) != NULL);
    cr_assert(eq(int, releases, 1));
}
