// What pages tell about a contract, computed from its replayed statements.

import * as q from "./check/rational.js";
import { cellsRead, decimalsOf, factsOf, governing } from "./check/settle.js";
import { Evaluation, operationOf, readings } from "./check/terms.js";
import { said, t } from "./language.js";

export const titleOf = (contract) => said(contract.versions.at(-1).body.title);
export const termsOf = (contract) => contract.versions.at(-1).body;

const sum = (list) => list.reduce((total, one) => total + one, 0n);

export function asMoney(units, currency) {
    return { amount: q.writeMinor(units, decimalsOf(currency)), currency };
}

const unitsOf = (money) => q.minor(money.amount, decimalsOf(money.currency));

// Placed, settled, paid, and what each owes still.
export function moneySoFar(contract) {
    const terms = termsOf(contract);
    const dues = contract.settlements.flatMap((settlement) => settlement.computed.pays.map((pay, i) => ({
        ...pay, settlement, units: unitsOf(pay.amount), paid: settlement.paid.get(i) ?? 0n })));
    return {
        committed: sum((terms.commitments ?? []).map(({ amount }) => unitsOf(amount))),
        placed: sum(contract.fundings.map(({ units }) => units)),
        settled: sum(dues.map(({ units }) => units)),
        paid: sum(dues.map(({ paid }) => paid)),
        dues,
    };
}

export function periodsOf(contract) {
    const names = [...new Set(contract.versions.flatMap(({ body }) => body.periods.map(({ period }) => period)))];
    return names.map((name) => {
        const { body } = governing(contract, name);
        const period = body.periods.find((one) => one.period === name);
        const missing = cellsRead(body, name).filter((cell) => !contract.cells.has(cell)).map((cell) => cell.split(" "));
        return { ...period, terms: body, missing,
            settlement: contract.settlements.findLast((one) => one.period === name) };
    });
}

// What is to be done, by whom: sentences.
export function nextSteps(contract) {
    const steps = [];
    const label = (terms, outcome) => said(terms.outcomes.find((one) => one.outcome === outcome)?.label);
    for (const dispute of contract.disputes.values()) {
        if (dispute.decision === null) {
            steps.push(t(`The dispute of ${dispute.by} is to be decided.`, `Tvisten från ${dispute.by} ska avgöras.`));
        }
    }
    for (const period of periodsOf(contract).filter(({ binding, closing }) => binding && !closing)) {
        const { terms } = period;
        if (period.settlement === undefined && period.missing.length > 0) {
            steps.push(t(`Period ${period.period}: to be measured: `, `Period ${period.period}: ska mätas: `) +
                period.missing.map(([outcome]) => `“${label(terms, outcome)}”`).join(", ") + ".");
        } else if (period.settlement === undefined) {
            steps.push(t(`Period ${period.period} can be settled, by ${[...terms.roles.payer, ...terms.roles.evaluator].join(", ")}.`,
                `Period ${period.period} kan avräknas, av ${[...terms.roles.payer, ...terms.roles.evaluator].join(", ")}.`));
        }
    }
    return steps;
}

// --- The payout as it depends on one measured outcome ---

const GRAIN = 10000n; // x is sampled in ten-thousandths

const decimalOf = (units) => {
    const text = q.writeMinor(units, 4).replace(/0+$/, "").replace(/\.$/, "");
    return text === "-0" ? "0" : text;
};

// Outcomes that a line reads as a value, count or ratio: what a curve can be drawn over.
export function drivers(terms) {
    const reads = terms.lines.flatMap((line) => readings(line));
    return terms.outcomes.map((outcome) => ({ outcome, field: ["value", "ratio", "count"].find((field) =>
        reads.some((one) => one.measured === outcome.outcome && one.field === field)) }))
        .filter(({ field }) => field !== undefined);
}

function constants(terms, unit) {
    const found = [];
    const walk = (value) => {
        if (typeof value === "string" && unit === "1" && /^-?\d/.test(value)) {
            found.push(q.decimal(value));
        } else if (typeof value === "object") {
            if (value.unit === unit && typeof value.value === "string") {
                found.push(q.decimal(value.value));
            }
            Object.entries(value).filter(([name]) => !["label", "note", "to"].includes(name))
                .forEach(([, item]) => walk(item));
        }
    };
    terms.lines.forEach(walk);
    return found;
}

