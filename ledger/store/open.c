#include "ledger/store/open.h"

#include "ledger/store/postgres.h"
#include "ledger/store/sqlite.h"

enum status store_open(const char *name, bool writable, struct store **ret_store,
                       struct failure *failure)
{
    return postgres_is_url(name) ? postgres_store_open(name, writable, ret_store, failure)
                                 : sqlite_store_open(name, writable, ret_store, failure);
}

enum status store_create(const char *name, struct store **ret_store, struct failure *failure)
{
    return postgres_is_url(name) ? postgres_store_create(name, ret_store, failure)
                                 : sqlite_store_create(name, ret_store, failure);
}
