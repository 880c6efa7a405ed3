// The portal: which page is shown, and what is around it. Everything that pages show they ask of
// the API; what a server says about a contract is checked here, in the browser, before it is shown.

import { Failure, TokenNeeded, keepToken } from "./api.js";
import { banner } from "./banner.js";
import { h } from "./dom.js";
import { choose, language, t } from "./language.js";
import { follow } from "./news.js";
import { contractPage } from "./pages/contract.js";
import { contractsPage } from "./pages/contracts.js";
import { entryPage } from "./pages/entry.js";
import { ledgerPage } from "./pages/ledger.js";
import { partyPage } from "./pages/party.js";
import { settlementPage } from "./pages/settlement.js";
import { verifyPage } from "./pages/verify.js";
import { writePage } from "./pages/write.js";

const PAGES = [
    [/^\/$/, contractsPage],
    [/^\/contract\/([^/]+)$/, contractPage],
    [/^\/contract\/([^/]+)\/period\/([^/]+)$/, settlementPage],
    [/^\/statement\/(\d+)$/, entryPage],
    [/^\/party\/([^/]+)$/, partyPage],
    [/^\/ledger$/, ledgerPage],
    [/^\/verify$/, verifyPage],
    [/^\/write(?:\/([^/]+)\/([^/]+))?$/, writePage],
];

const main = document.getElementById("main");
let turn = 0;

function drawAround(path) {
    document.documentElement.lang = language;
    document.getElementById("skip").textContent = t("Skip to content", "Hoppa till innehållet");
    const links = [["/", t("Contracts", "Kontrakt")], ["/ledger", t("Ledger and witnesses", "Liggare och vittnen")],
        ["/verify", t("Verify a file", "Pröva en fil")], ["/write", t("Write a statement", "Skriv en utsaga")]];
    const nav = document.getElementById("nav");
    nav.setAttribute("aria-label", t("Main", "Huvudmeny"));
    nav.replaceChildren(...links.map(([to, text]) =>
        h("a", { href: `#${to}`, "aria-current": to === path ? "page" : null }, text)));
    const languages = document.getElementById("languages");
    languages.setAttribute("aria-label", t("Language", "Språk"));
    languages.replaceChildren(...[["en", "English"], ["sv", "Svenska"]].map(([code, name]) =>
        h("button", { type: "button", lang: code, "aria-pressed": String(code === language),
            onclick: () => { choose(code); show(); } }, name)));
    document.getElementById("footer").replaceChildren(
        h("p", {}, t("What stands under a green mark was checked in your browser, from the signed statements themselves.",
            "Det som står under ett grönt märke är prövat i din webbläsare, från de signerade utsagorna själva.")));
}

function askForToken() {
    const input = h("input", { id: "token", type: "password", autocomplete: "off" });
    return h("form", { onsubmit: (event) => { event.preventDefault(); keepToken(input.value.trim()); show(); } },
        h("label", { for: "token" }, t("Token that lets you read", "Kod som låter dig läsa"),
            h("span", { class: "hint" }, t("The operator of the ledger gives it out. It is kept until this tab is closed.",
                "Liggarens operatör lämnar ut den. Den behålls tills fliken stängs."))), input,
        h("p", {}, h("button", { class: "main" }, t("Read", "Läs"))));
}

function failed(error) {
    const isOurs = error instanceof Failure;
    return [h("h1", {}, t("This cannot be shown", "Det här kan inte visas")),
        banner("bad", isOurs ? error.message : t("The page failed.", "Sidan fungerade inte."),
            ...(isOurs ? [] : [String(error.message)])),
        error instanceof TokenNeeded ? askForToken() : [],
        h("p", {}, h("a", { href: "#/" }, t("To the contracts", "Till kontrakten")))];
}

async function draw(path) {
    for (const [pattern, page] of PAGES) {
        const parts = pattern.exec(path);
        if (parts !== null) {
            return page(...parts.slice(1).map((part) => part && decodeURIComponent(part)));
        }
    }
    throw new Failure(t("There is no such page.", "Den sidan finns inte."));
}

async function show() {
    const path = location.hash.startsWith("#/") ? location.hash.slice(1) : "/";
    const mine = ++turn;
    drawAround(path);
    main.setAttribute("aria-busy", "true");
    const content = await draw(path).then((drawn) => { listen(); return drawn; }).catch(failed);
    if (mine !== turn) {
        return; // another page was asked for meanwhile
    }
    main.replaceChildren(...content.flat(Infinity).filter(Boolean));
    main.removeAttribute("aria-busy");
    const heading = main.querySelector("h1");
    document.title = `${heading.textContent} – utfall`;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    scrollTo(0, 0);
}

document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
});
addEventListener("hashchange", show);
const listen = follow(document.getElementById("news"), show);
show();
