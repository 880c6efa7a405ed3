/*
 * Fuzz: any bytes are refused as a case, or are what the writers write; and replaying what was
 * accepted ends, whatever stands in it.
 */
#include "contracts/case/case.h"
#include "ledger/base/ownership.h"

#include <stdlib.h>

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void write_again(const struct case_file *file, struct buffer *ret_bytes)
{
    require(case_write_head(ret_bytes, file->contract, file->checkpoint, file->entry_count) ==
            STATUS_OK);
    for (size_t i = 0; i < file->entry_count; i++) {
        struct merkle_proof path = {.count = 0};
        case_path(&file->entries[i], &path);
        require(case_write_entry(ret_bytes, file->entries[i].index, &path, file->entries[i].note) ==
                STATUS_OK);
    }
    require(case_write_attachment_count(ret_bytes, file->attachment_count) == STATUS_OK);
    for (size_t i = 0; i < file->attachment_count; i++) {
        require(case_write_attachment(ret_bytes, &file->attachments[i]) == STATUS_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view input = {.data = (const char *)data, .size = size};
    struct failure failure;
    require(crypto_init(&failure) == STATUS_OK);
    OWNED(case_release) struct case_file file = {0};
    if (case_parse(input, &file, &failure) != STATUS_OK) {
        return 0;
    }
    OWNED(buffer_release) struct buffer written;
    buffer_init(&written, size);
    write_again(&file, &written);
    require(view_equal(buffer_view(&written), input));

    struct note_key log;
    OWNED(state_freep) struct state *state = NULL;
    struct case_finding finding;
    failure = (struct failure){0};
    if (case_log_key(&file, &log, &failure) == STATUS_OK) {
        enum status replayed = case_replay(&file, &log, &state, &finding, &failure);
        require((replayed == STATUS_OK) == (state != NULL));
    }
    return 0;
}
