/* The report of a bundle: what was established, for whom it matters, and what was not. */

#include "cli/display.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/story.h"
#include "cli/table.h"
#include "cli/verifier/bundle.h"
#include "cli/words.h"
#include "ledger/base/instant.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>

#define WHAT_WIDTH 16
#define INDENT 2
#define TEXT_MAX ((size_t)64 * 1024)
#define VKEY_TEXT_MAX 4096

/* --- Established --- */

static void print_what(const char *what, const char *text)
{
    printf("  ");
    display_padded(view_of(what), WHAT_WIDTH);
    display_paragraph(view_of(text), INDENT + WHAT_WIDTH);
}

static void print_count(const char *what, uint64_t count, const char *how)
{
    char text[400];
    (void)snprintf(text, sizeof text, "%" PRIu64 "  %s", count, how);
    print_what(what, text);
}

static void print_log_key(const struct bundle *bundle)
{
    static const char *const HOW[] = {
        [BUNDLE_KEY_NONE] = N_("not checked: no key was given"),
        [BUNDLE_KEY_POLICY] = N_("a log of the policy"),
        [BUNDLE_KEY_GIVEN] = N_("given by --vkey"),
        [BUNDLE_KEY_CASE] = N_("as the case itself says"),
    };
    char text[NAME_SIZE_MAX + 200];
    const char *how = _(HOW[bundle->key_from]);
    if (bundle->key_from == BUNDLE_KEY_NONE) {
        (void)snprintf(text, sizeof text, "%s", how);
    } else {
        (void)snprintf(text, sizeof text, "%s+%08x, %s", bundle->log.name, (unsigned)bundle->log.id,
                       how);
    }
    print_what(_("log key"), text);
}

static void print_witness(const struct bundle *bundle, size_t index)
{
    char text[NAME_SIZE_MAX + 200];
    const struct cosigner *cosigner = &bundle->policy->witnesses[index].cosigner;
    switch (bundle->witness.witnessed[index]) {
    case POLICY_ABSENT:
        (void)snprintf(text, sizeof text, _("%s+%08x has not signed"), cosigner->name,
                       (unsigned)cosigner->id);
        break;
    case POLICY_SIGNED:
        (void)snprintf(text, sizeof text, _("%s+%08x signed at %s"), cosigner->name,
                       (unsigned)cosigner->id,
                       instant_write((int64_t)bundle->witness.times[index]).text);
        break;
    case POLICY_UNUSABLE:
        (void)snprintf(text, sizeof text, _("%s+%08x signed in a way that cannot be checked here"),
                       cosigner->name, (unsigned)cosigner->id);
        break;
    }
    print_what(_("witness"), text);
}

static void print_checkpoint(const struct bundle *bundle)
{
    printf("%.*s\n", VIEW_ARGS(bundle->checkpoint.origin));
    printf(_("size %" PRIu64 ", root %s\n"), bundle->checkpoint.size,
           display_hash(&bundle->checkpoint.root).text);
    printf("\n%s\n", _("Established:"));
    print_log_key(bundle);
    for (size_t i = 0; bundle->policy != NULL && i < bundle->policy->witness_count; i++) {
        print_witness(bundle, i);
    }
}

/* --- A case --- */

static enum status write_signers(const struct state *state, const struct state_entry *entry,
                                 struct buffer *text)
{
    const struct note *note = &entry->statement->note;
    TRY(buffer_append_format(text, "%5" PRIu64 "  %s: ", entry->index,
                             word_of_kind(entry->statement->kind)));
    for (size_t i = 0; i < note->count; i++) {
        const struct note_signature *line = &note->signatures[i];
        const struct state_key *key = state_find_key(state, line->name, line->key_id);
        TRY(buffer_append_format(text, "%s%s (%.*s)", i == 0 ? "" : ", ",
                                 key == NULL ? "" : key->party->legal_name, VIEW_ARGS(line->name)));
    }
    return STATUS_OK;
}

static enum status print_signers(const struct bundle *bundle)
{
    printf("\n%s\n", _("Who signed:"));
    for (const struct state_entry *entry = bundle->finding.contract->first; entry != NULL;
         entry = entry->next) {
        OWNED(buffer_release) struct buffer text;
        buffer_init(&text, TEXT_MAX);
        TRY(write_signers(bundle->state, entry, &text));
        display_paragraph(buffer_view(&text), 7);
    }
    return STATUS_OK;
}

