#include "ledger/store/postgres_internal.h"

#include <inttypes.h>

/* Columns of PG_REPLICAS. */
enum replicas_column { WAITS, NAMED, FOLLOWING, MAY_SEE, REPLICAS_COLUMN_COUNT };

static enum status judge(const struct postgres_store *store, const uint64_t *told, uint32_t count,
                         struct failure *failure)
{
    if (told[WAITS] == 0) {
        return fail(failure, STATUS_STORAGE, store->name,
                    "synchronous_commit is not on: commits wait for no standby");
    }
    if (told[NAMED] < count) {
        return fail(failure, STATUS_STORAGE, store->name,
                    "--replicas asks that commits wait for %" PRIu32
                    ", and synchronous_standby_names makes them wait for %" PRIu64
                    ": set it on the database",
                    count, told[NAMED]);
    }
    if (told[MAY_SEE] == 0) {
        return fail(failure, STATUS_STORAGE, store->name,
                    "--replicas asks who follows, which this role cannot see: GRANT "
                    "pg_read_all_stats to it");
    }
    return told[FOLLOWING] >= count ? STATUS_OK
                                    : fail(failure, STATUS_STORAGE, store->name,
                                           "--replicas asks for %" PRIu32 ", and the standbys in "
                                           "synchronous_standby_names that follow are %" PRIu64,
                                           count, told[FOLLOWING]);
}

enum status postgres_check_replicas(struct store *base, uint32_t count, struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    OWNED(postgres_result_freep) PGresult *result = NULL;
    uint64_t told[REPLICAS_COLUMN_COUNT];
    TRY(postgres_query(store, PG_REPLICAS, NULL, &result, failure));
    for (int i = 0; i < REPLICAS_COLUMN_COUNT; i++) {
        if (PQntuples(result) != 1 || !postgres_column_integer(result, 0, i, &told[i])) {
            return fail(failure, STATUS_STORAGE, store->name,
                        "the database does not tell whether commits wait for standbys");
        }
    }
    return judge(store, told, count, failure);
}
