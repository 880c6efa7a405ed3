// Replays the statements of a case: who may sign, what follows what, and what every settlement must
// come to (formats.md, sections 6 to 8).

import { Refused, digest, need } from "./bytes.js";
import { canonical, readCanonical } from "./json.js";
import { areOrdered, readNote, readVkey, verifies } from "./note.js";
import { needFit, needNotHeld } from "./rules.js";
import { decimalsOf, settle } from "./settle.js";
import { minor } from "./rational.js";

const STATEMENT_SIZE_MAX = 65535;
const ROLES = ["payer", "investor", "evaluator", "provider", "intermediary", "guarantor", "arbiter"];

const everyone = (terms) => [...new Set(ROLES.flatMap((role) => terms.roles[role] ?? []))];
const described = (identity) => ({ legalName: identity.legal_name, registration: identity.registration,
    owner: identity.fund?.owner });
const roles = (terms, ...names) => names.flatMap((role) => terms.roles[role] ?? []);

export class Replay {
    // `verify` is another than WebCrypto's only where a browser has none: then nothing is believed.
    constructor(logKey, contractName, verify = verifies) {
        this.isVerified = verify;
        this.logKey = logKey;
        this.contractName = contractName;
        this.keys = new Map(); // "name+id" -> {key, party, from, to}
        this.publicKeys = new Set([String(logKey.publicKey)]);
        this.parties = new Map(); // id -> {legalName, registration, owner}
        this.newest = new Map(); // chain -> id
        this.ids = new Set();
        this.charter = null;
        this.contract = null;
        this.signatures = [];
        this.settlements = [];
        this.entries = [];
    }

    // Applies one entry; throws Refused when it must not be in the ledger.
    async apply(entry) {
        need(entry.bytes.length <= STATEMENT_SIZE_MAX, "it is too long", "det är för långt");
        const note = readNote(entry.bytes);
        need(areOrdered(note.lines), "signature lines are not in order", "signaturraderna är inte i ordning");
        const body = readCanonical(note.text.slice(0, -1));
        const id = await digest(note.message);
        const statement = { index: entry.index, id, body, note };
        need(body.version === 1 && body.ledger === this.logKey.name, "it was written for another ledger",
            "det skrevs för en annan liggare");
        need((body.kind === "charter") === (entry.index === 0), "a charter is entry 0, and nothing else is",
            "en urkund är post 0, och inget annat är det");
        need(!this.ids.has(id), "it is in the ledger twice", "det finns två gånger i liggaren");
        this.ids.add(id);
        this.follow(statement);
        await this.enrol(statement);
        const signers = await this.verify(statement);
        this.authorise(statement, signers);
        await this.take(statement, signers);
        this.newest.set(this.chainOf(body), id);
        this.entries.push({ index: entry.index, id, kind: body.kind, body, signers: [...signers] });
    }

    chainOf(body) {
        return { charter: "charter", party: `party/${body.party}`, key: `party/${body.party}` }[body.kind] ??
            `contract/${body.contract}`;
    }

    follow({ body, id }) {
        const chain = this.chainOf(body);
        if (chain.startsWith("contract/")) {
            need(body.contract === this.contractName, "it is of another contract", "det gäller ett annat kontrakt");
            need((body.kind === "contract") === (this.contract === null), "the contract comes first, once",
                "kontraktet kommer först, och en gång");
        }
        need(body.after === this.newest.get(chain), "it does not follow the statement before it",
            "det följer inte på utsagan före");
        if (body.kind === "charter") {
            [body.operator, ...body.registrars].forEach(({ party }) => this.newest.set(`party/${party}`, id));
        }
    }

    // --- Keys (8.1) ---

