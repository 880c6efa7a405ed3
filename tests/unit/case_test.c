#include "contracts/case/case.h"
#include "ledger/base/ownership.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* What a case has to be to be taken apart; its notes are looked at by a replay only. */
#define HEAD "utfall-case@v1\ncontract small\ncheckpoint 3\nabc"
#define ENTRIES "entries 2\nentry 0 0 2\nn0entry 5 1 2\n" HASH "n5"
#define HASH "YcoROfaBWEHVuvLQ0tm9nf7pfImN1ve6DAqpQe5sAes=\n"
#define TAIL "attachments 1\nattachment crl 2\n\x01\n\n"
#define WHOLE HEAD ENTRIES TAIL

static void prepare(void)
{
    struct failure failure;
    cr_assert(eq(int, crypto_init(&failure), STATUS_OK));
}

TestSuite(contract_case, .init = prepare);

Test(contract_case, is_taken_apart)
{
    OWNED(case_release) struct case_file file = {0};
    struct failure failure;
    cr_assert(eq(int, case_parse(VIEW(WHOLE), &file, &failure), STATUS_OK));
    cr_assert(view_is(file.contract, "small"));
    cr_assert(view_is(file.checkpoint, "abc"));
    cr_assert(eq(sz, file.entry_count, 2));
    cr_assert(eq(u64, file.entries[1].index, 5));
    cr_assert(view_is(file.entries[1].note, "n5"));
    cr_assert(eq(sz, file.attachment_count, 1));
    cr_assert(view_is(file.attachments[0].kind, "crl"));
    cr_assert(view_is(file.attachments[0].bytes, "\x01\n"));

    struct merkle_proof path;
    case_path(&file.entries[0], &path);
    cr_assert(eq(u32, path.count, 0));
    case_path(&file.entries[1], &path);
    cr_assert(eq(u32, path.count, 1));
    cr_assert(eq(u8, path.hashes[0].bytes[0], 0x61));
}

Test(contract_case, is_written_as_it_is_read)
{
    OWNED(case_release) struct case_file file = {0};
    OWNED(buffer_release) struct buffer written;
    struct failure failure;
    buffer_init(&written, 1024);
    cr_assert(eq(int, case_parse(VIEW(WHOLE), &file, &failure), STATUS_OK));
    cr_assert(eq(int, case_write_head(&written, file.contract, file.checkpoint, 2), STATUS_OK));
    for (size_t i = 0; i < file.entry_count; i++) {
        struct merkle_proof path;
        case_path(&file.entries[i], &path);
        cr_assert(eq(int,
                     case_write_entry(&written, file.entries[i].index, &path, file.entries[i].note),
                     STATUS_OK));
    }
    cr_assert(eq(int, case_write_attachment_count(&written, 1), STATUS_OK));
    cr_assert(eq(int, case_write_attachment(&written, &file.attachments[0]), STATUS_OK));
    cr_assert(view_is(buffer_view(&written), WHOLE));
}

/* One place is wrong in each, and the byte of that place is told. */
Test(contract_case, in_another_form_is_refused_with_its_place)
{
    static const struct {
        const char *text;
        const char *at;
    } WRONG[] = {
        {"", "byte 0"},
        {"utfall-case@v2\ncontract small\n", "byte 0"},
        {"utfall-case@v1\ncontract Small\n", "byte 15"},
        {"utfall-case@v1\ncontract  small\n", "byte 15"},
        {"utfall-case@v1\ncontract small \n", "byte 15"},
        {"utfall-case@v1\ncontract small\ncheckpoint 03\nabc", "byte 30"},
        {"utfall-case@v1\ncontract small\ncheckpoint 4\nabc", "byte 30"},
        {HEAD "entries 1\nentry 0 0 2\nn0", "byte 56"},
        {HEAD "entries 02\n", "byte 46"},
        {HEAD "entries 2\nentry 1 0 2\nn0entry 5 0 2\nn5" TAIL, "byte 56"},
        {HEAD "entries 2\nentry 0 0 2\nn0entry 0 0 2\nn5" TAIL, "byte 70"},
        {HEAD "entries 2\nentry 0 1 2\nn0entry 5 0 2\nn5" TAIL, "byte 68"},
        {HEAD "entries 2\nentry 0 65 2\n", "byte 64"},
        {HEAD "entries 2\nentry 0 0 2000\nn0", "byte 66"},
        {HEAD ENTRIES "attachments 1\nattachment CRL 2\n\x01\n\n", "byte 143"},
        {HEAD ENTRIES "attachments 1\nattachment crl 2\n\x01\nx", "byte 158"},
        {WHOLE "\n", "byte 163"},
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        struct case_file file = {0};
        struct failure failure = {0};
        cr_expect(eq(int, case_parse(view_of(WRONG[i].text), &file, &failure), STATUS_INVALID),
                  "row %zu", i);
        cr_expect(eq(str, failure.at, (char *)(size_t)WRONG[i].at), "row %zu", i);
    }
}

Test(contract_case, beyond_a_maximum_is_a_limit)
{
    struct case_file file = {0};
    struct failure failure = {0};
    cr_assert(eq(int, case_parse(VIEW(HEAD "entries 20001\n"), &file, &failure), STATUS_LIMIT));
    cr_assert(eq(int, case_parse(VIEW(HEAD ENTRIES "attachments 1001\n"), &file, &failure),
                 STATUS_LIMIT));
    struct view huge = {.data = WHOLE, .size = CASE_SIZE_MAX + 1};
    cr_assert(eq(int, case_parse(huge, &file, &failure), STATUS_LIMIT));
}

Test(contract_case, of_no_statements_is_not_replayed)
{
    OWNED(case_release) struct case_file file = {0};
    struct failure failure = {0};
    struct note_key log = {.name = "small"};
    struct state *state = NULL;
    struct case_finding finding;
    cr_assert(eq(int, case_parse(VIEW(WHOLE), &file, &failure), STATUS_OK));
    cr_assert(eq(int, case_log_key(&file, &log, &failure), STATUS_UNTRUSTED));
    cr_assert(eq(str, failure.at, (char *)"entry 0"));
    failure = (struct failure){0};
    cr_assert(ne(int, case_replay(&file, &log, &state, &finding, &failure), STATUS_OK));
    cr_assert(eq(ptr, state, NULL));
}
