/*
 * Prose: a contract's terms in plain words, so that people can lay them beside the paper contract.
 *
 * The text is made from the lines themselves and from nothing else, in the chosen language: what is
 * paid by whom to whom, then every line as one numbered sentence, who gains, what is measured, the
 * periods, who signs, decides disputes and ends the contract, and what was not published. Lines are
 * named by their labels with their number in brackets, [3]; outcomes with theirs, [A]. No line and
 * no constant is left out.
 */
#pragma once

#include "contracts/statement/statement.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/json/json.h"

enum prose_style {
    PROSE_HEADING,
    PROSE_ITEM,    /* of a list: a numbered line, an outcome, a period */
    PROSE_SUBITEM, /* below an item: a step of a table */
};

/* Takes one paragraph, without a newline. A status other than OK ends the text. */
typedef enum status prose_sink(void *context, enum prose_style style, struct view text);

/*
 * Writes the contract's text, paragraph by paragraph.
 *
 * Shapes  the contract was checked (statement_check).
 * Errors  what the sink answers; STATUS_MEMORY; STATUS_LIMIT for a paragraph beyond
 *         PROSE_PARAGRAPH_MAX bytes.
 */
#define PROSE_PARAGRAPH_MAX 262144
enum status prose_contract(const struct contract *contract, prose_sink *sink, void *context);

/* Prints the text. Errors: as prose_contract. */
enum status prose_print(const struct contract *contract);

/* Adds the member "words", an array of {"style","text"}, to an answer. Errors: as prose_contract.
 */
enum status prose_to_json(const struct contract *contract, struct json *object);
