// The log's key that this browser holds the server to. Seen first, it is kept; from then on another
// one is an alarm. Whoever got the key on paper types it in.

import { getBytes, getJson } from "./api.js";
import { checkCase } from "./check/check.js";
import { readVkey } from "./check/note.js";

const keyOf = (origin) => `utfall.key.${origin}`;
// The origin that was held first: a server may not change that either without being noticed.
const ORIGIN = "utfall.origin";
// The longest ledger that was seen, {vkey, size, root}: one that was signed only grows.
const SEEN = "utfall.seen";

export async function pin(origin, vkey) {
    const key = await readVkey(vkey);
    if (key.name !== origin) {
        throw new Error(origin);
    }
    localStorage.setItem(keyOf(origin), JSON.stringify({ vkey, given: true }));
}

// Whoever forgets a key starts anew: also with a server that now has another ledger.
export function forget(origin) {
    [keyOf(origin), ORIGIN, SEEN].forEach((name) => localStorage.removeItem(name));
}

// {vkey, given, isNew, isOther}: the key to check by, and whether the server now names another.
export function trusted(ledger) {
    const kept = JSON.parse(localStorage.getItem(keyOf(ledger.origin)) ?? "null");
    if (kept === null) {
        localStorage.setItem(keyOf(ledger.origin), JSON.stringify({ vkey: ledger.vkey, given: false }));
        return { vkey: ledger.vkey, given: false, isNew: true, isOther: false };
    }
    return { ...kept, isNew: false, isOther: kept.vkey !== ledger.vkey };
}

export async function getLedger() {
    const ledger = await getJson("/api/v1/ledger");
    const before = localStorage.getItem(ORIGIN);
    if (before === null) {
        localStorage.setItem(ORIGIN, ledger.origin);
    }
    return { ...ledger, otherOrigin: before !== null && before !== ledger.origin ? before : null };
}

// The longest ledger so far. It is asked for before the server is, so that another tab may see more meanwhile.
export const seenBefore = () => JSON.parse(localStorage.getItem(SEEN) ?? "null");

// What speaks against a checkpoint that `trust` has signed, after what this browser saw before; it is kept.
function againstSeen({ size, root }, trust, before) {
    if (before !== null && before.vkey === trust.vkey) {
        if (BigInt(size) < BigInt(before.size)) {
            return { en: `the server shows ${size} statements; this browser has seen ${before.size}: newer ones are withheld, or the ledger was cut off`,
                sv: `servern visar ${size} utsagor; webbläsaren har sett ${before.size}: nyare undanhålls, eller så har liggaren kapats` };
        }
        if (size === before.size && root !== before.root) {
            return { en: `the log has signed another ledger of ${size} statements before: it shows different ones to different readers`,
                sv: `loggen har tidigare signerat en annan liggare med ${size} utsagor: den visar olika för olika läsare` };
        }
    }
    const kept = seenBefore();
    if (kept === null || kept.vkey !== trust.vkey || BigInt(kept.size) < BigInt(size)) {
        localStorage.setItem(SEEN, JSON.stringify({ vkey: trust.vkey, size, root }));
    }
    return null;
}

// What speaks against the server, whatever it has signed: reasons in both languages. `checkpoint` is
// {size, root} where one verified, else null.
export function against(ledger, trust, checkpoint, before) {
    const isKnown = trust.isOther || ledger.otherOrigin !== null;
    return [
        trust.isOther ? { en: "the server names another key of the log than the one that this browser holds it to",
            sv: "servern uppger en annan nyckel för loggen än den som webbläsaren håller den till" } : null,
        ledger.otherOrigin !== null ? { en: `the server shows the ledger ${ledger.origin}; before it was ${ledger.otherOrigin}`,
            sv: `servern visar liggaren ${ledger.origin}; förut var det ${ledger.otherOrigin}` } : null,
        checkpoint === null || isKnown ? null : againstSeen(checkpoint, trust, before),
    ].filter(Boolean);
}

// The contract as this browser has checked it.
export async function checkContract(name) {
    const before = seenBefore();
    const [ledger, bytes] = await Promise.all([getLedger(),
        getBytes(`/api/v1/contracts/${encodeURIComponent(name)}/case`)]);
    const trust = trusted(ledger);
    const checked = await checkCase(bytes, [trust.vkey]);
    const reasons = against(ledger, trust, checked.ok ? checked : null, before);
    if (checked.contract !== null && checked.contract !== name) {
        reasons.push({ en: `the server sent the contract ${checked.contract} where ${name} was asked for`,
            sv: `servern skickade kontraktet ${checked.contract} där ${name} efterfrågades` });
    }
    checked.problems.push(...reasons.map((reason) => ({ index: null, at: "", who: [], reason })));
    checked.ok = checked.problems.length === 0;
    return { ...checked, trust, bytes };
}
