#include "cli/changes.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/words.h"
#include "ledger/base/buffer.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <stdio.h>

#define TEXT_MAX ((size_t)64 * 1024)

/* Members that are not terms: which statement it is, and when it counts. */
static const char *const NOT_TERMS[] = {"after",  "date",      "from",    "kind",
                                        "ledger", "resettles", "version", "why"};

/* Arrays whose items have a name, and the member that is it. */
static const struct named_array {
    const char *member;
    const char *name;
} NAMED_ARRAYS[] = {
    {"outcomes", "outcome"}, {"periods", "period"},     {"lines", "line"},
    {"pays", "pay"},         {"baselines", "baseline"},
};

/* --- Comparing --- */

static enum status compare(const struct json *a, const struct json *b, bool *ret_is_equal)
{
    OWNED(buffer_release) struct buffer left;
    OWNED(buffer_release) struct buffer right;
    buffer_init(&left, JSON_SIZE_MAX);
    buffer_init(&right, JSON_SIZE_MAX);
    TRY(json_write_canonical(a, &left));
    TRY(json_write_canonical(b, &right));
    *ret_is_equal = view_equal(buffer_view(&left), buffer_view(&right));
    return STATUS_OK;
}

/* The member of an object whose name is a view. */
static const struct json *member_of(const struct json *object, struct view name)
{
    const struct json *member = object == NULL ? NULL : json_first(object);
    while (member != NULL && !view_equal(json_name(member), name)) {
        member = json_next(member);
    }
    return member;
}

static bool same_text(const struct json *a, const struct json *b, const char *member)
{
    const struct json *left = json_member(a, member);
    const struct json *right = json_member(b, member);
    return left != NULL && right != NULL && view_equal(json_string(left), json_string(right));
}

/* The item of the same name; of several pays by one line, that of the same payer. */
static const struct json *find_item(const struct json *array, const struct json *item,
                                    const char *name)
{
    const struct json *found = array == NULL ? NULL : json_first(array);
    bool has_payer = view_equal(view_of(name), VIEW("pay"));
    while (found != NULL &&
           !(same_text(found, item, name) && (!has_payer || same_text(found, item, "from")))) {
        found = json_next(found);
    }
    return found;
}

/* --- Walking --- */

/* The two statements, and who is told. */
struct walk {
    const struct json *before;
    const struct json *after;
    change_visit *visit;
    void *context;
};

static enum status tell(const struct walk *walk, struct change change)
{
    if (change.before != NULL && change.after != NULL) {
        bool is_equal;
        TRY(compare(change.before, change.after, &is_equal));
        if (is_equal) {
            return STATUS_OK;
        }
    }
    return walk->visit(walk->context, &change);
}

static const struct json *first_of(const struct json *container)
{
    return container == NULL ? NULL : json_first(container);
}

static enum status walk_named(const struct walk *walk, const struct named_array *named)
{
    const struct json *before = json_member(walk->before, named->member);
    const struct json *after = json_member(walk->after, named->member);
    struct view what = view_of(named->name);
    for (const struct json *item = first_of(after); item != NULL; item = json_next(item)) {
        struct view name = json_string(json_member(item, named->name));
        const struct json *same = find_item(before, item, named->name);
        TRY(tell(walk, (struct change){what, name, same, item}));
    }
    for (const struct json *item = first_of(before); item != NULL; item = json_next(item)) {
        if (find_item(after, item, named->name) == NULL) {
            struct view name = json_string(json_member(item, named->name));
            TRY(tell(walk, (struct change){what, name, item, NULL}));
        }
    }
    return STATUS_OK;
}

static bool has_party(const struct json *parties, struct view party)
{
    const struct json *found = first_of(parties);
    while (found != NULL && !view_equal(json_string(found), party)) {
        found = json_next(found);
    }
    return found != NULL;
}

/* The parties of `from` that `to` has not, in each role of `from`. */
static enum status walk_roles(const struct walk *walk, const struct json *from,
                              const struct json *to, bool is_new)
{
    for (const struct json *role = first_of(from); role != NULL; role = json_next(role)) {
        const struct json *others = member_of(to, json_name(role));
        for (const struct json *party = first_of(role); party != NULL; party = json_next(party)) {
            struct view name = json_string(party);
            if (!has_party(others, name)) {
                TRY(tell(walk, (struct change){json_name(role), name, is_new ? NULL : party,
                                               is_new ? party : NULL}));
            }
        }
    }
    return STATUS_OK;
}

