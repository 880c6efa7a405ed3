#include "contracts/statement/statement.h"

#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define EXAMPLES "schemas/examples"
#define EXAMPLES_MAX 400
#define LIFE EXAMPLES "/contract/valid-whole-life.json"
#define COMPROMISED EXAMPLES "/key/valid-revoke-compromised.json"
#define SUPPLEMENTARY EXAMPLES "/settlement/valid-supplementary.json"
#define CORRECTION EXAMPLES "/correction/valid-everything.json"
#define DISPUTE EXAMPLES "/dispute/valid-two-outcomes.json"
#define DECISION EXAMPLES "/decision/valid-upheld-with-values.json"
#define TERMINATION EXAMPLES "/termination/valid-with-closing.json"

static void prepare(void)
{
    struct failure failure;
    cr_assert(eq(int, crypto_init(&failure), STATUS_OK));
}

TestSuite(statement, .init = prepare);

/* --- Examples --- */

static void read_file(const char *path, struct buffer *buffer)
{
    FILE *file = fopen(path, "rb");
    cr_assert(ne(ptr, file, NULL), "%s: run from the root of the repository", path);
    char *room;
    cr_assert(eq(int, buffer_reserve(buffer, 64 * 1024, &room), STATUS_OK));
    buffer->size += fread(room, 1, 64 * 1024, file);
    cr_assert(feof(file), "%s is too large for this test", path);
    (void)fclose(file);
}

static struct json *load(const char *path)
{
    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, 128 * 1024);
    read_file(path, &buffer);
    struct json *root = NULL;
    struct failure failure = {.reason = ""};
    cr_assert(eq(int, json_parse(buffer_view(&buffer), &root, &failure), STATUS_OK), "%s: %s: %s",
              path, failure.at, failure.reason);
    return root;
}

struct examples {
    size_t count;
    char paths[EXAMPLES_MAX][160];
};

/* Every example whose name begins with `prefix`, of all kinds. */
static const struct examples *list_examples(const char *prefix)
{
    static struct examples examples;
    examples.count = 0;
    for (size_t kind = 0; kind < KIND_COUNT; kind++) {
        char folder[80];
        (void)snprintf(folder, sizeof folder, "%s/%s", EXAMPLES, kind_word((enum kind)kind));
        DIR *directory = opendir(folder);
        cr_assert(ne(ptr, directory, NULL), "%s", folder);
        const struct dirent *entry;
        while ((entry = readdir(directory)) != NULL) {
            if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
                cr_assert(lt(sz, examples.count, EXAMPLES_MAX));
                (void)snprintf(examples.paths[examples.count++], sizeof examples.paths[0],
                               "%s/%.70s", folder, entry->d_name);
            }
        }
        (void)closedir(directory);
    }
    return &examples;
}

/*
 * Writes `node`, but with `replacement` at the JSON Pointer `at` (without escapes): a member or
 * item that is there is replaced, or left out when `replacement` is NULL; another one is added.
 */
static void write_edited(const struct json *node, const char *at, const char *replacement,
                         struct buffer *out)
{
    if (*at == '\0') {
        cr_assert(eq(int, buffer_append_text(out, replacement), STATUS_OK));
        return;
    }
    enum json_type type = json_type(node);
    cr_assert(type == JSON_OBJECT || type == JSON_ARRAY, "%s leads nowhere", at);
    const char *rest = strchr(at + 1, '/');
    rest = rest == NULL ? at + strlen(at) : rest;
    struct view step = {.data = at + 1, .size = (size_t)(rest - at - 1)};

    bool found = false;
    bool first = true;
    size_t index = 0;
    char name[24];
    (void)buffer_append_byte(out, type == JSON_OBJECT ? '{' : '[');
    for (const struct json *child = json_first(node); child != NULL; child = json_next(child)) {
        (void)snprintf(name, sizeof name, "%zu", index++);
        struct view own = type == JSON_OBJECT ? json_name(child) : view_of(name);
        bool here = view_equal(own, step);
        found = found || here;
        if (here && *rest == '\0' && replacement == NULL) {
            continue;
        }
        if (!first) {
            (void)buffer_append_byte(out, ',');
        }
        first = false;
        if (type == JSON_OBJECT) {
            cr_assert(eq(int, buffer_append_format(out, "\"%.*s\":", VIEW_ARGS(own)), STATUS_OK));
        }
        if (here) {
            write_edited(child, rest, replacement, out);
        } else {
            cr_assert(eq(int, json_write_canonical(child, out), STATUS_OK));
        }
    }
    if (!found) {
        cr_assert(rest[0] == '\0' && replacement != NULL, "%s leads nowhere", at);
        (void)buffer_append_text(out, first ? "" : ",");
        if (type == JSON_OBJECT) {
            (void)buffer_append_format(out, "\"%.*s\":", VIEW_ARGS(step));
        }
        (void)buffer_append_text(out, replacement);
    }
    (void)buffer_append_byte(out, type == JSON_OBJECT ? '}' : ']');
}

static struct json *edited(const struct json *root, const char *at, const char *replacement)
{
    OWNED(buffer_release) struct buffer out;
    buffer_init(&out, JSON_SIZE_MAX);
    write_edited(root, at, replacement, &out);
    struct json *copy = NULL;
    struct failure failure = {.reason = ""};
    cr_assert(eq(int, json_parse(buffer_view(&out), &copy, &failure), STATUS_OK), "%s %s: %s", at,
              replacement, failure.reason);
    return copy;
}

static struct statement *read_tree(const char *path)
{
    struct statement *statement = NULL;
    struct failure failure = {.reason = ""};
    cr_assert(eq(int, statement_read_tree(load(path), &statement, &failure), STATUS_OK),
              "%s: %s: %s", path, failure.at, failure.reason);
    return statement;
}

static struct statement *checked(const char *path)
{
    struct statement *statement = read_tree(path);
    struct failure failure = {.reason = ""};
    cr_assert(eq(int, statement_check(statement, &failure), STATUS_OK), "%s: %s %s: %s", path,
              failure.code, failure.at, failure.reason);
    return statement;
}

/* --- Notes --- */

static struct note_key make_key(uint8_t fill, const char *name, struct secret_key **ret_secret)
{
    uint8_t seed[SEED_SIZE];
    memset(seed, fill, sizeof seed);
    cr_assert(eq(int, secret_key_from_seed(seed, ret_secret), STATUS_OK));
    struct note_key key;
    cr_assert(eq(
        int, note_key_make(view_of(name), NOTE_KEY_ED25519, secret_key_public(*ret_secret), &key),
        STATUS_OK));
    return key;
}

/* The note of `text`, which gets no newline added. */
static void write_note(struct view text, struct buffer *note)
{
    OWNED(secret_key_freep) struct secret_key *secret = NULL;
    struct note_key key = make_key(5, "evaluator.example", &secret);
    cr_assert(eq(int, note_write_signed(text, &key, secret, note), STATUS_OK));
}

/* The canonical text of a tree, with its newline. */
static void write_text(const struct json *root, struct buffer *text)
{
    cr_assert(eq(int, json_write_canonical(root, text), STATUS_OK));
    cr_assert(eq(int, buffer_append_byte(text, '\n'), STATUS_OK));
}

static void write_example_note(const char *path, struct buffer *note)
{
    OWNED(json_freep) struct json *root = load(path);
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    write_text(root, &text);
    write_note(buffer_view(&text), note);
}

/* --- Reading --- */

Test(statement, every_valid_example_is_read_as_a_draft_and_as_a_signed_note)
{
    const struct examples *examples = list_examples("valid-");
    cr_assert(ge(sz, examples->count, 3 * KIND_COUNT));
    for (size_t i = 0; i < examples->count; i++) {
        const char *path = examples->paths[i];
        OWNED(statement_freep) struct statement *draft = checked(path);
        cr_assert(eq(sz, draft->bytes.size, 0), "%s", path);
        cr_assert(eq(sz, draft->note.count, 0), "%s", path);
        cr_assert(eq(int, draft->id.bytes[0], 0), "%s", path);

        OWNED(buffer_release) struct buffer note;
        buffer_init(&note, ENTRY_SIZE_MAX);
        write_example_note(path, &note);

        OWNED(statement_freep) struct statement *statement = NULL;
        struct failure failure = {.reason = ""};
        cr_assert(eq(int, statement_read(buffer_view(&note), &statement, &failure), STATUS_OK),
                  "%s: %s: %s", path, failure.at, failure.reason);
        cr_assert(view_equal(statement->bytes, buffer_view(&note)), "%s", path);
        cr_assert(ne(ptr, (void *)(uintptr_t)statement->bytes.data, note.data), "%s", path);
        cr_assert(eq(int, statement->kind, draft->kind), "%s", path);
        cr_assert(eq(sz, statement->note.count, 1), "%s", path);
        cr_assert(not(statement->is_verified), "%s", path);

        struct hash id = hash_bytes(statement->note.text);
        cr_assert(hash_equal(&id, &statement->id), "%s", path);
        cr_assert(eq(int, statement_check(statement, &failure), STATUS_OK), "%s: %s: %s", path,
                  failure.at, failure.reason);
    }
}

