#include "contracts/statement/parts.h"
#include "ledger/log/policy.h"

#include <stdio.h>

#define WITNESS_POLICY_MAX 20000

/* How a charter says that there is no recovery, or no witness policy. */
#define NONE "none"

enum {
    FIELD_LOG_VKEY = COMMON_COUNT,
    FIELD_OPERATOR,
    FIELD_RECOVERY,
    FIELD_REGISTRARS,
    FIELD_WITNESS_POLICY,
    FIELD_COUNT,
};

static const struct shape_field FIELDS[FIELD_COUNT] = {
    COMMON_FIELDS,
    [FIELD_LOG_VKEY] = {"log_vkey", SHAPE_REQUIRED},
    [FIELD_OPERATOR] = {"operator", SHAPE_REQUIRED},
    [FIELD_RECOVERY] = {"recovery", SHAPE_REQUIRED},
    [FIELD_REGISTRARS] = {"registrars", SHAPE_REQUIRED},
    [FIELD_WITNESS_POLICY] = {"witness_policy", SHAPE_REQUIRED},
};

/* --- Reading --- */

static enum status registrars_read(const struct json *node, struct arena *arena,
                                   struct charter *charter, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, STATEMENT_REGISTRARS_MAX, &count, failure));
    charter->registrars = arena_allocate(arena, count, sizeof *charter->registrars);
    if (charter->registrars == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, identity_read(item, arena, &charter->registrars[i], failure));
    }
    charter->registrar_count = count;
    return STATUS_OK;
}

static enum status recovery_read(const struct json *node, struct charter *charter,
                                 struct failure *failure)
{
    if (json_type(node) == JSON_STRING && view_is(json_string(node), NONE)) {
        charter->has_recovery = false;
        return STATUS_OK;
    }
    if (json_type(node) != JSON_OBJECT) {
        return shape_malformed(node, "an object with the number of registrars, or \"none\"",
                               failure);
    }
    static const struct shape_field RECOVERY_FIELDS[] = {{"registrars", SHAPE_REQUIRED}};
    const struct json *registrars;
    TRY(shape_object(node, RECOVERY_FIELDS, 1, &registrars, failure));
    TRY_FIELD("registrars", shape_integer(registrars, 1, STATEMENT_REGISTRARS_MAX,
                                          &charter->recovery_registrars, failure));
    charter->has_recovery = true;
    return STATUS_OK;
}

static enum status charter_read(const struct json *const *nodes, struct statement *statement,
                                struct failure *failure)
{
    struct charter *charter = &statement->charter;
    struct arena *arena = &statement->arena;
    TRY_FIELD("log_vkey", shape_vkey(nodes[FIELD_LOG_VKEY], &charter->log_vkey, failure));
    TRY_FIELD("operator", identity_read(nodes[FIELD_OPERATOR], arena, &charter->operator, failure));
    TRY_FIELD("registrars", registrars_read(nodes[FIELD_REGISTRARS], arena, charter, failure));
    TRY_FIELD("recovery", recovery_read(nodes[FIELD_RECOVERY], charter, failure));
    TRY_FIELD("witness_policy", shape_text(nodes[FIELD_WITNESS_POLICY], 1, WITNESS_POLICY_MAX,
                                           &charter->witness_policy, failure));
    charter->has_witness_policy = !view_is(charter->witness_policy, NONE);
    return STATUS_OK;
}

/* --- Checking --- */

static bool identity_equal(const struct party_identity *a, const struct party_identity *b)
{
    if (!view_equal(a->id, b->id) || !view_equal(a->legal_name, b->legal_name) ||
        !view_equal(a->registration.scheme_name, b->registration.scheme_name) ||
        !view_equal(a->registration.number, b->registration.number) ||
        a->vkey_count != b->vkey_count) {
        return false;
    }
    for (size_t i = 0; i < a->vkey_count; i++) {
        if (!view_equal(a->vkeys[i], b->vkeys[i])) {
            return false;
        }
    }
    return true;
}

/*
 * No registrar is named twice, and no key is in two hands. The operator may be a registrar as well
 * (a small ledger has one organisation for both); then it is described alike in both places.
 */