    async addKey(text, party, index) {
        const key = await readVkey(text);
        const name = `${key.name}+${key.id}`;
        need(key.name === party || key.name.startsWith(`${party}/`), "a key is not named after its party",
            "en nyckel är inte uppkallad efter sin part");
        need(!this.keys.has(name) && !this.publicKeys.has(String(key.publicKey)), "a key is enrolled twice", "en nyckel är införd två gånger");
        this.publicKeys.add(String(key.publicKey));
        this.keys.set(name, { key, party, from: index, to: Infinity, text });
    }

    async enrol({ index, body }) {
        if (body.kind === "charter") {
            need(body.log_vkey === this.logKey.text, "the charter names another log key",
                "urkunden nämner en annan loggnyckel");
            this.charter = body;
            const identities = [body.operator,
                ...body.registrars.filter(({ party }) => party !== body.operator.party)];
            for (const identity of identities) {
                this.parties.set(identity.party, described(identity));
                for (const vkey of identity.vkeys) {
                    await this.addKey(vkey, identity.party, index);
                }
            }
        } else if (body.kind === "party" && !this.parties.has(body.party)) {
            for (const vkey of body.vkeys) {
                await this.addKey(vkey, body.party, index);
            }
        } else if (body.kind === "party") {
            const valid = this.validKeys(body.party, index).map(({ text }) => text);
            need(String(valid.sort()) === String([...body.vkeys].sort()), "it names other keys than the party has",
                "det nämner andra nycklar än parten har");
        }
    }

    validKeys(party, index) {
        return [...this.keys.values()].filter((one) => one.party === party && one.from <= index && index <= one.to);
    }

    // The parties whose signatures verify; every line must.
    async verify({ index, note }) {
        const signers = new Set();
        for (const line of note.lines) {
            const held = this.keys.get(`${line.name}+${line.id}`);
            need(held !== undefined && held.from <= index && index <= held.to,
                `${line.name} signs with a key that is not valid here`,
                `${line.name} signerar med en nyckel som inte gäller här`);
            const isGood = await this.isVerified(held.key.publicKey, line.signature, note.message);
            this.signatures.push({ index, name: line.name, key_id: line.id, party: held.party, ok: isGood });
            need(isGood, `the signature of ${line.name} is false`, `signaturen av ${line.name} är falsk`);
            signers.add(held.party);
        }
        return signers;
    }

    // --- Who signs (8.2) ---

    authorise(statement, signers) {
        const { must, may } = this.demand(statement, signers);
        for (const party of must) {
            need(signers.has(party), `the signature of ${party} is missing`, `signaturen av ${party} saknas`);
        }
        const allowed = new Set([...must, ...may]);
        for (const party of signers) {
            need(allowed.has(party), `${party} may not sign this`, `${party} får inte signera det här`);
        }
    }

    demand(statement, signers) {
        const { body } = statement;
        switch (body.kind) {
        case "charter":
            return { must: [body.operator.party], may: [] };
        case "party": case "key":
            return this.demandOfRegistrars(statement, signers);
        case "contract":
            return { must: everyone(body), may: [] };
        case "amendment":
            return { must: this.signersOfAmendment(body), may: [] };
        default:
            return this.demandOfContract(body, signers);
        }
    }

    demandOfRegistrars({ body, index }, signers) {
        const registrars = this.charter.registrars.map(({ party }) => party);
        const signed = registrars.filter((party) => signers.has(party));
        const { recovery } = this.charter;
        const recovers = body.kind === "key" && body.action === "replace" && recovery !== "none" &&
            this.validKeys(body.party, index).length === 1 && signed.length >= recovery.registrars;
        need(signed.length > 0, "no registrar has signed", "ingen registrator har signerat");
        return recovers ? { must: [], may: [...registrars, body.party] } : { must: [body.party], may: registrars };
    }

    signersOfAmendment(body) {
        const settled = (body.resettles ?? []).flatMap((period) => this.contract.settlements
            .findLast((one) => one.period === period)?.computed.pays.flatMap(({ from, to }) => [from, to]) ?? []);
        return [...everyone(body), ...everyone(this.terms()), ...settled];
    }