Test(statement, the_id_is_the_sha256_of_the_text_with_its_newline)
{
    /* Computed by sha256sum over the canonical text written by another program. */
    static const struct {
        const char *path;
        const char *id;
    } rows[] = {
        {EXAMPLES "/funding/valid-dated.json",
         "1f2e8f2c460020d9c9654c25c40dc4cafaecbc8fc027c79a8faf4167b77dd933"},
        {EXAMPLES "/measurement/valid-two-outcomes.json",
         "1d71711f2329f7e8cbd505711244d917154aeaec9a2344e17525a81bdf85c193"},
        {EXAMPLES "/contract/valid-small.json",
         "07f5392a9e4be0b01108583dcfa2ed470c2f42854f9924589fe4b04a29c8cc80"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWNED(buffer_release) struct buffer note;
        buffer_init(&note, ENTRY_SIZE_MAX);
        write_example_note(rows[i].path, &note);
        OWNED(statement_freep) struct statement *statement = NULL;
        cr_assert(eq(int, statement_read(buffer_view(&note), &statement, NULL), STATUS_OK));
        struct hash wanted;
        cr_assert(eq(int, hex_read(view_of(rows[i].id), HASH_SIZE, wanted.bytes), STATUS_OK));
        cr_assert(hash_equal(&statement->id, &wanted), "%s", rows[i].path);
    }
}

#define FUNDING_HEAD                                                                          \
    "{\"after\":\"sha256:2121212121212121212121212121212121212121212121212121212121212121\"," \
    "\"amount\":{\"amount\":\"1.00\",\"currency\":\"SEK\"},\"contract\":\"a\","
#define FUNDING_TAIL                                                                    \
    "\"date\":\"2026-01-15\",\"investor\":\"b\",\"kind\":\"funding\",\"ledger\":\"c\"," \
    "\"placed_on\":\"not_published\",\"receiver\":\"d\",\"reference\":\"e\",\"version\":1}"

Test(statement, a_text_is_canonical_or_refused)
{
    static const struct {
        const char *text;
        const char *code; /* NULL: accepted */
    } rows[] = {
        {FUNDING_HEAD FUNDING_TAIL "\n", NULL},
        {FUNDING_HEAD " " FUNDING_TAIL "\n", "JSON_NOT_CANONICAL"},
        {" " FUNDING_HEAD FUNDING_TAIL "\n", "JSON_NOT_CANONICAL"},
        {FUNDING_HEAD FUNDING_TAIL " \n", "JSON_NOT_CANONICAL"},
        {FUNDING_HEAD "\n" FUNDING_TAIL "\n", "JSON_NOT_CANONICAL"},
        {FUNDING_HEAD FUNDING_TAIL "\n\n", "JSON_NOT_CANONICAL"},
        {"{\"version\":1,\"kind\":\"funding\"}\n", "JSON_NOT_CANONICAL"},
        {"{\"kind\":\"f\\u0075nding\"}\n", "JSON_NOT_CANONICAL"},
        {"{\"kind\":\"funding\",\"kind\":\"funding\"}\n", "JSON_INVALID"},
        {"{\"kind\":\"funding\",\"version\":1.0}\n", "JSON_INVALID"},
        {"{\"kind\":\"funding\",\"version\":01}\n", "JSON_INVALID"},
        {"{\"kind\":\"funding\",\"version\":-0}\n", "JSON_INVALID"},
        {"{\"kind\":\"funding\"}{}\n", "JSON_INVALID"},
        {"hello\n", "JSON_INVALID"},
        {"\n", "JSON_INVALID"},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n", "JSON_INVALID"},
        {"[]\n", "FIELD_MALFORMED"},
        {"7\n", "FIELD_MALFORMED"},
        {"{}\n", "FIELD_MISSING"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWNED(buffer_release) struct buffer note;
        buffer_init(&note, ENTRY_SIZE_MAX);
        write_note(view_of(rows[i].text), &note);
        OWNED(statement_freep) struct statement *statement = NULL;
        struct failure failure = {.reason = ""};
        enum status read = statement_read(buffer_view(&note), &statement, &failure);
        if (rows[i].code == NULL) {
            cr_assert(eq(int, read, STATUS_OK), "%s: %s", rows[i].text, failure.reason);
            continue;
        }
        cr_assert(eq(int, read, STATUS_INVALID), "%s", rows[i].text);
        cr_assert(eq(str, failure.code, (char *)rows[i].code), "%s: %s", rows[i].text,
                  failure.reason);
        cr_assert(ne(sz, strlen(failure.reason), 0), "%s", rows[i].text);
        cr_assert(eq(ptr, statement, NULL), "%s", rows[i].text);
        cr_assert(eq(int, statement_read(buffer_view(&note), &statement, NULL), STATUS_INVALID));
    }
}

Test(statement, what_is_no_note_is_refused_as_such)
{
    OWNED(buffer_release) struct buffer good;
    buffer_init(&good, ENTRY_SIZE_MAX);
    write_example_note(EXAMPLES "/funding/valid-dated.json", &good);

    struct failure failure;
    struct statement *statement = NULL;
    static const char *const TEXTS[] = {"", "\n", "{}", "{}\n", "{}\n\n", "{}\n\nsignature\n"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        cr_assert(eq(int, statement_read(view_of(TEXTS[i]), &statement, &failure), STATUS_INVALID));
        cr_assert(eq(str, failure.code, (char *)"NOTE_MALFORMED"), "%s", TEXTS[i]);
    }
    /* Every shorter note is refused, whatever is cut off. */
    for (size_t size = 0; size < good.size; size++) {
        struct view cut = {.data = good.data, .size = size};
        cr_assert(eq(int, statement_read(cut, &statement, &failure), STATUS_INVALID), "%zu", size);
        cr_assert(eq(str, failure.code, (char *)"NOTE_MALFORMED"), "%zu", size);
    }
    /* More signatures than a note may hold. */
    OWNED(buffer_release) struct buffer many;
    buffer_init(&many, ENTRY_SIZE_MAX);
    cr_assert(eq(int, buffer_append_text(&many, "{}\n\n"), STATUS_OK));
    for (int i = 0; i <= NOTE_SIGNATURES_MAX; i++) {
        OWNED(secret_key_freep) struct secret_key *secret = NULL;
        char name[16];
        (void)snprintf(name, sizeof name, "k%03d", i);
        struct note_key key = make_key(1, name, &secret);
        cr_assert(eq(int, note_sign_line(VIEW("{}\n"), &key, secret, &many), STATUS_OK));
    }
    cr_assert(eq(int, statement_read(buffer_view(&many), &statement, &failure), STATUS_INVALID));
    cr_assert(eq(str, failure.code, (char *)"NOTE_MALFORMED"));
    cr_assert(eq(ptr, statement, NULL));
}

Test(statement, a_note_of_65535_bytes_is_read_and_a_larger_one_is_not)
{
    for (size_t over = 0; over < 2; over++) {
        OWNED(buffer_release) struct buffer text;
        OWNED(buffer_release) struct buffer note;
        buffer_init(&text, 2 * ENTRY_SIZE_MAX);
        buffer_init(&note, 2 * ENTRY_SIZE_MAX);
        /* A measurement whose remarks fill the note up. */
        cr_assert(eq(int,
                     buffer_append_text(
                         &text, "{\"after\":\"sha256:21212121212121212121212121212121212121212121"
                                "21212121212121212121\",\"contract\":\"a\",\"date\":\"2026-01-15\","
                                "\"evaluator\":\"b\",\"kind\":\"measurement\",\"ledger\":\"c\","
                                "\"notes\":["),
                     STATUS_OK));
        static const char TAIL[] = "],\"period\":\"p\",\"values\":[{\"outcome\":\"o\","
                                   "\"value\":\"1\"}],\"version\":1}\n";
        OWNED(buffer_release) struct buffer lines;
        buffer_init(&lines, 1000);
        OWNED(secret_key_freep) struct secret_key *secret = NULL;
        struct note_key key = make_key(5, "evaluator.example", &secret);
        cr_assert(eq(int, note_sign_line(VIEW("\n"), &key, secret, &lines), STATUS_OK));

        size_t wanted = ENTRY_SIZE_MAX + over - lines.size - 1 - strlen(TAIL);
        bool first = true;
        while (text.size < wanted) {
            const char *head = first ? "{\"text\":{\"en\":\"" : ",{\"text\":{\"en\":\"";
            size_t frame = strlen(head) + strlen("\"}}");
            size_t left = wanted - text.size;
            /* Never leaves less than a whole remark for the end. */
            size_t size = left > 2 * (frame + 1) + 3000 ? 3000 : left > 3500 ? 1000 : left - frame;
            (void)buffer_append_text(&text, head);
            for (size_t i = 0; i < size; i++) {
                (void)buffer_append_byte(&text, 'x');
            }
            (void)buffer_append_text(&text, "\"}}");
            first = false;
        }
        (void)buffer_append_text(&text, TAIL);
        cr_assert(eq(int, note_write_signed(buffer_view(&text), &key, secret, &note), STATUS_OK));
        cr_assert(eq(sz, note.size, ENTRY_SIZE_MAX + over));

        OWNED(statement_freep) struct statement *statement = NULL;
        struct failure failure = {.reason = ""};
        enum status read = statement_read(buffer_view(&note), &statement, &failure);
        if (over == 0) {
            cr_assert(eq(int, read, STATUS_OK), "%s: %s", failure.at, failure.reason);
        } else {
            cr_assert(eq(int, read, STATUS_LIMIT));
            cr_assert(eq(str, failure.code, (char *)"NOTE_TOO_LARGE"));
        }
    }
}

Test(statement, signature_lines_ascend)
{
    OWNED(secret_key_freep) struct secret_key *one = NULL;
    OWNED(secret_key_freep) struct secret_key *two = NULL;
    struct note_key first = make_key(1, "a.example", &one);
    struct note_key second = make_key(2, "b.example", &two);
    static const char TEXT[] = FUNDING_HEAD FUNDING_TAIL "\n";

    for (int swapped = 0; swapped < 2; swapped++) {
        OWNED(buffer_release) struct buffer note;
        buffer_init(&note, ENTRY_SIZE_MAX);
        (void)buffer_append_text(&note, TEXT);
        (void)buffer_append_byte(&note, '\n');
        (void)note_sign_line(VIEW(TEXT), swapped ? &second : &first, swapped ? two : one, &note);
        (void)note_sign_line(VIEW(TEXT), swapped ? &first : &second, swapped ? one : two, &note);

        OWNED(statement_freep) struct statement *statement = NULL;
        struct failure failure = {.reason = ""};
        enum status read = statement_read(buffer_view(&note), &statement, &failure);
        if (!swapped) {
            cr_assert(eq(int, read, STATUS_OK), "%s", failure.reason);
            cr_assert(eq(sz, statement->note.count, 2));
        } else {
            cr_assert(eq(int, read, STATUS_INVALID));
            cr_assert(eq(str, failure.code, (char *)"NOTE_UNSORTED"));
        }
    }
}

/* --- What is read --- */

Test(statement, the_fields_of_a_charter_are_read)
{
    OWNED(statement_freep)
    struct statement *statement = checked(EXAMPLES "/charter/valid-two-registrars.json");
    const struct charter *charter = &statement->charter;
    cr_assert(view_is(statement->ledger, "ledger.example/utfall"));
    cr_assert(eq(int, statement->date.year, 2026));
    cr_assert(not(statement->has_after));
    cr_assert(eq(str, (char *)charter->log_key.name, (char *)"ledger.example/utfall"));
    cr_assert(eq(u32, charter->log_key.id, 0x70d38f30));
    cr_assert(view_is(charter->operator.id, "operator.example"));
    cr_assert(eq(int, charter->operator.registration.scheme, REGISTRATION_NOT_PUBLISHED));
    cr_assert(eq(sz, charter->operator.registration.scheme_name.size, 0));
    cr_assert(eq(sz, charter->registrar_count, 2));
    cr_assert(eq(int, charter->registrars[0].registration.scheme, REGISTRATION_SE_ORGNR));
    cr_assert(view_is(charter->registrars[0].registration.number, "002000-0006"));
    cr_assert(eq(int, charter->registrars[1].registration.scheme, REGISTRATION_LEI));
    cr_assert(eq(u32, charter->registrars[1].keys[0].id, 0x4897dd25));
    cr_assert(charter->has_recovery);
    cr_assert(eq(i32, charter->recovery_registrars, 2));
    cr_assert(charter->has_witness_policy);

    OWNED(statement_freep) struct statement *small = checked(EXAMPLES "/charter/valid-small.json");
    cr_assert(not(small->charter.has_recovery));
    cr_assert(not(small->charter.has_witness_policy));

    OWNED(statement_freep)
    struct statement *other = checked(EXAMPLES "/charter/valid-other-scheme.json");
    cr_assert(eq(int, other->charter.operator.registration.scheme, REGISTRATION_OTHER));
    cr_assert(eq(sz, other->charter.registrars[0].vkey_count, 2));
    cr_assert(eq(str, (char *)other->charter.registrars[0].keys[1].name,
                 (char *)"municipality.example/economy"));
}

Test(statement, the_fields_of_party_and_key_are_read)
{
    OWNED(statement_freep) struct statement *party = checked(EXAMPLES "/party/valid-later.json");
    cr_assert(party->has_after);
    cr_assert(eq(int, party->after.bytes[0], 0x11));
    cr_assert(view_is(party->party.identity.legal_name, "Kommunen"));
    cr_assert(eq(sz, party->party.identity.vkey_count, 2));

    OWNED(statement_freep) struct statement *add = checked(EXAMPLES "/key/valid-add.json");
    cr_assert(eq(int, add->key.action, KEY_ADD));
    cr_assert(eq(u32, add->key.key.id, 0x54a021ea));
    cr_assert(eq(sz, add->key.old_vkey.size, 0));
    cr_assert(eq(sz, add->key.reason.count, 0));

    OWNED(statement_freep) struct statement *replace = checked(EXAMPLES "/key/valid-replace.json");
    cr_assert(eq(int, replace->key.action, KEY_REPLACE));
    cr_assert(eq(u32, replace->key.key.id, 0x54a021ea));
    cr_assert(eq(u32, replace->key.old_key.id, 0x74326a3e));
    cr_assert(eq(sz, replace->key.reason.count, 2));

    OWNED(statement_freep) struct statement *revoke = checked(EXAMPLES "/key/valid-revoke.json");
    cr_assert(eq(int, revoke->key.action, KEY_REVOKE));
    cr_assert(eq(sz, revoke->key.vkey.size, 0));
    cr_assert(eq(u32, revoke->key.old_key.id, 0x74326a3e));
    cr_assert(view_is(localized_text(&revoke->key.reason, "sv"), "Lost."));
}

Test(statement, the_fields_of_a_contract_are_read)
{
    OWNED(statement_freep)
    struct statement *statement = checked(EXAMPLES "/contract/valid-shared-saving.json");
    const struct contract *contract = &statement->contract;
    cr_assert(view_is(contract->name, "example-2026"));
    cr_assert(view_is(localized_text(&contract->title, "sv"), "St\xc3\xb6"
                                                              "d till placerade barn"));
    cr_assert(contract->agreed_on.is_published);
    for (size_t role = 0; role < ROLE_COUNT; role++) {
        cr_assert(eq(sz, contract->roles[role].count, 1), "%s", ROLE_NAMES[role]);
    }
    cr_assert(view_is(contract->roles[ROLE_GUARANTOR].parties[0], "guarantor.example"));
    cr_assert(eq(i32, contract->cohort_size, 60));
    cr_assert(eq(sz, contract->terms.line_count, 12));
    cr_assert(eq(sz, contract->dispute.count, 1));
    cr_assert(eq(sz, contract->legal_basis.count, 0));
    cr_assert(eq(sz, contract->commitment_count, 1));
    cr_assert(eq(i64, contract->commitments[0].amount.minor, 1000000000));
    cr_assert(eq(sz, contract->cap_count, 1));
    cr_assert(eq(i64, contract->caps[0].amount.minor, 1200000000));
    cr_assert(view_is(contract->caps[0].party, "municipality.example"));
    cr_assert(eq(sz, contract->annex_count, 1));
    cr_assert(eq(int, contract->annexes[0].digest.bytes[31], 0xa1));
    cr_assert(eq(sz, contract->conflict_count, 1));
    cr_assert(eq(sz, contract->conflicts[0].party_count, 2));
    cr_assert(view_is(contract->conflicts[0].parties[1], "evaluator.example"));
    cr_assert(eq(sz, contract->extra[KIND_SETTLEMENT].count, 1));
    cr_assert(eq(sz, contract->extra[KIND_PAYMENT].count, 1));
    cr_assert(eq(sz, contract->extra[KIND_FUNDING].count, 0));
    cr_assert(eq(sz, contract->remark_count, 2));
    cr_assert(view_is(contract->remarks[0].about, "/roles/guarantor/0"));
    cr_assert(eq(sz, contract->remarks[1].about.size, 0));
    cr_assert(eq(sz, contract->source_count, 1));

    OWNED(statement_freep) struct statement *small = checked(EXAMPLES "/contract/valid-small.json");
    cr_assert(not(small->contract.agreed_on.is_published));
    cr_assert(eq(i32, small->contract.cohort_size, 0));
    cr_assert(eq(sz, small->contract.roles[ROLE_PROVIDER].count, 0));
    cr_assert(eq(sz, small->contract.dispute.count, 0));
}

Test(statement, the_fields_of_what_follows_a_contract_are_read)
{
    OWNED(statement_freep)
    struct statement *funding = checked(EXAMPLES "/funding/valid-dated.json");
    cr_assert(view_is(funding->funding.investor, "investor.example"));
    cr_assert(view_is(funding->funding.receiver, "municipality.example"));
    cr_assert(view_is(funding->funding.amount.amount, "2500000.00"));
    cr_assert(view_is(funding->funding.amount.currency, "SEK"));
    cr_assert(eq(int, funding->funding.placed_on.date.month, 2));
    cr_assert(view_is(funding->funding.reference, "Verification 1042"));

    OWNED(statement_freep)
    struct statement *measured = checked(EXAMPLES "/measurement/valid-two-outcomes.json");
    const struct measurement *measurement = &measured->measurement;
    cr_assert(view_is(measurement->period, "2y"));
    cr_assert(view_is(measurement->evaluator, "evaluator.example"));
    cr_assert(eq(sz, measurement->value_count, 2));
    const struct measured_value *value = &measurement->values[0];
    cr_assert(view_is(value->outcome, "placement_cost"));
    cr_assert(value->has[MEASURED_VALUE] && value->has[MEASURED_LOW] && value->has[MEASURED_HIGH] &&
              value->has[MEASURED_P_VALUE]);
    cr_assert(not(value->has[MEASURED_COUNT] || value->has[MEASURED_NUMERATOR] ||
                  value->has[MEASURED_DENOMINATOR] || value->has[MEASURED_CONTROL_VALUE]));
    OWNED(rational_release) struct rational wanted;
    rational_init(&wanted);
    rational_set_fraction(&wanted, -700001, 2);
    cr_assert(eq(int, rational_compare(&value->fields[MEASURED_VALUE], &wanted), 0));
    cr_assert(view_is(value->published, "no direct saving"));
    cr_assert(eq(sz, value->note.count, 1));
    rational_set_integer(&wanted, 31);
    cr_assert(
        eq(int, rational_compare(&measurement->values[1].fields[MEASURED_NUMERATOR], &wanted), 0));
    cr_assert(eq(i32, measurement->cohort_count, 60));
    cr_assert(eq(i32, measurement->missing_count, 2));
    cr_assert(eq(sz, measurement->evidence_count, 1));
    cr_assert(eq(sz, measurement->remark_count, 1));

    OWNED(statement_freep)
    struct statement *one = checked(EXAMPLES "/measurement/valid-one-number.json");
    cr_assert(eq(i32, one->measurement.cohort_count, -1));
    cr_assert(eq(i32, one->measurement.missing_count, -1));

    OWNED(statement_freep)
    struct statement *settlement = checked(EXAMPLES "/settlement/valid-lines.json");
    cr_assert(view_is(settlement->settlement.contract, "example-2026"));
    cr_assert(view_is(settlement->settlement.period, "2y"));
    cr_assert(eq(ptr, (void *)(uintptr_t)settlement->settlement.computed,
                 (void *)(uintptr_t)json_member(settlement->root, "computed")));

    OWNED(statement_freep) struct statement *paid = checked(EXAMPLES "/payment/valid-dated.json");
    const struct payment *payment = &paid->payment;
    cr_assert(eq(int, payment->settlement.bytes[5], 0x23));
    cr_assert(view_is(payment->line, "payout"));
    cr_assert(view_is(payment->from, "municipality.example"));
    cr_assert(view_is(payment->to, "investor.example"));
    cr_assert(eq(int, payment->paid_on.date.day, 28));
    cr_assert(view_is(payment->reference, "OCR 10429"));
    cr_assert(eq(sz, payment->tranche.size, 0));

    OWNED(statement_freep)
    struct statement *senior = checked(EXAMPLES "/payment/valid-tranche.json");
    cr_assert(view_is(senior->payment.tranche, "senior"));
}

Test(statement, the_fields_of_correction_and_dispute_are_read)
{
    OWNED(statement_freep) struct statement *corrected = checked(CORRECTION);
    const struct correction *correction = &corrected->correction;
    cr_assert(eq(int, correction->corrects.bytes[0], 0x22));
    cr_assert(view_is(localized_text(&correction->why, "sv"), "Tv\xc3\xa5 elever r\xc3\xa4knades "
                                                              "dubbelt."));
    cr_assert(view_is(correction->measurement.contract, "example-2026"));
    cr_assert(eq(sz, correction->measurement.period.size, 0));
    cr_assert(view_is(correction->measurement.evaluator, "evaluator.example"));
    cr_assert(eq(i32, correction->measurement.cohort_count, 60));
    cr_assert(eq(sz, correction->measurement.evidence_count, 1));
    cr_assert(eq(sz, correction->measurement.remark_count, 1));
    size_t count;
    const struct measured_value *values = statement_values(corrected, &count);
    cr_assert(eq(sz, count, 2));
    cr_assert(view_is(values[1].outcome, "school") && values[1].has[MEASURED_NUMERATOR]);

    OWNED(statement_freep) struct statement *disputed = checked(DISPUTE);
    cr_assert(eq(int, disputed->dispute.measurement.bytes[0], 0x22));
    cr_assert(eq(sz, disputed->dispute.outcome_count, 2));
    cr_assert(view_is(disputed->dispute.outcomes[1], "school"));
    cr_assert(view_is(disputed->dispute.by, "investor.example"));
    cr_assert(eq(sz, disputed->dispute.why.count, 1));
    cr_assert(eq(ptr, (void *)(uintptr_t)statement_values(disputed, &count), NULL));
    cr_assert(eq(sz, count, 0));
}

Test(statement, the_fields_of_decision_and_termination_are_read)
{
    static const struct {
        const char *path;
        enum decision_word word;
        size_t value_count;
    } rows[] = {
        {EXAMPLES "/decision/valid-rejected.json", DECISION_REJECTED, 0},
        {EXAMPLES "/decision/valid-upheld.json", DECISION_UPHELD, 0},
        {EXAMPLES "/decision/valid-withdrawn.json", DECISION_WITHDRAWN, 0},
        {DECISION, DECISION_UPHELD, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWNED(statement_freep) struct statement *decided = checked(rows[i].path);
        size_t count;
        (void)statement_values(decided, &count);
        cr_assert(eq(int, decided->decision.decision, rows[i].word), "%s", rows[i].path);
        cr_assert(eq(sz, count, rows[i].value_count), "%s", rows[i].path);
        cr_assert(eq(int, decided->decision.dispute.bytes[0], 0x25));
        cr_assert(eq(sz, decided->decision.why.count, 1));
    }

    OWNED(statement_freep) struct statement *ended = checked(TERMINATION);
    cr_assert(eq(int, ended->termination.on.month, 12));
    cr_assert(view_is(ended->termination.closing, "final"));
    cr_assert(eq(sz, ended->termination.why.count, 2));

    OWNED(statement_freep) struct statement *revoked = checked(COMPROMISED);
    cr_assert(revoked->key.has_compromised_since);
    cr_assert(eq(int, revoked->key.compromised_since.day, 30));
}

Test(statement, what_a_contract_says_of_its_life_is_read)
{
    OWNED(statement_freep) struct statement *statement = checked(LIFE);
    const struct contract *contract = &statement->contract;
    cr_assert(view_is(contract->roles[ROLE_ARBITER].parties[0], "arbiter.example"));
    static const struct {
        enum kind kind;
        size_t count;
        size_t at_least;
    } rows[] = {
        {KIND_CONTRACT, 0, 0},   {KIND_FUNDING, 1, 1},  {KIND_MEASUREMENT, 3, 2},
        {KIND_SETTLEMENT, 1, 1}, {KIND_PAYMENT, 1, 1},  {KIND_CORRECTION, 1, 1},
        {KIND_DISPUTE, 1, 1},    {KIND_DECISION, 2, 1}, {KIND_TERMINATION, 1, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct extra_signers *extra = &contract->extra[rows[i].kind];
        cr_assert(eq(sz, extra->count, rows[i].count), "%s", kind_word(rows[i].kind));
        cr_assert(eq(sz, extra->at_least, rows[i].at_least), "%s", kind_word(rows[i].kind));
    }
    cr_assert(eq(sz, contract->terminators.count, 2));
    cr_assert(eq(sz, contract->termination_terms.count, 1));
    cr_assert(not(contract->terms.periods[0].closing));
    cr_assert(contract->terms.periods[1].closing);
    cr_assert(not(contract->terms.periods[2].closing));
}

Test(statement, what_the_control_group_counts_is_read)
{
    OWNED(statement_freep)
    struct statement *statement = checked(EXAMPLES "/measurement/valid-control-counts.json");
    const struct measured_value *value = &statement->measurement.values[0];
    static const struct {
        enum measured_field field;
        int64_t twice; /* the number, or 0 when it is not stated */
    } rows[] = {
        {MEASURED_VALUE, 0},
        {MEASURED_COUNT, 0},
        {MEASURED_NUMERATOR, 62},
        {MEASURED_DENOMINATOR, 116},
        {MEASURED_CONTROL_VALUE, 0},
        {MEASURED_CONTROL_COUNT, 122},
        {MEASURED_CONTROL_NUMERATOR, 18},
        {MEASURED_CONTROL_DENOMINATOR, 121},
        {MEASURED_LOW, 0},
        {MEASURED_HIGH, 0},
        {MEASURED_P_VALUE, 0},
    };
    cr_assert(eq(sz, sizeof rows / sizeof rows[0], MEASURED_STATED_COUNT));
    OWNED(rational_release) struct rational wanted;
    rational_init(&wanted);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *name = MEASURED_FIELD_NAMES[rows[i].field];
        cr_assert(eq(int, value->has[rows[i].field], rows[i].twice != 0), "%s", name);
        if (value->has[rows[i].field]) {
            rational_set_fraction(&wanted, rows[i].twice, 2);
            cr_assert(eq(int, rational_compare(&value->fields[rows[i].field], &wanted), 0), "%s",
                      name);
        }
    }
}

Test(statement, each_belongs_to_one_chain)
{
    static const struct {
        const char *path;
        enum kind kind;
        const char *subject;
    } rows[] = {
        {EXAMPLES "/charter/valid-small.json", KIND_CHARTER, "charter"},
        {EXAMPLES "/party/valid-first.json", KIND_PARTY, "party/municipality.example"},
        {EXAMPLES "/key/valid-add.json", KIND_KEY, "party/municipality.example"},
        {EXAMPLES "/contract/valid-small.json", KIND_CONTRACT, "contract/small"},
        {EXAMPLES "/funding/valid-dated.json", KIND_FUNDING, "contract/example-2026"},
        {EXAMPLES "/measurement/valid-one-number.json", KIND_MEASUREMENT, "contract/example-2026"},
        {EXAMPLES "/settlement/valid-lines.json", KIND_SETTLEMENT, "contract/example-2026"},
        {EXAMPLES "/payment/valid-dated.json", KIND_PAYMENT, "contract/example-2026"},
        {CORRECTION, KIND_CORRECTION, "contract/example-2026"},
        {DISPUTE, KIND_DISPUTE, "contract/example-2026"},
        {DECISION, KIND_DECISION, "contract/example-2026"},
        {TERMINATION, KIND_TERMINATION, "contract/example-2026"},
        {EXAMPLES "/amendment/valid-small.json", KIND_AMENDMENT, "contract/small"},
    };
    cr_assert(eq(sz, sizeof rows / sizeof rows[0], KIND_COUNT));
    for (size_t i = 0; i < KIND_COUNT; i++) {
        OWNED(statement_freep) struct statement *statement = read_tree(rows[i].path);
        OWNED(buffer_release) struct buffer subject;
        buffer_init(&subject, SUBJECT_SIZE_MAX);
        cr_assert(eq(int, statement->kind, rows[i].kind), "%s", rows[i].path);
        cr_assert(eq(int, statement_subject(statement, &subject), STATUS_OK));
        cr_assert(view_is(buffer_view(&subject), rows[i].subject), "%s", subject.data);
    }
}

/* --- Refusals of form --- */

Test(statement, every_invalid_example_is_refused_by_form)
{
    const struct examples *examples = list_examples("invalid-");
    cr_assert(ge(sz, examples->count, 8 * KIND_COUNT));
    for (size_t i = 0; i < examples->count; i++) {
        struct statement *statement = NULL;
        struct failure failure = {.reason = ""};
        cr_assert(eq(int, statement_read_tree(load(examples->paths[i]), &statement, &failure),
                     STATUS_INVALID),
                  "%s", examples->paths[i]);
        bool by_form = strncmp(failure.code, "FIELD_", 6) == 0 ||
                       strcmp(failure.code, "KIND_UNKNOWN") == 0 ||
                       strcmp(failure.code, "VERSION_UNKNOWN") == 0;
        cr_assert(by_form, "%s: %s", examples->paths[i], failure.code);
        cr_assert(eq(ptr, statement, NULL), "%s", examples->paths[i]);
        /* Nobody has to take the details. */
        cr_assert(eq(int, statement_read_tree(load(examples->paths[i]), &statement, NULL),
                     STATUS_INVALID));
    }
}

/* One edit of an example, and what becomes of it. */
struct edit {
    const char *path;
    const char *at;
    const char *replacement; /* NULL: left out */
    const char *code;        /* NULL: accepted */
    const char *place;       /* NULL: as `at` */
};

#define CHARTER EXAMPLES "/charter/valid-two-registrars.json"
#define SMALL_CHARTER EXAMPLES "/charter/valid-small.json"
#define PARTY EXAMPLES "/party/valid-later.json"
#define KEY_ADDED EXAMPLES "/key/valid-add.json"
#define KEY_REPLACED EXAMPLES "/key/valid-replace.json"
#define KEY_REVOKED EXAMPLES "/key/valid-revoke.json"
#define CONTRACT EXAMPLES "/contract/valid-shared-saving.json"
#define FUNDING EXAMPLES "/funding/valid-dated.json"
#define MEASUREMENT EXAMPLES "/measurement/valid-two-outcomes.json"
#define SETTLEMENT EXAMPLES "/settlement/valid-lines.json"
#define SETTLEMENT_DIGEST EXAMPLES "/settlement/valid-lines-as-digest.json"
#define PAYMENT EXAMPLES "/payment/valid-dated.json"
#define MECHANISMS EXAMPLES "/contract/valid-every-mechanism.json"
#define CONTROLS EXAMPLES "/measurement/valid-control-counts.json"
#define SETTLEMENT_TRANCHES EXAMPLES "/settlement/valid-tranches.json"
#define PAYMENT_TRANCHE EXAMPLES "/payment/valid-tranche.json"

static void try_edit(const struct edit *edit, bool with_check)
{
    OWNED(json_freep) struct json *root = load(edit->path);
    OWNED(statement_freep) struct statement *statement = NULL;
    struct failure failure = {.reason = ""};
    enum status status =
        statement_read_tree(edited(root, edit->at, edit->replacement), &statement, &failure);
    if (with_check) {
        cr_assert(eq(int, status, STATUS_OK), "%s %s: %s: %s", edit->path, edit->at, failure.at,
                  failure.reason);
        status = statement_check(statement, &failure);
    }
    if (edit->code == NULL) {
        cr_assert(eq(int, status, STATUS_OK), "%s %s %s: %s: %s", edit->path, edit->at,
                  edit->replacement, failure.at, failure.reason);
        return;
    }
    cr_assert(eq(int, status, STATUS_INVALID), "%s %s %s", edit->path, edit->at, edit->replacement);
    cr_assert(eq(str, failure.code, (char *)edit->code), "%s %s: %s: %s", edit->path, edit->at,
              failure.at, failure.reason);
    const char *place = edit->place == NULL ? edit->at : edit->place;
    cr_assert(eq(str, failure.at, (char *)place), "%s %s: %s", edit->path, edit->at,
              failure.reason);
    if (with_check) {
        cr_assert(ne(int, statement_check(statement, NULL), STATUS_OK));
    }
}

Test(statement, a_wrong_field_is_refused_with_its_place)
{
    static const struct edit rows[] = {
        {FUNDING, "", "[]", "FIELD_MALFORMED", ""},
        {FUNDING, "/kind", NULL, "FIELD_MISSING", NULL},
        {FUNDING, "/kind", "7", "FIELD_MALFORMED", NULL},
        {FUNDING, "/kind", "\"\"", "FIELD_MALFORMED", NULL},
        {FUNDING, "/kind", "\"receipt\"", "KIND_UNKNOWN", NULL},
        {FUNDING, "/version", NULL, "FIELD_MISSING", NULL},
        {FUNDING, "/version", "\"1\"", "FIELD_MALFORMED", NULL},
        {FUNDING, "/version", "0", "VERSION_UNKNOWN", NULL},
        {FUNDING, "/version", "2", "VERSION_UNKNOWN", NULL},
        {FUNDING, "/ledger", NULL, "FIELD_MISSING", NULL},
        {FUNDING, "/ledger", "\"a b\"", "FIELD_MALFORMED", NULL},
        {FUNDING, "/date", NULL, "FIELD_MISSING", NULL},
        {FUNDING, "/date", "\"2026-02-29\"", "FIELD_MALFORMED", NULL},
        {FUNDING, "/date", "\"not_published\"", "FIELD_MALFORMED", NULL},
        {FUNDING, "/memo", "\"x\"", "FIELD_UNKNOWN", NULL},
        {FUNDING, "/after", NULL, "FIELD_MISSING", NULL},
        {FUNDING, "/after", "\"x\"", "FIELD_MALFORMED", NULL},
        {FUNDING, "/contract", "\"A\"", "FIELD_MALFORMED", NULL},
        {FUNDING, "/investor", "\"-\"", "FIELD_MALFORMED", NULL},
        {FUNDING, "/receiver", "7", "FIELD_MALFORMED", NULL},
        {FUNDING, "/amount/amount", "\"-1.00\"", "FIELD_MALFORMED", NULL},
        {FUNDING, "/amount/currency", NULL, "FIELD_MISSING", NULL},
        {FUNDING, "/placed_on", "\"soon\"", "FIELD_MALFORMED", NULL},
        {FUNDING, "/reference", "\"\"", "FIELD_MALFORMED", NULL},
        /* after: the charter and the contract begin their chain */
        {CHARTER, "/after", "\"x\"", "FIELD_UNKNOWN", NULL},
        {CONTRACT, "/after", "\"x\"", "FIELD_UNKNOWN", NULL},
        {PARTY, "/after", NULL, NULL, NULL},
        {KEY_ADDED, "/after", NULL, "FIELD_MISSING", NULL},
        {MEASUREMENT, "/after", NULL, "FIELD_MISSING", NULL},
        {SETTLEMENT, "/after", NULL, "FIELD_MISSING", NULL},
        {PAYMENT, "/after", NULL, "FIELD_MISSING", NULL},
        {CORRECTION, "/after", NULL, "FIELD_MISSING", NULL},
        {DISPUTE, "/after", NULL, "FIELD_MISSING", NULL},
        {DECISION, "/after", NULL, "FIELD_MISSING", NULL},
        {TERMINATION, "/after", NULL, "FIELD_MISSING", NULL},
        /* correction, dispute, decision, termination */
        {CORRECTION, "/contract", "\"A\"", "FIELD_MALFORMED", NULL},
        {CORRECTION, "/corrects", "\"x\"", "FIELD_MALFORMED", NULL},
        {CORRECTION, "/why", "{}", "FIELD_MALFORMED", NULL},
        {CORRECTION, "/evaluator", "\"A\"", "FIELD_MALFORMED", NULL},
        {CORRECTION, "/period", "\"2y\"", "FIELD_UNKNOWN", NULL},
        {CORRECTION, "/values/0/value", "\"01\"", "FIELD_MALFORMED", NULL},
        {CORRECTION, "/values/1", "{\"outcome\":\"school\"}", "FIELD_MISSING", "/values/1/value"},
        {CORRECTION, "/cohort/missing", NULL, "FIELD_MISSING", NULL},
        {CORRECTION, "/evidence/0/sha256", "\"x\"", "FIELD_MALFORMED", NULL},
        {CORRECTION, "/notes/0/text", NULL, "FIELD_MISSING", NULL},
        {DISPUTE, "/contract", "\"A\"", "FIELD_MALFORMED", NULL},
        {DISPUTE, "/measurement", "\"x\"", "FIELD_MALFORMED", NULL},
        {DISPUTE, "/outcomes", "[]", "FIELD_MALFORMED", NULL},
        {DISPUTE, "/outcomes/1", "\"A\"", "FIELD_MALFORMED", NULL},
        {DISPUTE, "/by", "\"A\"", "FIELD_MALFORMED", NULL},
        {DISPUTE, "/why", "\"x\"", "FIELD_MALFORMED", NULL},
        {DECISION, "/contract", "\"A\"", "FIELD_MALFORMED", NULL},
        {DECISION, "/dispute", "\"x\"", "FIELD_MALFORMED", NULL},
        {DECISION, "/decision", "\"open\"", "FIELD_MALFORMED", NULL},
        {DECISION, "/decision", "\"rejected\"", "FIELD_UNKNOWN", "/values"},
        {DECISION, "/decision", "\"withdrawn\"", "FIELD_UNKNOWN", "/values"},
        {DECISION, "/values", NULL, NULL, NULL},
        {DECISION, "/values", "[]", "FIELD_MALFORMED", NULL},
        {DECISION, "/by", "\"A\"", "FIELD_MALFORMED", NULL},
        {DECISION, "/why", NULL, "FIELD_MISSING", NULL},
        {TERMINATION, "/contract", "\"A\"", "FIELD_MALFORMED", NULL},
        {TERMINATION, "/on", "\"not_published\"", "FIELD_MALFORMED", NULL},
        {TERMINATION, "/closing", "\"A\"", "FIELD_MALFORMED", NULL},
        {TERMINATION, "/closing", NULL, NULL, NULL},
        {TERMINATION, "/why", "{}", "FIELD_MALFORMED", NULL},
        {COMPROMISED, "/compromised_since", "\"2026-02-29\"", "FIELD_MALFORMED", NULL},
        {KEY_ADDED, "/compromised_since", "\"2026-01-01\"", "FIELD_UNKNOWN", NULL},
        {KEY_REPLACED, "/compromised_since", "\"2026-01-01\"", "FIELD_UNKNOWN", NULL},
        {SUPPLEMENTARY, "/computed/supplements", "\"x\"", "FIELD_MALFORMED", NULL},
        {SUPPLEMENTARY, "/computed/pays/0/carried_out/amount", "\"-1.00\"", "FIELD_MALFORMED",
         NULL},
        {SUPPLEMENTARY, "/computed/pays/0/carried_in", "\"1.00\"", "FIELD_MALFORMED", NULL},
        /* what a contract says of signing, closing and ending */
        {LIFE, "/signatures/measurement/at_least", "0", "FIELD_MALFORMED", NULL},
        {LIFE, "/signatures/measurement/at_least", "51", "FIELD_MALFORMED", NULL},
        {LIFE, "/signatures/measurement/parties", "[]", "FIELD_MALFORMED", NULL},
        {LIFE, "/signatures/measurement/parties", NULL, "FIELD_MISSING", NULL},
        {LIFE, "/signatures/measurement/all", "1", "FIELD_UNKNOWN", NULL},
        {LIFE, "/signatures/contract", "[\"investor.example\"]", "FIELD_UNKNOWN", NULL},
        {LIFE, "/termination/by", "[]", "FIELD_MALFORMED", NULL},
        {LIFE, "/termination/terms", NULL, "FIELD_MISSING", NULL},
        {LIFE, "/periods/1/closing", "\"x\"", "FIELD_MALFORMED", NULL},
        {LIFE, "/periods/1/binding", "false", "FIELD_MALFORMED", "/periods/1/closing"},
        {LIFE, "/periods/2/closing", "true", "FIELD_MALFORMED", NULL},
        {LIFE, "/roles/arbiter", "[]", "FIELD_MALFORMED", NULL},
        /* charter */
        {CHARTER, "/log_vkey", "\"x\"", "FIELD_MALFORMED", NULL},
        {CHARTER, "/operator", "\"x\"", "FIELD_MALFORMED", NULL},
        {CHARTER, "/operator/legal_name", "\"\"", "FIELD_MALFORMED", NULL},
        {CHARTER, "/operator/vkeys/0", "\"x\"", "FIELD_MALFORMED", NULL},
        {CHARTER, "/registrars/1/party", "\"X\"", "FIELD_MALFORMED", NULL},
        {CHARTER, "/registrars/1/registration", "\"x\"", "FIELD_MALFORMED", NULL},
        {CHARTER, "/registrars/1/registration/number", NULL, "FIELD_MISSING", NULL},
        {CHARTER, "/registrars/1/registration/scheme", "\"\"", "FIELD_MALFORMED", NULL},
        {CHARTER, "/registrars/1/registration/number", "\"\"", "FIELD_MALFORMED", NULL},
        {CHARTER, "/registrars", "[]", "FIELD_MALFORMED", NULL},
        {CHARTER, "/recovery", "\"x\"", "FIELD_MALFORMED", NULL},
        {CHARTER, "/recovery/registrars", "21", "FIELD_MALFORMED", NULL},
        {CHARTER, "/recovery/registrars", NULL, "FIELD_MISSING", NULL},
        {CHARTER, "/witness_policy", "\"\"", "FIELD_MALFORMED", NULL},
        {PARTY, "/vkeys", "{}", "FIELD_MALFORMED", NULL},
        /* key: each action has its own fields */
        {KEY_ADDED, "/action", "\"remove\"", "FIELD_MALFORMED", NULL},
        {KEY_ADDED, "/party", "\"\"", "FIELD_MALFORMED", NULL},
        {KEY_ADDED, "/vkey", "\"x\"", "FIELD_MALFORMED", NULL},
        {KEY_ADDED, "/vkey", NULL, "FIELD_MISSING", NULL},
        {KEY_ADDED, "/replaces", "\"x\"", "FIELD_UNKNOWN", NULL},
        {KEY_ADDED, "/revokes", "\"x\"", "FIELD_UNKNOWN", NULL},
        {KEY_ADDED, "/reason", "{\"en\":\"x\"}", NULL, NULL},
        {KEY_ADDED, "/reason", "{\"en\":\"\"}", "FIELD_MALFORMED", "/reason/en"},
        {KEY_REPLACED, "/replaces", NULL, "FIELD_MISSING", NULL},
        {KEY_REPLACED, "/replaces", "\"x\"", "FIELD_MALFORMED", NULL},
        {KEY_REPLACED, "/reason", NULL, "FIELD_MISSING", NULL},
        {KEY_REPLACED, "/revokes", "\"x\"", "FIELD_UNKNOWN", NULL},
        {KEY_REVOKED, "/revokes", NULL, "FIELD_MISSING", NULL},
        {KEY_REVOKED, "/revokes", "\"x\"", "FIELD_MALFORMED", NULL},
        {KEY_REVOKED, "/vkey", "\"x\"", "FIELD_UNKNOWN", NULL},
        {KEY_REVOKED, "/reason", NULL, "FIELD_MISSING", NULL},
        /* contract */
        {CONTRACT, "/contract", "\"\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/title/en", "\"\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/agreed_on", "\"x\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/roles/evaluator", NULL, "FIELD_MISSING", NULL},
        {CONTRACT, "/roles/evaluator", "[]", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/roles/investor/0", "\"X\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/roles/auditor", "[\"x\"]", "FIELD_UNKNOWN", NULL},
        {CONTRACT, "/cohort/description", "\"x\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/cohort/size", "0", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/cohort/size", "\"many\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/cohort/size", "\"not_published\"", NULL, NULL},
        {CONTRACT, "/dispute", "\"x\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/legal_basis", "{}", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/currency", "\"kr\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/outcomes/1/evaluator", NULL, "FIELD_MISSING", NULL},
        {CONTRACT, "/periods/0/from", "\"x\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/lines/4/actor", "\"X\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/pays/0/to", "[]", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/commitments", "[]", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/commitments/0/party", "\"X\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/commitments/0/amount/amount", "\"-1\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/caps/0/amount", "\"1\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/caps/0/amount/amount", "\"-0.01\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/caps/0/until", "\"1\"", "FIELD_UNKNOWN", NULL},
        {CONTRACT, "/annexes/0/name", "\"\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/annexes/0/sha256", "\"\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/conflicts/0/parties", "[\"a\"]", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/conflicts/0/parties/1", "\"A\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/conflicts/0/note", "{}", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/signatures", "{}", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/signatures/payment", "[]", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/signatures/party", "[\"a\"]", "FIELD_UNKNOWN", NULL},
        {CONTRACT, "/notes/1/text", NULL, "FIELD_MISSING", NULL},
        {CONTRACT, "/notes/0/about", "\"\"", "FIELD_MALFORMED", NULL},
        {CONTRACT, "/sources/0", "\"\"", "FIELD_MALFORMED", NULL},
        /* measurement */
        {MEASUREMENT, "/period", "\"\"", "FIELD_MALFORMED", NULL},
        {MEASUREMENT, "/evaluator", "\"\"", "FIELD_MALFORMED", NULL},
        {MEASUREMENT, "/values", "[]", "FIELD_MALFORMED", NULL},
        {MEASUREMENT, "/values/1/outcome", "\"9\"", "FIELD_MALFORMED", NULL},
        {MEASUREMENT, "/values/1", "{\"outcome\":\"a\"}", "FIELD_MISSING", "/values/1/value"},
        {MEASUREMENT, "/values/0/value", "\"1.50\"", "FIELD_MALFORMED", NULL},
        {MEASUREMENT, "/values/0/low", "-1", "FIELD_MALFORMED", NULL},
        {MEASUREMENT, "/values/1/control_value", "\"-1\"", NULL, NULL},
        {MEASUREMENT, "/values/1/count", "\"-1\"", "FIELD_MALFORMED", NULL},
        {MEASUREMENT, "/values/1/numerator", "\"-1\"", "FIELD_MALFORMED", NULL},
        {MEASUREMENT, "/values/1/denominator", "\"-1\"", "FIELD_MALFORMED", NULL},
        {MEASUREMENT, "/values/0/p_value", "\"-0.1\"", "FIELD_MALFORMED", NULL},
        {CONTROLS, "/values/0/control_count", "\"-1\"", "FIELD_MALFORMED", NULL},
        {CONTROLS, "/values/0/control_numerator", "\"-1\"", "FIELD_MALFORMED", NULL},
        {CONTROLS, "/values/0/control_denominator", "\"-1\"", "FIELD_MALFORMED", NULL},
        {CONTROLS, "/values/0/control_count", "61", "FIELD_MALFORMED", NULL},
        {CONTROLS, "/values/0/low", "\"-1\"", NULL, NULL},
        {CONTROLS, "/values/0/ratio", "\"0.5\"", "FIELD_UNKNOWN", NULL},
        {CONTROLS, "/values/0/control_ratio", "\"0.15\"", "FIELD_UNKNOWN", NULL},
        {CONTROLS, "/values/1", "{\"outcome\":\"jobs\",\"control_count\":\"1\"}", NULL, NULL},
        {MEASUREMENT, "/values/0/published", "\"\"", "FIELD_MALFORMED", NULL},
        {MEASUREMENT, "/values/0/note", "\"x\"", "FIELD_MALFORMED", NULL},
        {MEASUREMENT, "/cohort/missing", NULL, "FIELD_MISSING", NULL},
        {MEASUREMENT, "/cohort/count", "-1", "FIELD_MALFORMED", NULL},
        {MEASUREMENT, "/evidence/0/sha256", NULL, "FIELD_MISSING", NULL},
        {MEASUREMENT, "/notes", "[]", "FIELD_MALFORMED", NULL},
        /* settlement */
        {SETTLEMENT, "/computed", "7", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/period", "\"\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/inputs/1", "\"\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/lines", NULL, "FIELD_MISSING", NULL},
        {SETTLEMENT, "/computed/lines_sha256", "\"x\"", "FIELD_UNKNOWN", NULL},
        {SETTLEMENT_DIGEST, "/computed/lines_sha256", "\"x\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/lines/2/line", "\"9\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/lines/2/unit", "\"9\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/lines/2/value", "\"0.5\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/lines/2/value", "\"01\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/lines/2/value", "\"1/\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/lines/2/value", "\"1/0\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/lines/2/value", "\"-\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/lines/2/value", "\"\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/lines/2/value", "5", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/lines/2/value", "\"-12/7\"", NULL, NULL},
        {SETTLEMENT, "/computed/pays/0/pay", "\"9\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/pays/0/from", "\"\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/pays/0/to", "\"\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/pays/0/amount/amount", "\"-0.00\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT, "/computed/pays/0/amount/amount", "\"-1.00\"", NULL, NULL},
        {SETTLEMENT, "/contract", "\"\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT_TRANCHES, "/computed/pays/0/tranche", "\"\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT_TRANCHES, "/computed/pays/0/tranche", "\"Senior\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT_TRANCHES, "/computed/pays/0/tranche", NULL, NULL, NULL},
        {SETTLEMENT_TRANCHES, "/computed/pays/3/tranche", "\"rest\"", NULL, NULL},
        {SETTLEMENT_TRANCHES, "/computed/pays/0/due", "\"2028-02-30\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT_TRANCHES, "/computed/pays/0/due", "\"not_published\"", "FIELD_MALFORMED", NULL},
        {SETTLEMENT_TRANCHES, "/computed/pays/0/due", "90", "FIELD_MALFORMED", NULL},
        {SETTLEMENT_TRANCHES, "/computed/pays/0/due", NULL, NULL, NULL},
        {SETTLEMENT_TRANCHES, "/computed/pays/0/up_to", "\"x\"", "FIELD_UNKNOWN", NULL},
        /* payment */
        {PAYMENT, "/contract", "\"\"", "FIELD_MALFORMED", NULL},
        {PAYMENT, "/settlement", "\"\"", "FIELD_MALFORMED", NULL},
        {PAYMENT, "/pay", "\"\"", "FIELD_MALFORMED", NULL},
        {PAYMENT_TRANCHE, "/tranche", "\"\"", "FIELD_MALFORMED", NULL},
        {PAYMENT_TRANCHE, "/tranche", "\"the-first\"", "FIELD_MALFORMED", NULL},
        {PAYMENT_TRANCHE, "/tranche", "0", "FIELD_MALFORMED", NULL},
        {PAYMENT_TRANCHE, "/tranche", "\"total\"", NULL, NULL},
        {PAYMENT, "/from", "\"\"", "FIELD_MALFORMED", NULL},
        {PAYMENT, "/to", "\"\"", "FIELD_MALFORMED", NULL},
        {PAYMENT, "/amount/amount", "\"-1.00\"", "FIELD_MALFORMED", NULL},
        {PAYMENT, "/paid_on", "\"\"", "FIELD_MALFORMED", NULL},
        {PAYMENT, "/reference", "[]", "FIELD_MALFORMED", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        try_edit(&rows[i], false);
    }
}

/* --- Hostile trees --- */

/* Tries the edit; whatever happens, it is a refusal with a place or a statement. */
static void try_hostile(const struct json *root, const char *at, const char *replacement,
                        bool must_refuse)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    struct failure failure = {.reason = ""};
    enum status read = statement_read_tree(edited(root, at, replacement), &statement, &failure);
    if (read == STATUS_OK) {
        cr_assert(not(must_refuse), "%s = %s", at, replacement);
        cr_assert(ne(ptr, statement, NULL));
        enum status checked_too = statement_check(statement, &failure);
        cr_assert(checked_too == STATUS_OK || strlen(failure.code) > 0, "%s = %s", at, replacement);
        return;
    }
    cr_assert(strlen(failure.code) > 0 && strlen(failure.reason) > 0, "%s = %s", at, replacement);
    cr_assert(eq(ptr, statement, NULL), "%s = %s", at, replacement);
    /*
     * The refusal is about the edited node, what stands in it, or what it stands in. A node that
     * was left out can make another one beside it wrong.
     */
    size_t edited_size = replacement == NULL ? (size_t)(strrchr(at, '/') - at) : strlen(at);
    size_t shared = strlen(failure.at) < edited_size ? strlen(failure.at) : edited_size;
    cr_assert(eq(int, strncmp(failure.at, at, shared), 0), "%s = %s is refused at %s", at,
              replacement, failure.at);
}

static void try_every_type(const struct json *root, const struct json *node, const char *at)
{
    static const char *const TYPES[] = {"null", "true",   "-7", "\"\"",       "\"x\"",
                                        "[]",   "[null]", "{}", "{\"\":null}"};
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        try_hostile(root, at, TYPES[i], i == 0); /* null has no place in a statement */
    }
    if (json_type(node) != JSON_OBJECT && json_type(node) != JSON_ARRAY) {
        return;
    }
    size_t index = 0;
    for (const struct json *child = json_first(node); child != NULL; child = json_next(child)) {
        char below[200];
        if (json_type(node) == JSON_OBJECT) {
            (void)snprintf(below, sizeof below, "%s/%.*s", at, VIEW_ARGS(json_name(child)));
        } else {
            (void)snprintf(below, sizeof below, "%s/%zu", at, index++);
        }
        try_every_type(root, child, below);
        if (json_type(node) == JSON_OBJECT) {
            try_hostile(root, below, NULL, false);
        }
    }
}

Test(statement, every_node_may_be_of_any_type)
{
    const struct examples *examples = list_examples("valid-");
    for (size_t i = 0; i < examples->count; i++) {
        OWNED(json_freep) struct json *root = load(examples->paths[i]);
        try_every_type(root, root, "");
    }
}

/* --- What a statement alone can tell --- */

#define VKEY_MUNICIPALITY \
    "\"municipality.example+74326a3e+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR\""
#define VKEY_ECONOMY \
    "\"municipality.example/economy+54a021ea+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs\""
#define VKEY_OPERATOR "\"operator.example+f486678b+AYqHX/8es4RRV3rNWv7kBUVlaN18ieCQhjoFV7x69J8X\""
#define VKEY_REGISTER "\"register.example+d802e004+AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU\""
#define VKEY_BACKUP \
    "\"operator.example/backup+8d9c910c+AUOnLnFEAXYt9mtowm373yaCquyfJHTspGE+QkoPuv08\""
#define VKEY_LOG "\"ledger.example/utfall+70d38f30+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c\""
/* Of type 0x04: such a key cosigns checkpoints. */
#define VKEY_COSIGNER "\"register.example+c8d8a756+BP0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY\""
/* The id belongs to another key. */
#define VKEY_WRONG_ID "\"operator.example+f486678c+AYqHX/8es4RRV3rNWv7kBUVlaN18ieCQhjoFV7x69J8X\""

Test(statement, what_breaks_a_rule_by_itself_is_refused_with_its_place)
{
    static const struct edit rows[] = {
        /* keys */
        {CHARTER, "/log_vkey", VKEY_OPERATOR, "CHARTER_LOG_KEY", NULL},
        {CHARTER, "/ledger", "\"other.example\"", "CHARTER_LOG_KEY", "/log_vkey"},
        {CHARTER, "/log_vkey", VKEY_WRONG_ID, "KEY_MALFORMED", NULL},
        {CHARTER, "/operator/vkeys/0", VKEY_WRONG_ID, "KEY_MALFORMED", NULL},
        {CHARTER, "/registrars/0/vkeys/0", VKEY_COSIGNER, "KEY_MALFORMED", NULL},
        {CHARTER, "/operator/vkeys/0", VKEY_REGISTER, "KEY_NAME", NULL},
        {CHARTER, "/operator/party", "\"operator.exampl\"", "KEY_NAME", "/operator/vkeys/0"},
        {CHARTER, "/operator/party", "\"operator\"", "KEY_NAME", "/operator/vkeys/0"},
        {CHARTER, "/operator/vkeys", "[" VKEY_OPERATOR "," VKEY_OPERATOR "]", "NAME_REPEATED",
         "/operator/vkeys/1"},
        {PARTY, "/vkeys", "[" VKEY_ECONOMY "]", NULL, NULL},
        {PARTY, "/vkeys/1", VKEY_MUNICIPALITY, "NAME_REPEATED", NULL},
        {PARTY, "/party", "\"municipality\"", "KEY_NAME", "/vkeys/0"},
        {KEY_ADDED, "/vkey", VKEY_WRONG_ID, "KEY_MALFORMED", NULL},
        {KEY_ADDED, "/party", "\"operator.example\"", "KEY_NAME", "/vkey"},
        {KEY_REPLACED, "/replaces", VKEY_ECONOMY, "NAME_REPEATED", NULL},
        {KEY_REPLACED, "/replaces", VKEY_WRONG_ID, "KEY_MALFORMED", NULL},
        {KEY_REVOKED, "/revokes", VKEY_COSIGNER, "KEY_MALFORMED", NULL},
        /* charter */
        {CHARTER, "/recovery/registrars", "3", "CHARTER_RECOVERY", NULL},
        {CHARTER, "/recovery/registrars", "1", NULL, NULL},
        {CHARTER, "/registrars/1",
         "{\"party\":\"register.example\",\"legal_name\":\"R\",\"registration\":\"not_published\","
         "\"vkeys\":[" VKEY_REGISTER "]}",
         "NAME_REPEATED", "/registrars/1/party"},
        /* The operator as a registrar is described alike in both places. */
        {SMALL_CHARTER, "/registrars/0/legal_name", "\"Another\"", "NAME_REPEATED",
         "/registrars/0/party"},
        {SMALL_CHARTER, "/operator/registration", "{\"scheme\":\"X\",\"number\":\"1\"}",
         "NAME_REPEATED", "/registrars/0/party"},
        {SMALL_CHARTER, "/registrars/0/vkeys", "[" VKEY_OPERATOR "," VKEY_BACKUP "]",
         "NAME_REPEATED", "/registrars/0/party"},
        {SMALL_CHARTER, "/registrars/0/vkeys/0", VKEY_BACKUP, "NAME_REPEATED",
         "/registrars/0/party"},
        /* The log's key is named so that a party above its name could claim it. */
        {CHARTER, "/operator",
         "{\"party\":\"ledger.example\",\"legal_name\":\"L\",\"registration\":"
         "\"not_published\",\"vkeys\":[" VKEY_LOG "]}",
         "NAME_REPEATED", "/operator/vkeys/0"},
        {CHARTER, "/registrars/1",
         "{\"party\":\"ledger.example\",\"legal_name\":\"L\",\"registration\":"
         "\"not_published\",\"vkeys\":[" VKEY_LOG "]}",
         "NAME_REPEATED", "/registrars/1/vkeys/0"},
        {CHARTER, "/registrars/0",
         "{\"party\":\"operator.example\",\"legal_name\":\"Operator Ltd\",\"registration\":"
         "\"not_published\",\"vkeys\":[" VKEY_OPERATOR "]}",
         NULL, NULL},
        /* registration */
        {CHARTER, "/registrars/0/registration/number", "\"002000-0007\"", "REGISTRATION_INVALID",
         NULL},
        {PARTY, "/registration/number", "\"0020000007\"", "REGISTRATION_INVALID", NULL},
        {PARTY, "/registration/scheme", "\"SE-OTHER\"", NULL, NULL},
        {PARTY, "/registration/scheme", "\"LEI\"", "REGISTRATION_INVALID", "/registration/number"},
        /* contract: roles */
        {CONTRACT, "/roles/payer/1", "\"municipality.example\"", "NAME_REPEATED", NULL},
        {CONTRACT, "/outcomes/1/evaluator", "\"municipality.example\"", "ROLE_PARTY", NULL},
        {CONTRACT, "/pays/0/from", "\"investor.example\"", "ROLE_PARTY", NULL},
        {CONTRACT, "/pays/0/from", "\"guarantor.example\"", NULL, NULL},
        {CONTRACT, "/pays/0/to/0/party", "\"nobody.example\"", "ROLE_PARTY", NULL},
        {MECHANISMS, "/pays/0/waterfall/0/to/1/party", "\"nobody.example\"", "ROLE_PARTY", NULL},
        {MECHANISMS, "/pays/0/waterfall/1/to/0/party", "\"nobody.example\"", "ROLE_PARTY", NULL},
        {MECHANISMS, "/pays/0/waterfall/1/to/0/party", "\"investor.example\"", NULL, NULL},
        {MECHANISMS, "/pays/1/to/0/party", "\"nobody.example\"", "ROLE_PARTY", NULL},
        {MECHANISMS, "/pays/1/from", "\"provider.example\"", "ROLE_PARTY", NULL},
        /* whose funding a line reads, wherever it stands in the line */
        {MECHANISMS, "/lines/5/interest/funded", "\"nobody.example\"", "ROLE_PARTY", "/lines/5"},
        {MECHANISMS, "/lines/5/interest/funded", "\"provider.example\"", "ROLE_PARTY", "/lines/5"},
        {MECHANISMS, "/lines/5/interest/funded", "\"second.example\"", NULL, NULL},
        {MECHANISMS, "/lines/5/interest/funded", "\"total\"", NULL, NULL},
        {MECHANISMS, "/lines/9/then", "{\"funded\":\"nobody.example\"}", "ROLE_PARTY", "/lines/9"},
        {MECHANISMS, "/lines/10/subtract/1", "{\"funded\":\"nobody.example\"}", "ROLE_PARTY",
         "/lines/10"},
        {MECHANISMS, "/lines/2/rate_card/0/amount_at_most", "{\"funded\":\"nobody.example\"}",
         "ROLE_PARTY", "/lines/2"},
        {CONTRACT, "/commitments/0/party", "\"municipality.example\"", "ROLE_PARTY", NULL},
        {CONTRACT, "/caps/0/party", "\"investor.example\"", "ROLE_PARTY", NULL},
        {CONTRACT, "/conflicts/0/parties/1", "\"nobody.example\"", "ROLE_PARTY", NULL},
        {CONTRACT, "/conflicts/0/parties/1", "\"municipality.example\"", "NAME_REPEATED", NULL},
        {CONTRACT, "/signatures/funding", "[\"nobody.example\"]", "ROLE_PARTY",
         "/signatures/funding/0"},
        {CONTRACT, "/signatures/payment/1", "\"investor.example\"", "NAME_REPEATED", NULL},
        /* contract: money */
        {CONTRACT, "/currency", "\"XYZ\"", "CURRENCY_UNKNOWN", NULL},
        {CONTRACT, "/commitments/0/amount/currency", "\"EUR\"", "CURRENCY_OTHER", NULL},
        {CONTRACT, "/commitments/0/amount/amount", "\"10000000\"", "AMOUNT_MALFORMED", NULL},
        {CONTRACT, "/caps/0/amount/currency", "\"EUR\"", "CURRENCY_OTHER", NULL},
        {CONTRACT, "/caps/0/amount/amount", "\"1.000\"", "AMOUNT_MALFORMED", NULL},
        {CONTRACT, "/caps/0/amount/amount", "\"10000000000000000.00\"", "AMOUNT_MALFORMED", NULL},
        {CONTRACT, "/caps/1",
         "{\"party\":\"municipality.example\",\"amount\":{\"amount\":\"1.00\","
         "\"currency\":\"SEK\"}}",
         "NAME_REPEATED", "/caps/1/party"},
        {CONTRACT, "/commitments/1",
         "{\"party\":\"investor.example\",\"amount\":{\"amount\":\"1.00\","
         "\"currency\":\"SEK\"}}",
         "NAME_REPEATED", "/commitments/1/party"},
        {CONTRACT, "/annexes/1",
         "{\"name\":\"Annex A: measurement\",\"sha256\":\"sha256:"
         "0000000000000000000000000000000000000000000000000000000000000000\"}",
         "NAME_REPEATED", "/annexes/1/name"},
        /* contract: the terms are checked too */
        {CONTRACT, "/pays/0/pay", "\"nothing\"", "LINE_UNKNOWN", NULL},
        /* measurement */
        {MEASUREMENT, "/values/1/outcome", "\"placement_cost\"", "NAME_REPEATED", NULL},
        {MEASUREMENT, "/values/0/low", "\"200000.1\"", "MEASUREMENT_RANGE", NULL},
        {MEASUREMENT, "/values/0/low", "\"200000\"", NULL, NULL},
        {MEASUREMENT, "/values/0/p_value", "\"1.000000000001\"", "MEASUREMENT_RANGE", NULL},
        {MEASUREMENT, "/values/0/p_value", "\"1\"", NULL, NULL},
        {MEASUREMENT, "/values/0/p_value", "\"0\"", NULL, NULL},
        {MEASUREMENT, "/values/1/denominator", "\"0\"", "MEASUREMENT_RANGE", NULL},
        {MEASUREMENT, "/values/1/numerator", "\"59.5\"", NULL, NULL},
        {CONTROLS, "/values/0/control_denominator", "\"0\"", "MEASUREMENT_RANGE", NULL},
        {CONTROLS, "/values/1/control_denominator", "\"0\"", "MEASUREMENT_RANGE", NULL},
        {CONTROLS, "/values/1/control_denominator", "\"0.1\"", NULL, NULL},
        {MEASUREMENT, "/cohort/missing", "61", "MEASUREMENT_RANGE", NULL},
        {MEASUREMENT, "/cohort/missing", "60", NULL, NULL},
        {MEASUREMENT, "/evidence/1",
         "{\"name\":\"Report\",\"sha256\":\"sha256:"
         "0000000000000000000000000000000000000000000000000000000000000000\"}",
         "NAME_REPEATED", "/evidence/1/name"},
        /* correction, dispute, decision */
        {CORRECTION, "/values/1/outcome", "\"placement_cost\"", "NAME_REPEATED", NULL},
        {CORRECTION, "/values/0/low", "\"1.1\"", "MEASUREMENT_RANGE", NULL},
        {CORRECTION, "/values/1/denominator", "\"0\"", "MEASUREMENT_RANGE", NULL},
        {CORRECTION, "/cohort/missing", "61", "MEASUREMENT_RANGE", NULL},
        {CORRECTION, "/evidence/1",
         "{\"name\":\"protocol.pdf\",\"sha256\":\"sha256:"
         "0000000000000000000000000000000000000000000000000000000000000000\"}",
         "NAME_REPEATED", "/evidence/1/name"},
        {DISPUTE, "/outcomes/1", "\"placement_cost\"", "NAME_REPEATED", NULL},
        {DISPUTE, "/outcomes/1", "\"other\"", NULL, NULL},
        {DECISION, "/values/1", "{\"outcome\":\"school\",\"value\":\"1\"}", "NAME_REPEATED",
         "/values/1/outcome"},
        {DECISION, "/values/0/p_value", "\"2\"", "MEASUREMENT_RANGE", NULL},
        {DECISION, "/values", NULL, NULL, NULL},
        /* contract: who signs and who ends it */
        {LIFE, "/signatures/measurement/at_least", "3", NULL, NULL},
        {LIFE, "/signatures/measurement/at_least", "4", "QUORUM_TOO_LARGE", NULL},
        {LIFE, "/signatures/measurement/parties/2", "\"stranger.example\"", "ROLE_PARTY",
         "/signatures/measurement/2"},
        {LIFE, "/signatures/decision/parties/1", "\"municipality.example\"", "NAME_REPEATED",
         "/signatures/decision/1"},
        {LIFE, "/termination/by/1", "\"stranger.example\"", "ROLE_PARTY", NULL},
        {LIFE, "/termination/by/1", "\"municipality.example\"", "NAME_REPEATED", NULL},
        {LIFE, "/termination", NULL, NULL, NULL},
        {LIFE, "/periods/1/closing", "false", NULL, NULL},
        /* A settlement is compared whole, by the state. */
        {SETTLEMENT, "/computed/lines/0/value", "\"7/7\"", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        try_edit(&rows[i], true);
    }
}

Test(statement, registration_numbers_are_checked_by_their_scheme)
{
    static const struct {
        enum registration_scheme scheme;
        const char *number;
        bool valid;
    } rows[] = {
        /* Published numbers of Stockholm, Gothenburg and Saab. */
        {REGISTRATION_SE_ORGNR, "212000-0142", true},
        {REGISTRATION_SE_ORGNR, "2120000142", true},
        {REGISTRATION_SE_ORGNR, "212000-1355", true},
        {REGISTRATION_SE_ORGNR, "556036-0793", true},
        {REGISTRATION_SE_ORGNR, "212000-0143", false},
        {REGISTRATION_SE_ORGNR, "122000-0142", false}, /* digits exchanged */
        {REGISTRATION_SE_ORGNR, "212000-142", false},
        {REGISTRATION_SE_ORGNR, "212000-01422", false},
        {REGISTRATION_SE_ORGNR, "21200-00142", false},
        {REGISTRATION_SE_ORGNR, "212000+0142", false},
        {REGISTRATION_SE_ORGNR, "212000 0142", false},
        {REGISTRATION_SE_ORGNR, "16212000-0142", false},
        {REGISTRATION_SE_ORGNR, "811228-9874", false}, /* a person's: the third digit is 1 */
        {REGISTRATION_SE_ORGNR, "21200O-0142", false},
        {REGISTRATION_SE_ORGNR, "", false},
        /* Published identifiers. */
        {REGISTRATION_LEI, "5493001KJTIIGC8Y1R12", true},
        {REGISTRATION_LEI, "HWUPKR0MPOU8FGXBT394", true},
        {REGISTRATION_LEI, "213800KUD8LAJWSQ9D15", true},
        {REGISTRATION_LEI, "213800KUD8LAJWSQ9D16", false},
        {REGISTRATION_LEI, "213800KUD8LAJWSQ9D1", false},
        {REGISTRATION_LEI, "213800KUD8LAJWSQ9D155", false},
        {REGISTRATION_LEI, "213800kud8lajwsq9d15", false},
        {REGISTRATION_LEI, "213800KUD8LAJWSQ9D1F", false},
        {REGISTRATION_LEI, "213800KUD8 AJWSQ9D15", false},
        {REGISTRATION_LEI, "", false},
        {REGISTRATION_OTHER, "anything", true},
        {REGISTRATION_NOT_PUBLISHED, "", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct registration registration = {.scheme = rows[i].scheme,
                                            .number = view_of(rows[i].number)};
        cr_assert(eq(int, registration_valid(&registration), rows[i].valid), "row %zu: %s", i,
                  rows[i].number);
    }
}

Test(statement, money_is_taken_in_the_currency_of_the_contract)
{
    struct currency sek;
    struct currency jpy;
    cr_assert(eq(int, currency_by_code(VIEW("SEK"), &sek), STATUS_OK));
    cr_assert(eq(int, currency_by_code(VIEW("JPY"), &jpy), STATUS_OK));
    static const struct {
        const char *amount;
        const char *currency;
        bool in_yen;
        int64_t minor;
        const char *code; /* NULL: accepted */
        const char *at;
    } rows[] = {
        {"1.50", "SEK", false, 150, NULL, NULL},
        {"-1.50", "SEK", false, -150, NULL, NULL},
        {"150", "JPY", true, 150, NULL, NULL},
        {"9999999999999999.99", "SEK", false, 999999999999999999, NULL, NULL},
        {"1.50", "EUR", false, 0, "CURRENCY_OTHER", "/currency"},
        {"1.5", "SEK", false, 0, "AMOUNT_MALFORMED", "/amount"},
        {"1", "SEK", false, 0, "AMOUNT_MALFORMED", "/amount"},
        {"1.50", "JPY", true, 0, "AMOUNT_MALFORMED", "/amount"},
        {"10000000000000000.00", "SEK", false, 0, "AMOUNT_MALFORMED", "/amount"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct shape_money text = {.amount = view_of(rows[i].amount),
                                   .currency = view_of(rows[i].currency)};
        struct money money;
        struct failure failure = {.reason = ""};
        enum status status = statement_money(&text, rows[i].in_yen ? jpy : sek, &money, &failure);
        if (rows[i].code == NULL) {
            cr_assert(eq(int, status, STATUS_OK), "row %zu: %s", i, failure.reason);
            cr_assert(eq(i64, money.minor, rows[i].minor), "row %zu", i);
            continue;
        }
        cr_assert(eq(int, status, STATUS_INVALID), "row %zu", i);
        cr_assert(eq(str, failure.code, (char *)rows[i].code), "row %zu", i);
        cr_assert(eq(str, failure.at, (char *)rows[i].at), "row %zu", i);
    }
}

Test(statement, every_kind_has_a_word_and_a_chain)
{
    for (size_t kind = 0; kind < KIND_COUNT; kind++) {
        char path[80];
        (void)snprintf(path, sizeof path, "schemas/%s.schema.json", kind_word((enum kind)kind));
        OWNED(json_freep) struct json *schema = load(path);
        const struct json *word =
            json_member(json_member(json_member(schema, "properties"), "kind"), "const");
        cr_assert(view_is(json_string(word), kind_word((enum kind)kind)), "%s", path);
    }
    cr_assert(eq(int, kind_subject_class(KIND_CHARTER), SUBJECT_CHARTER));
    cr_assert(eq(int, kind_subject_class(KIND_KEY), SUBJECT_PARTY));
    cr_assert(eq(int, kind_subject_class(KIND_PAYMENT), SUBJECT_CONTRACT));

    struct statement *none = NULL;
    statement_free(none);
    statement_freep(&none);
}