static enum status add_money(struct table *table, struct money money)
{
    return table_add(table, view_of(display_money(money).text));
}

static enum status add_payout(struct table *table, const struct state_contract *contract,
                              const struct state_due *due)
{
    const struct settlement_pay *pay = state_due_pay(due);
    TRY(table_add(table, contract->tables.periods[due->settlement->period].name));
    TRY(table_add(table, pay->line));
    TRY(table_add(table, pay->from));
    TRY(table_add(table, pay->to));
    TRY(add_money(table, pay->amount));
    TRY(add_money(table, due->paid));
    return add_money(table, state_due_outstanding(due));
}

static enum status print_payouts(const struct state_contract *contract)
{
    const struct table_column columns[] = {
        {_("period"), TABLE_TEXT, 0},        {_("pay"), TABLE_TEXT, 0},
        {_("from"), TABLE_TEXT, 0},          {_("to"), TABLE_TEXT, 0},
        {_("amount"), TABLE_NUMBER, 0},      {_("paid"), TABLE_NUMBER, 0},
        {_("outstanding"), TABLE_NUMBER, 0},
    };
    OWNED(table_release) struct table table;
    table_init(&table, columns, sizeof columns / sizeof columns[0]);
    for (const struct state_due *due = contract->dues; due != NULL; due = due->next) {
        TRY(add_payout(&table, contract, due));
    }
    printf("\n%s\n", _("Payouts:"));
    if (contract->dues == NULL) {
        printf("  %s\n", _("none has been settled"));
    } else {
        table_print(&table, INDENT);
    }
    return STATUS_OK;
}

static enum status print_conflict(const struct conflict *conflict)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    for (size_t i = 0; i < conflict->party_count; i++) {
        TRY(buffer_append_format(&text, "%s%.*s", i == 0 ? "" : ", ",
                                 VIEW_ARGS(conflict->parties[i])));
    }
    struct view note = display_localized(&conflict->note);
    TRY(buffer_append_format(&text, ": %.*s", VIEW_ARGS(note)));
    printf("  ");
    display_paragraph(buffer_view(&text), INDENT);
    return STATUS_OK;
}

/* What a reader must know about the keys: replaced without their holder, or in others' hands. */
static bool print_key_remarks(void *context, const struct state_party *party)
{
    (void)context;
    if (party->recovered_count > 0) {
        printf(_("Lost keys of %s that registrars alone replaced: %" PRIu32 "\n"), party->id,
               party->recovered_count);
    }
    for (const struct state_key *key = party->keys; key != NULL; key = key->next) {
        if (key->has_compromised_since) {
            printf(_("For review: others may have had the key %s+%08x since %s\n"), key->key.name,
                   (unsigned)key->key.id, display_date(key->compromised_since).text);
        }
    }
    return true;
}

static enum status print_case(const struct bundle *bundle)
{
    const struct case_finding *finding = &bundle->finding;
    const struct contract *contract = state_newest(finding->contract);
    print_count(_("entries"), bundle->file.entry_count, _("each under that root"));
    print_count(_("signatures"), finding->signature_count,
                _("each by a key valid at its place, as far as the case shows"));
    print_count(_("settlements"), finding->settlement_count,
                _("computed again, equal to the byte"));
    printf("\n");
    TRY(story_print(finding->contract));
    TRY(print_signers(bundle));
    TRY(print_payouts(finding->contract));
    printf("\n");
    state_each_party(bundle->state, print_key_remarks, NULL);
    for (size_t i = 0; i < contract->conflict_count; i++) {
        printf("%s\n", _("Declared conflict of interest:"));
        TRY(print_conflict(&contract->conflicts[i]));
    }
    return STATUS_OK;
}

/* --- A proof and a note --- */

static void print_statement(const struct bundle *bundle)
{
    const struct statement *statement = bundle->statement;
    printf("  %s  %s\n", word_of_kind(statement->kind), display_hash(&statement->id).text);
    if (bundle->has_proof) {
        printf(_("  it is entry %" PRIu64 " of the log\n"), bundle->proof.index);
    }
    print_count(_("signatures"), bundle->verified_count, _("by keys that were given"));
}

