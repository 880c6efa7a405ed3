// Swedish or English: as the reader chose, else as the browser asks.

const KEY = "utfall.language";

function first() {
    const kept = localStorage.getItem(KEY);
    return kept ?? (navigator.language.toLowerCase().startsWith("sv") ? "sv" : "en");
}

export let language = first();

export function choose(wanted) {
    language = wanted;
    localStorage.setItem(KEY, wanted);
}

// A text of the page, in both languages where it is used.
export const t = (en, sv) => (language === "sv" ? sv : en);

// A text of a statement: {"en": ..., "sv": ...}, or whichever there is, or "not_published".
export function said(text) {
    if (text === undefined) {
        return "";
    }
    if (typeof text === "string") {
        return text === "not_published" ? t("not published", "inte publicerat") : text;
    }
    return text[language] ?? text.en ?? Object.values(text)[0];
}

const KINDS = {
    charter: ["Charter", "Urkund"], party: ["Party", "Part"], key: ["Change of key", "Nyckelbyte"],
    contract: ["Contract", "Kontrakt"], amendment: ["Amendment", "Tillägg"], funding: ["Funding", "Inbetalning"],
    measurement: ["Measurement", "Mätning"], settlement: ["Settlement", "Avräkning"],
    payment: ["Payment", "Utbetalning"], correction: ["Correction", "Rättelse"], dispute: ["Dispute", "Tvist"],
    decision: ["Decision", "Beslut"], termination: ["Termination", "Uppsägning"],
};
const ROLES = {
    payer: ["Payer", "Betalare"], investor: ["Investor", "Finansiär"], evaluator: ["Evaluator", "Utvärderare"],
    provider: ["Provider", "Utförare"], intermediary: ["Intermediary", "Intermediär"],
    receiver: ["Receiver", "Mottagare"], guarantor: ["Guarantor", "Garant"], arbiter: ["Arbiter", "Skiljeman"],
};
const named = (names, word) => t(...(Object.hasOwn(names, word) ? names[word] : [word, word]));
export const kindName = (kind) => named(KINDS, kind);
export const roleName = (role) => named(ROLES, role);
