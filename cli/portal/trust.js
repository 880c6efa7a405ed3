// The log's key that this browser holds the server to. Seen first, it is kept; from then on another
// one is an alarm. Whoever got the key on paper types it in.

import { getBytes, getJson } from "./api.js";
import { checkCase } from "./check/check.js";
import { readVkey } from "./check/note.js";

const keyOf = (origin) => `utfall.key.${origin}`;

export async function pin(origin, vkey) {
    const key = await readVkey(vkey);
    if (key.name !== origin) {
        throw new Error(origin);
    }
    localStorage.setItem(keyOf(origin), JSON.stringify({ vkey, given: true }));
}

export function forget(origin) {
    localStorage.removeItem(keyOf(origin));
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

// The origin that was held first: a server may not change that either without being noticed.
const ORIGIN = "utfall.origin";

export async function getLedger() {
    const ledger = await getJson("/api/v1/ledger");
    const before = localStorage.getItem(ORIGIN);
    if (before === null) {
        localStorage.setItem(ORIGIN, ledger.origin);
    }
    return { ...ledger, otherOrigin: before !== null && before !== ledger.origin ? before : null };
}

// The contract as this browser has checked it.
export async function checkContract(name) {
    const [ledger, bytes] = await Promise.all([getLedger(),
        getBytes(`/api/v1/contracts/${encodeURIComponent(name)}/case`)]);
    const trust = trusted(ledger);
    const checked = await checkCase(bytes, [trust.vkey]);
    if (trust.isOther) {
        checked.ok = false;
        checked.problems.push({ index: null, at: "", who: [], reason: {
            en: "the server names another key of the log than the one that this browser holds it to",
            sv: "servern uppger en annan nyckel för loggen än den som webbläsaren håller den till" } });
    }
    if (ledger.otherOrigin !== null) {
        checked.ok = false;
        checked.problems.push({ index: null, at: "", who: [], reason: {
            en: `the server shows the ledger ${ledger.origin}; before it was ${ledger.otherOrigin}`,
            sv: `servern visar liggaren ${ledger.origin}; förut var det ${ledger.otherOrigin}` } });
    }
    return { ...checked, trust };
}
