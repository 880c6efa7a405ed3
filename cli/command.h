/*
 * Command: one verb of the program, and what it was called with.
 *
 * Exit status, of every command:
 *
 *   0  good
 *   1  checked and false, or refused by a rule
 *   2  could not check: usage, a missing file, input or output, a limit
 *   3  incomplete: something that others must add is missing
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_status {
    EXIT_GOOD = 0,
    EXIT_FALSE = 1,
    EXIT_TROUBLE = 2,
    EXIT_INCOMPLETE = 3,
};

enum option_name {
#define OPTION(name, long_name, letter, argument, help) OPTION_##name,
#include "cli/options.def"
#undef OPTION
    OPTION_COUNT,
};

#define INVOCATION_VKEYS_MAX 64
#define INVOCATION_GIVEN_MAX 400

/* An option with its argument, as it stood on the command line. */
struct given_option {
    enum option_name option;
    const char *value;
};

/* What the command line says, taken apart. Strings are borrowed from argv. */
struct invocation {
    const struct command *command;
    const char *values[OPTION_COUNT]; /* NULL when absent; "" for an option without argument */
    size_t vkey_count;
    const char *vkeys[INVOCATION_VKEYS_MAX];
    size_t given_count; /* in their order: for options that may be given several times */
    struct given_option given[INVOCATION_GIVEN_MAX];
    int operand_count;
    char **operands;
};

struct command {
    const char *name;
    int (*run)(const struct invocation *invocation); /* returns an exit_status */
    const char *arguments;
    uint64_t options;    /* a bit for each option that it takes */
    const char *summary; /* untranslated */
};

extern const struct command COMMANDS[];
extern const size_t COMMAND_COUNT;

const struct command *command_find(const char *name);

#define COMMAND(name, arguments, options, summary) \
    int command_##name(const struct invocation *invocation);
#define COMMAND_SPELT(name, spelling, arguments, options, summary) \
    int command_##name(const struct invocation *invocation);
#include "cli/commands.def"
#undef COMMAND_SPELT
#undef COMMAND

/* Prints the usage of one command, or of the program when `command` is NULL. */
void command_print_help(const struct command *command);

/*
 * The argument of the next `option` from the place `*at` on, which it moves behind it; NULL when
 * there is none left. `*at` begins with 0.
 */
const char *next_option(const struct invocation *invocation, enum option_name option, size_t *at);

static inline bool has_option(const struct invocation *invocation, enum option_name option)
{
    return invocation->values[option] != NULL;
}
