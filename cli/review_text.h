/*
 * Review text: the sentences of findings with their names and numbers put in, in the chosen
 * language.
 */
#pragma once

#include "contracts/analysis/review.h"
#include "ledger/base/buffer.h"
#include "ledger/base/status.h"

/* Errors, of all: STATUS_MEMORY; STATUS_LIMIT when the buffer is full. */

/* Appends a finding's sentence. */
enum status review_write_sentence(const struct review *review, const struct review_finding *finding,
                                  struct buffer *buffer);

/* Appends chosen numbers: "saving = SEK 12,000,000.00, school = 1, the others 0". */
enum status review_write_chosen(const struct review *review, const struct chosen *chosen,
                                size_t count, struct buffer *buffer);
