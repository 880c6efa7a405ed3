#include "contracts/statement/parts.h"

enum {
    FIELD_ACTION = COMMON_COUNT,
    FIELD_AFTER,
    FIELD_COMPROMISED_SINCE,
    FIELD_PARTY,
    FIELD_REASON,
    FIELD_REPLACES,
    FIELD_REVOKES,
    FIELD_VKEY,
    FIELD_COUNT,
};

static const struct shape_field FIELDS[FIELD_COUNT] = {
    COMMON_FIELDS,
    [FIELD_ACTION] = {"action", SHAPE_REQUIRED},
    [FIELD_AFTER] = {"after", SHAPE_REQUIRED},
    [FIELD_COMPROMISED_SINCE] = {"compromised_since", SHAPE_OPTIONAL},
    [FIELD_PARTY] = {"party", SHAPE_REQUIRED},
    [FIELD_REASON] = {"reason", SHAPE_OPTIONAL},
    [FIELD_REPLACES] = {"replaces", SHAPE_OPTIONAL},
    [FIELD_REVOKES] = {"revokes", SHAPE_OPTIONAL},
    [FIELD_VKEY] = {"vkey", SHAPE_OPTIONAL},
};

const char *const KEY_ACTION_NAMES[3] = {
    [KEY_ADD] = "add",
    [KEY_REPLACE] = "replace",
    [KEY_REVOKE] = "revoke",
};

enum need { NEED_NO, NEED_MAYBE, NEED_YES };

/* Which of the optional fields an action has. */
static const enum need NEEDS[3][FIELD_COUNT] = {
    [KEY_ADD] = {[FIELD_VKEY] = NEED_YES, [FIELD_REASON] = NEED_MAYBE},
    [KEY_REPLACE] =
        {[FIELD_VKEY] = NEED_YES, [FIELD_REPLACES] = NEED_YES, [FIELD_REASON] = NEED_YES},
    [KEY_REVOKE] = {[FIELD_REVOKES] = NEED_YES,
                    [FIELD_REASON] = NEED_YES,
                    [FIELD_COMPROMISED_SINCE] = NEED_MAYBE},
};

static enum status check_need(const struct json *node, enum need need, const char *field,
                              enum key_action action, struct failure *failure)
{
    if (node != NULL && need == NEED_NO) {
        return refuse(failure, RULE_FIELD_UNKNOWN, "", "the action \"%s\" has no field \"%s\"",
                      KEY_ACTION_NAMES[action], field);
    }
    if (node == NULL && need == NEED_YES) {
        return refuse(failure, RULE_FIELD_MISSING, "",
                      "the action \"%s\" requires the field \"%s\"", KEY_ACTION_NAMES[action],
                      field);
    }
    return STATUS_OK;
}

static enum status check_needs(const struct json *const *nodes, enum key_action action,
                               struct failure *failure)
{
    for (size_t i = COMMON_COUNT; i < FIELD_COUNT; i++) {
        if (FIELDS[i].presence == SHAPE_OPTIONAL) {
            const char *field = FIELDS[i].name;
            enum status checked = check_need(nodes[i], NEEDS[action][i], field, action, failure);
            if (checked != STATUS_OK) {
                shape_prefix_name(failure, field);
                return checked;
            }
        }
    }
    return STATUS_OK;
}

static enum status key_read(const struct json *const *nodes, struct statement *statement,
                            struct failure *failure)
{
    struct key_change *change = &statement->key;
    TRY_FIELD("party", shape_party(nodes[FIELD_PARTY], &change->party, failure));
    size_t action;
    TRY_FIELD("action", shape_word(nodes[FIELD_ACTION], KEY_ACTION_NAMES, 3, &action, failure));
    change->action = (enum key_action)action;
    TRY(check_needs(nodes, change->action, failure));

    if (nodes[FIELD_VKEY] != NULL) {
        TRY_FIELD("vkey", shape_vkey(nodes[FIELD_VKEY], &change->vkey, failure));
    }
    if (nodes[FIELD_REPLACES] != NULL) {
        TRY_FIELD("replaces", shape_vkey(nodes[FIELD_REPLACES], &change->old_vkey, failure));
    }
    if (nodes[FIELD_REVOKES] != NULL) {
        TRY_FIELD("revokes", shape_vkey(nodes[FIELD_REVOKES], &change->old_vkey, failure));
    }
    if (nodes[FIELD_REASON] != NULL) {
        TRY_FIELD("reason", shape_localized(nodes[FIELD_REASON], &change->reason, failure));
    }
    if (nodes[FIELD_COMPROMISED_SINCE] != NULL) {
        TRY_FIELD("compromised_since",
                  shape_date(nodes[FIELD_COMPROMISED_SINCE], &change->compromised_since, failure));
        change->has_compromised_since = true;
    }
    return STATUS_OK;
}

static enum status key_check(struct statement *statement, struct failure *failure)
{
    struct key_change *change = &statement->key;
    if (change->action != KEY_REVOKE) {
        TRY_FIELD("vkey", vkey_check(change->vkey, &change->key, failure));
        TRY_FIELD("vkey", vkey_check_name(&change->key, change->party, failure));
    }
    if (change->action != KEY_ADD) {
        const char *field = change->action == KEY_REPLACE ? "replaces" : "revokes";
        TRY_FIELD(field, vkey_check(change->old_vkey, &change->old_key, failure));
    }
    if (change->action == KEY_REPLACE && view_equal(change->vkey, change->old_vkey)) {
        return refuse_repeated(failure, "/replaces", change->old_vkey);
    }
    return STATUS_OK;
}

const struct kind_form KEY_FORM = {
    .fields = FIELDS,
    .count = FIELD_COUNT,
    .read = key_read,
    .check = key_check,
};
