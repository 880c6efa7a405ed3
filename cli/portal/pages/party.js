// One party: its keys over time, and the contracts that it is in.

import { getJson } from "../api.js";
import { h, table } from "../dom.js";
import { roleName, said, t } from "../language.js";

const at = (index) => (index === undefined ? "" : h("a", { href: `#/statement/${index}` }, t(`statement ${index}`, `utsaga ${index}`)));

export async function partyPage(id) {
    const [party, list] = await Promise.all([getJson(`/api/v1/parties/${encodeURIComponent(id)}`), getJson("/api/v1/contracts")]);
    const contracts = list.contracts.map((contract) => ({ contract, roles: Object.keys(contract.roles)
        .filter((role) => contract.roles[role].includes(id)) })).filter(({ roles }) => roles.length > 0);
    return [h("h1", {}, party.legal_name), h("p", { class: "lead" }, party.party,
        party.registration?.number === undefined ? "" : ` · ${party.registration.scheme} ${party.registration.number}`),
    party.fund === undefined ? [] : [h("h2", {}, t("A social investment fund", "En social investeringsfond")),
        h("p", {}, said(party.fund.rules))],
    h("p", { class: "soft" }, t("As the server says; each statement that is linked can be checked.",
        "Som servern säger; varje utsaga som länkas kan prövas.")),
    table(t("Keys", "Nycklar"), [t("Key", "Nyckel"), t("Valid from", "Gäller från"), t("To", "Till")],
        party.keys.map((key) => [h("code", {}, key.vkey), at(key.valid_from), at(key.valid_to)])),
    h("h2", {}, t("Contracts", "Kontrakt")), contracts.length === 0 ? h("p", {}, t("None.", "Inga."))
        : h("ul", {}, contracts.map(({ contract, roles }) => h("li", {}, h("a", { href: `#/contract/${contract.contract}` },
            said(contract.title)), ` (${roles.map(roleName).join(", ")})`)))];
}
