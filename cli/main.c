/* The program: takes the command line apart, and hands over to a command. */

#include "cli/command.h"
#include "cli/language.h"
#include "cli/output.h"
#include "ledger/base/ownership.h"
#include "ledger/crypto/key.h"

#include <assert.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAKES(name) (UINT64_C(1) << OPTION_##name)

const struct command COMMANDS[] = {
#define COMMAND(name, arguments, options, summary) \
    {#name, command_##name, arguments, options, summary},
#define COMMAND_SPELT(name, spelling, arguments, options, summary) \
    {spelling, command_##name, arguments, options, summary},
#include "cli/commands.def"
#undef COMMAND_SPELT
#undef COMMAND
};
const size_t COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0];

#define COMMON_OPTIONS (TAKES(LEDGER) | TAKES(JSON) | TAKES(LANG) | TAKES(QUIET) | TAKES(HELP))

struct option_description {
    const char *long_name;
    char letter;
    const char *argument;
    const char *help;
};

static const struct option_description DESCRIPTIONS[OPTION_COUNT] = {
#define OPTION(name, long_name, letter, argument, help) \
    [OPTION_##name] = {long_name, letter, argument, help},
#include "cli/options.def"
#undef OPTION
};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(COMMANDS[i].name, name) == 0) {
            return &COMMANDS[i];
        }
    }
    return NULL;
}

/* --- Help --- */

static void print_option(const struct option_description *description)
{
    char letter[8] = "    ";
    if (description->letter != 0) {
        (void)snprintf(letter, sizeof letter, "-%c, ", description->letter);
    }
    char name[64];
    (void)snprintf(name, sizeof name, "%s--%s%s%s", letter, description->long_name,
                   description->argument == NULL ? "" : " ",
                   description->argument == NULL ? "" : description->argument);
    printf("  %-28s %s\n", name, _(description->help));
}

static void print_program_help(void)
{
    printf("%s\n\n", _("utfall: a signed append-only ledger of outcome contracts"));
    printf("%s utfall [--ledger FILE] COMMAND ...\n\n", _("Usage:"));
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        printf("  %-14s %s\n", COMMANDS[i].name, _(COMMANDS[i].summary));
    }
    printf("\n%s\n", _("utfall help COMMAND shows the options of a command."));
    printf("%s\n", _("Exit status: 0 good; 1 checked and false, or refused; 2 could not check; "
                     "3 incomplete."));
}

void command_print_help(const struct command *command)
{
    if (command == NULL) {
        print_program_help();
        return;
    }
    printf("%s utfall %s%s%s\n\n%s\n\n", _("Usage:"), command->name,
           command->arguments[0] == '\0' ? "" : " ", command->arguments, _(command->summary));
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (((command->options | COMMON_OPTIONS) & (UINT64_C(1) << i)) != 0) {
            print_option(&DESCRIPTIONS[i]);
        }
    }
}

static enum status push_option(struct json *array, const struct option_description *description)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "option", view_of(description->long_name)));
    if (description->argument != NULL) {
        TRY(json_set_string(object, "argument", view_of(description->argument)));
    }
    TRY(json_set_string(object, "summary", view_of(_(description->help))));
    return json_push(array, STEAL(object));
}

static enum status push_command(struct json *array, const struct command *command)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *options = json_new_array();
    if (object == NULL || options == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (((command->options | COMMON_OPTIONS) & (UINT64_C(1) << i)) != 0) {
            TRY(push_option(options, &DESCRIPTIONS[i]));
        }
    }
    TRY(json_set_string(object, "command", view_of(command->name)));
    TRY(json_set_string(object, "arguments", view_of(command->arguments)));
    TRY(json_set_string(object, "summary", view_of(_(command->summary))));
    TRY(json_set(object, "options", STEAL(options)));
    return json_push(array, STEAL(object));
}

/* One command, or all of them when `command` is NULL. */
static enum status help_to_json(const struct command *command, struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *commands = json_new_array();
    if (object == NULL || commands == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (command == NULL || command == &COMMANDS[i]) {
            TRY(push_command(commands, &COMMANDS[i]));
        }
    }
    TRY(json_set(object, "commands", STEAL(commands)));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static int help(const struct invocation *invocation, const struct command *command)
{
    if (!output_is_json(invocation)) {
        command_print_help(command);
        return EXIT_GOOD;
    }
    struct json *object;
    if (help_to_json(command, &object) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(object);
}

int command_help(const struct invocation *invocation)
{
    if (invocation->operand_count > 1) {
        return output_usage(invocation, _("help takes at most one command"));
    }
    if (invocation->operand_count == 0) {
        return help(invocation, NULL);
    }
    const struct command *command = command_find(invocation->operands[0]);
    if (command == NULL) {
        return output_usage(invocation, _("there is no command '%s'"), invocation->operands[0]);
    }
    return help(invocation, command);
}

/* --- Taking the command line apart --- */

#define LONG_OPTION_BASE 1000 /* beyond every letter */

/* Returns the option behind getopt's answer, or OPTION_COUNT. */
static size_t option_of(int answer)
{
    if (answer >= LONG_OPTION_BASE) {
        return (size_t)(answer - LONG_OPTION_BASE);
    }
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (DESCRIPTIONS[i].letter != 0 && DESCRIPTIONS[i].letter == answer) {
            return i;
        }
    }
    return OPTION_COUNT;
}

static void build_tables(struct option long_options[static OPTION_COUNT + 1],
                         char letters[static 2 * OPTION_COUNT + 2])
{
    size_t used = 0;
    letters[used++] = ':'; /* tells a missing argument from an unknown option */
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        int takes = DESCRIPTIONS[i].argument == NULL ? no_argument : required_argument;
        long_options[i] =
            (struct option){DESCRIPTIONS[i].long_name, takes, NULL, LONG_OPTION_BASE + (int)i};
        if (DESCRIPTIONS[i].letter != 0) {
            letters[used++] = DESCRIPTIONS[i].letter;
            if (takes == required_argument) {
                letters[used++] = ':';
            }
        }
    }
    long_options[OPTION_COUNT] = (struct option){NULL, 0, NULL, 0};
    letters[used] = '\0';
}

