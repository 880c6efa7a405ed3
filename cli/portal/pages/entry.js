// One statement: what it says, who signed it, the bytes that were signed, and where it stands.

import { getBytes, getJson } from "../api.js";
import { banner, trustLine } from "../banner.js";
import { h } from "../dom.js";
import { fields } from "../fields.js";
import { dateText } from "../format.js";
import { kindName, language, t } from "../language.js";
import { against, getLedger, seenBefore, trusted } from "../trust.js";
import { digest, encode } from "../check/bytes.js";
import { checkEntry } from "../check/check.js";
import { readCanonical } from "../check/json.js";
import { canVerify, readNote, readVkey, verifies } from "../check/note.js";

// Each signature line of the note, with the key that the server names for it.
async function signatures(note, told) {
    const able = await canVerify();
    return Promise.all(note.lines.map(async (line) => {
        const key = told.find(({ vkey }) => vkey.startsWith(`${line.name}+${line.id}+`));
        const read = key === undefined ? null : await readVkey(key.vkey);
        const isGood = able && read !== null && await verifies(read.publicKey, line.signature, note.message);
        return { line, key, isGood, able };
    }));
}

function signatureItem({ line, key, isGood, able }) {
    return h("li", {}, h("details", {}, h("summary", {},
        h("strong", {}, line.name), " ",
        isGood ? h("span", { class: "good" }, t("✓ verified in this browser", "✓ prövad i webbläsaren"))
            : able ? h("span", { class: "bad" }, t("✗ does not verify", "✗ stämmer inte"))
                : t("not checked", "inte prövad")),
    h("dl", { class: "fields" },
        h("dt", {}, t("Key", "Nyckel")), h("dd", {}, h("code", {}, key?.vkey ?? t("unknown", "okänd"))),
        h("dt", {}, t("Signature", "Signatur")), h("dd", {}, h("code", {}, line.line)),
        key?.party === undefined ? [] : [h("dt", {}, t("Party", "Part")),
            h("dd", {}, h("a", { href: `#/party/${key.party}` }, key.party))],
        key?.legal_name === undefined ? [] : [h("dt", {}, t("Legal name, says the server", "Juridiskt namn, enligt servern")), h("dd", {}, key.legal_name)],
        key?.valid_from === undefined ? [] : [h("dt", {}, t("Key enrolled in", "Nyckeln införd i")),
            h("dd", {}, h("a", { href: `#/statement/${key.valid_from}` }, t(`statement ${key.valid_from}`, `utsaga ${key.valid_from}`)))])));
}

function verdict(index, included, signed, shown, { statementDiffers, reasons, trust }) {
    if (!included.capable) {
        return banner("unable", included.reason[language]);
    }
    const problems = [included.ok && included.index === index ? null
        : t(`Inclusion: ${included.reason?.en ?? "the proof is of another statement"}.`, `Inkludering: ${included.reason?.sv ?? "beviset är för en annan utsaga"}.`),
    signed.length > 0 && signed.every(({ isGood }) => isGood) ? null : t("A signature does not verify.", "En signatur stämmer inte."),
    statementDiffers ? t("The server shows another content than what was signed.", "Servern visar ett annat innehåll än det som är signerat.") : null,
    ...reasons.map((reason) => `${reason[language]}.`)]
        .filter(Boolean);
    return problems.length > 0
        ? banner("bad", t("This does not hold. Do not rely on what is shown here.", "Det här stämmer inte. Lita inte på det som visas här."), ...problems)
        : banner("ok", t("Checked in this browser", "Prövat i den här webbläsaren"),
            t(`${signed.length} signatures verify, and the statement is number ${index} of ${included.size} under the root that the log has signed.`,
                `${signed.length} signaturer stämmer, och utsagan är nummer ${index} av ${included.size} under roten som loggen har signerat.`),
            shown.contract === undefined
                ? t("That the keys are the parties' own is what the server says.", "Att nycklarna är parternas egna är vad servern säger.")
                : [t("That the keys are the parties' own is checked on ", "Att nycklarna är parternas egna prövas på "),
                    h("a", { href: `#/contract/${shown.contract}` }, t("the contract's page", "kontraktets sida")), "."],
            trustLine(trust));
}

export async function entryPage(index) {
    const before = seenBefore();
    const [ledger, entry, proof] = await Promise.all([getLedger(), getJson(`/api/v1/entries/${index}`),
        getBytes(`/api/v1/entries/${index}/proof`)]);
    const trust = trusted(ledger);
    const bytes = encode(entry.note);
    const note = readNote(bytes);
    const [included, signed] = await Promise.all([checkEntry(bytes, proof, [trust.vkey]), signatures(note, entry.signatures)]);
    const shown = readCanonical(note.text.slice(0, -1)); // what was signed, not what the server says beside it
    const id = await digest(note.message);
    const statementDiffers = JSON.stringify(shown) !== JSON.stringify(entry.statement) || id !== entry.id;
    const reasons = against(ledger, trust, included.ok ? included : null, before);
    return [shown.contract === undefined ? [] : h("p", { class: "crumbs" }, h("a", { href: "#/" }, t("Contracts", "Kontrakt")), " › ",
        h("a", { href: `#/contract/${shown.contract}` }, shown.contract)),
    h("h1", {}, t(`Statement ${index}: ${kindName(shown.kind)}`, `Utsaga ${index}: ${kindName(shown.kind)}`)),
    h("p", { class: "lead" }, dateText(shown.date)),
    verdict(index, included, signed, shown, { statementDiffers, reasons, trust }),
    h("h2", {}, t("Signatures", "Signaturer")), h("ul", { id: "signatures" }, signed.map(signatureItem)),
    h("h2", {}, t("What it says", "Vad den säger")), fields(shown),
    h("h2", {}, t("What was signed, to the byte", "Vad som är signerat, på byten")),
    h("p", {}, t("Its id is ", "Dess id är "), h("code", {}, id)),
    h("pre", { id: "note", tabindex: "0" }, entry.note),
    h("details", {}, h("summary", {}, t("Proof of inclusion", "Bevis för inkludering")), h("pre", { tabindex: "0" }, new TextDecoder().decode(proof)))];
}
