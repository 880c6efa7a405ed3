/* Node window: whatever way a walk goes, it meets the nodes that the store has. */
#include "ledger/node_window.h"

#include "ledger/crypto/key.h"
#include "ledger/store/memory.h"
#include "tests/support/ledger_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define SIZE 700 /* several windows, and some nodes more */

static struct ledger *open_ledger(struct secret_key *secret)
{
    struct store *store;
    cr_assert(eq(int, memory_store_create(&store), STATUS_OK));
    struct ledger *ledger = support_new_ledger(store, secret);
    support_append(ledger, secret, SIZE - 1, 100);
    return ledger;
}

static void check_node(struct node_window *window, struct store *store, struct merkle_position at)
{
    struct hash wanted;
    struct hash found;
    cr_assert(eq(int, store_read_node(store, at, &wanted, NULL), STATUS_OK));
    cr_assert(eq(int, node_window_read(window, store, at, &found, NULL), STATUS_OK));
    cr_assert(hash_equal(&wanted, &found), "node %lu", (unsigned long)at.index);
}

Test(node_window, every_walk_meets_the_nodes_of_the_store)
{
    /* Each turn goes on by one of these steps, in turns, and around the end to the start. */
    static const uint64_t walks[][3] = {
        {1, 1, 1}, {2, 2, 2},    {1, 3, 2}, {0, 1, 0}, {1, 100, 1}, {SIZE - 1, SIZE - 1, SIZE - 1},
        {4, 5, 6}, {63, 64, 65},
    };
    struct secret_key *secret = support_secret(1);
    struct ledger *ledger = open_ledger(secret);
    for (size_t i = 0; i < COUNT(walks); i++) {
        struct node_window window = {0};
        struct merkle_position at = {.level = 0, .index = 0};
        for (size_t turn = 0; turn < (size_t)3 * SIZE; turn++) {
            check_node(&window, ledger_store(ledger), at);
            at.index = (at.index + walks[i][turn % 3]) % SIZE;
        }
    }
    ledger_close(ledger);
    secret_key_free(secret);
}

Test(node_window, a_node_that_is_not_there_is_told_as_by_the_store)
{
    struct secret_key *secret = support_secret(1);
    struct ledger *ledger = open_ledger(secret);
    struct node_window window = {0};
    struct merkle_position at = {.level = 1, .index = 0};
    for (; at.index < SIZE / 2; at.index++) {
        check_node(&window, ledger_store(ledger), at);
    }
    struct hash found;
    for (int i = 0; i < 2; i++) {
        cr_assert(eq(int, node_window_read(&window, ledger_store(ledger), at, &found, NULL),
                     STATUS_UNTRUSTED));
    }
    at.index -= 1;
    check_node(&window, ledger_store(ledger), at);
    ledger_close(ledger);
    secret_key_free(secret);
}
