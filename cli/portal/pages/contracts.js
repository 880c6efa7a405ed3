// The start page: every contract of the ledger.

import { getJson } from "../api.js";
import { h } from "../dom.js";
import { roleName, said, t } from "../language.js";

function card(contract) {
    const people = ["payer", "investor", "evaluator"].map((role) => h("p", {},
        h("span", { class: "soft" }, `${roleName(role)}: `), (contract.roles[role] ?? []).join(", ")));
    const { entries } = contract;
    return h("li", {}, h("h2", {}, h("a", { href: `#/contract/${contract.contract}` }, said(contract.title))), people,
        h("p", { class: "soft" }, t(`${entries} statements, the newest is number ${contract.last_index}`,
            `${entries} utsagor, den senaste är nummer ${contract.last_index}`)));
}

export async function contractsPage() {
    const list = h("ul", { class: "cards" });
    const status = h("p", { class: "soft", role: "status" });
    const more = h("button", { type: "button" }, t("Show more", "Visa fler"));
    let all = [];
    let after = "";

    // What is not here yet, the server looks for.
    const search = async (wanted) => {
        const { contracts } = await getJson(`/api/v1/search?q=${encodeURIComponent(wanted)}`);
        if (input.value === wanted) {
            list.replaceChildren(...contracts.map(card));
            status.textContent = t(`${contracts.length} found`, `${contracts.length} hittades`);
        }
    };
    const draw = (wanted) => {
        if (!more.hidden && wanted.trim() !== "") {
            search(wanted);
            return;
        }
        const found = all.filter((one) => `${said(one.title)} ${one.contract} ${Object.values(one.roles).flat().join(" ")}`
            .toLowerCase().includes(wanted.toLowerCase()));
        list.replaceChildren(...found.map(card));
        status.textContent = t(found.length === 1 ? "1 contract" : `${found.length} contracts`, `${found.length} kontrakt`);
    };
    const input = h("input", { id: "find", type: "search", oninput: () => draw(input.value) });
    const load = async () => {
        const answer = await getJson(`/api/v1/contracts?after=${encodeURIComponent(after)}`);
        all = [...all, ...answer.contracts];
        after = all.at(-1)?.contract ?? "";
        more.hidden = !answer.more;
        draw(input.value);
    };
    more.addEventListener("click", load);
    await load();
    return [h("h1", {}, t("Outcome contracts", "Utfallskontrakt")),
        h("p", { class: "lead" }, t("Contracts in which a payer repays an investor by what came of an effort. This list is what the server says; each contract's page is checked in your browser, down to the signatures.",
            "Kontrakt där en betalare ersätter en finansiär efter vad en insats har gett. Listan är vad servern säger; varje kontrakts sida prövas i din webbläsare, ända ner till signaturerna.")),
        all.length > 5 ? [h("label", { for: "find" }, t("Find a contract, party or role", "Sök kontrakt, part eller roll")), input] : [],
        status, list, more,
        all.length === 0 ? h("p", {}, t("No contract has been signed yet.", "Inget kontrakt är signerat än.")) : []];
}
