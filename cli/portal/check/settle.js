// Settlements (model.md, sections 6, 7 and 11): the `computed` member, constructed anew.

import { digest, encode, need } from "./bytes.js";
import { canonical } from "./json.js";
import * as q from "./rational.js";
import { Evaluation, dateOf, dayOf, readings } from "./terms.js";

const LINES_SIZE_MAX = 40000;
// Currencies whose minor unit is not a hundredth (ISO 4217), of those that a contract may have.
const DECIMALS = { BIF: 0, CLP: 0, DJF: 0, GNF: 0, ISK: 0, JPY: 0, KMF: 0, KRW: 0, PYG: 0, RWF: 0,
    UGX: 0, VND: 0, VUV: 0, XAF: 0, XOF: 0, XPF: 0, BHD: 3, IQD: 3, JOD: 3, KWD: 3, LYD: 3, OMR: 3,
    TND: 3 };

export const decimalsOf = (currency) => DECIMALS[currency] ?? 2;

// The newest version of the terms that has the period and is for it (section 11.1).
export function governing(contract, period) {
    for (let i = contract.versions.length - 1; i >= 0; i--) {
        const { body } = contract.versions[i];
        const its = body.periods.find((one) => one.period === period);
        const from = body.periods.find((one) => one.period === body.from);
        if (its !== undefined && (i === 0 || from.from <= its.from || body.resettles?.includes(period))) {
            return contract.versions[i];
        }
    }
    need(false, `there is no period ${period}`, `perioden ${period} finns inte`);
}

// The cells that the lines of a period read, as "outcome period".
export function cellsRead(terms, period) {
    return [...new Set(terms.lines.flatMap((line) => readings(line)).filter(({ measured }) => measured !== undefined)
        .map((one) => `${one.measured} ${one.period ?? period}`))];
}

// What lines may read, of a contract as it stands, with sums as they were before entry `until`.
export function factsOf(contract, until, decimals) {
    const before = ({ index }) => index < until;
    const total = (list, of) => list.filter(before).filter(of)
        .reduce((sum, { units }) => sum + units, 0n);
    const money = (units) => q.fraction(units, 10n ** BigInt(decimals));
    return {
        measured: (outcome, period) => contract.cells.get(`${outcome} ${period}`)?.value,
        funded: (who) => money(total(contract.fundings, ({ investor }) => who === "total" || who === investor)),
        paid: (line) => money(total(contract.payments, ({ pay }) => line === "total" || line === pay)),
        earlier: (line) => {
            const newest = new Map();
            contract.settlements.filter(before).forEach((one) => newest.set(one.period, one));
            return q.sum([...newest.values()].map(({ values }) => values.get(line) ?? q.ZERO));
        },
        weight: (party) => total(contract.fundings, ({ investor }) => party === investor),
    };
}

// Section 6.2, 4: the largest remainders get what is left over.
export function split(whole, weights) {
    const all = weights.reduce((sum, weight) => q.add(sum, weight), q.ZERO);
    if (whole === 0n) {
        return weights.map(() => 0n);
    }
    need(all[0] > 0n, "no receiver has a share", "ingen mottagare har någon andel");
    const exact = weights.map((weight) => q.divide(q.multiply([whole, 1n], weight), all));
    const parts = exact.map(([p, d]) => p / d);
    const left = whole - parts.reduce((sum, part) => sum + part, 0n);
    exact.map((value, i) => ({ i, rest: q.subtract(value, [parts[i], 1n]) }))
        .sort((a, b) => q.sign(b.rest, a.rest) || a.i - b.i)
        .slice(0, Number(left))
        .forEach(({ i }) => { parts[i] += 1n; });
    return parts;
}

const placeOf = (pay, tranche, from, to) => JSON.stringify([pay, tranche ?? null, from, to]);

function dueOf(pay, period) {
    if (pay.due === undefined) {
        return undefined;
    }
    return pay.due.date ?? dateOf(dayOf(period.to) + pay.due.days_after_period);
}

// Every place of the terms' pays with its whole, below zero where it is reversed.
function wholes(terms, period, values, facts, decimals) {
    const units = (line) => {
        const [p, d] = q.multiply(values.get(line), [10n ** BigInt(decimals), 1n]);
        need(d === 1n, `${line} is no whole number of minor units`, `${line} är inget helt antal minsta enheter`);
        return p;
    };
    const places = [];
    for (const pay of terms.pays) {
        const whole = units(pay.pay);
        const isReversed = whole < 0n;
        need(!isReversed || pay.negative === "reverse", `${pay.pay} is below zero`, `${pay.pay} är under noll`);
        let left = isReversed ? -whole : whole;
        for (const tranche of pay.waterfall ?? [{ to: pay.to }]) {
            const limit = tranche.up_to === undefined ? left : units(tranche.up_to);
            need(limit >= 0n, `${tranche.up_to} is below zero`, `${tranche.up_to} är under noll`);
            const part = limit < left ? limit : left;
            left -= part;
            const weights = tranche.to.map(({ party, share }) => (share === "funding"
                ? [facts.weight(party), 1n] : q.decimal(share ?? "1")));
            split(part, weights).forEach((owed, i) => places.push({
                pay: pay.pay, tranche: tranche.tranche, from: pay.from, to: tranche.to[i].party,
                due: dueOf(pay, period), reverses: pay.negative === "reverse", isReversed,
                whole: isReversed ? -owed : owed,
            }));
        }
    }
    return places;
}

