// One contract: who, how much, what was measured against what, what is paid by it, and what is next.

import { checkBanner } from "../banner.js";
import { curveChart, thresholdChart, toFloat } from "../chart.js";
import { h, table } from "../dom.js";
import { dateText, decimalText, money, valueText } from "../format.js";
import { lineText } from "../formula.js";
import { kindName, roleName, said, t } from "../language.js";
import { asMoney, drivers, moneySoFar, nextSteps, payoutCurve, periodsOf, termsOf, thresholdsOf,
    titleOf } from "../model.js";
import { checkContract } from "../trust.js";
import * as q from "../check/rational.js";

const partyLink = (party) => h("a", { href: `#/party/${party}` }, party);
const named = (replay, party) => [partyLink(party), " ",
    h("span", { class: "soft" }, replay.parties.get(party)?.legalName ?? "")];

function rolesTable(replay, terms) {
    return table(t("Roles", "Roller"), [t("Role", "Roll"), t("Who", "Vem")],
        Object.entries(terms.roles).map(([role, parties]) => [roleName(role),
            parties.map((party) => h("div", {}, named(replay, party)))]));
}

function figures(contract, currency) {
    const sums = moneySoFar(contract);
    const open = sums.dues.filter(({ units, paid }) => units > paid);
    const figure = (name, units, note) => h("div", {}, h("dt", {}, name), h("dd", {}, money(asMoney(units, currency))),
        note === undefined ? [] : h("dd", { class: "note" }, note));
    return [h("dl", { class: "figures" },
        figure(t("Placed by investors", "Inbetalt av finansiärer"), sums.placed, sums.committed > 0n
            ? t(`of ${money(asMoney(sums.committed, currency))} committed`, `av utlovade ${money(asMoney(sums.committed, currency))}`) : undefined),
        figure(t("Settled: to be repaid", "Avräknat: ska betalas"), sums.settled),
        figure(t("Paid", "Utbetalt"), sums.paid)),
    open.length === 0 ? [] : table(t("Owed now", "Obetalt"), [t("From", "Från"), t("To", "Till"), t("Left", "Kvar"), t("Due", "Förfaller")],
        open.map((due) => [due.from, due.to, money(asMoney(due.units - due.paid, currency)), due.due ? dateText(due.due) : ""]), [2])];
}

function periodsTable(name, contract) {
    return table(t("Periods and settlements", "Perioder och avräkningar"),
        [t("Period", "Period"), t("From", "Från"), t("To", "Till"), t("Binds payment", "Styr betalning"), t("Settlement", "Avräkning")],
        periodsOf(contract).map((period) => [period.period, dateText(period.from), dateText(period.to),
            period.binding ? t("yes", "ja") : t("no", "nej"),
            !period.binding && period.missing.length > 0 ? t("reported only", "endast rapporterad")
                : h("a", { href: `#/contract/${name}/period/${period.period}` }, period.settlement === undefined
                    ? t(`As it would be: period ${period.period}`, `Som den skulle bli: period ${period.period}`)
                    : t(`Settlement of period ${period.period}`, `Avräkning av period ${period.period}`))]));
}

// --- Outcomes ---

const MEASURED = [["value", "Measured", "Uppmätt"], ["control_value", "Control group", "Kontrollgrupp"],
    ["count", "Number", "Antal"], ["control_count", "Number in the control group", "Antal i kontrollgruppen"]];

function shownValues(value) {
    const rows = MEASURED.filter(([field]) => value[field] !== undefined).map(([field, en, sv]) => ({
        text: t(en, sv), exact: q.decimal(value[field]), isControl: field.startsWith("control") }));
    for (const [prefix, en, sv] of [["", "Share", "Andel"], ["control_", "Share in the control group", "Andel i kontrollgruppen"]]) {
        if (value[`${prefix}numerator`] !== undefined && value[`${prefix}denominator`] !== undefined) {
            rows.push({ text: t(en, sv), isControl: prefix !== "",
                exact: q.divide(q.decimal(value[`${prefix}numerator`]), q.decimal(value[`${prefix}denominator`])) });
        }
    }
    return rows;
}

