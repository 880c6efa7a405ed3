#include "contracts/analysis/linear.h"

#include "ledger/base/ownership.h"

void linear_init(struct linear *linear)
{
    linear->count = 0;
    rational_init(&linear->constant);
    for (size_t i = 0; i < LINEAR_TERMS_MAX; i++) {
        rational_init(&linear->factors[i]);
    }
}

void linear_release(struct linear *linear)
{
    rational_release(&linear->constant);
    for (size_t i = 0; i < LINEAR_TERMS_MAX; i++) {
        rational_release(&linear->factors[i]);
    }
}

void linear_set(struct linear *target, const struct linear *source)
{
    target->count = source->count;
    rational_set(&target->constant, &source->constant);
    for (size_t i = 0; i < source->count; i++) {
        target->atoms[i] = source->atoms[i];
        rational_set(&target->factors[i], &source->factors[i]);
    }
}

void linear_set_constant(struct linear *target, const struct rational *value)
{
    target->count = 0;
    rational_set(&target->constant, value);
}

void linear_set_atom(struct linear *target, size_t atom)
{
    target->count = 1;
    target->atoms[0] = atom;
    rational_set_integer(&target->factors[0], 1);
    rational_set_integer(&target->constant, 0);
}

/* The place of an atom, or of the first one after it. */
static size_t place_of(const struct linear *linear, size_t atom)
{
    size_t place = 0;
    while (place < linear->count && linear->atoms[place] < atom) {
        place++;
    }
    return place;
}

const struct rational *linear_factor(const struct linear *linear, size_t atom)
{
    size_t place = place_of(linear, atom);
    bool is_there = place < linear->count && linear->atoms[place] == atom;
    return is_there ? &linear->factors[place] : NULL;
}

static void remove_term(struct linear *linear, size_t place)
{
    linear->count--;
    for (size_t i = place; i < linear->count; i++) {
        linear->atoms[i] = linear->atoms[i + 1];
        rational_set(&linear->factors[i], &linear->factors[i + 1]);
    }
}

static bool insert_term(struct linear *linear, size_t place, size_t atom,
                        const struct rational *factor)
{
    if (linear->count == LINEAR_TERMS_MAX) {
        return false;
    }
    for (size_t i = linear->count; i > place; i--) {
        linear->atoms[i] = linear->atoms[i - 1];
        rational_set(&linear->factors[i], &linear->factors[i - 1]);
    }
    linear->count++;
    linear->atoms[place] = atom;
    rational_set(&linear->factors[place], factor);
    return true;
}

static bool add_term(struct linear *linear, size_t atom, const struct rational *factor)
{
    size_t place = place_of(linear, atom);
    if (place == linear->count || linear->atoms[place] != atom) {
        return rational_sign(factor) == 0 || insert_term(linear, place, atom, factor);
    }
    struct rational *sum = &linear->factors[place];
    if (rational_add(sum, sum, factor) != STATUS_OK) {
        return false;
    }
    if (rational_sign(sum) == 0) {
        remove_term(linear, place);
    }
    return true;
}

bool linear_add(struct linear *target, const struct linear *other, const struct rational *factor)
{
    OWNED(rational_release) struct rational product;
    rational_init(&product);
    if (rational_multiply(&product, &other->constant, factor) != STATUS_OK ||
        rational_add(&target->constant, &target->constant, &product) != STATUS_OK) {
        return false;
    }
    for (size_t i = 0; i < other->count; i++) {
        if (rational_multiply(&product, &other->factors[i], factor) != STATUS_OK ||
            !add_term(target, other->atoms[i], &product)) {
            return false;
        }
    }
    return true;
}

bool linear_scale(struct linear *target, const struct rational *factor)
{
    if (rational_sign(factor) == 0) {
        target->count = 0;
    }
    bool fits = rational_multiply(&target->constant, &target->constant, factor) == STATUS_OK;
    for (size_t i = 0; i < target->count && fits; i++) {
        fits = rational_multiply(&target->factors[i], &target->factors[i], factor) == STATUS_OK;
    }
    return fits;
}
