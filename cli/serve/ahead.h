/*
 * Ahead: notes are read, and their signatures verified, by the threads that take them in.
 *
 * The sequencer decides about one note after the other on one thread, and of its time half would be
 * signatures. So the threads of the server do before what needs no decision: they read the note,
 * check what it alone can tell, and verify each signature under the key that they think it is by.
 * What they think is remembered from statements that were accepted. It may be wrong, or missing:
 * the sequencer looks for the key itself, and verifies what was not verified under that very key
 * (statement_verify_line). So nothing here decides anything, and any thread may call it.
 *
 * Memory is bounded: of two keys that want one place, the later has it.
 */
#pragma once

#include "cli/workspace.h"

struct ahead;

enum status ahead_new(struct ahead **ret_ahead, struct failure *failure);
void ahead_free(struct ahead *ahead); /* accepts NULL */

/*
 * Reads and verifies a note as far as it goes. Returns whether a key was known for each signature.
 *
 * Owner  `*ret_statement` is the caller's; NULL when the note cannot be read. Why, is found again
 *        by whoever decides.
 */
bool ahead_read(struct ahead *ahead, struct view note, struct statement **ret_statement);

/* Remembers the keys that signed a note which the ledger has. */
void ahead_learn(struct ahead *ahead, struct workspace *workspace, struct view note);
