/*
 * Planted: a fuzz target that finds its fault at once.
 *
 * expect fuzz-smoke: heap-buffer-overflow
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *volatile bytes = malloc(2);
    if (bytes != NULL && size > 2) {
        bytes[size] = (char)data[0];
    }
    free(bytes);
    return 0;
}