    terms() {
        return this.contract.versions.at(-1).body;
    }

    demandOfContract(body, signers) {
        const terms = this.terms();
        const dispute = body.kind === "decision" ? this.contract.disputes.get(body.dispute) : null;
        need(dispute !== undefined, "it decides about no dispute", "det avgör ingen tvist");
        const must = {
            funding: () => [body.investor, body.receiver],
            measurement: () => [body.evaluator],
            correction: () => [body.evaluator],
            settlement: () => roles(terms, "payer", "evaluator"),
            payment: () => [body.from],
            dispute: () => [body.by],
            decision: () => (body.decision === "withdrawn" ? [dispute.by]
                : (terms.roles.arbiter ?? roles(terms, "payer", "investor"))),
            termination: () => terms.termination?.by ?? everyone(terms),
        }[body.kind];
        need(must !== undefined, `unknown kind ${body.kind}`, `okänt slag ${body.kind}`);
        const asked = terms.signatures?.[body.kind] ?? [];
        if (Array.isArray(asked)) {
            return { must: [...must(), ...asked], may: [] };
        }
        need(asked.parties.filter((party) => signers.has(party)).length >= asked.at_least,
            `fewer than ${asked.at_least} of those asked for have signed`,
            `färre än ${asked.at_least} av dem som krävs har signerat`);
        return { must: must(), may: asked.parties };
    }

    // --- What a statement changes ---

    async take(statement, signers) {
        const { index, id, body } = statement;
        needFit(this.contract, body, { parties: this.parties, units: (money) => this.units(money) });
        const here = { index, id, body };
        switch (body.kind) {
        case "party":
            this.parties.set(body.party, described(body));
            break;
        case "key":
            await this.takeKey(statement);
            break;
        case "contract":
            this.contract = { versions: [here], fundings: [], cells: new Map(), stated: [], settlements: [],
                payments: [], credits: new Map(), disputes: new Map(),
                periods: new Map(), termination: null };
            break;
        case "amendment":
            this.contract.versions.push(here);
            this.needCaps();
            break;
        case "funding":
            this.contract.fundings.push({ ...here, investor: body.investor, units: this.units(body.amount) });
            break;
        case "measurement":
            this.takeValues(here, body.period);
            break;
        case "correction":
            this.takeValues(here, this.periodOf(body.corrects));
            break;
        case "dispute":
            this.takeDispute(here, this.periodOf(body.measurement));
            break;
        case "decision":
            this.contract.disputes.get(body.dispute).decision = body;
            if (body.values !== undefined) {
                this.takeValues(here, this.contract.disputes.get(body.dispute).period);
            }
            break;
        case "settlement":
            await this.takeSettlement(here, signers);
            break;
        case "payment":
            this.takePayment(here);
            break;
        case "termination":
            this.contract.termination = here;
            break;
        default: // charter: done
        }
    }

    async takeKey({ index, body }) {
        const ended = body.replaces ?? body.revokes;
        if (ended !== undefined) {
            const held = this.validKeys(body.party, index).find(({ text }) => text === ended);
            need(held !== undefined, "it ends a key that is not valid", "det avslutar en nyckel som inte gäller");
            held.to = index;
        }
        if (body.vkey !== undefined) {
            await this.addKey(body.vkey, body.party, index);
        }
    }

    units({ amount, currency }) {
        need(currency === this.terms().currency, "it is in another currency", "det är i en annan valuta");
        return minor(amount, decimalsOf(currency));
    }

    periodOf(id) {
        const period = this.contract.periods.get(id);
        need(period !== undefined, "what it names was not measured", "det som nämns är inte uppmätt");
        return period;
    }

    takeValues(here, period) {
        const { body } = here;
        const cells = body.values.map(({ outcome }) => `${outcome} ${period}`);
        need(body.kind !== "measurement" || cells.every((cell) => !this.contract.cells.has(cell)),
            "it was measured before", "det är uppmätt förut");
        body.values.forEach((value, i) => this.contract.cells.set(cells[i], { value, id: here.id, index: here.index }));
        this.contract.stated.push({ ...here, cells });
        this.contract.periods.set(here.id, period);
    }