/* --- Not established --- */

/* The texts of the doubts, and the words for programs, by their bits. */
static const struct doubt {
    enum bundle_doubt bit;
    const char *word;
    const char *text;
} DOUBTS[] = {
    {BUNDLE_DOUBT_LOG_KEY, "log_key",
     N_("whose key the log's key is: give the one you know by --vkey, or a policy by --policy")},
    {BUNDLE_DOUBT_QUORUM, "quorum",
     N_("that enough witnesses of the policy have signed this checkpoint: others may be shown "
        "another history")},
    {BUNDLE_DOUBT_CHARTER_POLICY, "charter_policy",
     N_("that enough witnesses have signed this checkpoint, as the charter's policy asks")},
    {BUNDLE_DOUBT_STATEMENT, "statement", N_("what the proof is about: give the note beside it")},
    {BUNDLE_DOUBT_INCLUSION, "inclusion",
     N_("that the note is in a log: give its proof beside it")},
};

static void print_item(const char *text)
{
    printf("  ");
    display_paragraph(view_of(text), INDENT);
}

static void print_case_limits(const struct bundle *bundle)
{
    char text[600];
    const struct state_contract *contract = bundle->finding.contract;
    (void)snprintf(text, sizeof text,
                   _("what came after entry %" PRIu64
                     ", the last one of the contract in this case, and statements about parties "
                     "that the case leaves out, such as the revocation of a key"),
                   contract->last->index);
    print_item(text);
    if (bundle->file.attachment_count > 0) {
        (void)snprintf(text, sizeof text, _("attachments that were not looked at: %zu"),
                       bundle->file.attachment_count);
        print_item(text);
    }
    print_item(_("whether what was measured is true, and annexes that are named by digest"));
}

static void print_unestablished(const struct bundle *bundle)
{
    printf("\n%s\n", _("Not established:"));
    for (size_t i = 0; i < sizeof DOUBTS / sizeof DOUBTS[0]; i++) {
        if ((bundle->doubts & (unsigned)DOUBTS[i].bit) != 0) {
            print_item(_(DOUBTS[i].text));
        }
    }
    if (bundle->policy == NULL) {
        print_item(_("whether others are shown the same ledger (that takes witnesses)"));
    }
    if (bundle->is_case) {
        print_case_limits(bundle);
    } else if (bundle->statement != NULL &&
               bundle->verified_count < bundle->statement->note.count) {
        print_item(_("signatures by keys that were not given, and whether their holders may sign: "
                     "a case shows that"));
    }
}

enum status bundle_report(const struct bundle *bundle)
{
    if (bundle->is_case || bundle->has_proof) {
        print_checkpoint(bundle);
    }
    if (bundle->is_case) {
        TRY(print_case(bundle));
    }
    if (bundle->statement != NULL) {
        print_statement(bundle);
    }
    print_unestablished(bundle);
    printf("\n%s\n", bundle->doubts == 0 ? _("OK: it is what its signatures say.")
                                         : _("INCOMPLETE: nothing is wrong, and not everything "
                                             "could be established."));
    return STATUS_OK;
}

/* --- For programs --- */

static enum status set_doubts(const struct bundle *bundle, struct json *object)
{
    OWNED(json_freep) struct json *doubts = json_new_array();
    if (doubts == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < sizeof DOUBTS / sizeof DOUBTS[0]; i++) {
        if ((bundle->doubts & (unsigned)DOUBTS[i].bit) != 0) {
            TRY(json_push_string(doubts, view_of(DOUBTS[i].word)));
        }
    }
    return json_set(object, "not_established", STEAL(doubts));
}

