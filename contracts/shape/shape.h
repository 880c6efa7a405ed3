/*
 * Shape: reading JSON objects field by field, with every wrong form refused by name and place.
 *
 * The shape of a statement is what its JSON Schema (schemas/) says: which fields, of which type and
 * spelling, how many items. Reading shapes and the schemas give the same verdict; a test compares
 * them. What needs other knowledge (check digits, currencies, references, order) is not shape.
 *
 * Each function fills the failure with FIELD_UNKNOWN, FIELD_MISSING or FIELD_MALFORMED, and `at`
 * relative to the node it was given; callers that descend put their own step in front with
 * failure_prefix(). Views point into the JSON tree and live as long as it does.
 */
#pragma once

#include "contracts/number/date.h"
#include "contracts/number/rational.h"
#include "ledger/base/arena.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/hash.h"
#include "ledger/json/json.h"

#include <stdbool.h>
#include <stddef.h>

#define SHAPE_TEXT_MAX 4000 /* code points in a text */
#define SHAPE_LANGUAGES_MAX 8
#define SHAPE_FIELDS_MAX 32
#define SHAPE_UNIT_SIZE_MAX 64

/* The unit of a computed line: UNIT_BASES_MAX names, each UNIT_EXPONENT_MAX times, and separators.
 */
#define SHAPE_UNIT_COMPUTED_SIZE_MAX 1800

/* What a fact is when it was not published or is not known. */
#define NOT_PUBLISHED "not_published"

enum shape_presence { SHAPE_OPTIONAL, SHAPE_REQUIRED };

/* One field that an object may have. */
struct shape_field {
    const char *name;
    enum shape_presence presence;
};

/* A text in one or more languages: {"en": "...", "sv": "..."}. */
struct localized {
    size_t count;
    struct view languages[SHAPE_LANGUAGES_MAX]; /* ISO 639-1: two lower-case letters */
    struct view texts[SHAPE_LANGUAGES_MAX];
};

/* A date, or the statement that it was not published. */
struct published_date {
    bool is_published;
    struct date date; /* when is_published */
};

/*
 * Reads an object: every member must be in `fields`, every required one must be there.
 *
 * Shapes  count <= SHAPE_FIELDS_MAX; `ret_nodes` holds `count` pointers, in the order of `fields`;
 *         NULL where absent.
 * Errors  FIELD_UNKNOWN and FIELD_MISSING, at the field that is too much or is not there;
 *         FIELD_MALFORMED when it is not an object.
 */
enum status shape_object(const struct json *node, const struct shape_field *fields, size_t count,
                         const struct json **ret_nodes, struct failure *failure);

/* Checks that it is an array of `minimum` to `maximum` items; `*ret_count` may be NULL. */
enum status shape_array(const struct json *node, size_t minimum, size_t maximum, size_t *ret_count,
                        struct failure *failure);

/* Any string of `minimum` to `maximum` code points. */
enum status shape_text(const struct json *node, size_t minimum, size_t maximum,
                       struct view *ret_text, struct failure *failure);

/* {"en": "...", ...}: 1 to SHAPE_LANGUAGES_MAX languages, texts of 1 to SHAPE_TEXT_MAX. */
enum status shape_localized(const struct json *node, struct localized *ret_localized,
                            struct failure *failure);

/* The text in `language`, else in English, else the first; empty when there is none. */
struct view localized_text(const struct localized *localized, const char *language);

/* [a-z0-9-]{1,64}: the name of a contract or period. */
enum status shape_slug(const struct json *node, struct view *ret_slug, struct failure *failure);

/* [a-z][a-z0-9_]{0,63}: the name of an outcome, line or pay. */
enum status shape_name(const struct json *node, struct view *ret_name, struct failure *failure);

/* [a-z0-9.-]{1,100}, beginning and ending with a letter or digit: a party id. */
enum status shape_party(const struct json *node, struct view *ret_party, struct failure *failure);

