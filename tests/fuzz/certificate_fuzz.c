/*
 * Fuzz: any bytes are refused as a certificate with a reason, or are one that is written as it was
 * read. Read as PEM they may be a chain; whatever was read has facts, links and a key to ask.
 *
 * Bindings in statements are statement_fuzz's, whose corpus has one.
 */
#include "ledger/base/ownership.h"
#include "ledger/crypto/certificate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void examine(const struct certificate_chain *chain, struct view input)
{
    struct certificate_facts facts;
    struct failure failure = {.status = STATUS_OK};
    certificate_chain_facts(chain, &facts);
    for (const char *at = facts.organization_id; *at != '\0'; at++) {
        require(*at >= ' ' && *at <= '~');
    }
    enum status links = certificate_chain_check_links(chain, &failure);
    require(links == STATUS_OK || failure.at[0] == '/');
    require(certificate_chain_verify(chain, VIEW("a text"), input) != STATUS_OK);
}

static void read_der(struct view input)
{
    OWNED(certificate_chain_freep) struct certificate_chain *chain = NULL;
    struct failure failure = {.status = STATUS_OK};
    enum status status = certificate_chain_read(&input, 1, &chain, &failure);
    if (status != STATUS_OK) {
        require(chain == NULL && failure.status == status && failure.at[0] == '/');
        return;
    }
    OWNED(buffer_release) struct buffer written;
    buffer_init(&written, CERTIFICATE_SIZE_MAX);
    require(certificate_chain_write(chain, 0, &written) == STATUS_OK);
    require(view_equal(buffer_view(&written), input));
    examine(chain, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view input = {.data = (const char *)data, .size = size};
    OWNED(certificate_chain_freep) struct certificate_chain *chain = NULL;
    struct failure failure;
    read_der(input);
    if (certificate_chain_read_pem(input, &chain, &failure) == STATUS_OK) {
        require(certificate_chain_count(chain) <= CERTIFICATE_CHAIN_MAX);
        examine(chain, input);
    }
    return 0;
}
