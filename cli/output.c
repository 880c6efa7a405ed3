#include "cli/output.h"

#include "cli/display.h"
#include "cli/language.h"
#include "contracts/rule/rule.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AMOUNT_MAX 64
#define FRACTION_MAX (2 * RATIONAL_DIGITS_MAX + 3) /* a sign and a slash, and room */

bool output_is_json(const struct invocation *invocation)
{
    return has_option(invocation, OPTION_JSON);
}

bool output_is_quiet(const struct invocation *invocation)
{
    return has_option(invocation, OPTION_QUIET);
}

enum status output_set_count(struct json *object, const char *name, uint64_t count)
{
    if (count <= JSON_INTEGER_MAX) {
        return json_set_integer(object, name, (int32_t)count);
    }
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, count);
    return json_set_string(object, name, view_of(text));
}

enum status output_set_amount(struct json *object, const char *name, struct money amount)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, AMOUNT_MAX);
    TRY(money_write(amount, &text));
    return json_set_string(object, name, buffer_view(&text));
}

enum status output_set_value(struct json *object, const char *name, const struct rational *value)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, FRACTION_MAX);
    TRY(rational_write_fraction(value, &text));
    return json_set_string(object, name, buffer_view(&text));
}

static int print_json(const struct json *answer)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, (size_t)64 * 1024 * 1024);
    if (json_write_canonical(answer, &text) != STATUS_OK) {
        (void)fprintf(stderr, "utfall: %s\n", _("out of memory"));
        return EXIT_TROUBLE;
    }
    (void)fwrite(text.data, 1, text.size, stdout);
    (void)putchar('\n');
    return EXIT_GOOD;
}

int output_json(struct json *answer)
{
    return output_json_verdict(answer, true);
}

static enum status set_verdict(struct json *answer, bool is_good)
{
    TRY(json_set_boolean(answer, "ok", is_good));
    return is_good ? json_set_string(answer, "code", view_of(status_name(STATUS_OK))) : STATUS_OK;
}

int output_json_verdict(struct json *answer, bool is_good)
{
    OWNED(json_freep) struct json *owned = answer;
    if (owned == NULL || set_verdict(owned, is_good) != STATUS_OK) {
        (void)fprintf(stderr, "utfall: %s\n", _("out of memory"));
        return EXIT_TROUBLE;
    }
    return print_json(owned);
}

int output_json_spooled(struct json *answer, bool is_good, const char *name, FILE *items)
{
    OWNED(json_freep) struct json *owned = answer;
    char block[16384];
    rewind(items);
    printf("{\"%s\":[", name);
    size_t size;
    while ((size = fread(block, 1, sizeof block, items)) > 0) { /* bounded by the file */
        (void)fwrite(block, 1, size, stdout);
    }
    printf("],");
    if (ferror(items) || set_verdict(owned, is_good) != STATUS_OK) {
        (void)fprintf(stderr, "utfall: %s\n", _("the answer could not be kept"));
        return EXIT_TROUBLE;
    }
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    if (json_write_canonical(owned, &text) != STATUS_OK) {
        (void)fprintf(stderr, "utfall: %s\n", _("out of memory"));
        return EXIT_TROUBLE;
    }
    (void)fwrite(text.data + 1, 1, text.size - 1, stdout); /* behind the brace */
    (void)putchar('\n');
    return EXIT_GOOD;
}

static int print_json_failure(const char *file, const struct failure *failure)
{
    OWNED(json_freep) struct json *answer = json_new_object();
    if (answer == NULL || json_set_boolean(answer, "ok", false) != STATUS_OK ||
        json_set_string(answer, "code", view_of(failure->code)) != STATUS_OK ||
        json_set_string(answer, "file", view_of(file)) != STATUS_OK ||
        json_set_string(answer, "at", view_of(failure->at)) != STATUS_OK ||
        json_set_string(answer, "reason", view_of(failure->reason)) != STATUS_OK) {
        (void)fprintf(stderr, "utfall: %s\n", _("out of memory"));
        return EXIT_TROUBLE;
    }
    return print_json(answer);
}

int output_usage(const struct invocation *invocation, const char *format, ...)
{
    struct failure failure = {.status = STATUS_INVALID, .code = "USAGE"};
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(failure.reason, sizeof failure.reason, format, arguments);
    va_end(arguments);

    if (output_is_json(invocation)) {
        (void)print_json_failure("", &failure);
        return EXIT_TROUBLE;
    }
    (void)fprintf(stderr, "utfall: %s\n", failure.reason);
    if (invocation->command == NULL) {
        (void)fprintf(stderr, "%s\n", _("Try 'utfall help'."));
    } else {
        const char *operands = invocation->command->arguments;
        (void)fprintf(stderr, "%s utfall %s%s%s\n", _("Usage:"), invocation->command->name,
                      operands[0] == '\0' ? "" : " ", operands);
    }
    return EXIT_TROUBLE;
}

int output_exit_status(const struct failure *failure)
{
    if (rule_by_name(failure->code) != RULE_NONE) {
        return EXIT_FALSE;
    }
    switch (failure->status) {
    case STATUS_OK:
        return EXIT_GOOD;
    case STATUS_INVALID:
    case STATUS_UNTRUSTED:
    case STATUS_CONFLICT:
        return EXIT_FALSE;
    case STATUS_NOT_FOUND:
    case STATUS_LIMIT:
    case STATUS_MEMORY:
    case STATUS_STORAGE:
        break;
    }
    return EXIT_TROUBLE;
}

/* Also true of the empty text. */
static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

int output_failure(const struct invocation *invocation, const char *file,
                   const struct failure *failure)
{
    struct failure memory;
    if (failure->status == STATUS_OK) { /* only a failed allocation leaves no words behind */
        memory.status = fail_memory(&memory);
        failure = &memory;
    }
    if (output_is_json(invocation)) {
        (void)print_json_failure(file, failure);
        return output_exit_status(failure);
    }
    bool names_file = file[0] != '\0' && strcmp(file, failure->at) != 0;
    (void)fprintf(stderr, "utfall: %s%s", names_file ? file : "", names_file ? ": " : "");
    if (!begins_with(failure->reason, failure->at)) {
        (void)fprintf(stderr, "%s: ", display_place(failure->at).text);
    }
    enum rule rule = rule_by_name(failure->code);
    if (rule != RULE_NONE) {
        (void)fprintf(stderr, "%s\n  %s: ", rule_sentence(rule, language()), failure->code);
    }
    (void)fprintf(stderr, "%s\n", failure->reason);
    return output_exit_status(failure);
}

void output_message(const struct invocation *invocation, const char *format, ...)
{
    if (output_is_json(invocation) || output_is_quiet(invocation)) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}