/* Records one option. False when there are too many of it. */
static bool take_option(struct invocation *invocation, size_t option)
{
    if (invocation->given_count == INVOCATION_GIVEN_MAX) {
        return false;
    }
    invocation->given[invocation->given_count] = (struct given_option){
        .option = (enum option_name)option,
        .value = optarg == NULL ? "" : optarg,
    };
    invocation->given_count++;
    if (option == OPTION_VKEY) {
        if (invocation->vkey_count == INVOCATION_VKEYS_MAX) {
            return false;
        }
        invocation->vkeys[invocation->vkey_count] = optarg;
        invocation->vkey_count++;
    }
    invocation->values[option] = optarg == NULL ? "" : optarg;
    return true;
}

/*
 * Reads options up to the end. Returns an exit status, or -1 to go on.
 *
 * The first thing that is wrong is told at the end, when --json and --lang have been seen.
 */
static int read_options(struct invocation *invocation, int argc, char **argv)
{
    struct option long_options[OPTION_COUNT + 1];
    char letters[2 * OPTION_COUNT + 2];
    build_tables(long_options, letters);

    opterr = 0;
    const char *without_argument = NULL;
    const char *unknown = NULL;
    bool too_many = false;
    for (;;) { /* bounded by argc */
        int answer = getopt_long(argc, argv, letters, long_options, NULL);
        if (answer == -1) {
            break;
        }
        size_t option = option_of(answer);
        if (answer == ':') {
            without_argument = argv[optind - 1];
        } else if (option == OPTION_COUNT) {
            unknown = argv[optind - 1];
        } else {
            too_many = !take_option(invocation, option) || too_many;
        }
    }
    invocation->operand_count = argc - optind;
    invocation->operands = argv + optind;
    if (!language_choose(invocation->values[OPTION_LANG])) {
        return output_usage(invocation, _("--lang is en or sv"));
    }
    if (output_is_json(invocation)) {
        (void)language_choose("en"); /* what programs read is the same everywhere */
    }
    if (without_argument != NULL) {
        return output_usage(invocation, _("%s needs an argument"), without_argument);
    }
    if (unknown != NULL) {
        return output_usage(invocation, _("there is no option '%s'"), unknown);
    }
    if (too_many) {
        return output_usage(invocation, _("more than %d keys or %d options"), INVOCATION_VKEYS_MAX,
                            INVOCATION_GIVEN_MAX);
    }
    return -1;
}

/* The verb is the first operand, wherever options stand; getopt has moved operands to the end. */
static int find_command(struct invocation *invocation)
{
    if (invocation->operand_count == 0) {
        return has_option(invocation, OPTION_HELP)
                   ? help(invocation, NULL)
                   : output_usage(invocation, _("say which command"));
    }
    invocation->command = command_find(invocation->operands[0]);
    if (invocation->command == NULL) {
        return output_usage(invocation, _("there is no command '%s'"), invocation->operands[0]);
    }
    invocation->operands++;
    invocation->operand_count--;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        uint64_t allowed = invocation->command->options | COMMON_OPTIONS;
        if (invocation->values[i] != NULL && (allowed & (UINT64_C(1) << i)) == 0) {
            return output_usage(invocation, _("%s does not take --%s"), invocation->command->name,
                                DESCRIPTIONS[i].long_name);
        }
    }
    return -1;
}

static int run(struct invocation *invocation, int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("utfall %s\n", UTFALL_VERSION);
        return EXIT_GOOD;
    }
    int status = read_options(invocation, argc, argv);
    if (status >= 0) {
        return status;
    }
    status = find_command(invocation);
    if (status >= 0) {
        return status;
    }
    if (has_option(invocation, OPTION_HELP)) {
        return help(invocation, invocation->command);
    }
    struct failure failure;
    if (crypto_init(&failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return invocation->command->run(invocation);
}

int main(int argc, char **argv)
{
    static_assert(OPTION_COUNT <= 64, "options are bits of 64");
    (void)language_choose(NULL);
    (void)signal(SIGPIPE, SIG_DFL);

    struct invocation invocation = {0};
    int status = run(&invocation, argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("utfall: standard output");
        return EXIT_TROUBLE;
    }
    return status;
}
