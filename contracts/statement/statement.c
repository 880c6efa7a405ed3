/*
 * Reading a statement, outside in: note, order of lines, JSON, canonical form, shape.
 *
 * The order matters to the person who reads the refusal: a file that is no note at all is told so,
 * not that its JSON is wrong. Nothing is read from a text before it is known to be canonical, so
 * what is read, hashed and signed are the same bytes.
 */
#include "contracts/statement/statement.h"

#include "contracts/statement/parts.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/*
 * What a text of JSON_SIZE_MAX can unfold to: the smallest text for its memory is an operand of a
 * line, some 300 bytes for four characters; the counts in terms.h bound the rest.
 */
#define STATEMENT_ARENA_MAX ((size_t)128 * 1024 * 1024)

static const struct kind_form *form_of(enum kind kind)
{
    static const struct kind_form *const FORMS[KIND_COUNT] = {
#define KIND(name, word, subject) &name##_FORM,
#include "contracts/statement/kinds.def"
#undef KIND
    };
    assert(kind < KIND_COUNT);
    return FORMS[kind];
}

void statement_free(struct statement *statement)
{
    if (statement == NULL) {
        return;
    }
    const struct kind_form *form = form_of(statement->kind);
    if (form->release != NULL) {
        form->release(statement);
    }
    json_free(statement->root);
    arena_release(&statement->arena);
    free(statement);
}

void statement_freep(struct statement **statement)
{
    statement_free(*statement);
    *statement = NULL;
}

/* NULL without memory. */
static struct statement *statement_new(void)
{
    struct statement *statement = malloc(sizeof *statement);
    if (statement == NULL) {
        return NULL;
    }
    /* Room for signature lines is two thirds of it, and is written before it is read. */
    memset(statement, 0, offsetof(struct statement, note));
    statement->note.text = VIEW("");
    statement->note.count = 0;
    arena_init(&statement->arena, STATEMENT_ARENA_MAX);
    return statement;
}

/* --- Shape --- */

/* Finds out which kind it is; before that, no other field has a meaning. */
static enum status read_kind(const struct json *root, enum kind *ret_kind, struct failure *failure)
{
    static const char *const WORDS[KIND_COUNT] = {
#define KIND(name, word, subject) word,
#include "contracts/statement/kinds.def"
#undef KIND
    };
    if (json_type(root) != JSON_OBJECT) {
        return shape_malformed(root, "an object", failure);
    }
    const struct json *node = json_member(root, "kind");
    if (node == NULL) {
        return refuse(failure, RULE_FIELD_MISSING, "/kind", "the field \"kind\" is required here");
    }
    struct view word;
    TRY_FIELD("kind", shape_text(node, 1, JSON_SIZE_MAX, &word, failure));
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (view_is(word, WORDS[i])) {
            *ret_kind = (enum kind)i;
            return STATUS_OK;
        }
    }
    char quoted[SHAPE_QUOTE_SIZE];
    shape_quote(word, quoted);
    return refuse(failure, RULE_KIND_UNKNOWN, "/kind", "%s is not a kind of statement", quoted);
}

static enum status read_version(const struct json *root, struct failure *failure)
{
    const struct json *node = json_member(root, "version");
    if (node == NULL) {
        return refuse(failure, RULE_FIELD_MISSING, "/version",
                      "the field \"version\" is required here");
    }
    if (json_type(node) != JSON_INTEGER) {
        TRY_FIELD("version", shape_malformed(node, "the version as an integer", failure));
    }
    int32_t version = json_integer(node);
    if (version != STATEMENT_VERSION) {
        return refuse(failure, RULE_VERSION_UNKNOWN, "/version",
                      "expected version %d, found version %d", STATEMENT_VERSION, version);
    }
    return STATUS_OK;
}

/* Reads the shape from statement->root. */
static enum status read_shape(struct statement *statement, struct failure *failure)
{
    const struct json *root = statement->root;
    TRY(read_kind(root, &statement->kind, failure));
    TRY(read_version(root, failure));

    const struct kind_form *form = form_of(statement->kind);
    const struct json *nodes[SHAPE_FIELDS_MAX];
    TRY(shape_object(root, form->fields, form->count, nodes, failure));

