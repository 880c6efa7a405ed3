// Lines and conditions (model.md, sections 3 to 5), computed anew from what the contract says.

import { Refused, need } from "./bytes.js";
import * as q from "./rational.js";
import { raised, readUnit, times, writeUnit } from "./units.js";

const DAY = 86400000;
const NOT_PUBLISHED = "not_published";
export const COUNTS = ["count", "numerator", "denominator", "control_count", "control_numerator",
    "control_denominator"];
const OPERATIONS = ["take", "add", "subtract", "multiply", "divide", "power", "minimum", "maximum",
    "negate", "clamp", "tiers", "curve", "brackets", "rate_card", "by_period", "interest", "index",
    "when", "round"];

export function operationOf(line) {
    return OPERATIONS.find((operation) => Object.hasOwn(line, operation));
}

// Days since 1970, of a date of the proleptic Gregorian calendar.
export function dayOf(date) {
    const [year, month, day] = date.split("-").map(Number);
    return new Date(0).setUTCFullYear(year, month - 1, day) / DAY;
}

export function dateOf(day) {
    const text = new Date(day * DAY).toISOString();
    need(/^\d{4}-/.test(text), "a date after 9999-12-31", "ett datum efter 9999-12-31");
    return text.slice(0, 10);
}

// Everything inside a line that reads something: {"measured": ...}, {"funded": ...} and so on.
export function readings(value, found = []) {
    if (Array.isArray(value)) {
        value.forEach((item) => readings(item, found));
    } else if (typeof value === "object") {
        if (["measured", "funded", "paid", "earlier"].some((name) => typeof value[name] === "string")) {
            found.push(value);
        }
        Object.values(value).forEach((item) => readings(item, found));
    }
    return found;
}

const isName = (operand) => typeof operand === "string" && /^[a-z]/.test(operand);
const isResult = (operand) => operand !== undefined && operand !== NOT_PUBLISHED;

/*
 * Computes the lines of `terms` for one period.
 *
 * facts.measured(outcome, period) -> the stated value or undefined; facts.funded(party or "total"),
 * facts.paid(line or "total"), facts.earlier(line) -> fractions.
 */
export class Evaluation {
    constructor(terms, period, facts) {
        this.terms = terms;
        this.period = terms.periods.find((one) => one.period === period);
        need(this.period !== undefined, `there is no period ${period}`, `perioden ${period} finns inte`);
        this.facts = facts;
        this.values = new Map();
        this.units = new Map();
    }

    run() {
        return this.terms.lines.map((line) => {
            this.values.set(line.line, this.compute(line));
            return {
                line: line.line,
                unit: writeUnit(this.unitOfLine(line.line)),
                value: q.write(this.values.get(line.line)),
            };
        });
    }

    // --- Operands ---

    outcome(name) {
        const outcome = this.terms.outcomes.find((one) => one.outcome === name);
        need(outcome !== undefined, `there is no outcome ${name}`, `utfallet ${name} finns inte`);
        return outcome;
    }

    stated(reading, field) {
        const period = reading.period ?? this.period.period;
        const text = this.facts.measured(reading.measured, period)?.[field];
        need(text !== undefined, `${reading.measured} has no ${field} measured for ${period}`,
            `${reading.measured} saknar ${field} för ${period}`);
        return q.decimal(text);
    }

    measured(reading) {
        this.outcome(reading.measured);
        const prefix = reading.field === "control_ratio" ? "control_" : "";
        return reading.field === "ratio" || reading.field === "control_ratio"
            ? q.divide(this.stated(reading, `${prefix}numerator`), this.stated(reading, `${prefix}denominator`))
            : this.stated(reading, reading.field);
    }

    value(operand) {
        need(operand !== NOT_PUBLISHED, "what applies was not published", "det som gäller är inte publicerat");
        if (isName(operand)) {
            need(this.values.has(operand), `no line ${operand} before`, `ingen rad ${operand} före`);
            return this.values.get(operand);
        }
        if (typeof operand === "string") {
            return q.decimal(operand);
        }
        if (operand.value !== undefined) {
            return q.decimal(operand.value);
        }
        if (operand.measured !== undefined) {
            return this.measured(operand);
        }
        if (operand.funded !== undefined) {
            return this.facts.funded(operand.funded);
        }
        if (operand.paid !== undefined) {
            return this.facts.paid(operand.paid);
        }
        if (operand.earlier !== undefined) {
            return this.facts.earlier(operand.earlier);
        }
        need(operand.period === "days", "unknown operand", "okänd operand");
        return q.fraction(BigInt(dayOf(this.period.to) - dayOf(this.period.from) + 1));
    }