static enum status push_witness(const struct bundle *bundle, size_t index, struct json *witnesses)
{
    static const char *const WORDS[] = {
        [POLICY_ABSENT] = "absent",
        [POLICY_SIGNED] = "signed",
        [POLICY_UNUSABLE] = "unusable",
    };
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, VKEY_TEXT_MAX);
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(cosigner_write(&bundle->policy->witnesses[index].cosigner, &vkey));
    TRY(json_set_string(object, "vkey", buffer_view(&vkey)));
    TRY(json_set_string(object, "state", view_of(WORDS[bundle->witness.witnessed[index]])));
    if (bundle->witness.witnessed[index] == POLICY_SIGNED) {
        struct instant_text time = instant_write((int64_t)bundle->witness.times[index]);
        TRY(json_set_string(object, "time", view_of(time.text)));
    }
    return json_push(witnesses, STEAL(object));
}

static enum status set_checkpoint(const struct bundle *bundle, struct json *object)
{
    static const char *const FROM[] = {
        [BUNDLE_KEY_NONE] = "nobody",
        [BUNDLE_KEY_POLICY] = "policy",
        [BUNDLE_KEY_GIVEN] = "vkey",
        [BUNDLE_KEY_CASE] = "case",
    };
    OWNED(json_freep) struct json *witnesses = json_new_array();
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, VKEY_TEXT_MAX);
    if (witnesses == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; bundle->policy != NULL && i < bundle->policy->witness_count; i++) {
        TRY(push_witness(bundle, i, witnesses));
    }
    if (bundle->key_from != BUNDLE_KEY_NONE) {
        TRY(note_key_write(&bundle->log, &vkey));
        TRY(json_set_string(object, "log_vkey", buffer_view(&vkey)));
    }
    TRY(json_set_string(object, "log_key_from", view_of(FROM[bundle->key_from])));
    TRY(json_set_string(object, "origin", bundle->checkpoint.origin));
    TRY(output_set_count(object, "size", bundle->checkpoint.size));
    TRY(json_set_string(object, "root", view_of(display_hash(&bundle->checkpoint.root).text)));
    return json_set(object, "witnesses", STEAL(witnesses));
}

static enum status push_signers(const struct state_entry *entry, struct json *signers)
{
    OWNED(json_freep) struct json *names = json_new_array();
    if (names == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < entry->statement->note.count; i++) {
        TRY(json_push_string(names, entry->statement->note.signatures[i].name));
    }
    return json_push(signers, STEAL(names));
}

static enum status set_case(const struct bundle *bundle, struct json *object)
{
    const struct state_contract *contract = bundle->finding.contract;
    OWNED(json_freep) struct json *story = NULL;
    OWNED(json_freep) struct json *signers = json_new_array();
    if (signers == NULL) {
        return STATUS_MEMORY;
    }
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        TRY(push_signers(entry, signers));
    }
    TRY(story_to_json(contract, &story));
    TRY(output_set_count(object, "entries", bundle->file.entry_count));
    TRY(output_set_count(object, "signatures", bundle->finding.signature_count));
    TRY(output_set_count(object, "settlements", bundle->finding.settlement_count));
    TRY(output_set_count(object, "last_entry", contract->last->index));
    TRY(output_set_count(object, "attachments", bundle->file.attachment_count));
    TRY(json_set(object, "signed_by", STEAL(signers)));
    return json_set(object, "contract", STEAL(story));
}

static enum status set_statement(const struct bundle *bundle, struct json *object)
{
    const struct statement *statement = bundle->statement;
    TRY(json_set_string(object, "id", view_of(display_hash(&statement->id).text)));
    TRY(json_set_string(object, "kind", view_of(kind_word(statement->kind))));
    TRY(output_set_count(object, "verified_signatures", bundle->verified_count));
    return output_set_count(object, "signatures", statement->note.count);
}

enum status bundle_report_json(const struct bundle *bundle, struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    if (bundle->doubts != 0) {
        TRY(json_set_string(object, "code", VIEW("INCOMPLETE")));
    }
    if (bundle->is_case || bundle->has_proof) {
        TRY(set_checkpoint(bundle, object));
    }
    if (bundle->has_proof) {
        TRY(output_set_count(object, "index", bundle->proof.index));
    }
    if (bundle->is_case) {
        TRY(set_case(bundle, object));
    }
    if (bundle->statement != NULL) {
        TRY(set_statement(bundle, object));
    }
    TRY(set_doubts(bundle, object));
    *ret_object = STEAL(object);
    return STATUS_OK;
}