/* Whether a member is neither compared by parts nor left out. */
static bool is_whole(struct view name)
{
    bool is_other = view_equal(name, VIEW("roles"));
    for (size_t i = 0; i < sizeof NOT_TERMS / sizeof NOT_TERMS[0]; i++) {
        is_other = is_other || view_equal(name, view_of(NOT_TERMS[i]));
    }
    for (size_t i = 0; i < sizeof NAMED_ARRAYS / sizeof NAMED_ARRAYS[0]; i++) {
        is_other = is_other || view_equal(name, view_of(NAMED_ARRAYS[i].member));
    }
    return !is_other;
}

static enum status walk_whole(const struct walk *walk)
{
    for (const struct json *member = json_first(walk->after); member != NULL;
         member = json_next(member)) {
        if (is_whole(json_name(member))) {
            const struct json *same = member_of(walk->before, json_name(member));
            TRY(tell(walk, (struct change){json_name(member), VIEW(""), same, member}));
        }
    }
    for (const struct json *member = json_first(walk->before); member != NULL;
         member = json_next(member)) {
        if (is_whole(json_name(member)) && member_of(walk->after, json_name(member)) == NULL) {
            TRY(tell(walk, (struct change){json_name(member), VIEW(""), member, NULL}));
        }
    }
    return STATUS_OK;
}

enum status changes_visit(const struct json *before, const struct json *after, change_visit *visit,
                          void *context)
{
    struct walk walk = {before, after, visit, context};
    for (size_t i = 0; i < sizeof NAMED_ARRAYS / sizeof NAMED_ARRAYS[0]; i++) {
        TRY(walk_named(&walk, &NAMED_ARRAYS[i]));
    }
    const struct json *old_roles = json_member(before, "roles");
    const struct json *new_roles = json_member(after, "roles");
    TRY(walk_roles(&walk, old_roles, new_roles, false));
    TRY(walk_roles(&walk, new_roles, old_roles, true));
    return walk_whole(&walk);
}

/* --- Telling --- */

/* What people call a member; of an item, a role, and of what they consist of. */
static const struct word {
    const char *member;
    const char *word;
} WORDS[] = {
    {"outcome", N_("outcome")},
    {"period", N_("period")},
    {"line", N_("line")},
    {"pay", N_("pay")},
    {"baseline", N_("baseline")},
    {"payer", N_("payer")},
    {"investor", N_("investor")},
    {"provider", N_("provider")},
    {"evaluator", N_("evaluator")},
    {"intermediary", N_("intermediary")},
    {"guarantor", N_("guarantor")},
    {"arbiter", N_("arbiter")},
    {"actor", N_("actor")},
    {"aggregation", N_("how records are added up")},
    {"agreed_on", N_("when the parties agreed")},
    {"annexes", N_("annexes")},
    {"basis", N_("basis")},
    {"binding", N_("whether it is settled and paid")},
    {"caps", N_("the most that a payer owes")},
    {"class", N_("what it is used for")},
    {"closing", N_("whether it closes the contract")},
    {"cohort", N_("the people it is about")},
    {"commitments", N_("what investors place at most")},
    {"conflicts", N_("who is not independent")},
    {"count_range", N_("its counts can be")},
    {"count_unit", N_("the unit of its counts")},
    {"currency", N_("currency")},
    {"dispute", N_("how disputes are decided")},
    {"due", N_("due")},
    {"from", N_("from")},
    {"label", N_("name")},
    {"legal_basis", N_("legal basis")},
    {"method", N_("method")},
    {"missing_data", N_("where data are missing")},
    {"negative", N_("what is done below zero")},
    {"note", N_("note")},
    {"notes", N_("notes")},
    {"range", N_("it can be")},
    {"records", N_("records")},
    {"signatures", N_("who signs besides")},
    {"source", N_("source")},
    {"sources", N_("sources")},
    {"termination", N_("who ends it before its time")},
    {"title", N_("title")},
    {"to", N_("to")},
    {"unit", N_("unit")},
    {"waterfall", N_("tranches")},
};

