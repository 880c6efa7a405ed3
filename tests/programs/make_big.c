/*
 * Make big: writes a ledger of many contracts for a script to measure or publish.
 *
 *     make_big FILE CONTRACTS FUNDINGS_EACH
 *
 * Prints how many entries it has.
 */

#include "ledger/base/text.h"
#include "ledger/crypto/key.h"
#include "tests/support/big_ledger.h"

#include <inttypes.h>
#include <stdio.h>

#define COUNT_MAX 1000000

int main(int argc, char **argv)
{
    struct big_ledger shape = {.signatures = 1};
    if (argc != 4 ||
        decimal_u64_read(view_of(argv[2]), COUNT_MAX, &shape.contract_count) != STATUS_OK ||
        decimal_u64_read(view_of(argv[3]), COUNT_MAX, &shape.fundings_each) != STATUS_OK) {
        (void)fprintf(stderr, "usage: make_big FILE CONTRACTS FUNDINGS_EACH\n");
        return 2;
    }
    struct failure failure;
    if (crypto_init(&failure) != STATUS_OK) {
        (void)fprintf(stderr, "make_big: %s\n", failure.reason);
        return 2;
    }
    big_ledger_make(argv[1], shape);
    printf("%" PRIu64 "\n", big_ledger_size(shape));
    return 0;
}