function given(field, text) {
    return field === "ratio" ? { numerator: text, denominator: "1" } : { [field]: text };
}

function current(facts, driver, period) {
    const cell = facts.measured(driver.outcome.outcome, period);
    if (cell === undefined) {
        return null;
    }
    if (driver.field === "ratio" && cell.numerator !== undefined) {
        return q.divide(q.decimal(cell.numerator), q.decimal(cell.denominator));
    }
    return cell[driver.field] === undefined ? null : q.decimal(cell[driver.field]);
}

// {points: [{x, y}], today: {x, y} or null, unit}, with fractions; null where it cannot be computed.
export function payoutCurve(contract, period, driver) {
    const { body: terms } = governing(contract, period);
    const until = contract.settlements.find((one) => one.period === period)?.index ?? Infinity;
    const facts = factsOf(contract, until, decimalsOf(terms.currency));
    const unit = driver.field === "count" ? driver.outcome.count_unit ?? "1" : driver.field === "ratio" ? "1" : driver.outcome.unit;
    const now = current(facts, driver, period);
    const placed = facts.funded("total");
    const marks = [...constants(terms, unit), ...(now === null ? [] : [now]),
        ...(unit === terms.currency ? [placed, q.multiply(placed, [14n, 10n])] : [])];
    const range = driver.field === "count" ? driver.outcome.count_range : driver.outcome.range;
    const least = range?.at_least === undefined ? q.ZERO : q.decimal(range.at_least);
    const top = marks.reduce(q.greatest, q.ZERO);
    const most = range?.at_most === undefined ? (top[0] > 0n ? q.multiply(top, [5n, 4n]) : q.ONE) : q.decimal(range.at_most);
    const at = (x) => {
        const measured = (outcome, of) => (outcome === driver.outcome.outcome && of === period
            ? { ...facts.measured(outcome, of), ...given(driver.field, x) } : facts.measured(outcome, of));
        const evaluation = new Evaluation(terms, period, { ...facts, measured });
        evaluation.run();
        return q.sum(terms.pays.map(({ pay }) => evaluation.values.get(pay)));
    };
    const grains = (x) => (x[0] * GRAIN) / x[1];
    const [from, to] = [grains(least), grains(most)];
    const steps = 140n;
    const xs = new Set();
    for (let i = 0n; i <= steps; i++) {
        xs.add(from + ((to - from) * i) / steps);
    }
    marks.map(grains).filter((x) => x >= from && x <= to).forEach((x) => xs.add(x));
    try {
        const point = (x) => ({ x: q.fraction(x, GRAIN), y: at(decimalOf(x)) });
        const points = [...xs].sort((a, b) => (a < b ? -1 : 1)).map(point);
        const today = now === null ? null : { x: now, y: at(decimalOf(grains(now))) };
        return { points, today, unit, currency: terms.currency };
    } catch {
        return null; // something else that the lines read has not been measured
    }
}

// --- Thresholds that a measured outcome is compared with ---

export function thresholdsOf(terms, outcome) {
    const aliases = new Set(terms.lines.filter((line) => line.take?.measured === outcome).map(({ line }) => line));
    const reads = (operand) => aliases.has(operand) || operand?.measured === outcome;
    const constant = (operand) => (typeof operand === "string" && /^-?\d/.test(operand) ? operand : operand?.value);
    const found = new Map();
    const add = (sign, operand) => {
        if (constant(operand) !== undefined) {
            found.set(`${sign} ${constant(operand)}`, { sign, value: constant(operand) });
        }
    };
    const SIGNS = { at_least: "≥", above: ">", at_most: "≤", below: "<", equals: "=" };
    const walk = (condition) => Object.entries(condition).forEach(([kind, value]) => {
        if (kind === "all" || kind === "any") {
            value.forEach(walk);
        } else if (kind === "not") {
            walk(value);
        } else if (SIGNS[kind] !== undefined && reads(value[0])) {
            add(SIGNS[kind], value[1]);
        }
    });
    for (const line of terms.lines) {
        const operation = operationOf(line);
        if (operation === "when") {
            walk(line.when);
        } else if (reads(line[operation])) {
            (line.steps ?? []).forEach((step) => add(step.above === undefined ? "≥" : ">", step.at_least ?? step.above));
            (line.blocks ?? []).forEach((block) => add("≥", block.from));
        }
    }
    return [...found.values()];
}