/* A C2SP origin or key name: 1 to 255 printable ASCII characters without space and '+'. */
enum status shape_origin(const struct json *node, struct view *ret_origin, struct failure *failure);

/* <name>+<8 hex digits>+<base64>; whether the parts fit together is not shape. */
enum status shape_vkey(const struct json *node, struct view *ret_vkey, struct failure *failure);

/* An RFC 3339 full-date that exists. */
enum status shape_date(const struct json *node, struct date *ret_date, struct failure *failure);

/* The same, or "not_published". */
enum status shape_published_date(const struct json *node, struct published_date *ret_date,
                                 struct failure *failure);

/* A decimal string (contracts/number/rational.h); `ret_value` is initialised by the caller. */
enum status shape_decimal(const struct json *node, struct rational *ret_value,
                          struct failure *failure);

/*
 * {"amount": "...", "currency": "SEK"}: spelling only. The amount is
 * -?(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})? and not a negative zero; the currency is [A-Z]{3}.
 */
struct shape_money {
    struct view amount;
    struct view currency;
};
enum status shape_money(const struct json *node, struct shape_money *ret_money,
                        struct failure *failure);

/* [A-Z]{3}. */
enum status shape_currency(const struct json *node, struct view *ret_code, struct failure *failure);

/* [A-Za-z_]{1,32} or "1", combined by '*' and '/': the spelling of a unit. At most 64 bytes. */
enum status shape_unit(const struct json *node, struct view *ret_unit, struct failure *failure);

/* The same for a unit that was computed: at most SHAPE_UNIT_COMPUTED_SIZE_MAX bytes. */
enum status shape_unit_computed(const struct json *node, struct view *ret_unit,
                                struct failure *failure);

/* "sha256:" and 64 lower-case hexadecimal digits. */
enum status shape_digest(const struct json *node, struct hash *ret_hash, struct failure *failure);

/* An integer from `minimum` to `maximum`. */
enum status shape_integer(const struct json *node, int32_t minimum, int32_t maximum,
                          int32_t *ret_value, struct failure *failure);

enum status shape_boolean(const struct json *node, bool *ret_value, struct failure *failure);

/* One of `count` words; `*ret_index` is its place in `words`. */
enum status shape_word(const struct json *node, const char *const *words, size_t count,
                       size_t *ret_index, struct failure *failure);

/* Whether the node is the string "not_published". */
bool shape_is_not_published(const struct json *node);

/*
 * Refuses a node with FIELD_MALFORMED: "expected <expected>, found <what it is>".
 *
 * Shapes  `expected` begins with an article: "a date such as 2016-08-01".
 */
enum status shape_malformed(const struct json *node, const char *expected, struct failure *failure);

#define SHAPE_QUOTE_SIZE 200

/*
 * Writes a text as a message shows it: in quotes, cut after some 40 characters, and with '?' for
 * characters that could deceive a reader or steer a terminal.
 */
void shape_quote(struct view text, char ret_quoted[static SHAPE_QUOTE_SIZE]);

/* Puts "/name" (escaped, RFC 6901 section 3) or "/index" in front of the failure's place. */
void shape_prefix_name(struct failure *failure, const char *name);
void shape_prefix_index(struct failure *failure, size_t index);

/* TRY, with "/name" put in front of the place when `call` fails. Returns from the caller. */
#define TRY_FIELD(name, call)                   \
    do {                                        \
        enum status try_status_ = (call);       \
        if (try_status_ != STATUS_OK) {         \
            shape_prefix_name(failure, (name)); \
            return try_status_;                 \
        }                                       \
    } while (0)
#define TRY_ITEM(index, call)                     \
    do {                                          \
        enum status try_status_ = (call);         \
        if (try_status_ != STATUS_OK) {           \
            shape_prefix_index(failure, (index)); \
            return try_status_;                   \
        }                                         \
    } while (0)
