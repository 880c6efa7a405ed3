#include "cli/words.h"

#include "cli/language.h"

#include <assert.h>

const char *word_of_kind(enum kind kind)
{
    static const char *const WORDS[KIND_COUNT] = {
        [KIND_CHARTER] = N_("charter"),
        [KIND_PARTY] = N_("party"),
        [KIND_KEY] = N_("key"),
        [KIND_CONTRACT] = N_("contract"),
        [KIND_FUNDING] = N_("funding"),
        [KIND_MEASUREMENT] = N_("measurement"),
        [KIND_SETTLEMENT] = N_("settlement"),
        [KIND_PAYMENT] = N_("payment"),
        [KIND_CORRECTION] = N_("correction"),
        [KIND_DISPUTE] = N_("dispute"),
        [KIND_DECISION] = N_("decision"),
        [KIND_TERMINATION] = N_("termination"),
        [KIND_AMENDMENT] = N_("amendment"),
    };
    assert(kind < KIND_COUNT);
    return WORDS[kind] == NULL ? kind_word(kind) : _(WORDS[kind]);
}

const char *word_of_role(enum role role)
{
    static const char *const WORDS[ROLE_COUNT] = {
        [ROLE_PAYER] = N_("payer"),
        [ROLE_INVESTOR] = N_("investor"),
        [ROLE_PROVIDER] = N_("provider"),
        [ROLE_EVALUATOR] = N_("evaluator"),
        [ROLE_INTERMEDIARY] = N_("intermediary"),
        [ROLE_GUARANTOR] = N_("guarantor"),
        [ROLE_ARBITER] = N_("arbiter"),
    };
    assert(role < ROLE_COUNT && WORDS[role] != NULL);
    return _(WORDS[role]);
}

const char *word_of_operation(enum operation operation)
{
    static const char *const WORDS[OPERATION_COUNT] = {
        [OPERATION_TAKE] = N_("take"),           [OPERATION_ADD] = N_("add"),
        [OPERATION_SUBTRACT] = N_("subtract"),   [OPERATION_MULTIPLY] = N_("multiply"),
        [OPERATION_DIVIDE] = N_("divide"),       [OPERATION_POWER] = N_("power"),
        [OPERATION_MINIMUM] = N_("minimum"),     [OPERATION_MAXIMUM] = N_("maximum"),
        [OPERATION_NEGATE] = N_("negate"),       [OPERATION_CLAMP] = N_("clamp"),
        [OPERATION_TIERS] = N_("tiers"),         [OPERATION_CURVE] = N_("curve"),
        [OPERATION_BRACKETS] = N_("brackets"),   [OPERATION_RATE_CARD] = N_("rate card"),
        [OPERATION_BY_PERIOD] = N_("by period"), [OPERATION_WHEN] = N_("when"),
        [OPERATION_INTEREST] = N_("interest"),   [OPERATION_INDEX] = N_("index"),
        [OPERATION_ROUND] = N_("round"),
    };
    assert(operation < OPERATION_COUNT);
    return WORDS[operation] == NULL ? operation_name(operation) : _(WORDS[operation]);
}

const char *word_of_field(enum measured_field field)
{
    static const char *const WORDS[MEASURED_FIELD_COUNT] = {
        [MEASURED_VALUE] = N_("value"),
        [MEASURED_COUNT] = N_("count"),
        [MEASURED_NUMERATOR] = N_("numerator"),
        [MEASURED_DENOMINATOR] = N_("denominator"),
        [MEASURED_CONTROL_VALUE] = N_("control value"),
        [MEASURED_CONTROL_COUNT] = N_("control count"),
        [MEASURED_CONTROL_NUMERATOR] = N_("control numerator"),
        [MEASURED_CONTROL_DENOMINATOR] = N_("control denominator"),
        [MEASURED_LOW] = N_("low"),
        [MEASURED_HIGH] = N_("high"),
        [MEASURED_P_VALUE] = N_("p-value"),
        [MEASURED_RATIO] = N_("ratio"),
        [MEASURED_CONTROL_RATIO] = N_("control ratio"),
    };
    assert(field < MEASURED_FIELD_COUNT && WORDS[field] != NULL);
    return _(WORDS[field]);
}

const char *word_of_rounding(enum rounding rounding)
{
    switch (rounding) {
    case ROUND_HALF_EVEN:
        return _("the nearest, ties to even");
    case ROUND_HALF_UP:
        return _("the nearest, ties away from zero");
    case ROUND_UP:
        return _("away from zero");
    case ROUND_DOWN:
        return _("towards zero");
    case ROUND_CEILING:
        return _("upwards");
    case ROUND_FLOOR:
        return _("downwards");
    }
    return "";
}

const char *word_of_day_count(enum day_count day_count)
{
    switch (day_count) {
    case DAY_COUNT_ACT_365:
        return _("calendar days, a year counted as 365");
    case DAY_COUNT_ACT_360:
        return _("calendar days, a year counted as 360");
    case DAY_COUNT_30_360:
        return _("months counted as 30 days, a year as 360: 30/360");
    case DAY_COUNT_30E_360:
        return _("months counted as 30 days, a year as 360: 30E/360");
    case DAY_COUNT_COUNT:
        break;
    }
    return "";
}