function outcomeOf(contract, terms, outcome, period) {
    const cell = contract.cells.get(`${outcome.outcome} ${period}`);
    if (cell === undefined) {
        return [];
    }
    const thresholds = thresholdsOf(terms, outcome.outcome);
    const values = shownValues(cell.value);
    const text = (fraction) => valueText(q.write(fraction), outcome.unit);
    const bars = values.map((row) => ({ at: toFloat(row.exact), text: `${row.text}: ${text(row.exact)}`, isControl: row.isControl }));
    const lines = thresholds.map(({ sign, value }) => ({ at: toFloat(q.decimal(value)), text: `${sign} ${decimalText(value)}` }));
    const title = t(`${said(outcome.label)}, period ${period}`, `${said(outcome.label)}, period ${period}`);
    const description = [...bars.map((bar) => bar.text),
        ...lines.map((line) => t(`threshold ${line.text}`, `tröskel ${line.text}`))].join("; ");
    return [bars.length === 0 ? [] : thresholdChart(title, description, title, bars, lines),
        table(title, [t("What", "Vad"), t("Value", "Värde")], [
            ...values.map((row) => [row.text, text(row.exact)]),
            ...thresholds.map(({ sign, value }) => [t("Threshold", "Tröskel"), `${sign} ${decimalText(value)}`]),
            [t("Stated in", "Uppgivet i"), h("a", { href: `#/statement/${cell.index}` }, t(`statement ${cell.index}`, `utsaga ${cell.index}`))],
            ...(cell.value.published === undefined ? [] : [[t("As published", "Som publicerat"), said(cell.value.published)]]),
            ...(cell.value.note === undefined ? [] : [[t("Note", "Anmärkning"), said(cell.value.note)]]),
        ])];
}

const CLASSES = { paying: ["decides payment", "styr betalning"], condition: ["is a condition", "är ett villkor"],
    reported: ["is reported only", "rapporteras endast"] };

function outcomes(contract) {
    return periodsOf(contract).flatMap(({ period, terms }) => terms.outcomes.map((outcome) => [outcome,
        outcomeOf(contract, terms, outcome, period)])).filter(([, shown]) => shown.length > 0)
        .map(([outcome, shown]) => [h("h3", {}, said(outcome.label)),
            h("p", { class: "soft" }, t(`This outcome ${CLASSES[outcome.class][0]}. Measured by ${outcome.evaluator}.`,
                `Utfallet ${CLASSES[outcome.class][1]}. Mäts av ${outcome.evaluator}.`)), shown]);
}

// --- The payout as a curve ---

function curveFigure(contract, period, driver) {
    const curve = payoutCurve(contract, period, driver);
    const label = said(driver.outcome.label);
    if (curve === null) {
        return h("p", {}, t(`What is paid for “${label}” can be drawn when the other outcomes have been measured.`,
            `Vad som betalas för “${label}” kan ritas när de andra utfallen är uppmätta.`));
    }
    const x = (point) => valueText(q.write(point.x), curve.unit);
    const y = (point) => valueText(q.write(point.y), curve.currency);
    const title = t(`Payout in period ${period}, by “${label}”`, `Utbetalning för period ${period}, efter “${label}”`);
    const highest = curve.points.reduce((a, b) => (q.sign(a.y, b.y) >= 0 ? a : b));
    const today = curve.today === null ? "" : t(`Today's result ${x(curve.today)} gives ${y(curve.today)}.`,
        `Dagens resultat ${x(curve.today)} ger ${y(curve.today)}.`);
    const rows = curve.points.filter((_, i) => i % Math.ceil(curve.points.length / 8) === 0 || i === curve.points.length - 1);
    const float = (point) => ({ x: toFloat(point.x), y: toFloat(point.y) });
    return [curveChart(title, `${t("At most", "Som mest")} ${y(highest)}. ${today}`, `${title}. ${today}`,
        curve.points.map(float), curve.today === null ? null : { ...float(curve.today), text: y(curve.today) },
        { top: y(highest), left: x(curve.points[0]), right: x(curve.points.at(-1)) }),
    h("details", {}, h("summary", {}, t("The same as a table", "Samma som tabell")),
        table(title, [label, t("Payout", "Utbetalning")], [...rows.map((point) => [x(point), y(point)]),
            ...(curve.today === null ? [] : [[t(`today: ${x(curve.today)}`, `i dag: ${x(curve.today)}`), y(curve.today)]])], [1]))];
}

function curves(contract) {
    const binding = periodsOf(contract).filter((period) => period.binding);
    const period = binding.find(({ settlement }) => settlement === undefined) ?? binding.at(-1);
    if (period === undefined || period.terms.pays.length === 0) {
        return [];
    }
    const possible = drivers(period.terms);
    const paying = possible.filter(({ outcome }) => outcome.class === "paying");
    return [h("h2", {}, t("What is paid for which result", "Vad som betalas för vilket resultat")),
        h("p", { class: "soft" }, t("Computed in this browser from the signed terms, with everything else as it was measured.",
            "Räknat i webbläsaren från de signerade villkoren, med allt annat som det är uppmätt.")),
        (paying.length > 0 ? paying : possible).slice(0, 4).map((driver) => curveFigure(contract, period.period, driver))];
}

// --- Terms, timeline ---

