// What this browser found out for itself, in green, red, or with the plain word that it could not.

import { h } from "./dom.js";
import { language, t } from "./language.js";
import { OF_PAGES } from "./check/check.js";

export function banner(kind, head, ...lines) {
    return h("div", { class: "check", "data-check": kind, role: kind === "bad" ? "alert" : "status" },
        h("p", {}, h("strong", {}, head)), lines.map((line) => h("p", {}, line)));
}

function problemText({ index, reason, who }) {
    const place = index === null ? "" : t(`Statement ${index}: `, `Utsaga ${index}: `);
    const signed = who.length > 0 ? t(` Signed by ${who.join(", ")}.`, ` Signerad av ${who.join(", ")}.`) : "";
    return `${place}${reason[language]}.${signed}`;
}

export function trustLine(trust) {
    if (trust.given) {
        return t("The log's key is the one that you typed in.", "Loggens nyckel är den som du skrev in.");
    }
    return [trust.isNew
        ? t("This browser sees the log's key for the first time and now keeps it. ",
            "Webbläsaren ser loggens nyckel för första gången och behåller den nu. ")
        : t("The log's key is the one that this browser saw first. ",
            "Loggens nyckel är den som webbläsaren såg först. "),
    h("a", { href: "#/ledger" }, t("Compare it with one that you got by another way.",
        "Jämför den med en som du fått på annat sätt."))];
}

export function checkBanner(checked) {
    if (!checked.capable) {
        return banner("unable", t("Not checked: this browser cannot verify Ed25519 signatures.",
            "Inte prövat: den här webbläsaren kan inte pröva Ed25519-signaturer."),
        t("What is shown is what the server says. Use a newer browser, or utfall-verify.",
            "Det som visas är vad servern säger. Använd en nyare webbläsare, eller utfall-verify."));
    }
    if (!checked.ok) {
        return banner("bad", t("This does not hold. Do not rely on what is shown here.",
            "Det här stämmer inte. Lita inte på det som visas här."),
        ...checked.problems.map(problemText));
    }
    const good = checked.signatures.length;
    const settled = checked.settlements.length;
    return banner("ok", t("Checked in this browser", "Prövat i den här webbläsaren"),
        t(`${good} signatures, each by a key that was valid; ${checked.entries.length} statements under the signed root; ${settled} ${settled === 1 ? "settlement" : "settlements"} computed again, equal to the byte.`,
            `${good} signaturer, var och en med en nyckel som gällde; ${checked.entries.length} utsagor under den signerade roten; ${settled} ${settled === 1 ? "avräkning räknad" : "avräkningar räknade"} på nytt, lika på byten.`),
        trustLine(checked.trust),
        h("details", {}, h("summary", {}, t("What it does not show", "Vad det inte visar")),
            h("ul", {}, [...checked.limits, OF_PAGES].map((limit) => h("li", {}, limit[language])))));
}
