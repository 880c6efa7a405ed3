/* Prose of one line: its sentence, and the items of its table below it. */
#pragma once

#include "cli/prose.h"

struct prose {
    const struct contract *contract;
    prose_sink *sink;
    void *context;
    struct buffer text; /* the paragraph that is being written */
};

/* Hands the paragraph to the sink and begins the next one. */
enum status prose_end(struct prose *prose, enum prose_style style);

/* The paragraphs of line `index`. */
enum status prose_line(struct prose *prose, size_t index);
