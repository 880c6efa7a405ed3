/*
 * utfall-verify: checks proofs and cases, and contains nothing else.
 *
 * No database, no network, no server is linked into it. It reads its files, enters the sandbox, and
 * only then looks at what they say.
 */

#include "cli/language.h"
#include "cli/output.h"
#include "cli/verifier/bundle.h"
#include "cli/verifier/sandbox.h"
#include "ledger/base/instant.h"
#include "ledger/crypto/key.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* What getopt answers for options without a letter; distinct from every letter. */
enum answer { ANSWER_JSON = 1000, ANSWER_LANG, ANSWER_POLICY, ANSWER_VERSION, ANSWER_VKEY };

static const struct option OPTIONS[] = {
    {"policy", required_argument, NULL, ANSWER_POLICY},
    {"vkey", required_argument, NULL, ANSWER_VKEY},
    {"json", no_argument, NULL, ANSWER_JSON},
    {"lang", required_argument, NULL, ANSWER_LANG},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, ANSWER_VERSION},
    {NULL, 0, NULL, 0},
};

/* The command line, taken apart. */
struct arguments {
    struct invocation invocation;
    const char *policy;
    const char *wrong; /* the first thing that is no option; NULL: all are */
    bool is_version;
};

static const struct command VERIFY = {
    .name = "verify",
    .arguments = "[--policy FILE] [--vkey VKEY]... X.case | X.tlog-proof X.note",
};

static int print_help(void)
{
    printf("%s utfall-verify %s\n\n", _("Usage:"), VERIFY.arguments);
    printf("%s\n\n", _("Checks a proof or a case without a ledger, and says what it established."));
    printf("  --policy FILE   %s\n", _("a tlog-policy: which logs and witnesses you trust"));
    printf("  --vkey VKEY     %s\n", _("a public key that you know; may be given several times"));
    printf("  --json          %s\n", _("answer with one JSON object, in English"));
    printf("  --lang en|sv    %s\n", _("language of messages"));
    printf("  -q, --quiet     %s\n", _("say nothing on success"));
    printf("  -h, --help      %s\n", _("show help"));
    printf("\n%s\n", _("Exit status: 0 good; 1 checked and false, or refused; 2 could not check; "
                       "3 incomplete."));
    return EXIT_GOOD;
}

static void take(struct arguments *arguments, int answer, const char *word)
{
    struct invocation *invocation = &arguments->invocation;
    switch (answer) {
    case ANSWER_POLICY:
        arguments->policy = optarg;
        return;
    case ANSWER_VKEY:
        if (invocation->vkey_count < INVOCATION_VKEYS_MAX) {
            invocation->vkeys[invocation->vkey_count] = optarg;
            invocation->vkey_count++;
            return;
        }
        break;
    case ANSWER_JSON:
        invocation->values[OPTION_JSON] = "";
        return;
    case ANSWER_LANG:
        invocation->values[OPTION_LANG] = optarg;
        return;
    case ANSWER_VERSION:
        arguments->is_version = true;
        return;
    case 'q':
        invocation->values[OPTION_QUIET] = "";
        return;
    case 'h':
        invocation->values[OPTION_HELP] = "";
        return;
    default:
        break;
    }
    arguments->wrong = arguments->wrong == NULL ? word : arguments->wrong;
}

static void read_arguments(struct arguments *arguments, int argc, char **argv)
{
    opterr = 0;
    for (;;) { /* bounded by argc */
        int answer = getopt_long(argc, argv, ":qh", OPTIONS, NULL);
        if (answer == -1) {
            break;
        }
        take(arguments, answer, argv[optind - 1]);
    }
    arguments->invocation.operand_count = argc - optind;
    arguments->invocation.operands = argv + optind;
}

/* What is loaded from files at first use is used once, while files can still be opened. */
static enum status confine(bool *ret_is_confined, struct failure *failure)
{
    (void)_("out of memory");
    (void)hash_bytes(VIEW("first use"));
    (void)instant_write(0); /* glibc looks for the time zone, also to write in UTC */
    return sandbox_enter(ret_is_confined, failure);
}

static int run(struct arguments *arguments)
{
    struct invocation *invocation = &arguments->invocation;
    if (!language_choose(invocation->values[OPTION_LANG])) {
        return output_usage(invocation, _("--lang is en or sv"));
    }
    if (output_is_json(invocation)) {
        (void)language_choose("en");
    }
    if (arguments->wrong != NULL) {
        return output_usage(invocation, _("there is no option '%s', or its argument is missing"),
                            arguments->wrong);
    }
    if (has_option(invocation, OPTION_HELP)) {
        return print_help();
    }
    if (arguments->is_version) {
        printf("utfall-verify %s\n", UTFALL_VERSION);
        return EXIT_GOOD;
    }
    struct failure failure;
    if (crypto_init(&failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return bundle_verify(invocation, arguments->policy, confine);
}

int main(int argc, char **argv)
{
    /* A buffer of our own: stdio would ask the system about the terminal, which the sandbox ends.
     */
    static char out[65536];
    (void)setvbuf(stdout, out, _IOFBF, sizeof out);

    struct arguments arguments = {.invocation = {.command = &VERIFY}};
    read_arguments(&arguments, argc, argv);
    int status = run(&arguments);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("utfall-verify: standard output");
        return EXIT_TROUBLE;
    }
    return status;
}