    // --- Units ---

    unit(operand) {
        if (isName(operand)) {
            return this.unitOfLine(operand);
        }
        if (typeof operand === "string") {
            return readUnit("1");
        }
        if (operand.unit !== undefined) {
            return readUnit(operand.unit);
        }
        if (operand.measured !== undefined) {
            const outcome = this.outcome(operand.measured);
            const isNumber = operand.field === "p_value" || operand.field.endsWith("ratio");
            return readUnit(isNumber ? "1"
                : COUNTS.includes(operand.field) ? outcome.count_unit ?? "1" : outcome.unit);
        }
        if (operand.earlier !== undefined) {
            return this.unitOfLine(operand.earlier);
        }
        return readUnit(operand.period === undefined ? this.terms.currency : "day");
    }

    unitOfLine(name) {
        if (!this.units.has(name)) {
            const line = this.terms.lines.find((one) => one.line === name);
            need(line !== undefined, `there is no line ${name}`, `raden ${name} finns inte`);
            this.units.set(name, this.makeUnit(line));
        }
        return this.units.get(name);
    }

    unitOfResults(results) {
        return this.unit(results.find(isResult));
    }

    makeUnit(line) {
        const operation = operationOf(line);
        const operand = line[operation];
        switch (operation) {
        case "add": case "subtract": case "minimum": case "maximum":
            return this.unit(operand[0]);
        case "multiply":
            return operand.map((one) => this.unit(one)).reduce((a, b) => times(a, b));
        case "divide":
            return times(this.unit(operand[0]), this.unit(operand[1]), -1);
        case "power":
            return raised(this.unit(operand), line.exponent);
        case "tiers":
            return this.unitOfResults([...line.steps.map(({ then }) => then), line.otherwise]);
        case "curve":
            return this.unit(line.points[0][1]);
        case "brackets":
            return times(this.unitOfResults(line.blocks.map(({ rate }) => rate)), this.unit(operand));
        case "rate_card":
            return times(this.unit(operand[0].count), this.unit(operand[0].price));
        case "by_period":
            return this.unitOfResults([...operand.map(({ then }) => then), line.otherwise]);
        case "when":
            return this.unitOfResults([line.then, line.otherwise]);
        default:
            return this.unit(operand);
        }
    }

    // --- Operations ---

    compute(line) {
        const operation = operationOf(line);
        need(operation !== undefined, `line ${line.line} has no operation`, `raden ${line.line} saknar operation`);
        const operand = line[operation];
        const all = () => operand.map((one) => this.value(one));
        switch (operation) {
        case "take": return this.value(operand);
        case "negate": return q.negate(this.value(operand));
        case "add": return q.sum(all());
        case "subtract": return q.subtract(...all());
        case "multiply": return all().reduce(q.multiply, q.ONE);
        case "divide": return q.divide(...all());
        case "minimum": return all().reduce(q.least);
        case "maximum": return all().reduce(q.greatest);
        case "power": return q.power(this.value(operand), line.exponent);
        case "clamp": return this.clamp(line);
        case "tiers": return this.tiers(line);
        case "curve": return this.curve(line);
        case "brackets": return this.brackets(line);
        case "rate_card": return q.sum(operand.map((item) => this.item(item)));
        case "by_period": {
            const row = operand.find(({ period }) => period === this.period.period);
            return this.value(row === undefined ? line.otherwise : row.then);
        }
        case "interest": return this.interest(line);
        case "index":
            return q.divide(q.multiply(this.value(operand), this.value(line.current)), this.value(line.base));
        case "when": return this.value(this.holds(line.when) ? line.then : line.otherwise);
        default: return q.roundTo(this.value(operand), this.value(line.to), line.by);
        }
    }

    clamp(line) {
        let value = this.value(line.clamp);
        const floor = line.at_least === undefined ? null : this.value(line.at_least);
        const ceiling = line.at_most === undefined ? null : this.value(line.at_most);
        value = floor === null ? value : q.greatest(value, floor);
        return ceiling === null ? value : q.least(value, ceiling);
    }