function termsList(terms) {
    const paid = new Map(terms.pays.map((pay) => [pay.pay, pay]));
    return [h("h2", {}, t("The terms in plain words", "Villkoren i klartext")),
        h("ol", {}, terms.lines.map((line) => h("li", {}, h("strong", {}, said(line.label)), ": ", lineText(terms, line), ".",
            line.note === undefined ? [] : h("p", { class: "soft" }, said(line.note)),
            !paid.has(line.line) ? [] : h("p", {}, t("This is paid by ", "Det betalas av "), paid.get(line.line).from, t(" to ", " till "),
                (paid.get(line.line).to ?? paid.get(line.line).waterfall.flatMap(({ to }) => to)).map(({ party }) => party).join(", "), "."))))];
}

function timeline(entries) {
    return [h("h2", {}, t("Timeline", "Tidslinje")), h("ol", { class: "timeline" }, entries
        .filter(({ body }) => body.contract !== undefined).map((entry) => h("li", {},
            h("p", {}, h("a", { href: `#/statement/${entry.index}` }, t(`Statement ${entry.index}: ${kindName(entry.kind)}`,
                `Utsaga ${entry.index}: ${kindName(entry.kind)}`)), entry.body.period || entry.body.computed
                ? t(` of period ${entry.body.period ?? entry.body.computed.period}`, ` av period ${entry.body.period ?? entry.body.computed.period}`) : ""),
            h("p", { class: "soft" }, `${dateText(entry.body.date)} · ${t("signed by", "signerad av")} ${entry.signers.join(", ")}`),
            entry.body.amount === undefined ? [] : h("p", {}, money(entry.body.amount)))))];
}

function disputes(contract) {
    if (contract.disputes.size === 0) {
        return [];
    }
    return [h("h2", {}, t("Disputes", "Tvister")), h("ul", {}, [...contract.disputes.values()].map((dispute) =>
        h("li", {}, t(`${dispute.by} disputes what was measured for period ${dispute.period}`,
            `${dispute.by} bestrider det som mätts för period ${dispute.period}`), ": ",
        dispute.decision !== null ? t("decided", "avgjord") : t("open", "öppen"))))];
}

function remarks(terms) {
    const conflicts = (terms.conflicts ?? []).map(({ parties, note }) => h("li", {}, h("strong", {}, parties.join(", ")), ": ", said(note)));
    const notes = (terms.notes ?? []).map(({ text }) => h("li", {}, said(text)));
    return [conflicts.length === 0 ? [] : [h("h2", {}, t("Declared conflicts of interest", "Redovisat jäv")), h("ul", {}, conflicts)],
        notes.length === 0 ? [] : h("details", {}, h("summary", {}, t(`${notes.length} remarks of the parties on the terms`,
            `${notes.length} anmärkningar av parterna till villkoren`)), h("ul", {}, notes))];
}

export async function contractPage(name) {
    const checked = await checkContract(name);
    const contract = checked.replay?.contract ?? null;
    // What was checked, to the byte; a link to the server would lack the token.
    const file = URL.createObjectURL(new Blob([checked.bytes]));
    const download = h("p", { class: "no-print" }, h("a", { class: "button", href: file, download: `${name}.case` },
        t("Download the case", "Hämta ärendefilen")), h("span", { class: "soft" },
        t("to keep, and to check with utfall-verify", "att spara, och pröva med utfall-verify")));
    if (contract === null) {
        return [h("h1", {}, name), checkBanner(checked), download];
    }
    const terms = termsOf(contract);
    const steps = nextSteps(contract);
    return [h("p", { class: "crumbs" }, h("a", { href: "#/" }, t("Contracts", "Kontrakt"))),
        h("h1", {}, titleOf(contract)),
        h("p", { class: "lead" }, t("Agreed on: ", "Avtalat: "), dateText(terms.agreed_on), ". ", said(terms.cohort.description), "."),
        checkBanner(checked),
        h("h2", {}, t("Money so far", "Pengar hittills")), figures(contract, terms.currency),
        h("h2", {}, t("Settlements", "Avräkningar")), periodsTable(name, contract),
        h("h2", {}, t("What comes next", "Vad som händer härnäst")), steps.length === 0
            ? h("p", {}, t("Nothing: every binding period is settled.", "Ingenting: varje bindande period är avräknad."))
            : h("ul", {}, steps.map((step) => h("li", {}, step))),
        h("h2", {}, t("Who", "Vilka")), rolesTable(checked.replay, terms),
        h("h2", {}, t("Outcomes against thresholds", "Utfall mot trösklar")), outcomes(contract),
        curves(contract), termsList(terms), disputes(contract), timeline(checked.entries), remarks(terms), download];
}
