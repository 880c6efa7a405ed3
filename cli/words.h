/*
 * Words: what kinds, operations and their like are called, in the chosen language.
 *
 * In English they are the words that stand in statements; machine output uses those always.
 */
#pragma once

#include "contracts/statement/statement.h"

const char *word_of_kind(enum kind kind);
const char *word_of_role(enum role role);
const char *word_of_operation(enum operation operation);
const char *word_of_field(enum measured_field field);

/* "the nearest, ties to even" */
const char *word_of_rounding(enum rounding rounding);

/* "calendar days, a year counted as 365" */
const char *word_of_day_count(enum day_count day_count);
