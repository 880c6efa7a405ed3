/* Shelf internals: what kinds of shelves there are. Included by nobody else. */
#pragma once

#include "cli/shelf.h"

#define SHELF_CHECKPOINT "checkpoint"
#define SHELF_MARK ".publishing"

/* One function for each of shelf.h. */
struct shelf_operations {
    enum status (*read_checkpoint)(struct shelf *shelf, struct buffer *ret_note,
                                   struct failure *failure);
    enum status (*add)(struct shelf *shelf, const char *path, struct view bytes, bool *ret_is_new,
                       struct failure *failure);
    enum status (*put_checkpoint)(struct shelf *shelf, struct view note, struct failure *failure);
    void (*close)(struct shelf *shelf);
};

/* The first member of each kind. */
struct shelf {
    const struct shelf_operations *operations;
};

enum status shelf_open_folder(const char *path, struct shelf **ret_shelf, struct failure *failure);
enum status shelf_open_remote(const char *place, const struct shelf_options *options,
                              struct shelf **ret_shelf, struct failure *failure);

/* Whether a place is on a server: see shelf.h. */
bool shelf_is_remote(const char *place);

/* Says that a file is there with other bytes. `where` is its place. */
enum status shelf_refuse_other(const char *where, struct failure *failure);
