#include "contracts/number/numeral.h"

#include <assert.h>

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static size_t digits_size(struct view text)
{
    size_t size = 0;
    while (size < text.size && is_digit(text.data[size])) {
        size++;
    }
    return size;
}

static struct view without_start(struct view text, size_t size)
{
    assert(size <= text.size);
    return (struct view){.data = text.data + size, .size = text.size - size};
}

static bool is_zero(struct view digits)
{
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] != '0') {
            return false;
        }
    }
    return true;
}

enum status numeral_parse(struct view text, struct numeral *ret_numeral)
{
    struct numeral numeral = {.negative = text.size > 0 && text.data[0] == '-'};
    struct view rest = numeral.negative ? without_start(text, 1) : text;

    numeral.whole = (struct view){.data = rest.data, .size = numeral_whole_size(rest)};
    if (numeral.whole.size == 0) {
        return STATUS_INVALID;
    }
    rest = without_start(rest, numeral.whole.size);
    if (rest.size > 0) {
        if (rest.data[0] != '.') {
            return STATUS_INVALID;
        }
        numeral.fraction = without_start(rest, 1);
        if (numeral.fraction.size == 0 || digits_size(numeral.fraction) != numeral.fraction.size) {
            return STATUS_INVALID;
        }
    }
    if (numeral.negative && is_zero(numeral.whole) && is_zero(numeral.fraction)) {
        return STATUS_INVALID; /* zero has no sign */
    }
    *ret_numeral = numeral;
    return STATUS_OK;
}

size_t numeral_whole_size(struct view text)
{
    size_t size = digits_size(text);
    bool has_leading_zero = size > 1 && text.data[0] == '0';
    return has_leading_zero ? 0 : size;
}

uint64_t numeral_value(struct view digits)
{
    assert(digits.size <= NUMERAL_DIGITS_MAX);

    uint64_t value = 0;
    for (size_t i = 0; i < digits.size; i++) {
        assert(is_digit(digits.data[i]));
        value = value * 10 + (uint64_t)(digits.data[i] - '0');
    }
    return value;
}

uint64_t numeral_power_of_ten(size_t exponent)
{
    assert(exponent <= NUMERAL_DIGITS_MAX);

    uint64_t power = 1;
    for (size_t i = 0; i < exponent; i++) {
        power *= 10;
    }
    return power;
}
