// A line of the terms in plain words, made from the line itself.

import { decimalText } from "./format.js";
import { said, t } from "./language.js";
import { operationOf } from "./check/terms.js";

const FIELDS = {
    value: null, control_value: ["in the control group", "i kontrollgruppen"], low: ["lower bound", "undre gräns"],
    high: ["upper bound", "övre gräns"], count: ["number", "antal"], ratio: ["share", "andel"],
    control_ratio: ["share in the control group", "andel i kontrollgruppen"],
    numerator: ["numerator", "täljare"], denominator: ["denominator", "nämnare"], p_value: ["p-value", "p-värde"],
    control_count: ["number in the control group", "antal i kontrollgruppen"],
    control_numerator: ["numerator in the control group", "täljare i kontrollgruppen"],
    control_denominator: ["denominator in the control group", "nämnare i kontrollgruppen"],
};

export function operandText(terms, operand) {
    if (typeof operand === "string") {
        if (operand === "not_published") {
            return t("not published", "inte publicerat");
        }
        const line = terms.lines.find((one) => one.line === operand);
        return line === undefined ? decimalText(operand) : `“${said(line.label)}”`;
    }
    if (operand.value !== undefined) {
        return operand.unit === "1" ? decimalText(operand.value) : `${decimalText(operand.value)}\u00a0${operand.unit}`;
    }
    if (operand.measured !== undefined) {
        const label = said(terms.outcomes.find((one) => one.outcome === operand.measured)?.label) || operand.measured;
        const field = FIELDS[operand.field] ?? null;
        const period = operand.period === undefined ? "" : t(` in ${operand.period}`, ` i ${operand.period}`);
        return t(`measured “${label}”`, `uppmätt “${label}”`) + (field === null ? "" : ` (${t(...field)})`) + period;
    }
    if (operand.funded !== undefined) {
        return operand.funded === "total" ? t("what the investors have placed", "vad finansiärerna har betalat in")
            : t(`what ${operand.funded} has placed`, `vad ${operand.funded} har betalat in`);
    }
    if (operand.paid !== undefined) {
        return operand.paid === "total" ? t("what has been paid", "vad som har betalats ut")
            : t(`what has been paid of ${operandText(terms, operand.paid)}`,
                `vad som har betalats ut av ${operandText(terms, operand.paid)}`);
    }
    if (operand.earlier !== undefined) {
        return t(`${operandText(terms, operand.earlier)} of earlier periods`,
            `${operandText(terms, operand.earlier)} från tidigare perioder`);
    }
    return t("the days of the period", "periodens dagar");
}

const COMPARED = { at_least: "≥", above: ">", at_most: "≤", below: "<", equals: "=" };

export function conditionText(terms, condition) {
    const [[kind, value]] = Object.entries(condition);
    if (kind === "all" || kind === "any") {
        return value.map((one) => conditionText(terms, one)).join(kind === "all" ? t(" and ", " och ") : t(" or ", " eller "));
    }
    if (kind === "not") {
        return t(`not (${conditionText(terms, value)})`, `inte (${conditionText(terms, value)})`);
    }
    if (kind === "significant") {
        return t(`the effect on “${value.measured}” is significant`, `effekten på “${value.measured}” är signifikant`);
    }
    return `${operandText(terms, value[0])} ${COMPARED[kind]} ${operandText(terms, value[1])}`;
}

export function lineText(terms, line) {
    const o = (operand) => operandText(terms, operand);
    const operation = operationOf(line);
    const x = line[operation];
    const list = (sign) => x.map(o).join(` ${sign} `);
    const otherwise = line.otherwise === undefined ? "" : t(`; otherwise ${o(line.otherwise)}`, `; annars ${o(line.otherwise)}`);
    const texts = {
        take: () => o(x), negate: () => `−${o(x)}`, add: () => list("+"), subtract: () => list("−"),
        multiply: () => list("×"), divide: () => list("÷"), power: () => `${o(x)} ^ ${line.exponent}`,
        minimum: () => t(`the least of ${x.map(o).join(", ")}`, `det minsta av ${x.map(o).join(", ")}`),
        maximum: () => t(`the greatest of ${x.map(o).join(", ")}`, `det största av ${x.map(o).join(", ")}`),
        clamp: () => [o(x), line.at_least === undefined ? "" : t(`at least ${o(line.at_least)}`, `minst ${o(line.at_least)}`),
            line.at_most === undefined ? "" : t(`at most ${o(line.at_most)}`, `högst ${o(line.at_most)}`)].filter(Boolean).join(", "),
        tiers: () => t("by ", "efter ") + o(x) + ": " + line.steps.map((step) => `${step.at_least === undefined
            ? `> ${o(step.above)}` : `≥ ${o(step.at_least)}`} → ${o(step.then)}`).join("; ") + otherwise,
        curve: () => t("along a curve of ", "längs en kurva av ") + o(x) + ": " +
            line.points.map(([a, b]) => `${o(a)} → ${o(b)}`).join("; "),
        brackets: () => t("in blocks of ", "i block av ") + o(x) + ": " +
            line.blocks.map(({ from, rate }) => t(`from ${o(from)} at ${o(rate)}`, `från ${o(from)} à ${o(rate)}`)).join("; "),
        rate_card: () => x.map((item) => `${said(item.label)}: ${o(item.count)} × ${o(item.price)}`).join("; "),
        by_period: () => x.map(({ period, then }) => `${period}: ${o(then)}`).join("; ") + otherwise,
        interest: () => t(`interest on ${o(x)} at ${o(line.rate)}`, `ränta på ${o(x)} med ${o(line.rate)}`),
        index: () => `${o(x)} × ${o(line.current)} ÷ ${o(line.base)}`,
        when: () => t(`if ${conditionText(terms, x)}: ${o(line.then)}`, `om ${conditionText(terms, x)}: ${o(line.then)}`) + otherwise,
        round: () => t(`${o(x)}, rounded to ${o(line.to)}`, `${o(x)}, avrundat till ${o(line.to)}`),
    };
    return texts[operation]?.() ?? "";
}
