#include "tests/support/portion.h"

#include <stdlib.h>

uint64_t test_portion(void)
{
    const char *text = getenv("TEST_PORTION");
    uint64_t portion = text == NULL ? 1 : strtoull(text, NULL, 10);
    return portion == 0 ? 1 : portion;
}
