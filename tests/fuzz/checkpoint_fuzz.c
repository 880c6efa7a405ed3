/* Fuzz: any bytes are refused, or are what checkpoint_write() writes. */
#include "ledger/base/ownership.h"
#include "ledger/log/checkpoint.h"

#include <stdlib.h>

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view input = {.data = (const char *)data, .size = size};
    struct failure failure;
    struct checkpoint checkpoint;
    if (checkpoint_parse(input, &checkpoint, &failure) != STATUS_OK) {
        return 0;
    }
    OWNED(buffer_release) struct buffer written;
    buffer_init(&written, size);
    require(checkpoint_write(&checkpoint, &written) == STATUS_OK);
    require(view_equal(buffer_view(&written), input));
    return 0;
}
