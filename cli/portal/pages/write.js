// Writing a statement: a form made from its schema, checked by the ledger while it is filled in, and
// shown exactly as it will be signed. Secret keys have no place here: the text is taken to `utfall
// sign`, and what comes back signed is handed in.

import { getJson, post, takeFile } from "../api.js";
import { banner } from "../banner.js";
import { h } from "../dom.js";
import { fields } from "../fields.js";
import { money } from "../format.js";
import { kindName, language, said, t } from "../language.js";
import { asMoney, moneySoFar, periodsOf, termsOf, titleOf } from "../model.js";
import { schemaForm } from "../schema_form.js";
import { checkContract } from "../trust.js";
import { readNote } from "../check/note.js";
import { settle } from "../check/settle.js";

const KINDS = ["funding", "measurement", "settlement", "payment", "correction", "dispute", "decision", "termination"];
const CHECK_AFTER_MS = 250;

// What the ledger knows already: fixed members, and choices of others.
async function known(contract, kind) {
    const terms = termsOf(contract);
    const everyone = [...new Set(Object.values(terms.roles).flat())];
    const fixed = { kind, version: 1, contract: terms.contract };
    const currency = { currency: terms.currency };
    const stated = contract.stated.filter(({ body }) => body.kind !== "decision")
        .map(({ id, index, body }) => [id, t(`statement ${index}: ${kindName(body.kind)}`, `utsaga ${index}: ${kindName(body.kind)}`)]);
    const periods = periodsOf(contract);
    const outcomes = terms.outcomes.map(({ outcome, label }) => [outcome, said(label)]);
    switch (kind) {
    case "funding":
        return { fixed, amount: currency, choices: { investor: terms.roles.investor, receiver: everyone } };
    case "measurement":
        return { fixed, choices: { period: periods.map(({ period }) => period), evaluator: terms.roles.evaluator, outcome: outcomes } };
    case "correction":
        return { fixed, choices: { corrects: stated, evaluator: terms.roles.evaluator, outcome: outcomes } };
    case "dispute":
        return { fixed, choices: { measurement: stated, by: everyone, outcomes } };
    case "decision":
        return { fixed, choices: { dispute: [...contract.disputes].filter(([id]) => !contract.decided.has(id))
            .map(([id, one]) => [id, t(`of ${one.by}, period ${one.period}`, `från ${one.by}, period ${one.period}`)]), by: everyone, outcome: outcomes } };
    case "termination":
        return { fixed, choices: { closing: periods.filter(({ closing }) => closing).map(({ period }) => period) } };
    case "payment": {
        const dues = moneySoFar(contract).dues.filter(({ units, paid }) => units > paid);
        return { fixed, bundles: dues.map((due) => ({
            text: `${due.from} → ${due.to}: ${money(asMoney(due.units - due.paid, terms.currency))} (${due.settlement.period})`,
            members: { settlement: due.settlement.id, pay: due.pay, from: due.from, to: due.to,
                ...(due.tranche === undefined ? {} : { tranche: due.tranche }), amount: asMoney(due.units - due.paid, terms.currency) } })) };
    }
    default: { // settlement
        const open = periods.filter(({ binding }) => binding);
        const bundles = await Promise.all(open.map(async ({ period }) => {
            const made = await settle(contract, period).catch(() => null);
            return made === null ? null : { members: { computed: made.computed },
                text: `${period}: ${made.computed.pays.map((pay) => `${pay.from} → ${pay.to} ${money(pay.amount)}`).join(", ") || t("nothing is owed", "inget ska betalas")}` };
        }));
        return { fixed, bundles: bundles.filter(Boolean) };
    }
    }
}

// Who must sign it, and who may; null where that is not known here.
function signersOf(replay, body) {
    if (body.kind === "contract") {
        return { must: [...new Set(Object.values(body.roles).flat())], may: [] };
    }
    try {
        const all = new Set(replay.parties.keys());
        const { must, may } = replay.demand({ body, index: Infinity }, all);
        return { must: [...new Set(must)], may: may.filter((party) => !must.includes(party)) };
    } catch {
        return null;
    }
}

function downloadLink(text, name) {
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    return h("a", { class: "button", id: "download", href: url, download: name }, t("Download the draft to sign", "Hämta utkastet att signera"));
}

// The draft as the ledger sees it now.
function verdictOf(answer, replay) {
    if (!answer.good) {
        return [banner("bad", t("It could not be accepted like this.", "Så här kan den inte tas emot."),
            answer.sentence ?? "", h("span", {}, h("code", {}, answer.at || ""), " ", h("span", { lang: "en" }, answer.reason ?? "")))];
    }
    const body = JSON.parse(answer.text);
    const signers = signersOf(replay, body);
    const file = `${body.kind}.json`;
    return [banner("ok", t("It can be accepted when it is signed.", "Den kan tas emot när den är signerad."),
        signers === null ? "" : t(`To sign: ${signers.must.join(", ")}.`, `Ska signera: ${signers.must.join(", ")}.`)),
    h("h2", {}, t("What will be signed", "Vad som kommer att signeras")), fields(body),
    h("details", {}, h("summary", {}, t("To the byte", "På byten")), h("pre", { tabindex: "0" }, answer.text), h("p", {}, h("code", {}, answer.id))),
    h("p", {}, downloadLink(answer.text, file)),
    h("p", {}, t("Each signer reads it and signs with its own key, away from this page:", "Var och en som signerar läser det och signerar med sin egen nyckel, utanför den här sidan:")),
    h("pre", { tabindex: "0" }, `utfall sign ${file} --key YOUR.key -o ${body.kind}.note`)];
}

