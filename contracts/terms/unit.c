#include "contracts/terms/unit.h"

#include <assert.h>
#include <stddef.h>

static bool is_name_byte(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '_';
}

/* Cuts the base unit at the start of `*rest`; its size is 0 when there is none. */
static struct view cut_name(struct view *rest)
{
    size_t size = 0;
    while (size < rest->size && is_name_byte(rest->data[size])) {
        size++;
    }
    struct view name = {.data = rest->data, .size = size};
    *rest = (struct view){.data = rest->data + size, .size = rest->size - size};
    return name;
}

static bool cut_byte(struct view *rest, char byte)
{
    if (rest->size == 0 || rest->data[0] != byte) {
        return false;
    }
    *rest = (struct view){.data = rest->data + 1, .size = rest->size - 1};
    return true;
}

/*
 * Reads base units in byte order, each after the first behind `separator`, and multiplies `unit`
 * by each one to the power of `sign`.
 */
static enum status read_factors(struct view *rest, char separator, int8_t sign, struct unit *unit)
{
    struct view previous = {.data = "", .size = 0};
    do { /* each round takes at least one byte of `rest` */
        struct unit factor = {.count = 1, .bases = {{.name = cut_name(rest), .exponent = sign}}};
        struct view name = factor.bases[0].name;
        if (name.size == 0 || name.size > UNIT_NAME_MAX || view_compare(name, previous) < 0) {
            return STATUS_INVALID;
        }
        previous = name;
        TRY(unit_multiply(unit, &factor, unit));
    } while (cut_byte(rest, separator));
    return STATUS_OK;
}

/* Whether a base stands both above and below the line: then the text is not the one spelling. */
static bool has_opposite(const struct unit *above, const struct unit *below)
{
    for (uint32_t i = 0; i < above->count; i++) {
        for (uint32_t k = 0; k < below->count; k++) {
            if (view_equal(above->bases[i].name, below->bases[k].name)) {
                return true;
            }
        }
    }
    return false;
}

enum status unit_read(struct view text, struct unit *ret_unit)
{
    struct unit above = {.count = 0};
    struct unit below = {.count = 0};
    struct view rest = text;

    if (!cut_byte(&rest, '1')) {
        TRY(read_factors(&rest, '*', 1, &above));
    }
    if (cut_byte(&rest, '/')) {
        TRY(read_factors(&rest, '/', -1, &below));
    }
    if (rest.size > 0 || has_opposite(&above, &below)) {
        return STATUS_INVALID;
    }
    return unit_multiply(&above, &below, ret_unit);
}

/* Appends a base as often as its exponent says, each but the first after `separator`. */
static enum status write_base(const struct unit_base *base, const char *separator, bool *is_first,
                              struct buffer *buffer)
{
    int times = base->exponent < 0 ? -base->exponent : base->exponent;
    for (int i = 0; i < times; i++) {
        TRY(buffer_append_text(buffer, *is_first ? "" : separator));
        TRY(buffer_append(buffer, base->name));
        *is_first = false;
    }
    return STATUS_OK;
}

enum status unit_write(const struct unit *unit, struct buffer *buffer)
{
    bool is_first = true;
    for (uint32_t i = 0; i < unit->count; i++) {
        if (unit->bases[i].exponent < 0) {
            continue;
        }
        TRY(write_base(&unit->bases[i], "*", &is_first, buffer));
    }
    if (is_first) {
        TRY(buffer_append_byte(buffer, '1'));
        is_first = false;
    }
    for (uint32_t i = 0; i < unit->count; i++) {
        if (unit->bases[i].exponent > 0) {
            continue;
        }
        TRY(write_base(&unit->bases[i], "/", &is_first, buffer));
    }
    return STATUS_OK;
}

bool unit_equal(const struct unit *a, const struct unit *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->bases[i].exponent != b->bases[i].exponent ||
            !view_equal(a->bases[i].name, b->bases[i].name)) {
            return false;
        }
    }
    return true;
}

/* a * b^sign; the bases of a unit are kept in byte order, so this is a merge. */
static enum status combine(const struct unit *a, const struct unit *b, int sign,
                           struct unit *ret_unit)
{
    struct unit result = {.count = 0};
    uint32_t i = 0;
    uint32_t k = 0;
    while (i < a->count || k < b->count) {
        int order = i == a->count   ? 1
                    : k == b->count ? -1
                                    : view_compare(a->bases[i].name, b->bases[k].name);
        int exponent = 0;
        struct view name = order <= 0 ? a->bases[i].name : b->bases[k].name;
        if (order <= 0) {
            exponent += a->bases[i].exponent;
            i++;
        }
        if (order >= 0) {
            exponent += sign * b->bases[k].exponent;
            k++;
        }
        if (exponent == 0) {
            continue;
        }
        if (result.count == UNIT_BASES_MAX || exponent > UNIT_EXPONENT_MAX ||
            exponent < -UNIT_EXPONENT_MAX) {
            return STATUS_LIMIT;
        }
        result.bases[result.count] = (struct unit_base){.name = name, .exponent = (int8_t)exponent};
        result.count++;
    }
    *ret_unit = result;
    return STATUS_OK;
}

enum status unit_multiply(const struct unit *a, const struct unit *b, struct unit *ret_product)
{
    return combine(a, b, 1, ret_product);
}

enum status unit_divide(const struct unit *a, const struct unit *b, struct unit *ret_quotient)
{
    return combine(a, b, -1, ret_quotient);
}

enum status unit_power(const struct unit *a, int exponent, struct unit *ret_power)
{
    struct unit result = {.count = 0};
    if (exponent != 0) {
        for (uint32_t i = 0; i < a->count; i++) {
            int64_t product = (int64_t)a->bases[i].exponent * exponent;
            if (product > UNIT_EXPONENT_MAX || product < -UNIT_EXPONENT_MAX) {
                return STATUS_LIMIT;
            }
            result.bases[i] =
                (struct unit_base){.name = a->bases[i].name, .exponent = (int8_t)product};
        }
        result.count = a->count;
    }
    *ret_power = result;
    return STATUS_OK;
}
