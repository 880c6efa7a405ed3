/*
 * Fuzz: any bytes are refused as a policy with a reason, or are one whose nodes hang together: each
 * stands before the group that it is a member of, and no more is asked for than there is.
 */
#include "ledger/log/policy.h"

#include <stdlib.h>

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void examine(const struct policy *policy)
{
    size_t members[POLICY_NODES_MAX] = {0};
    for (size_t i = 0; i < policy->node_count; i++) {
        const struct policy_node *node = &policy->nodes[i];
        require(node->parent == POLICY_NONE ||
                (node->parent > i && node->parent < policy->node_count));
        require(node->witness == POLICY_NONE || node->witness < policy->witness_count);
        if (node->parent != POLICY_NONE) {
            members[node->parent]++;
        }
        require(node->witness != POLICY_NONE ||
                (node->threshold >= 1 && node->threshold <= members[i]));
    }
    require(policy->quorum == POLICY_NONE || policy->quorum < policy->node_count);

    bool nobody[POLICY_WITNESSES_MAX] = {false};
    bool everybody[POLICY_WITNESSES_MAX];
    for (size_t i = 0; i < POLICY_WITNESSES_MAX; i++) {
        everybody[i] = true;
    }
    require(policy_quorum_holds(policy, nobody) == (policy->quorum == POLICY_NONE));
    require(policy_quorum_holds(policy, everybody));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view input = {.data = (const char *)data, .size = size};
    OWNED(policy_freep) struct policy *policy = NULL;
    struct failure failure = {.status = STATUS_OK};
    enum status status = policy_parse(input, &policy, &failure);
    if (status != STATUS_OK) {
        require(policy == NULL && failure.status == status && failure.reason[0] != '\0');
        return 0;
    }
    examine(policy);
    return 0;
}
