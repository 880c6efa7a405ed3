/*
 * Fuzz: any bytes are refused as a note and as a vkey, or are made of the parts that were found, so
 * that putting them together again gives the same bytes.
 */
#include "ledger/base/ownership.h"
#include "ledger/log/note.h"

#include <stdlib.h>

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void fuzz_vkey(struct view input)
{
    struct note_key key;
    struct failure failure;
    if (note_key_parse(input, &key, &failure) != STATUS_OK) {
        return;
    }
    OWNED(buffer_release) struct buffer written;
    buffer_init(&written, input.size);
    require(note_key_write(&key, &written) == STATUS_OK);
    require(view_equal(buffer_view(&written), input));
}

static void fuzz_note(struct view input)
{
    struct note note;
    struct failure failure;
    if (note_parse(input, &note, &failure) != STATUS_OK) {
        return;
    }
    require(note.count >= 1 && note.count <= NOTE_SIGNATURES_MAX);
    require(note.text.size > 0 && note.text.data[note.text.size - 1] == '\n');

    OWNED(buffer_release) struct buffer written;
    buffer_init(&written, input.size);
    require(buffer_append(&written, note.text) == STATUS_OK);
    require(buffer_append_byte(&written, '\n') == STATUS_OK);
    for (size_t i = 0; i < note.count; i++) {
        const struct note_signature *signature = &note.signatures[i];
        uint8_t bytes[NOTE_SIGNATURE_SIZE_MAX];
        require(signature->size >= 1 && signature->size <= sizeof bytes);
        note_signature_bytes(signature, bytes);
        require(note_name_valid(signature->name));
        require(buffer_append_text(&written, "\xe2\x80\x94 ") == STATUS_OK);
        require(buffer_append(&written, signature->name) == STATUS_OK);
        require(buffer_append_byte(&written, ' ') == STATUS_OK);
        require(buffer_append(&written, signature->encoded) == STATUS_OK);
        require(buffer_append_byte(&written, '\n') == STATUS_OK);
    }
    require(view_equal(buffer_view(&written), input));
    (void)!note_check_sorted(&note, &failure);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view input = {.data = (const char *)data, .size = size};
    fuzz_note(input);
    fuzz_vkey(input);
    return 0;
}