    tiers(line) {
        const x = this.value(line.tiers);
        const matching = line.steps.filter((step) => (step.at_least === undefined
            ? q.sign(x, this.value(step.above)) > 0
            : q.sign(x, this.value(step.at_least)) >= 0));
        return this.value(matching.length === 0 ? line.otherwise : matching.at(-1).then);
    }

    curve(line) {
        const x = this.value(line.curve);
        const points = line.points.map(([a, b]) => [this.value(a), this.value(b)]);
        if (q.sign(x, points[0][0]) <= 0) {
            return points[0][1];
        }
        const i = points.findIndex(([at]) => q.sign(x, at) <= 0);
        if (i < 0) {
            return points.at(-1)[1];
        }
        const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
        return q.add(y0, q.divide(q.multiply(q.subtract(x, x0), q.subtract(y1, y0)), q.subtract(x1, x0)));
    }

    brackets(line) {
        const x = this.value(line.brackets);
        const from = line.blocks.map((block) => this.value(block.from));
        return q.sum(line.blocks.filter((_, i) => q.sign(from[i], x) < 0).map((block, i) => {
            const end = i + 1 < from.length ? q.least(x, from[i + 1]) : x;
            return q.multiply(q.subtract(end, from[i]), this.value(block.rate));
        }));
    }

    item(item) {
        const limited = (value, limit) => (limit === undefined ? value : q.least(value, this.value(limit)));
        const count = limited(this.value(item.count), item.count_at_most);
        const worth = q.multiply(count, this.value(item.price));
        const factor = item.multiplier === undefined ? q.ONE : this.value(item.multiplier);
        return limited(q.multiply(worth, factor), item.amount_at_most);
    }

    interest(line) {
        const x = this.value(line.interest);
        const rate = this.value(line.rate);
        if (line.periods !== undefined) {
            return q.multiply(x, q.subtract(q.power(q.add(q.ONE, rate), line.periods), q.ONE));
        }
        const from = line.from ?? this.period.from;
        const to = line.to ?? dateOf(dayOf(this.period.to) + 1);
        const [days, basis] = countDays(line.count, from, to);
        return q.multiply(q.multiply(x, rate), q.fraction(BigInt(days), BigInt(basis)));
    }

    // --- Conditions: every comparison is computed, also where the verdict stands already ---

    holds(condition) {
        const [[kind, value]] = Object.entries(condition);
        switch (kind) {
        case "all": return value.map((one) => this.holds(one)).every(Boolean);
        case "any": return value.map((one) => this.holds(one)).some(Boolean);
        case "not": return !this.holds(value);
        case "significant": return this.significant(value);
        default: {
            const sign = q.sign(this.value(value[0]), this.value(value[1]));
            const verdicts = { at_least: sign >= 0, above: sign > 0, at_most: sign <= 0, below: sign < 0,
                equals: sign === 0 };
            need(Object.hasOwn(verdicts, kind), `unknown condition ${kind}`, `okänt villkor ${kind}`);
            return verdicts[kind];
        }
        }
    }

    significant(test) {
        const against = (field, threshold) => q.sign(this.stated(test, field), this.value(threshold));
        if (test.p_below !== undefined) {
            return against("p_value", test.p_below) < 0;
        }
        if (test.p_at_most !== undefined) {
            return against("p_value", test.p_at_most) <= 0;
        }
        if (test.interval_above !== undefined) {
            return against("low", test.interval_above) > 0;
        }
        if (test.interval_below !== undefined) {
            return against("high", test.interval_below) < 0;
        }
        const [low, high] = ["low", "high"].map((field) => against(field, test.interval_excludes));
        return low > 0 || high < 0;
    }
}

// model.md, section 4.9.
function countDays(count, from, to) {
    if (count === "act_365" || count === "act_360") {
        return [dayOf(to) - dayOf(from), count === "act_365" ? 365 : 360];
    }
    const [y1, m1, day1] = from.split("-").map(Number);
    const [y2, m2, day2] = to.split("-").map(Number);
    const d1 = day1 === 31 ? 30 : day1;
    const d2 = day2 === 31 && (count === "30e_360" || d1 === 30) ? 30 : day2;
    if (count !== "30_360" && count !== "30e_360") {
        throw new Refused(`day count ${count}`, `dagräkningen ${count}`);
    }
    return [360 * (y2 - y1) + 30 * (m2 - m1) + (d2 - d1), 360];
}
