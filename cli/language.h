/*
 * Language: which one people are spoken to in. Swedish or English; machine output has none.
 *
 * Messages go through gettext (po/sv.po). A fresh Debian has no Swedish locale installed, and
 * gettext then stays silent; so the C.UTF-8 locale is used and the language named by LANGUAGE.
 */
#pragma once

#include <libintl.h>
#include <stdbool.h>

#define _(text) gettext(text)
/* Marks a text for translation that is looked up later. */
#define N_(text) text

/*
 * Chooses by --lang, else by the environment. `wanted` may be NULL. False for an unknown one.
 * Reasons of failures are in the chosen language from then on.
 */
bool language_choose(const char *wanted);

/* "sv" or "en". */
const char *language(void);
