/*
 * Readers: workspaces for reading, one to each request at a time.
 *
 * A workspace sees one moment, so a request's answer is of one moment; the newest there was when it
 * was taken. Between requests a workspace holds on to nothing of the store (a file's log could not
 * be shortened), and keeps what it has loaded as long as the ledger has not grown.
 */
#pragma once

#include "cli/workspace.h"

struct readers;

/* `path` outlives the readers. Opens one, so that what is wrong with the ledger is told at once. */
enum status readers_open(const char *path, struct readers **ret_readers, struct failure *failure);
void readers_close(struct readers *readers);             /* accepts NULL; none is taken */
const char *readers_path(const struct readers *readers); /* as it was opened */
void readers_closep(struct readers **readers);

/*
 * Takes a workspace; it is given back by the same thread.
 *
 * Errors  those of workspace_open.
 */
enum status readers_take(struct readers *readers, struct workspace **ret_workspace,
                         struct failure *failure);
/* The same for whoever asks the ledger alone, and not the state: that costs less. */
enum status readers_take_ledger(struct readers *readers, struct workspace **ret_workspace,
                                struct failure *failure);
void readers_give(struct readers *readers, struct workspace *workspace);
