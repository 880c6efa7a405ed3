/* utfall schema: prints the JSON Schema of a kind of statement. */

#include "cli/command.h"
#include "cli/embedded.h"
#include "cli/language.h"
#include "cli/output.h"
#include "ledger/base/ownership.h"

#include <stdio.h>
#include <string.h>

static int list_json(const struct invocation *invocation)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *kinds = json_new_array();
    if (object == NULL || kinds == NULL) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    for (const struct embedded_file *file = EMBEDDED_SCHEMAS; file->name != NULL; file++) {
        if (json_push_string(kinds, view_of(file->name)) != STATUS_OK) {
            return output_failure(invocation, "", &(struct failure){0});
        }
    }
    if (json_set(object, "kinds", STEAL(kinds)) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

static int print_json(const struct invocation *invocation, const struct embedded_file *file)
{
    OWNED(json_freep) struct json *object = json_new_object();
    struct json *schema = NULL;
    struct failure failure = {0};
    if (object == NULL || json_parse(view_of(file->text), &schema, &failure) != STATUS_OK ||
        json_set(object, "schema", schema) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return output_json(STEAL(object));
}

static int list(const struct invocation *invocation)
{
    if (output_is_json(invocation)) {
        return list_json(invocation);
    }
    for (const struct embedded_file *file = EMBEDDED_SCHEMAS; file->name != NULL; file++) {
        printf("%s\n", file->name);
    }
    return EXIT_GOOD;
}

int command_schema(const struct invocation *invocation)
{
    if (invocation->operand_count > 1) {
        return output_usage(invocation, _("schema takes at most one kind"));
    }
    if (invocation->operand_count == 0) {
        return list(invocation);
    }
    for (const struct embedded_file *file = EMBEDDED_SCHEMAS; file->name != NULL; file++) {
        if (strcmp(file->name, invocation->operands[0]) != 0) {
            continue;
        }
        if (output_is_json(invocation)) {
            return print_json(invocation, file);
        }
        (void)fputs(file->text, stdout);
        return EXIT_GOOD;
    }
    return output_usage(invocation, _("there is no kind '%s'"), invocation->operands[0]);
}
