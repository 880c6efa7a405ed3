// What a statement of a contract must fit, beside signatures and sums: who measures what, within which
// ranges, what a dispute holds, what a termination ends, what an amendment leaves as it is
// (formats.md, section 8.3; model.md, sections 3.3, 7 and 11.3).

import { need } from "./bytes.js";
import * as q from "./rational.js";
import { cellsRead, governing } from "./settle.js";
import { COUNTS, readings } from "./terms.js";

const newest = (contract) => contract.versions.at(-1).body;
const periodIn = (terms, period) => terms.periods.find((one) => one.period === period);
const isSettled = (contract, period) => contract.settlements.some((one) => one.period === period);
const plays = (terms, party, ...roles) => Object.entries(terms.roles)
    .some(([role, parties]) => (roles.length === 0 || roles.includes(role)) && parties.includes(party));

// --- Contracts and amendments ---

const receiversOf = (pay) => pay.to ?? pay.waterfall.flatMap(({ to }) => to);

function needRoles(terms) {
    const fits = terms.outcomes.every(({ evaluator }) => plays(terms, evaluator, "evaluator")) &&
        terms.pays.every((pay) => plays(terms, pay.from, "payer", "guarantor") &&
            receiversOf(pay).every(({ party }) => plays(terms, party))) &&
        (terms.commitments ?? []).every(({ party }) => plays(terms, party, "investor")) &&
        (terms.caps ?? []).every(({ party }) => plays(terms, party, "payer"));
    need(fits, "the terms name a party that has not the role for it", "villkoren nämner en part som inte har rollen för det");
}

function isSame(a, b) {
    const bare = ({ scheme, number }) => `${scheme} ${number.replace(/[^A-Za-z0-9]/g, "")}`;
    return typeof a === "object" && typeof b === "object" && bare(a) === bare(b);
}

// An evaluator that pays or invests itself, by its registration or as a fund's owner, says so in `conflicts`.
function needIndependent(terms, parties) {
    const one = (a, b) => a === b || isSame(parties.get(a)?.registration, parties.get(b)?.registration);
    for (const evaluator of terms.roles.evaluator) {
        for (const other of [...terms.roles.payer, ...terms.roles.investor]) {
            const owner = parties.get(other)?.owner;
            const isDeclared = (terms.conflicts ?? []).some(({ parties: its }) => its.includes(evaluator) && its.includes(other));
            need(isDeclared || !(one(evaluator, other) || (owner !== undefined && one(evaluator, owner))),
                `${evaluator} is not independent of ${other}, and it is not declared`,
                `${evaluator} är inte oberoende av ${other}, och det är inte redovisat`);
        }
    }
}

function needTerms(terms, parties) {
    needRoles(terms);
    needIndependent(terms, parties);
}

function needKept(contract, body) {
    const governed = [...contract.versions, { body }];
    const governs = (period) => governing({ versions: governed }, period).body === body;
    need(body.currency === newest(contract).currency, "it changes the currency", "det ändrar valutan");
    need(periodIn(body, body.from) !== undefined, "it begins with no period of its own", "det börjar inte med en av sina perioder");
    need((body.resettles ?? []).every((period) => isSettled(contract, period)),
        "it settles again what was not settled", "det avräknar på nytt det som inte är avräknat");
    for (const { period } of contract.settlements) {
        need(body.resettles?.includes(period) || !governs(period), `it rewrites the settled period ${period}`,
            `det skriver om den avräknade perioden ${period}`);
    }
    for (const [cell, { value }] of contract.cells) {
        const [name, period] = cell.split(" ");
        const [old, outcome] = [governing(contract, period).body, body].map((terms) =>
            terms.outcomes.find((one) => one.outcome === name));
        need(outcome !== undefined && outcome.unit === old.unit && (outcome.count_unit ?? "1") === (old.count_unit ?? "1"),
            `it changes what was measured as ${name}`, `det ändrar vad som mätts som ${name}`);
        needInRange(outcome, value);
    }
    const begun = new Set([...contract.settlements.map(({ period }) => period), ...[...contract.cells.keys()].map((cell) => cell.split(" ")[1]),
        ...body.periods.map(({ period }) => period).filter((period) => !governs(period))]);
    for (const period of begun) {
        const [old, its] = [governing(contract, period).body, body].map((terms) => periodIn(terms, period));
        need(its !== undefined && old.from === its.from && old.to === its.to && old.binding === its.binding &&
            (old.closing ?? false) === (its.closing ?? false), `it changes the period ${period}`, `det ändrar perioden ${period}`);
    }
}

