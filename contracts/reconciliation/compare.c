#include "contracts/reconciliation/compare.h"

#include "ledger/base/ownership.h"

#define PERCENT 100

/* The difference and, where it says something, its share of what was computed. */
static enum status measure_difference(struct finding *finding)
{
    TRY(rational_subtract(&finding->difference, &finding->published, &finding->computed));
    if (rational_sign(&finding->computed) == 0) {
        return STATUS_OK;
    }
    TRY(rational_divide(&finding->share, &finding->difference, &finding->computed));
    if (rational_sign(&finding->computed) < 0) {
        rational_negate(&finding->share, &finding->share);
    }
    finding->has_share = true;
    return STATUS_OK;
}

static enum status rounds_to(const struct finding *finding, const struct rational *step,
                             enum rounding way, bool *ret_does)
{
    OWNED(rational_release) struct rational rounded;
    rational_init(&rounded);
    TRY(rational_round(&rounded, &finding->computed, step, way));
    *ret_does = rational_compare(&rounded, &finding->published) == 0;
    return STATUS_OK;
}

/* The first of the roundings, nearest first, that makes the published figure. */
static enum status find_rounding(struct finding *finding, const struct rational *step)
{
    static const enum rounding WAYS[] = {ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_UP,
                                         ROUND_DOWN,    ROUND_CEILING,   ROUND_FLOOR};
    for (size_t i = 0; i < sizeof WAYS / sizeof WAYS[0] && !finding->has_rounding; i++) {
        TRY(rounds_to(finding, step, WAYS[i], &finding->has_rounding));
        finding->rounding = WAYS[i];
    }
    return STATUS_OK;
}

static bool is_nearest(enum rounding way)
{
    return way == ROUND_HALF_UP || way == ROUND_HALF_EVEN;
}

static enum status judge_rounding(struct finding *finding,
                                  const struct published_rounding *rounding)
{
    bool matches = false;
    if (rounding->has_way) {
        TRY(rounds_to(finding, &rounding->step, rounding->way, &matches));
        finding->rounding = rounding->way;
        finding->has_rounding = matches;
    }
    if (!finding->has_rounding) {
        TRY(find_rounding(finding, &rounding->step));
        matches = !rounding->has_way && finding->has_rounding && is_nearest(finding->rounding);
    }
    finding->verdict = matches ? VERDICT_MATCHES : VERDICT_DIFFERS;
    return STATUS_OK;
}

enum status finding_compare(struct finding *finding, const struct published_figure *figure,
                            const struct rational *computed)
{
    OWNED(rational_release) struct rational factor;
    rational_init(&factor);
    rational_set_integer(&factor, figure->is_percent ? PERCENT : 1);
    TRY(rational_multiply(&finding->computed, computed, &factor));
    finding->has_computed = true;
    finding->unit = figure->unit;
    if (!figure->is_published) {
        finding->verdict = VERDICT_NOT_PUBLISHED;
        return STATUS_OK;
    }
    rational_set(&finding->published, &figure->value);
    finding->has_published = true;
    TRY(measure_difference(finding));
    if (rational_sign(&finding->difference) == 0 || !figure->rounding.is_given) {
        finding->verdict =
            rational_sign(&finding->difference) == 0 ? VERDICT_MATCHES : VERDICT_DIFFERS;
        return STATUS_OK;
    }
    return judge_rounding(finding, &figure->rounding);
}

enum status finding_compare_exact(struct finding *finding, const struct rational *published,
                                  const struct rational *computed)
{
    rational_set(&finding->published, published);
    rational_set(&finding->computed, computed);
    finding->has_published = true;
    finding->has_computed = true;
    TRY(measure_difference(finding));
    finding->verdict = rational_sign(&finding->difference) == 0 ? VERDICT_MATCHES : VERDICT_DIFFERS;
    return STATUS_OK;
}

enum status finding_compare_bound(struct finding *finding, const struct rational *at_most,
                                  const struct rational *computed)
{
    TRY(finding_compare_exact(finding, at_most, computed));
    finding->verdict = rational_sign(&finding->difference) >= 0 ? VERDICT_MATCHES : VERDICT_DIFFERS;
    return STATUS_OK;
}
