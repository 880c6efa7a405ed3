// One settlement, as a form that is filled in: every line opens to what it was made of.

import { getJson } from "../api.js";
import { banner, checkBanner } from "../banner.js";
import { h, table } from "../dom.js";
import { dateText, money, valueText } from "../format.js";
import { lineText, operandText } from "../formula.js";
import { said, t } from "../language.js";
import { titleOf } from "../model.js";
import { checkContract } from "../trust.js";
import { Refused } from "../check/bytes.js";
import { settle } from "../check/settle.js";
import { readings } from "../check/terms.js";

const statementLink = (index) => h("a", { href: `#/statement/${index}` }, t(`statement ${index}`, `utsaga ${index}`));

// Names of lines inside a line, wherever they stand as operands.
function linesRead(terms, line) {
    const names = new Set(terms.lines.map((one) => one.line));
    const found = new Set();
    const walk = (value) => {
        if (typeof value === "string" && names.has(value)) {
            found.add(value);
        } else if (typeof value === "object") {
            Object.entries(value).filter(([name]) => !["line", "label", "note", "by", "basis", "baseline", "actor", "field",
                "measured", "period", "funded", "paid", "earlier"].includes(name)).forEach(([, item]) => walk(item));
        }
    };
    walk(line);
    return [...found];
}

function inputs(contract, terms, line, period, values) {
    const ofLines = linesRead(terms, line).map((name) => {
        const number = terms.lines.findIndex((one) => one.line === name) + 1;
        return h("li", {}, t(`line ${number}, `, `rad ${number}, `), operandText(terms, name), ": ",
            valueText(values.get(name).value, values.get(name).unit));
    });
    const ofStatements = readings(line).map((reading) => {
        if (reading.measured !== undefined) {
            const cell = contract.cells.get(`${reading.measured} ${reading.period ?? period}`);
            return h("li", {}, operandText(terms, reading), ": ", cell === undefined ? t("not measured", "inte uppmätt")
                : [t("from ", "från "), statementLink(cell.index)]);
        }
        const list = reading.funded !== undefined ? contract.fundings : reading.paid !== undefined
            ? contract.payments : contract.settlements;
        return h("li", {}, operandText(terms, reading), ": ", list.map((one, i) => [i > 0 ? ", " : "", statementLink(one.index)]));
    });
    return ofLines.length + ofStatements.length === 0 ? [] : [h("p", {}, t("Made of:", "Består av:")), h("ul", {}, ofLines, ofStatements)];
}

function lineItem(contract, terms, line, i, made, told, period) {
    const { value, unit } = made.values.get(line.line);
    const explained = told?.lines?.find((one) => one.line === line.line);
    const server = told?.computed?.lines?.find((one) => one.line === line.line);
    const differs = server !== undefined && server.value !== value;
    return h("li", { class: terms.pays.some(({ pay }) => pay === line.line) ? "pays" : null },
        h("details", {}, h("summary", {}, h("span", { class: "soft" }, String(i + 1)), h("span", {}, said(line.label)),
            h("span", { class: differs ? "value bad" : "value" }, valueText(value, unit),
                differs ? t(` – the server says ${valueText(server.value, unit)}`, ` – servern säger ${valueText(server.value, unit)}`) : "")),
        h("div", { class: "inside" }, h("p", { class: "of" }, lineText(terms, line)),
            inputs(contract, terms, line, period, made.values),
            explained?.zero_because === undefined || explained.zero_because === "" ? []
                : h("p", { class: "soft", lang: "en" }, t("The server says why it is zero: ", "Servern säger varför det är noll: "), explained.zero_because))));
}

function paysTable(contract, settlement, pays) {
    return table(t("What is owed", "Vad som ska betalas"),
        [t("From", "Från"), t("To", "Till"), t("Amount", "Belopp"), t("Due", "Förfaller"), t("Paid in", "Betalt i")],
        pays.map((pay) => [pay.from, pay.to, money(pay.amount), pay.due === undefined ? "" : dateText(pay.due),
            settlement === undefined ? "" : contract.payments.filter(({ body }) => body.settlement === settlement.id &&
                body.pay === pay.pay && body.to === pay.to && body.tranche === pay.tranche)
                .map((one, i) => [i > 0 ? ", " : "", statementLink(one.index)])]), [2]);
}

