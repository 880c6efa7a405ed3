#include "contracts/number/money.h"

static const struct currency CURRENCIES[] = {
#define CURRENCY(code, decimals) {#code, decimals},
#include "contracts/number/currencies.def"
#undef CURRENCY
};

enum status currency_by_code(struct view code, struct currency *ret_currency)
{
    size_t low = 0;
    size_t high = sizeof CURRENCIES / sizeof CURRENCIES[0];
    while (low < high) { /* halves each time */
        size_t middle = low + (high - low) / 2;
        int order = view_compare(code, view_of(CURRENCIES[middle].code));
        if (order == 0) {
            *ret_currency = CURRENCIES[middle];
            return STATUS_OK;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return STATUS_NOT_FOUND;
}

bool currency_equal(struct currency a, struct currency b)
{
    return memcmp(a.code, b.code, sizeof a.code) == 0;
}
