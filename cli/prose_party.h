/* Prose of the parties: who has which role, who signs what, who decides disputes, who ends it. */
#pragma once

#include "cli/prose_line.h"

/* The paragraphs below their heading. */
enum status prose_parties(struct prose *prose);