function needAmendment(contract, body, { units, parties }) {
    need(contract.termination === null, "the contract has ended", "kontraktet har upphört");
    needTerms(body, parties);
    needKept(contract, body);
    needPlaced(contract, body, units);
}

// --- Values ---

function needWithin(range, value, name) {
    need((range?.at_least === undefined || q.sign(value, q.decimal(range.at_least)) >= 0) &&
        (range?.at_most === undefined || q.sign(value, q.decimal(range.at_most)) <= 0),
    `${name} is outside of its range`, `${name} är utanför sitt intervall`);
}

function needInRange(outcome, value) {
    const of = (field) => (value[field] === undefined ? undefined : q.decimal(value[field]));
    const within = (range, fields) => fields.map(of).filter((number) => number !== undefined)
        .forEach((number) => needWithin(range, number, outcome.outcome));
    within(outcome.range, ["value", "control_value", "low", "high"]);
    within(outcome.count_range, COUNTS);
    within({ at_least: "0" }, COUNTS);
    within({ at_least: "0", at_most: "1" }, ["p_value"]);
    need(of("low") === undefined || of("high") === undefined || q.sign(of("low"), of("high")) <= 0,
        `${outcome.outcome}: low is above high`, `${outcome.outcome}: low är över high`);
    for (const prefix of ["", "control_"]) {
        const [above, below, stated] = [`${prefix}numerator`, `${prefix}denominator`, `${prefix}value`].map(of);
        need(below === undefined || below[0] > 0n, `${outcome.outcome}: a denominator is zero`, `${outcome.outcome}: en nämnare är noll`);
        if (above !== undefined && below !== undefined && outcome.unit === "1") {
            const ratio = q.divide(above, below);
            needWithin(outcome.range, ratio, outcome.outcome);
            need(stated === undefined || q.sign(stated, ratio) === 0, `${outcome.outcome}: the value is not its ratio`,
                `${outcome.outcome}: värdet är inte sin kvot`);
        }
    }
}

// The outcomes as the period's terms have them, each once.
function needValues(terms, values, cohort) {
    need(cohort === undefined || cohort.missing <= cohort.count, "more are missing than are in the cohort",
        "fler saknas än som är i gruppen");
    need(new Set(values.map(({ outcome }) => outcome)).size === values.length, "an outcome is stated twice", "ett utfall anges två gånger");
    for (const value of values) {
        const outcome = terms.outcomes.find((one) => one.outcome === value.outcome);
        need(outcome !== undefined, `there is no outcome ${value.outcome}`, `utfallet ${value.outcome} finns inte`);
        needInRange(outcome, value);
    }
}

function needEvaluator(terms, { evaluator, values }) {
    need(values.every(({ outcome }) => terms.outcomes.some((one) => one.outcome === outcome && one.evaluator === evaluator)),
        `${evaluator} does not measure this`, `${evaluator} mäter inte det här`);
}

// Whether the contract goes on for a period after its termination.
function needOpen(contract, period, terms) {
    const ended = contract.termination?.body;
    need(ended === undefined || ended.closing === period || periodIn(terms, period).from <= ended.on,
        "the contract has ended", "kontraktet har upphört");
}

function needMeasurement(contract, body) {
    const { body: terms } = governing(contract, body.period);
    needOpen(contract, body.period, terms);
    needEvaluator(terms, body);
    needValues(terms, body.values, body.cohort);
}

