// The ledger: its signed checkpoint, who has cosigned it, and the key that this browser trusts.

import { getJson } from "../api.js";
import { banner } from "../banner.js";
import { h, table } from "../dom.js";
import { kindName, language, t } from "../language.js";
import { against, forget, getLedger, pin, seenBefore, trusted } from "../trust.js";
import { encode } from "../check/bytes.js";
import { canVerify, openCheckpoint, readNote } from "../check/note.js";

async function verdict(ledger, trust, before) {
    if (!(await canVerify())) {
        return banner("unable", t("Not checked: this browser cannot verify Ed25519 signatures.",
            "Inte prövat: den här webbläsaren kan inte pröva Ed25519-signaturer."));
    }
    try {
        const { size, rootText: root } = await openCheckpoint(encode(ledger.checkpoint), [trust.vkey]);
        const reasons = against(ledger, trust, { size: size.toString(), root }, before);
        if (reasons.length > 0) {
            return banner("bad", t("This does not hold.", "Det här stämmer inte."), ...reasons.map((reason) => `${reason[language]}.`));
        }
        return banner("ok", t("Checked in this browser", "Prövat i den här webbläsaren"),
            t(`The checkpoint over ${size} statements is signed with the key that this browser trusts.`,
                `Kontrollpunkten över ${size} utsagor är signerad med den nyckel som webbläsaren litar på.`));
    } catch (error) {
        return banner("bad", error.reason?.[language] ?? String(error.message));
    }
}

function trustForm(ledger, trust) {
    const message = h("p", { role: "status" });
    const input = h("input", { id: "vkey", autocomplete: "off", spellcheck: "false" });
    const keep = async (event) => {
        event.preventDefault();
        try {
            await pin(ledger.origin, input.value.trim());
            message.textContent = t("Kept. From now on everything is checked by this key.", "Sparad. Från och med nu prövas allt med den här nyckeln.");
        } catch {
            message.textContent = t(`That is not a key of ${ledger.origin}. A key begins with the name, as in the line above.`,
                `Det är ingen nyckel för ${ledger.origin}. En nyckel börjar med namnet, som på raden ovan.`);
        }
    };
    return [h("h2", {}, t("The key that this browser trusts", "Nyckeln som webbläsaren litar på")),
        h("p", {}, h("code", { id: "trusted" }, trust.vkey)),
        h("p", {}, trust.given ? t("You typed it in.", "Du skrev in den.") : t("It is the one that the server showed first. Ask the operator for the key by another way, on paper or by phone, and compare.",
            "Det är den som servern visade först. Be operatören om nyckeln på annat sätt, på papper eller per telefon, och jämför.")),
        h("form", { onsubmit: keep }, h("label", { for: "vkey" }, t("Key that you got by another way", "Nyckel som du fått på annat sätt")),
            input, h("p", {}, h("button", { class: "main" }, t("Trust this key", "Lita på den här nyckeln")),
                h("button", { type: "button", onclick: () => { forget(ledger.origin); message.textContent = t("Forgotten.", "Glömd."); } },
                    t("Forget", "Glöm"))), message)];
}

export async function ledgerPage() {
    const before = seenBefore();
    const ledger = await getLedger();
    const trust = trusted(ledger);
    const from = Math.max(0, ledger.size - 20);
    const { entries } = await getJson(`/api/v1/entries?from=${from}&limit=20`);
    const { parties, more } = await getJson("/api/v1/parties");
    const others = readNote(encode(ledger.checkpoint)).lines.filter(({ name }) => name !== ledger.origin);
    return [h("h1", {}, t("Ledger and witnesses", "Liggare och vittnen")),
        h("p", { class: "lead" }, ledger.origin), await verdict(ledger, trust, before),
        h("dl", { class: "figures" }, h("div", {}, h("dt", {}, t("Statements", "Utsagor")), h("dd", {}, String(ledger.size))),
            h("div", {}, h("dt", {}, t("Lines of witnesses", "Rader av vittnen")), h("dd", {}, String(others.length)),
            h("dd", { class: "note" }, t("not checked here", "inte prövade här")))),
        h("h2", {}, t("Witnesses", "Vittnen")), others.length === 0
            ? h("p", {}, t("No witness has cosigned this checkpoint. So nobody but the log says that all are shown the same ledger.",
                "Inget vittne har medsignerat kontrollpunkten. Så ingen annan än loggen säger att alla får se samma liggare."))
            : [h("p", {}, t("The server shows cosignatures in these names. This browser has no keys of witnesses and has not checked them; utfall-verify does, with a policy.",
                "Servern visar medsignaturer i de här namnen. Webbläsaren har inga nycklar till vittnen och har inte prövat dem; det gör utfall-verify, med en policy.")),
            h("ul", {}, others.map(({ name }) => h("li", {}, name)))],
        trustForm(ledger, trust),
        h("h2", {}, t("The signed checkpoint", "Den signerade kontrollpunkten")), h("pre", { tabindex: "0" }, ledger.checkpoint),
        h("h2", {}, t("Parties", "Parter")), h("ul", {}, parties.map((party) => h("li", {},
            h("a", { href: `#/party/${party.party}` }, party.legal_name), ` (${party.party}${party.is_fund ? t(", a fund", ", en fond") : ""})`))),
        more ? h("p", {}, t("And more: find them from the start page.", "Och fler: sök dem från startsidan.")) : [],
        h("h2", {}, t("Newest statements", "Senaste utsagorna")),
        table(t("Newest statements", "Senaste utsagorna"), [t("Number", "Nummer"), t("Kind", "Slag"), t("About", "Om"), t("Date", "Datum")],
            [...entries].reverse().map((entry) => [h("a", { href: `#/statement/${entry.index}` }, String(entry.index)), kindName(entry.kind),
                entry.subject, entry.date]))];
}
