#include "ledger/base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *status_name(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "OK";
    case STATUS_INVALID:
        return "INVALID";
    case STATUS_UNTRUSTED:
        return "UNTRUSTED";
    case STATUS_NOT_FOUND:
        return "NOT_FOUND";
    case STATUS_CONFLICT:
        return "CONFLICT";
    case STATUS_LIMIT:
        return "LIMIT";
    case STATUS_MEMORY:
        return "MEMORY";
    case STATUS_STORAGE:
        return "STORAGE";
    }
    return "UNKNOWN";
}

/* Drops a UTF-8 character at the end that a cut has left incomplete. */
static void drop_cut_character(char *text, size_t length)
{
    size_t start = length;
    while (start > 0 && length - start < 3 && ((unsigned char)text[start - 1] & 0xc0U) == 0x80U) {
        start--; /* at most three continuation bytes */
    }
    if (start == 0 || (unsigned char)text[start - 1] < 0xc0U) {
        return;
    }
    unsigned char lead = (unsigned char)text[start - 1];
    size_t wanted = lead >= 0xf0U ? 4 : lead >= 0xe0U ? 3 : 2;
    if (length - (start - 1) < wanted) {
        text[start - 1] = '\0';
    }
}

static void copy_bounded(char *target, size_t size, const char *source)
{
    size_t length = strnlen(source, size - 1);
    memcpy(target, source, length);
    target[length] = '\0';
    drop_cut_character(target, length);
}

/* A reason may quote outside bytes; no control character (C0, DEL, C1) may reach a terminal. */
static void make_printable(char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        unsigned char byte = (unsigned char)text[i];
        unsigned char next = (unsigned char)text[i + 1];
        if (byte < 0x20 || byte == 0x7f) {
            text[i] = '?';
        } else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
            text[i] = '?';
            text[i + 1] = '?';
        }
    }
}

static failure_translate *translate_format = NULL;

void failure_translate_by(failure_translate *translate)
{
    translate_format = translate;
}

const char *failure_format(const char *format)
{
    return translate_format == NULL ? format : translate_format(format);
}

PRINTF_LIKE(5, 0)
static void failure_fill(struct failure *failure, enum status status, const char *code,
                         const char *at, const char *format, va_list arguments)
{
    if (failure == NULL) {
        return;
    }
    failure->status = status;
    copy_bounded(failure->code, sizeof failure->code, code);
    copy_bounded(failure->at, sizeof failure->at, at);
    make_printable(failure->at);
    (void)vsnprintf(failure->reason, sizeof failure->reason, failure_format(format), arguments);
    if (strcmp(format, "%s") == 0) { /* a reason that was passed on as a whole */
        const char *whole = failure_format(failure->reason);
        if (whole != failure->reason) {
            copy_bounded(failure->reason, sizeof failure->reason, whole);
        }
    }
    drop_cut_character(failure->reason, strlen(failure->reason));
    make_printable(failure->reason);
}

enum status fail(struct failure *failure, enum status status, const char *at, const char *format,
                 ...)
{
    va_list arguments;
    va_start(arguments, format);
    failure_fill(failure, status, status_name(status), at, format, arguments);
    va_end(arguments);
    return status;
}

enum status fail_code(struct failure *failure, enum status status, const char *code, const char *at,
                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    failure_fill(failure, status, code, at, format, arguments);
    va_end(arguments);
    return status;
}

void failure_prefix(struct failure *failure, const char *where)
{
    if (failure == NULL) {
        return;
    }
    char old[FAILURE_AT_SIZE];
    memcpy(old, failure->at, sizeof old);
    size_t used = strnlen(where, sizeof failure->at - 1);
    memcpy(failure->at, where, used);
    copy_bounded(failure->at + used, sizeof failure->at - used, old);
    make_printable(failure->at);
}

enum status fail_memory(struct failure *failure)
{
    return fail(failure, STATUS_MEMORY, "", "out of memory");
}