// The newest settlement of the period as it was computed here, or what it would be now.
async function make(contract, period) {
    const settlement = contract.settlements.findLast((one) => one.period === period);
    if (settlement === undefined) {
        const made = await settle(contract, period);
        return { settlement, pays: made.computed.pays, terms: made.version.body, values: new Map(made.lines.map((one) => [one.line, one])) };
    }
    const version = settlement.computed.terms === undefined ? contract.versions[0]
        : contract.versions.find(({ id }) => id === settlement.computed.terms);
    return { settlement, terms: version.body, pays: settlement.computed.pays,
        values: new Map(settlement.lines.map((one) => [one.line, one])) };
}

function differences(told, made) {
    const sums = (told?.computed?.pays ?? []).map((pay) => [pay, made.pays.find((one) => one.pay === pay.pay &&
        one.to === pay.to && one.from === pay.from && one.tranche === pay.tranche)]);
    const wrong = sums.filter(([pay, mine]) => mine?.amount.amount !== pay.amount.amount).map(([pay, mine]) =>
        t(`The server says that ${pay.from} owes ${pay.to} ${money(pay.amount)}. From the signed statements it is ${mine ? money(mine.amount) : "nothing"}.`,
            `Servern säger att ${pay.from} är skyldig ${pay.to} ${money(pay.amount)}. Av de signerade utsagorna blir det ${mine ? money(mine.amount) : "inget"}.`));
    const lines = (told?.computed?.lines ?? []).filter((one) => made.values.get(one.line)?.value !== one.value)
        .map((one) => t(`The server shows another value for the line ${one.line}.`, `Servern visar ett annat värde på raden ${one.line}.`));
    return [...wrong, ...lines];
}

export async function settlementPage(name, period) {
    const [checked, told] = await Promise.all([checkContract(name),
        getJson(`/api/v1/contracts/${encodeURIComponent(name)}/periods/${encodeURIComponent(period)}`).catch(() => null)]);
    const heading = h("h1", {}, t(`Settlement of period ${period}`, `Avräkning av period ${period}`));
    const contract = checked.replay?.contract ?? null;
    const crumbs = h("p", { class: "crumbs" }, h("a", { href: "#/" }, t("Contracts", "Kontrakt")), " › ",
        h("a", { href: `#/contract/${name}` }, contract === null ? name : titleOf(contract)));
    if (contract === null) {
        return [crumbs, heading, checkBanner(checked)];
    }
    let made;
    try {
        made = await make(contract, period);
    } catch (error) {
        if (!(error instanceof Refused)) {
            throw error;
        }
        return [crumbs, heading, checkBanner(checked), banner("unable", t("It cannot be computed yet.", "Den kan inte räknas än."),
            t(error.reason.en, error.reason.sv))];
    }
    const wrong = differences(told, made);
    const { settlement, terms } = made;
    return [crumbs, heading, checkBanner(checked),
        wrong.length === 0 ? [] : banner("bad", t("The server disagrees with what was signed.", "Servern stämmer inte med det som är signerat."), ...wrong),
        settlement === undefined
            ? h("p", { class: "lead" }, t("Nobody has signed this yet. It is what the terms give for what has been measured so far.",
                "Ingen har signerat det här än. Det är vad villkoren ger av det som är uppmätt hittills."))
            : h("p", { class: "lead" }, t("Signed as ", "Signerad som "), statementLink(settlement.index), t(" by ", " av "),
                [...new Set(checked.signatures.filter(({ index, ok }) => ok && index === settlement.index).map(({ party }) => party))].join(", "), "."),
        paysTable(contract, settlement, made.pays),
        h("h2", {}, t("Line by line", "Rad för rad")),
        h("p", { class: "soft" }, t("Every value was computed in this browser. Open a line to see what it is made of.",
            "Varje värde är räknat i webbläsaren. Öppna en rad för att se vad den består av.")),
        h("ol", { class: "form" }, terms.lines.map((line, i) => lineItem(contract, terms, line, i, made, told, period)))];
}