static const char *operation_word(struct view name)
{
    for (int i = 0; i < OPERATION_COUNT; i++) {
        if (view_equal(name, view_of(operation_name((enum operation)i)))) {
            return word_of_operation((enum operation)i);
        }
    }
    return NULL;
}

/* Languages, and what only one operation has, keep the names that they have in statements. */
static enum status write_word(struct view name, struct buffer *text)
{
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        if (view_equal(name, view_of(WORDS[i].member))) {
            return buffer_append_text(text, _(WORDS[i].word));
        }
    }
    const char *word = operation_word(name);
    return word == NULL ? buffer_append(text, name) : buffer_append_text(text, word);
}

static bool is_text(const struct json *node)
{
    return node != NULL && json_type(node) == JSON_STRING;
}

/* "to (2027-12-31, now 2028-12-31)", or the name alone of what is no text. */
static enum status write_member(const struct json *before, const struct json *after,
                                struct buffer *text)
{
    bool is_equal = false;
    if (before != NULL && after != NULL) {
        TRY(compare(before, after, &is_equal));
    }
    if (is_equal) {
        return STATUS_OK;
    }
    bool is_first = text->data[text->size - 1] == ' ';
    TRY(buffer_append_text(text, is_first ? "" : ", "));
    TRY(write_word(json_name(after != NULL ? after : before), text));
    return is_text(before) && is_text(after)
               ? buffer_append_format(text, _(" (%.*s, now %.*s)"), VIEW_ARGS(json_string(before)),
                                      VIEW_ARGS(json_string(after)))
               : STATUS_OK;
}

/* Which members of an item are not as they were. */
static enum status write_members(const struct change *change, struct buffer *text)
{
    for (const struct json *member = json_first(change->after); member != NULL;
         member = json_next(member)) {
        TRY(write_member(member_of(change->before, json_name(member)), member, text));
    }
    for (const struct json *member = json_first(change->before); member != NULL;
         member = json_next(member)) {
        if (member_of(change->after, json_name(member)) == NULL) {
            TRY(write_member(member, NULL, text));
        }
    }
    return STATUS_OK;
}

static enum status write_change(const struct change *change, struct buffer *text)
{
    TRY(write_word(change->what, text));
    if (change->name.size > 0) {
        TRY(buffer_append_format(text, " %.*s", VIEW_ARGS(change->name)));
    }
    TRY(buffer_append_text(text, ": "));
    if (change->before == NULL) {
        return buffer_append_text(text, _("new"));
    }
    if (change->after == NULL) {
        return buffer_append_text(text, _("left out"));
    }
    if (is_text(change->before) && is_text(change->after)) {
        return buffer_append_format(text, _("%.*s, now %.*s"),
                                    VIEW_ARGS(json_string(change->before)),
                                    VIEW_ARGS(json_string(change->after)));
    }
    return json_type(change->before) == JSON_OBJECT && json_type(change->after) == JSON_OBJECT
               ? write_members(change, text)
               : buffer_append_text(text, _("changed"));
}

static enum status print_change(void *context, const struct change *change)
{
    const size_t *indent = context;
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    TRY(write_change(change, &text));
    printf("%*s", (int)*indent, "");
    display_paragraph(buffer_view(&text), *indent);
    return STATUS_OK;
}

enum status changes_print(const struct json *before, const struct json *after, size_t indent)
{
    return changes_visit(before, after, print_change, &indent);
}

static enum status push_change(void *context, const struct change *change)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    const char *how = change->before == NULL  ? "new"
                      : change->after == NULL ? "left_out"
                                              : "changed";
    TRY(json_set_string(object, "what", change->what));
    if (change->name.size > 0) {
        TRY(json_set_string(object, "name", change->name));
    }
    TRY(json_set_string(object, "change", view_of(how)));
    if (change->before != NULL && change->after != NULL) {
        TRY(json_set(object, "before", json_copy(change->before)));
        TRY(json_set(object, "now", json_copy(change->after)));
    }
    return json_push(context, STEAL(object));
}

enum status changes_set(const struct json *before, const struct json *after, struct json *object)
{
    OWNED(json_freep) struct json *array = json_new_array();
    if (array == NULL) {
        return STATUS_MEMORY;
    }
    TRY(changes_visit(before, after, push_change, array));
    return json_set(object, "changes", STEAL(array));
}