function statedIn(contract, id) {
    const stated = contract.stated.find((one) => one.id === id && one.body.kind !== "decision");
    need(stated !== undefined, "what it names is no measurement", "det som nämns är ingen mätning");
    return { ...stated, period: contract.periods.get(id) };
}

function needCorrection(contract, body) {
    const { period } = statedIn(contract, body.corrects);
    needEvaluator(newest(contract), body);
    needValues(governing(contract, period).body, body.values, body.cohort);
    need(body.values.every(({ outcome }) => contract.cells.has(`${outcome} ${period}`)), "it corrects what was not measured",
        "det rättar det som inte är uppmätt");
}

// --- Money ---

// Nobody has placed more than the terms say that it will.
function needPlaced(contract, terms, units, more = null) {
    for (const { party, amount } of terms.commitments ?? []) {
        const placed = contract.fundings.filter(({ investor }) => investor === party).reduce((sum, one) => sum + one.units, 0n) +
            (more?.investor === party ? units(more.amount) : 0n);
        need(placed <= units(amount), `${party} places more than it committed`, `${party} betalar in mer än den utlovat`);
    }
}

function needFunding(contract, body, units) {
    const terms = newest(contract);
    need(contract.termination === null, "the contract has ended", "kontraktet har upphört");
    need(plays(terms, body.investor, "investor") && plays(terms, body.receiver), "it is not between parties of the contract",
        "det är inte mellan kontraktets parter");
    need(units(body.amount) > 0n, "nothing is placed", "inget betalas in");
    needPlaced(contract, terms, units, body);
}

// Model, section 7.1: a settled period only after a new value, or under new terms.
function needSettlement(contract, { computed }) {
    const { period } = computed;
    const version = governing(contract, period);
    const its = periodIn(version.body, period);
    need(its.binding && (!its.closing || contract.termination?.body.closing === period), "the period does not bind",
        "perioden är inte bindande");
    needOpen(contract, period, version.body);
    const before = contract.settlements.findLast((one) => one.period === period);
    need(before === undefined || version.index > before.index ||
        cellsRead(version.body, period).some((cell) => contract.cells.get(cell)?.index > before.index),
    "the period is settled, and nothing has changed", "perioden är avräknad, och inget har ändrats");
}

const isHeld = (contract, cell) => [...contract.disputes.values()].some(({ cells, index, decision }) => cells.has(cell) &&
    (decision === null || (decision.decision === "upheld" && decision.values === undefined &&
        contract.cells.get(cell).index < index)));

const namesOf = (value, names) => (typeof value === "string" ? (names.has(value) ? [value] : [])
    : typeof value === "object" ? Object.entries(value).filter(([name]) => !["line", "label", "note"].includes(name))
        .flatMap(([, item]) => namesOf(item, names)) : []);

// Model, section 7.4: every cell that lines of a period depend on, whichever branch was taken.
function cellsBehind(contract, terms, period, first) {
    const settled = [...new Set(contract.settlements.map((one) => one.period))];
    const places = first.map((line) => [line, period]);
    const seen = new Set(places.map(String));
    const cells = new Set();
    for (let i = 0; i < places.length; i++) { // `places` grows, by lines and periods at most
        const [name, about] = places[i];
        const { lines } = about === period ? terms : governing(contract, about).body;
        const line = lines.find((one) => one.line === name);
        const reads = line === undefined ? [] : readings(line);
        reads.filter(({ measured }) => measured !== undefined).forEach((one) => cells.add(`${one.measured} ${one.period ?? about}`));
        const next = [...namesOf(line ?? [], new Set(lines.map((one) => one.line))).map((other) => [other, about]),
            ...reads.filter(({ earlier }) => earlier !== undefined).flatMap(({ earlier }) =>
                settled.filter((other) => other !== about).map((other) => [earlier, other]))];
        next.filter((place) => !seen.has(String(place))).forEach((place) => { seen.add(String(place)); places.push(place); });
    }
    return cells;
}

