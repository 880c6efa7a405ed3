#include "ledger/store/open.h"

#include "ledger/store/postgres.h"
#include "ledger/store/sqlite.h"

enum status store_open(const char *name, bool writable, struct store **ret_store,
                       struct failure *failure)
{
    return postgres_is_url(name) ? postgres_store_open(name, writable, ret_store, failure)
                                 : sqlite_store_open(name, writable, ret_store, failure);
}

void store_set_lock_wait(const char *name, struct store *store, uint32_t wait_ms)
{
    if (postgres_is_url(name)) {
        postgres_store_set_lock_wait(store, wait_ms);
    } else {
        sqlite_store_set_lock_wait(store, wait_ms);
    }
}

enum status store_create(const char *name, struct store **ret_store, struct failure *failure)
{
    return postgres_is_url(name) ? postgres_store_create(name, ret_store, failure)
                                 : sqlite_store_create(name, ret_store, failure);
}
