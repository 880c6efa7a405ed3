#include "contracts/statement/statement.h"

#include <assert.h>

const char *kind_word(enum kind kind)
{
    static const char *const WORDS[KIND_COUNT] = {
#define KIND(name, word, subject) word,
#include "contracts/statement/kinds.def"
#undef KIND
    };
    assert(kind < KIND_COUNT);
    return WORDS[kind];
}

enum subject_class kind_subject_class(enum kind kind)
{
    static const enum subject_class SUBJECTS[KIND_COUNT] = {
#define KIND(name, word, subject) subject,
#include "contracts/statement/kinds.def"
#undef KIND
    };
    assert(kind < KIND_COUNT);
    return SUBJECTS[kind];
}
