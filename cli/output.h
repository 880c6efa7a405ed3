/*
 * Output: answers for people and for programs.
 *
 * Standard output carries data, standard error carries messages. With --json every command answers
 * with one object on standard output: {"ok": true, "code": "OK", ...} or {"ok": false, "code":
 * "...", "at": "...", "reason": "..."}; codes are the names of rules.def and of status.h, and
 * "USAGE".
 */
#pragma once

#include "cli/command.h"
#include "contracts/number/money.h"
#include "contracts/number/rational.h"
#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/json/json.h"

#include <stdint.h>
#include <stdio.h>

/* Says what is wrong with the command line. Returns EXIT_TROUBLE. */
int output_usage(const struct invocation *invocation, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * Tells a failure: the file it is about (may be ""), the place, the rule in the chosen language,
 * the reason. Returns the exit status that belongs to it.
 */
int output_failure(const struct invocation *invocation, const char *file,
                   const struct failure *failure);

/* The exit status of a failure, by the table in docs/operating.md. */
int output_exit_status(const struct failure *failure);

/* A message for people, on standard error; nothing with --quiet or --json. */
void output_message(const struct invocation *invocation, const char *format, ...) PRINTF_LIKE(2, 3);

/* Prints an answer object for --json, with "ok": true and its code put in. Takes over `answer`. */
int output_json(struct json *answer);

/* The same with "ok" as given, for answers about several things; one that is not good has a code.
 */
int output_json_verdict(struct json *answer, bool is_good);

/*
 * The same with one more member: an array whose items were written to a file, canonical and with
 * commas between them, so that they need not fit in memory. The file is read from its beginning.
 */
int output_json_spooled(struct json *answer, bool is_good, const char *name, FILE *items);

bool output_is_json(const struct invocation *invocation);
bool output_is_quiet(const struct invocation *invocation);

/* Adds a count to an answer; above what JSON integers carry here it becomes a string. */
enum status output_set_count(struct json *object, const char *name, uint64_t count);

/* Adds an amount as statements write it, without its currency: "100000.00". */
enum status output_set_amount(struct json *object, const char *name, struct money amount);

/* Adds a value as settlements write it: "7/2". */
enum status output_set_value(struct json *object, const char *name, const struct rational *value);
