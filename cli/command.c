#include "cli/command.h"

const char *next_option(const struct invocation *invocation, enum option_name option, size_t *at)
{
    while (*at < invocation->given_count) {
        const struct given_option *given = &invocation->given[*at];
        (*at)++;
        if (given->option == option) {
            return given->value;
        }
    }
    return NULL;
}