    TRY_FIELD("ledger", shape_origin(nodes[COMMON_LEDGER], &statement->ledger, failure));
    TRY_FIELD("date", shape_date(nodes[COMMON_DATE], &statement->date, failure));
    /* shape_object has refused it where the kind has none, and missed it where it must be. */
    const struct json *after = json_member(root, "after");
    if (after != NULL) {
        TRY_FIELD("after", shape_digest(after, &statement->after, failure));
        statement->has_after = true;
    }
    return form->read(nodes, statement, failure);
}

enum status statement_read_tree(struct json *root, struct statement **ret_statement,
                                struct failure *failure)
{
    OWNED(json_freep) struct json *owned_root = root;
    OWNED(statement_freep) struct statement *statement = statement_new();
    if (statement == NULL) {
        return fail_memory(failure);
    }
    statement->root = STEAL(owned_root);
    TRY(read_shape(statement, failure));
    *ret_statement = STEAL(statement);
    return STATUS_OK;
}

/* --- Note --- */

/* Gives the failure of a lower layer the name of a rule; memory that ran out stays what it is. */
static enum status refuse_as(enum rule rule, enum status status, const struct failure *inner,
                             struct failure *failure)
{
    if (status == STATUS_MEMORY) {
        return fail_memory(failure);
    }
    return refuse(failure, rule, inner->at, "%s", inner->reason);
}

static enum status read_note(struct statement *statement, struct failure *failure)
{
    struct failure inner;
    enum status parsed = note_parse(statement->bytes, &statement->note, &inner);
    if (parsed != STATUS_OK) {
        return refuse_as(RULE_NOTE_MALFORMED, parsed, &inner, failure);
    }
    enum status sorted = note_check_sorted(&statement->note, &inner);
    if (sorted != STATUS_OK) {
        return refuse_as(RULE_NOTE_UNSORTED, sorted, &inner, failure);
    }
    return STATUS_OK;
}

static enum status read_json(struct statement *statement, struct failure *failure)
{
    /* The text of a note ends in a newline; the canonical form is what stands before it. */
    struct view text = statement->note.text;
    assert(text.size > 0 && text.data[text.size - 1] == '\n');
    struct view line = {.data = text.data, .size = text.size - 1};

    struct failure inner;
    bool is_canonical;
    enum status parsed = json_parse_canonical(line, &statement->root, &is_canonical, &inner);
    if (parsed != STATUS_OK) {
        return refuse_as(RULE_JSON_INVALID, parsed, &inner, failure);
    }
    if (is_canonical) {
        return STATUS_OK;
    }
    enum status canonical = json_check_canonical(statement->root, line, &inner); /* tells where */
    if (canonical != STATUS_OK) {
        return refuse_as(RULE_JSON_NOT_CANONICAL, canonical, &inner, failure);
    }
    return STATUS_OK;
}

enum status statement_read(struct view bytes, struct statement **ret_statement,
                           struct failure *failure)
{
    if (bytes.size > ENTRY_SIZE_MAX) {
        return refuse(failure, RULE_NOTE_TOO_LARGE, "", "the note has %zu bytes; at most %d fit",
                      bytes.size, ENTRY_SIZE_MAX);
    }
    OWNED(statement_freep) struct statement *statement = statement_new();
    if (statement == NULL || arena_copy(&statement->arena, bytes, &statement->bytes) != STATUS_OK) {
        return fail_memory(failure);
    }
    TRY(read_note(statement, failure));
    TRY(read_json(statement, failure));
    TRY(read_shape(statement, failure));
    statement->id = hash_bytes(statement->note.text);
    *ret_statement = STEAL(statement);
    return STATUS_OK;
}

/* --- What was read --- */

enum status statement_check(struct statement *statement, struct failure *failure)
{
    const struct kind_form *form = form_of(statement->kind);
    return form->check == NULL ? STATUS_OK : form->check(statement, failure);
}

