/*
 * Display: numbers, money and texts as people read them, in the chosen language.
 *
 *     English  SEK 3,000,000.00     -1,234.5
 *     Swedish  3 000 000,00 kr      −1 234,5      (no-break spaces, U+2212)
 *
 * Never read back: machine output uses the plain forms.
 */
#pragma once

#include "contracts/number/money.h"
#include "contracts/number/rational.h"
#include "contracts/shape/shape.h"
#include "contracts/terms/unit.h"
#include "ledger/base/buffer.h"
#include "ledger/crypto/hash.h"

#define DISPLAY_SIZE 2200 /* a fraction of 1000 digits a side */

/* A text of bounded size, for printf("%s"). */
struct display {
    char text[DISPLAY_SIZE];
};

struct display display_money(struct money money);

/* The same without its currency, for a table of one currency: 3,000,000.00. */
struct display display_amount(struct money money);

/*
 * A value with its unit; a currency like money, also where it is money for something ("SEK
 * 1,100.00/person"); "1" left out, others after the number.
 */
struct display display_value(const struct rational *value, const struct unit *unit);

/* A value that is a plain number; "..." after it when it is cut. */
struct display display_number(const struct rational *value);

struct display display_date(struct date date);
/* The date, or that it was not published. */
struct display display_published_date(const struct published_date *date);
struct display display_hash(const struct hash *id);       /* sha256:<64 digits> */
struct display display_hash_short(const struct hash *id); /* the first 12 digits */

/* A failure's place: "entry 17" and "line 3, column 5" in the chosen language, others as is. */
struct display display_place(const char *at);

/* A label or text in the chosen language. */
struct view display_localized(const struct localized *localized);

/* Columns that a UTF-8 text takes on a terminal (one for each code point). */
size_t display_width(struct view text);

#define DISPLAY_COLUMNS 100

/*
 * Cuts the first line of at most `width` columns off `rest`, at a space. A word that is wider
 * stays whole. Returns false when nothing is left.
 */
bool display_cut(struct view *rest, size_t width, struct view *ret_line);

/* Prints `text` and spaces up to `width` columns. */
void display_padded(struct view text, size_t width);

/*
 * Prints `text` and a newline, broken at spaces into lines that end before DISPLAY_COLUMNS. The
 * caller has written `indent` columns already; later lines begin with as many spaces. No line
 * begins with a number, which belongs to the word before it: "SEK 0.00", "[2] 0.4".
 */
void display_paragraph(struct view text, size_t indent);

/* The widths of a column of labels and a column of values beside it. */
struct display_columns {
    size_t label; /* at most DISPLAY_LABEL_MAX: a longer label is broken into lines */
    size_t value;
};

#define DISPLAY_LABEL_MAX 66

/* Widens the columns so that one more row fits. */
void display_columns_fit(struct display_columns *columns, struct view label, struct view value);

/* Whether rows of these columns end before DISPLAY_COLUMNS. */
bool display_row_fits(const struct display_columns *columns, size_t indent);

/* Prints a row and a newline: the label to the left, the value to the right. `indent` as above. */
void display_row(const struct display_columns *columns, struct view label, struct view value,
                 size_t indent);