// The party of a signature line: whose key it is, or, of a contract not yet here, whose name it has.
function partyOf(replay, { name, id }) {
    return replay?.keys.get(`${name}+${id}`)?.party ?? name.split("/")[0];
}

async function replayOf(known, body) {
    const isKnown = known !== null || body.kind === "contract" || body.contract === undefined;
    return isKnown ? known : (await checkContract(body.contract)).replay;
}

function handIn(known) {
    const result = h("div", { "aria-live": "polite", id: "handed" });
    const input = h("input", { id: "note", type: "file" });
    let text = null;
    const submit = h("button", { type: "button", class: "main", hidden: true, onclick: async () => {
        const answer = await post("/statements", text);
        result.replaceChildren(answer.ok
            ? banner("ok", t("Accepted.", "Mottagen."), h("a", { href: `#/statement/${answer.index}` },
                t(`It is statement ${answer.index}, with its proof.`, `Den är utsaga ${answer.index}, med sitt bevis.`)))
            : banner("bad", t("Refused.", "Avvisad."), h("span", {}, h("code", {}, answer.code ?? ""), " ", h("span", { lang: "en" }, answer.reason ?? ""))));
    } }, t("Hand in", "Lämna in"));
    input.addEventListener("change", async () => {
        submit.hidden = true;
        try {
            const bytes = new Uint8Array(await takeFile(input).arrayBuffer());
            const note = readNote(bytes);
            text = new TextDecoder().decode(bytes);
            const body = JSON.parse(note.text);
            const replay = await replayOf(known, body);
            const signed = [...new Set(note.lines.map((line) => partyOf(replay, line)))];
            const missing = (signersOf(replay, body)?.must ?? []).filter((party) => !signed.includes(party));
            result.replaceChildren(banner(missing.length === 0 ? "ok" : "unable", kindName(body.kind),
                t(`Signed by ${signed.join(", ")}.`, `Signerad av ${signed.join(", ")}.`), missing.length === 0
                    ? t("Nobody is missing.", "Ingen saknas.") : t(`Missing: ${missing.join(", ")}. Send the file on to them.`,
                        `Saknas: ${missing.join(", ")}. Skicka filen vidare till dem.`)));
            submit.hidden = missing.length > 0;
        } catch (error) {
            result.replaceChildren(banner("bad", error.reason?.[language] ?? t("This is no signed statement.", "Det här är ingen signerad utsaga.")));
        }
    });
    return h("section", {}, h("h2", {}, t("Hand in a signed statement", "Lämna in en signerad utsaga")),
        h("label", { for: "note" }, t("Signed note (.note)", "Signerad not (.note)")), input, h("p", {}, submit), result);
}

function ownDraft(verdict) {
    const input = h("input", { id: "draft", type: "file", accept: ".json", onchange: async () =>
        verdict(await post(`/api/v1/check?lang=${language}`, await takeFile(input).text())) });
    return h("details", {}, h("summary", {}, t("I have a draft of another kind as a file", "Jag har ett utkast av annat slag som fil")),
        h("label", { for: "draft" }, t("Draft (.json)", "Utkast (.json)")), input);
}

async function chooser() {
    const { contracts } = await getJson("/api/v1/contracts");
    const contract = h("select", { id: "contract" }, contracts.map((one) => h("option", { value: one.contract }, said(one.title))));
    const kind = h("select", { id: "kind" }, KINDS.map((one) => h("option", { value: one }, kindName(one))));
    return h("form", { onsubmit: (event) => { event.preventDefault(); location.hash = `#/write/${contract.value}/${kind.value}`; } },
        h("label", { for: "contract" }, t("Contract", "Kontrakt")), contract, h("label", { for: "kind" }, t("Kind of statement", "Slag av utsaga")), kind,
        h("p", {}, h("button", { class: "main" }, t("Begin", "Börja"))));
}

export async function writePage(name, kind) {
    const shown = h("div", { "aria-live": "polite", id: "verdict" });
    const lead = h("p", { class: "lead" }, t("Nothing is signed or sent from this form. It makes a draft, and the ledger says at once whether it could be accepted.",
        "Inget signeras eller skickas från formuläret. Det gör ett utkast, och liggaren säger genast om det kan tas emot."));
    if (name === undefined) {
        const verdict = (answer) => shown.replaceChildren(...verdictOf(answer, null).flat(Infinity).filter(Boolean));
        return [h("h1", {}, t("Write a statement", "Skriv en utsaga")), lead, await chooser(), ownDraft(verdict), shown, handIn(null)];
    }
    const [checked, schema] = await Promise.all([checkContract(name), getJson(`/schemas/${kind}.schema.json`)]);
    const { contract } = checked.replay;
    let timer;
    const changed = (draft) => {
        clearTimeout(timer);
        timer = setTimeout(async () => {
            const answer = await post(`/api/v1/check?lang=${language}`, JSON.stringify(draft));
            shown.replaceChildren(...verdictOf(answer, checked.replay).flat(Infinity).filter(Boolean));
        }, CHECK_AFTER_MS);
    };
    return [h("p", { class: "crumbs" }, h("a", { href: `#/contract/${name}` }, titleOf(contract))),
        h("h1", {}, t(`Write: ${kindName(kind)}`, `Skriv: ${kindName(kind)}`)), lead,
        schemaForm(schema, await known(contract, kind), changed), shown, handIn(checked.replay)];
}