// Sections 7.2 and 11.4: what is owed now, after what was settled before and what is left as credit.
function differences(places, before, contract) {
    const key = (place) => placeOf(place.pay, place.tranche, place.from, place.to);
    const old = new Map((before?.places ?? []).map((place) => [key(place), place]));
    const names = new Set(places.map(key));
    const gone = [...old.values()].filter((place) => place.whole !== 0n && !names.has(key(place)))
        .map((place) => ({ ...place, whole: 0n, isReversed: false }));
    return [...places, ...gone].map((place) => {
        const d = place.whole - (old.get(key(place))?.whole ?? 0n);
        const credit = contract.credits.get(key(place)) ?? 0n;
        const owed = { ...place, key: key(place), amount: 0n, carriedIn: 0n, carriedOut: 0n,
            isExchanged: d === 0n && before === undefined && place.isReversed };
        if (d > 0n) {
            owed.carriedIn = d < credit ? d : credit;
            owed.amount = d - owed.carriedIn;
        } else if (d < 0n && place.reverses) {
            owed.amount = -d;
            owed.isExchanged = true;
        } else if (d < 0n) {
            owed.carriedOut = -d;
        }
        return owed;
    });
}

function writeOwed(owed, currency, decimals) {
    const money = (units) => ({ amount: q.writeMinor(units, decimals), currency });
    return {
        amount: money(owed.amount),
        from: owed.isExchanged ? owed.to : owed.from,
        to: owed.isExchanged ? owed.from : owed.to,
        pay: owed.pay,
        ...(owed.tranche === undefined ? {} : { tranche: owed.tranche }),
        ...(owed.due === undefined ? {} : { due: owed.due }),
        ...(owed.carriedIn > 0n ? { carried_in: money(owed.carriedIn) } : {}),
        ...(owed.carriedOut > 0n ? { carried_out: money(owed.carriedOut) } : {}),
    };
}

function inputsOf(contract, version, period, until, owed) {
    const terms = version.body;
    const reads = terms.lines.flatMap((line) => readings(line));
    const cells = new Set(cellsRead(terms, period));
    const receivers = terms.pays.flatMap((pay) => pay.to ?? pay.waterfall.flatMap(({ to }) => to));
    const uses = (kind) => reads.some((one) => one[kind] !== undefined);
    const before = ({ index }) => index < until;
    const carried = new Set(owed.filter(({ carriedIn }) => carriedIn > 0n).map(({ key }) => key));
    const inputs = [
        contract.versions[0], version,
        ...(uses("funded") || receivers.some(({ share }) => share === "funding")
            ? contract.fundings.filter(before) : []),
        ...contract.stated.filter(({ cells: its }) => its.some((cell) => cells.has(cell))),
        ...(uses("earlier") ? contract.settlements.filter(before) : []),
        ...(uses("paid") ? contract.payments.filter(before) : []),
        ...contract.settlements.filter((one) => one.period === period ||
            one.places.some(({ key, carriedOut }) => carriedOut > 0n && carried.has(key))),
    ];
    const byIndex = new Map(inputs.map(({ index, id }) => [index, id]));
    return [...byIndex.keys()].sort((a, b) => a - b).map((index) => byIndex.get(index));
}

/*
 * What a settlement of `period` must say now, as an object whose canonical form is the stated one's,
 * with all lines and places beside it.
 */
export async function settle(contract, period) {
    const version = governing(contract, period);
    const terms = version.body;
    const decimals = decimalsOf(terms.currency);
    const before = contract.settlements.filter((one) => one.period === period);
    const until = before[0]?.index ?? Infinity;
    const facts = factsOf(contract, until, decimals);
    const evaluation = new Evaluation(terms, period, facts);
    const lines = evaluation.run();
    const places = wholes(terms, evaluation.period, evaluation.values, facts, decimals);
    const owed = differences(places, before.at(-1), contract);
    const computed = {
        inputs: inputsOf(contract, version, period, until, owed),
        lines,
        pays: owed.map((one) => writeOwed(one, terms.currency, decimals)),
        period,
        ...(before.length > 0 ? { supplements: before.at(-1).id } : {}),
        ...(version === contract.versions[0] ? {} : { terms: version.id }),
    };
    if (encode(canonical(computed)).length > LINES_SIZE_MAX) {
        computed.lines_sha256 = await digest(encode(canonical(lines)));
        delete computed.lines;
    }
    return { computed, lines, places: owed, values: evaluation.values, version };
}
