// One party: its keys over time, and the contracts that it is in.

import { getJson } from "../api.js";
import { money } from "../format.js";
import { h, table } from "../dom.js";
import { roleName, said, t } from "../language.js";

const at = (index) => (index === undefined ? "" : h("a", { href: `#/statement/${index}` }, t(`statement ${index}`, `utsaga ${index}`)));

const sum = (amount, currency) => h("span", { class: "sum" }, money({ amount, currency }));
const yearOf = ({ year }) => (year === "all" ? t("All years", "Alla år") : String(year));

// What a fund stands at, year by year.
function fundPart({ fund }) {
    if (fund === undefined) {
        return [];
    }
    const columns = [["reserve", t("Set aside", "Avsatt")], ["placed", t("Placed", "Placerat")],
        ["repaid", t("Repaid", "Återbetalt")], ["left", t("Left", "Kvar")]];
    return [h("h2", {}, t("A social investment fund", "En social investeringsfond")),
        h("p", {}, t("Owned by ", "Ägs av "), h("a", { href: `#/party/${fund.owner}` }, fund.owner), "."),
        fund.over_reserve ? h("p", {}, h("strong", {}, t("More is placed than was set aside.", "Mer är placerat än vad som avsatts."))) : [],
        table(t("The fund by year", "Fonden år för år"), [t("Year", "År"), ...columns.map(([, text]) => text)],
            fund.years.map((row) => [yearOf(row), ...columns.map(([name]) => sum(row[name], fund.currency))]), [1, 2, 3, 4])];
}

// A table of the accounts in some roles; none without rows.
function accountTable(accounts, caption, roles, columns) {
    const rows = accounts.filter(({ year, role }) => year === "all" && roles.includes(role));
    return rows.length === 0 ? [] : table(caption, [t("Contract", "Kontrakt"), t("As", "Som"), ...columns.map(([, text]) => text)],
        rows.map((row) => [h("a", { href: `#/contract/${row.contract}` }, row.contract), roleName(row.role),
            ...columns.map(([name]) => sum(row[name], row.currency))]), columns.map((_, i) => i + 2));
}

// What it has placed, and what it owes or is owed, by contract over all years.
function moneyPart({ accounts }) {
    return [accounts.length === 0 ? [] : h("h2", {}, t("Money", "Pengar")),
        accountTable(accounts, t("Placed, by contract", "Placerat, per kontrakt"), ["investor"],
            [["committed", t("Committed", "Utfäst")], ["funded", t("Placed", "Placerat")]]),
        accountTable(accounts, t("Settled and paid, by contract", "Avräknat och betalt, per kontrakt"), ["payer", "receiver"],
            [["settled", t("Settled", "Avräknat")], ["held", t("Held", "Innehållet")], ["paid", t("Paid", "Betalt")],
                ["outstanding", t("Still to pay", "Kvar att betala")]])];
}

// Every entry is read for a balance, and the server adds up one at a time.
async function balanceOf(id) {
    try {
        return await getJson(`/api/v1/parties/${encodeURIComponent(id)}/balance`);
    } catch {
        return null;
    }
}

export async function partyPage(id) {
    const [party, list, balance] = await Promise.all([getJson(`/api/v1/parties/${encodeURIComponent(id)}`),
        getJson(`/api/v1/search?q=${encodeURIComponent(id)}`), balanceOf(id)]);
    const contracts = list.contracts.map((contract) => ({ contract, roles: Object.keys(contract.roles)
        .filter((role) => contract.roles[role].includes(id)) })).filter(({ roles }) => roles.length > 0);
    return [h("h1", {}, party.legal_name), h("p", { class: "lead" }, party.party,
        party.registration?.number === undefined ? "" : ` · ${party.registration.scheme} ${party.registration.number}`),
    h("p", { class: "soft" }, t("As the server says; each statement that is linked can be checked.",
        "Som servern säger; varje utsaga som länkas kan prövas.")),
    table(t("Keys", "Nycklar"), [t("Key", "Nyckel"), t("Valid from", "Gäller från"), t("To", "Till")],
        party.keys.map((key) => [h("code", {}, key.vkey), at(key.valid_from), at(key.valid_until)])),
    balance === null ? h("p", {}, t("The server is adding up another balance. Come back in a moment.", "Servern räknar en annan balans. Kom tillbaka om en stund."))
        : [fundPart(balance), moneyPart(balance)],
    h("h2", {}, t("Contracts", "Kontrakt")), contracts.length === 0 ? h("p", {}, t("None.", "Inga."))
        : h("ul", {}, contracts.map(({ contract, roles }) => h("li", {}, h("a", { href: `#/contract/${contract.contract}` },
            said(contract.title)), ` (${roles.map(roleName).join(", ")})`)))];
}