// A place that the settlement's own terms do not have is judged by those of the settlement before.
export function needNotHeld(contract, body) {
    const { period, index } = contract.settlements.find(({ id }) => id === body.settlement);
    const chain = contract.settlements.filter((one) => one.period === period && one.index <= index).reverse();
    for (const { computed } of chain) {
        const { body: terms } = contract.versions.find(({ id }) => id === computed.terms) ?? contract.versions[0];
        const pay = terms.pays.find((one) => one.pay === body.pay && (one.waterfall ?? [{ to: one.to }]).some(({ tranche, to }) =>
            tranche === body.tranche && to.some(({ party }) => [body.from, body.to].includes(party))));
        if (pay !== undefined) {
            const lines = [pay.pay, ...(pay.waterfall ?? []).flatMap((tranche) => tranche.up_to ?? [])];
            need(![...cellsBehind(contract, terms, period, lines)].some((cell) => isHeld(contract, cell)),
                "a dispute holds what is paid", "en tvist håller det som betalas");
            return;
        }
    }
}

// --- Disputes, termination ---

function needDispute(contract, body) {
    const { period, body: stated } = statedIn(contract, body.measurement);
    need(plays(newest(contract), body.by), `${body.by} is no party of the contract`, `${body.by} är ingen part i kontraktet`);
    need(body.outcomes.every((name) => stated.values.some(({ outcome }) => outcome === name)) &&
        new Set(body.outcomes).size === body.outcomes.length, "it disputes what was not stated", "den bestrider det som inte angetts");
    need(!body.outcomes.some((name) => isHeld(contract, `${name} ${period}`)), "it is disputed already", "det är redan bestritt");
}

function needDecision(contract, body) {
    const dispute = contract.disputes.get(body.dispute);
    const terms = newest(contract);
    const decides = terms.roles.arbiter ?? [...terms.roles.payer, ...terms.roles.investor];
    need(dispute.decision === null, "the dispute is decided", "tvisten är avgjord");
    need(body.decision === "withdrawn" ? body.by === dispute.by : decides.includes(body.by), `${body.by} does not decide this`,
        `${body.by} avgör inte det här`);
    const values = body.values ?? [];
    need(values.length === 0 || body.decision === "upheld", "values of what is not upheld", "värden för det som inte bifalls");
    needValues(governing(contract, dispute.period).body, values);
    need(values.every(({ outcome }) => dispute.cells.has(`${outcome} ${dispute.period}`)), "a value of what is not disputed",
        "ett värde för det som inte är bestritt");
}

function needTermination(contract, body) {
    const terms = newest(contract);
    const of = (period) => periodIn(governing(contract, period).body, period);
    need(contract.termination === null, "the contract has ended", "kontraktet har upphört");
    need(body.closing === undefined || of(body.closing).closing === true, `${body.closing} is no closing period`,
        `${body.closing} är ingen avslutande period`);
    const everyone = Object.values(terms.roles).flat();
    const some = terms.termination !== undefined && !everyone.every((party) => terms.termination.by.includes(party));
    need(!some || [...contract.cells.keys()].map((cell) => of(cell.split(" ")[1])).every(({ from, closing }) => closing || from <= body.on),
        "it ends what was measured", "det avslutar det som är uppmätt");
}

// `parties` are those of the ledger; `units` reads an amount in the contract's currency.
export function needFit(contract, body, { units, parties }) {
    switch (body.kind) {
    case "contract": return needTerms(body, parties);
    case "amendment": return needAmendment(contract, body, { units, parties });
    case "funding": return needFunding(contract, body, units);
    case "measurement": return needMeasurement(contract, body);
    case "correction": return needCorrection(contract, body);
    case "settlement": return needSettlement(contract, body);
    case "dispute": return needDispute(contract, body);
    case "decision": return needDecision(contract, body);
    case "termination": return needTermination(contract, body);
    default: return undefined; // a payment: needNotHeld, once its settlement is known
    }
}
