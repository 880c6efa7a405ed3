#include "cli/language.h"

#include "ledger/base/status.h"

#include <libgen.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *chosen = "en";

static const char *from_environment(void)
{
    static const char *const NAMES[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        const char *value = getenv(NAMES[i]);
        if (value != NULL && value[0] != '\0') {
            return value;
        }
    }
    return "";
}

/* Messages of a program that was built and not installed lie beside it, in build/locale. */
static const char *locale_directory(void)
{
    static char path[PATH_MAX + 32];
    char program[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size > 0) {
        program[size] = '\0';
        (void)snprintf(path, sizeof path, "%s/../locale", dirname(program));
        if (access(path, R_OK) == 0) {
            return path;
        }
    }
    return UTFALL_LOCALE_DIR;
}

/* gettext answers the empty text with the header of the catalogue. */
static const char *translate_reason(const char *format)
{
    return format[0] == '\0' ? format : gettext(format);
}

bool language_choose(const char *wanted)
{
    if (wanted != NULL && strcmp(wanted, "sv") != 0 && strcmp(wanted, "en") != 0) {
        return false;
    }
    const char *name = wanted != NULL ? wanted : from_environment();
    chosen = strncmp(name, "sv", 2) == 0 ? "sv" : "en";
    (void)setenv("LANGUAGE", chosen, 1);
    if (setlocale(LC_ALL, "C.UTF-8") == NULL) {
        (void)setlocale(LC_ALL, "C");
    }
    (void)bindtextdomain("utfall", locale_directory());
    (void)bind_textdomain_codeset("utfall", "UTF-8");
    (void)textdomain("utfall");
    failure_translate_by(translate_reason);
    return true;
}

const char *language(void)
{
    return chosen;
}