    takeDispute({ index, id, body }, period) {
        const cells = new Set(body.outcomes.map((outcome) => `${outcome} ${period}`));
        this.contract.disputes.set(id, { by: body.by, index, period, cells, decision: null });
    }

    async takeSettlement(here, signers) {
        const stated = here.body.computed;
        const result = { index: here.index, id: here.id, period: stated.period, agrees: false, lines: [], pays: [],
            stated, problem: null };
        this.settlements.push(result);
        let made;
        try {
            made = await settle(this.contract, stated.period);
        } catch (refusal) {
            if (!(refusal instanceof Refused)) {
                throw refusal;
            }
            result.problem = refusal.reason;
            throw refusal;
        }
        const given = new Map((stated.lines ?? []).map(({ line, value }) => [line, value]));
        result.lines = made.lines.map((line) => ({ ...line, stated: given.get(line.line) }));
        result.pays = made.computed.pays;
        result.agrees = canonical(made.computed) === canonical(stated);
        if (!result.agrees) {
            const who = [...signers].join(", ");
            const wrong = result.lines.find((line) => line.stated !== undefined && line.stated !== line.value);
            result.problem = wrong === undefined
                ? { en: `${who} signed a form that is not the one this browser computes`,
                    sv: `${who} har signerat en blankett som inte är den som webbläsaren räknar fram` }
                : { en: `${who} signed ${wrong.stated} for the line ${wrong.line}; this browser computes ${wrong.value}`,
                    sv: `${who} har signerat ${wrong.stated} på raden ${wrong.line}; webbläsaren räknar fram ${wrong.value}` };
            throw new Refused(result.problem.en, result.problem.sv);
        }
        this.remember(here, made);
        this.needCaps();
    }

    remember(here, made) {
        const { credits, settlements } = this.contract;
        for (const { key, carriedIn, carriedOut } of made.places) {
            credits.set(key, (credits.get(key) ?? 0n) + carriedOut - carriedIn);
        }
        settlements.push({ ...here, period: made.computed.period, computed: made.computed, lines: made.lines, places: made.places,
            values: made.values, paid: new Map() });
    }

    // Model, section 6.4.
    needCaps() {
        const payers = new Set(this.contract.versions.flatMap(({ body }) => body.roles.payer));
        for (const payer of payers) {
            const { body } = this.contract.versions.findLast((one) => one.body.roles.payer.includes(payer));
            const cap = body.caps?.find(({ party }) => party === payer);
            const owed = this.contract.settlements.flatMap(({ computed }) => computed.pays)
                .filter(({ from }) => from === payer)
                .reduce((sum, { amount }) => sum + this.units(amount), 0n);
            need(cap === undefined || owed <= this.units(cap.amount), `${payer} owes more than its cap`,
                `${payer} är skyldig mer än sitt tak`);
        }
    }

    takePayment(here) {
        const { body } = here;
        const settlement = this.contract.settlements.find(({ id }) => id === body.settlement);
        const at = settlement?.computed.pays.findIndex((one) => one.pay === body.pay && one.from === body.from &&
            one.to === body.to && one.tranche === body.tranche) ?? -1;
        need(at >= 0, "nothing of the kind was settled", "inget sådant är avräknat");
        needNotHeld(this.contract, body);
        const units = this.units(body.amount);
        const paid = (settlement.paid.get(at) ?? 0n) + units;
        need(units > 0n && paid <= this.units(settlement.computed.pays[at].amount),
            "more is paid than was settled", "mer är betalat än vad som avräknats");
        settlement.paid.set(at, paid);
        const isReversed = settlement.places[at].isExchanged;
        this.contract.payments.push({ ...here, pay: body.pay, units: isReversed ? -units : units });
    }
}