static enum status check_repeated(const struct charter *charter, struct failure *failure)
{
    struct view vkeys[1 + (1 + STATEMENT_REGISTRARS_MAX) * STATEMENT_VKEYS_MAX];
    size_t count = 0;
    vkeys[count++] = charter->log_vkey;
    for (size_t i = 0; i < charter->operator.vkey_count; i++) {
        vkeys[count++] = charter->operator.vkeys[i];
    }
    size_t repeated = names_find_repeated(vkeys, count, sizeof vkeys[0]);
    char at[64];
    if (repeated < count) {
        (void)snprintf(at, sizeof at, "/operator/vkeys/%zu", repeated - 1);
        return refuse_repeated(failure, at, vkeys[repeated]);
    }
    size_t registrar = names_find_repeated(&charter->registrars[0].id, charter->registrar_count,
                                           sizeof charter->registrars[0]);
    if (registrar < charter->registrar_count) {
        (void)snprintf(at, sizeof at, "/registrars/%zu/party", registrar);
        return refuse_repeated(failure, at, charter->registrars[registrar].id);
    }
    for (size_t i = 0; i < charter->registrar_count; i++) {
        const struct party_identity *identity = &charter->registrars[i];
        if (view_equal(identity->id, charter->operator.id)) {
            if (identity_equal(identity, &charter->operator)) {
                continue;
            }
            (void)snprintf(at, sizeof at, "/registrars/%zu/party", i);
            return refuse(failure, RULE_NAME_REPEATED, at,
                          "the operator is described in another way than as a registrar");
        }
        for (size_t k = 0; k < identity->vkey_count; k++) {
            vkeys[count++] = identity->vkeys[k];
            if (names_find_repeated(vkeys, count, sizeof vkeys[0]) < count) {
                (void)snprintf(at, sizeof at, "/registrars/%zu/vkeys/%zu", i, k);
                return refuse_repeated(failure, at, identity->vkeys[k]);
            }
        }
    }
    return STATUS_OK;
}

static enum status check_log_key(struct charter *charter, struct view origin,
                                 struct failure *failure)
{
    TRY(vkey_check(charter->log_vkey, &charter->log_key, failure));
    if (!view_is(origin, charter->log_key.name)) {
        char quoted[SHAPE_QUOTE_SIZE];
        shape_quote(view_of(charter->log_key.name), quoted);
        return refuse(failure, RULE_CHARTER_LOG_KEY, "",
                      "expected a key named as the ledger, %.*s, found one named %s",
                      VIEW_ARGS(origin), quoted);
    }
    return STATUS_OK;
}

/* What nobody can read nobody can fulfil; and it may list no logs, or this one among them. */
static enum status check_policy(const struct charter *charter, struct failure *failure)
{
    OWNED(policy_freep) struct policy *policy = NULL;
    struct failure inner;
    if (!charter->has_witness_policy) {
        return STATUS_OK;
    }
    enum status status = policy_parse(charter->witness_policy, &policy, &inner);
    if (status == STATUS_MEMORY) {
        return fail_memory(failure);
    }
    if (status != STATUS_OK) {
        return refuse(failure, RULE_CHARTER_POLICY, "", "%s%s%s", inner.at,
                      inner.at[0] == '\0' ? "" : ": ", inner.reason);
    }
    bool names_log = policy->log_count == 0;
    for (size_t i = 0; i < policy->log_count; i++) {
        names_log = names_log || note_key_equal(&policy->logs[i].key, &charter->log_key);
    }
    return names_log ? STATUS_OK
                     : refuse(failure, RULE_CHARTER_POLICY, "",
                              "it lists logs, and not the one whose key is log_vkey");
}

static enum status charter_check(struct statement *statement, struct failure *failure)
{
    struct charter *charter = &statement->charter;
    TRY_FIELD("log_vkey", check_log_key(charter, statement->ledger, failure));
    TRY_FIELD("operator", identity_check(&charter->operator, failure));
    for (size_t i = 0; i < charter->registrar_count; i++) {
        enum status checked = identity_check(&charter->registrars[i], failure);
        if (checked != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "registrars");
            return checked;
        }
    }
    TRY(check_repeated(charter, failure));
    if (charter->has_recovery && (size_t)charter->recovery_registrars > charter->registrar_count) {
        return refuse(failure, RULE_CHARTER_RECOVERY, "/recovery/registrars",
                      "expected at most the %zu registrars that there are, found %d",
                      charter->registrar_count, charter->recovery_registrars);
    }
    TRY_FIELD("witness_policy", check_policy(charter, failure));
    return STATUS_OK;
}

const struct kind_form CHARTER_FORM = {
    .fields = FIELDS,
    .count = FIELD_COUNT,
    .read = charter_read,
    .check = charter_check,
};
