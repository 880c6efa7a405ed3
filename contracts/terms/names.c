#include "contracts/terms/names.h"

#include <stdint.h>
#include <stdlib.h>

void names_clear(struct names *names)
{
    names->count = 0;
}

void names_add(struct names *names, struct view text)
{
    assert(names->count < NAMES_MAX);
    names->entries[names->count] = (struct name){.text = text, .index = names->count};
    names->count++;
}

static int compare(const void *left, const void *right)
{
    const struct name *a = left;
    const struct name *b = right;
    int order = view_compare(a->text, b->text);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

size_t names_sort(struct names *names)
{
    qsort(names->entries, names->count, sizeof names->entries[0], compare);

    size_t repeated = SIZE_MAX;
    for (size_t i = 1; i < names->count; i++) {
        if (view_equal(names->entries[i - 1].text, names->entries[i].text) &&
            names->entries[i].index < repeated) {
            repeated = names->entries[i].index;
        }
    }
    return repeated;
}

size_t names_find(const struct names *names, struct view text)
{
    size_t low = 0;
    size_t high = names->count;
    while (low < high) { /* halves each round */
        size_t middle = low + (high - low) / 2;
        int order = view_compare(names->entries[middle].text, text);
        if (order == 0) {
            return names->entries[middle].index;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return SIZE_MAX;
}
