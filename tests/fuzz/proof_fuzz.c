/*
 * Fuzz: any bytes are refused, or are what proof_write() writes, but for an `extra` line. The path
 * is verified too, with index and size from the input; it never leads from a leaf to itself.
 */
#include "ledger/base/ownership.h"
#include "ledger/log/proof.h"

#include <stdlib.h>

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void fuzz_verify(const struct proof *proof)
{
    struct hash leaf = hash_leaf(proof->checkpoint);
    uint64_t size = proof->index + 1 + proof->checkpoint.size;
    enum status status = merkle_verify_inclusion(proof->index, size, &leaf, &proof->path, &leaf);
    require(status != STATUS_OK || proof->path.count == 0);
    status = merkle_verify_consistency(proof->index, &leaf, size, &leaf, &proof->path);
    require(status != STATUS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view input = {.data = (const char *)data, .size = size};
    struct failure failure;
    struct proof proof;
    if (proof_parse(input, &proof, &failure) != STATUS_OK) {
        return 0;
    }
    OWNED(buffer_release) struct buffer written;
    buffer_init(&written, size);
    require(proof_write(&proof, &written) == STATUS_OK);
    struct proof again;
    require(proof_parse(buffer_view(&written), &again, &failure) == STATUS_OK);
    require(again.index == proof.index && again.path.count == proof.path.count);
    require(view_equal(again.checkpoint, proof.checkpoint));

    struct view extra = VIEW("c2sp.org/tlog-proof@v1\nextra ");
    require(view_starts_with(input, extra) != view_equal(buffer_view(&written), input));
    fuzz_verify(&proof);
    return 0;
}
