#include "cli/shelf.h"
#include "cli/shelf_internal.h"

#include <stddef.h>

enum status shelf_open(const char *place, const struct shelf_options *options,
                       struct shelf **ret_shelf, struct failure *failure)
{
    return shelf_is_remote(place) ? shelf_open_remote(place, options, ret_shelf, failure)
                                  : shelf_open_folder(place, ret_shelf, failure);
}

void shelf_close(struct shelf *shelf)
{
    if (shelf != NULL) {
        shelf->operations->close(shelf);
    }
}

void shelf_closep(struct shelf **shelf)
{
    shelf_close(*shelf);
    *shelf = NULL;
}

enum status shelf_read_checkpoint(struct shelf *shelf, struct buffer *ret_note,
                                  struct failure *failure)
{
    return shelf->operations->read_checkpoint(shelf, ret_note, failure);
}

enum status shelf_add(struct shelf *shelf, const char *path, struct view bytes, bool *ret_is_new,
                      struct failure *failure)
{
    return shelf->operations->add(shelf, path, bytes, ret_is_new, failure);
}

enum status shelf_put_checkpoint(struct shelf *shelf, struct view note, struct failure *failure)
{
    return shelf->operations->put_checkpoint(shelf, note, failure);
}

enum status shelf_refuse_other(const char *where, struct failure *failure)
{
    return fail(failure, STATUS_CONFLICT, where,
                "the published file has other bytes than the ledger, and what was published is "
                "never replaced: if it is damaged, remove it and publish again");
}
