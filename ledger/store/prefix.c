#include "ledger/store/prefix.h"

#include <string.h>

bool prefix_end(struct view prefix, char ret_end[static SUBJECT_SIZE_MAX], size_t *ret_size)
{
    size_t size = prefix.size;
    while (size > 0 && (unsigned char)prefix.data[size - 1] == 0xff) {
        size -= 1;
    }
    if (size == 0) {
        return false;
    }
    memcpy(ret_end, prefix.data, size);
    ret_end[size - 1] = (char)((unsigned char)prefix.data[size - 1] + 1);
    *ret_size = size;
    return true;
}