enum status statement_verify_line(struct statement *statement, size_t line,
                                  const struct note_key *key)
{
    assert(line < statement->note.count);
    if (note_find(&statement->note, key) != line) {
        return STATUS_NOT_FOUND;
    }
    TRY(note_verify(&statement->note, key));
    if (statement->verified_lines == NULL) {
        statement->verified_lines = arena_allocate(&statement->arena, statement->note.count,
                                                   sizeof *statement->verified_lines);
    }
    if (statement->verified_lines == NULL) {
        return STATUS_MEMORY;
    }
    statement->verified_lines[line] = (struct verified_line){true, key->key};
    return STATUS_OK;
}

bool statement_is_line_verified(const struct statement *statement, size_t line,
                                const struct public_key *key)
{
    const struct verified_line *lines = statement->verified_lines;
    return lines != NULL && lines[line].is_verified &&
           memcmp(lines[line].key.bytes, key->bytes, PUBLIC_KEY_SIZE) == 0;
}

struct view statement_subject_name(const struct statement *statement)
{
    switch (statement->kind) {
    case KIND_PARTY:
        return statement->party.identity.id;
    case KIND_KEY:
        return statement->key.party;
    case KIND_CONTRACT:
        return statement->contract.name;
    case KIND_FUNDING:
        return statement->funding.contract;
    case KIND_MEASUREMENT:
        return statement->measurement.contract;
    case KIND_SETTLEMENT:
        return statement->settlement.contract;
    case KIND_PAYMENT:
        return statement->payment.contract;
    case KIND_CORRECTION:
        return statement->correction.measurement.contract;
    case KIND_DISPUTE:
        return statement->dispute.contract;
    case KIND_DECISION:
        return statement->decision.contract;
    case KIND_TERMINATION:
        return statement->termination.contract;
    case KIND_AMENDMENT:
        return statement->amendment.contract.name;
    case KIND_CHARTER:
    case KIND_COUNT:
        break;
    }
    return VIEW("");
}

enum status statement_subject(const struct statement *statement, struct buffer *buffer)
{
    switch (kind_subject_class(statement->kind)) {
    case SUBJECT_CHARTER:
        return buffer_append_text(buffer, "charter");
    case SUBJECT_PARTY:
        TRY(buffer_append_text(buffer, "party/"));
        break;
    case SUBJECT_CONTRACT:
        TRY(buffer_append_text(buffer, "contract/"));
        break;
    }
    return buffer_append(buffer, statement_subject_name(statement));
}

const struct contract *statement_terms(const struct statement *statement)
{
    if (statement->kind == KIND_AMENDMENT) {
        return &statement->amendment.contract;
    }
    return statement->kind == KIND_CONTRACT ? &statement->contract : NULL;
}

const struct measured_value *statement_values(const struct statement *statement, size_t *ret_count)
{
    switch (statement->kind) {
    case KIND_MEASUREMENT:
        *ret_count = statement->measurement.value_count;
        return statement->measurement.values;
    case KIND_CORRECTION:
        *ret_count = statement->correction.measurement.value_count;
        return statement->correction.measurement.values;
    case KIND_DECISION:
        *ret_count = statement->decision.value_count;
        return statement->decision.values;
    case KIND_CHARTER:
    case KIND_PARTY:
    case KIND_KEY:
    case KIND_CONTRACT:
    case KIND_FUNDING:
    case KIND_SETTLEMENT:
    case KIND_PAYMENT:
    case KIND_DISPUTE:
    case KIND_TERMINATION:
    case KIND_AMENDMENT:
    case KIND_COUNT:
        break;
    }
    *ret_count = 0;
    return NULL;
}

enum status statement_money(const struct shape_money *text, struct currency currency,
                            struct money *ret_money, struct failure *failure)
{
    char quoted[SHAPE_QUOTE_SIZE];
    if (!view_is(text->currency, currency.code)) {
        shape_quote(text->currency, quoted);
        return refuse(failure, RULE_CURRENCY_OTHER, "/currency",
                      "expected the contract's currency %s, found %s", currency.code, quoted);
    }
    if (money_read(text->amount, currency, ret_money) != STATUS_OK) {
        shape_quote(text->amount, quoted);
        return refuse(failure, RULE_AMOUNT_MALFORMED, "/amount",
                      "expected an amount with %u decimals below 10^18 minor units, found %s",
                      (unsigned int)currency.decimals, quoted);
    }
    return STATUS_OK;
}
