// The portal in a real browser. Called by tests/cli/portal.py, which starts the servers; prints TAP.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [demo, town, folder, shots] = process.argv.slice(2);
const UTFALL = process.env.UTFALL;
const require = createRequire(`${process.env.BROWSER_MODULES}/`);
const { chromium } = require("playwright-core");
const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const CONTRACT = "#/contract/norrkoping-rise-spent";
const FORM = `${CONTRACT}/period/2y`;
const PAGES = [
    ["start", "#/", null], ["contract", CONTRACT, "ok"], ["settlement", FORM, "ok"], ["statement", "#/statement/10", "ok"],
    ["charter", "#/statement/0", "ok"], ["ledger", "#/ledger", "ok"], ["party", "#/party/norrkoping.se", null],
    ["verify", "#/verify", null], ["write", "#/write", null], ["write-funding", "#/write/norrkoping-rise-spent/funding", "bad"],
    ["write-measurement", "#/write/norrkoping-rise-spent/measurement", "bad"],
    ["write-settlement", "#/write/norrkoping-rise-spent/settlement", "bad"],
    ["write-dispute", "#/write/norrkoping-rise-spent/dispute", "bad"], ["nowhere", "#/nowhere", "bad"],
];
const WORDS = { en: ["Contracts", "Checked in this browser"], sv: ["Kontrakt", "Prövat i den här webbläsaren"] };

let count = 0;
let failed = 0;
function ok(title, ...complaints) {
    const told = complaints.flat().filter(Boolean).map(String);
    count++;
    failed += told.length > 0;
    console.log(`${told.length > 0 ? "not ok" : "ok"} ${count} - ${title}`);
    told.flatMap((text) => text.split("\n")).slice(0, 30).forEach((line) => console.log(`# ${line}`));
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync"] });

// A fresh browser that notes whatever a console or the network says that it should not.
async function open(base, options = {}) {
    const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1100, height: 800 }, ...options });
    const page = await context.newPage();
    const odd = [];
    page.on("console", (message) => message.type() === "error" && !/status of 4\d\d/.test(message.text()) &&
        odd.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => odd.push(`error: ${error.message}`));
    page.on("request", (request) => {
        const url = new URL(request.url());
        if (url.origin !== base && url.protocol !== "blob:") {
            odd.push(`asked elsewhere: ${request.url()}`);
        }
    });
    return { context, page, odd, base };
}

async function go({ page, base }, hash) {
    await page.goto(`${base}/${hash}`);
    await settled(page);
}

async function settled(page) {
    await page.waitForFunction(() => {
        const main = document.querySelector("main");
        return !main.hasAttribute("aria-busy") && main.querySelector("h1") !== null;
    });
}

// Written statements are checked a little after the last change.
const verdict = (page) => page.locator("[data-check]").last();

async function violations(page) {
    await page.evaluate(AXE);
    const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
    return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`);
}

const widthOf = (page) => page.evaluate(() => document.documentElement.scrollWidth);

async function everyPage() {
    for (const lang of ["en", "sv"]) {
        const tab = await open(demo, { locale: lang === "sv" ? "sv-SE" : "en-GB", colorScheme: lang === "sv" ? "dark" : "light" });
        const { page, odd } = tab;
        for (const [name, hash, check] of PAGES) {
            await go(tab, hash);
            if (check !== null) {
                await page.locator("[data-check]").first().waitFor();
            }
            const shown = check === null ? null : await page.locator("[data-check]").first().getAttribute("data-check");
            const heading = await page.evaluate(() => document.activeElement.tagName);
            const faults = await violations(page);
            await page.setViewportSize({ width: 320, height: 640 });
            const narrow = await widthOf(page);
            await page.setViewportSize({ width: 1100, height: 800 });
            await page.screenshot({ path: path.join(shots, `${name}-${lang}.png`), fullPage: true });
            ok(`${name} in ${lang}: checked, accessible, 320 pixels wide`, odd.splice(0), faults,
                shown !== check && `shows ${shown}`, narrow > 320 && `${narrow} pixels wide`,
                heading !== "H1" && `the focus is at ${heading}`,
                (await page.getAttribute("html", "lang")) !== lang && "it has another lang");
        }
        const text = await page.textContent("header");
        ok(`the menu is in ${lang}`, !text.includes(WORDS[lang][0]) && text);
        await tab.context.close();
    }
}

// The oracle finds what there is to find.
async function faultsAreFound() {
    const tab = await open(demo);
    await go(tab, "#/verify");
    await tab.page.evaluate(() => {
        document.querySelector("label[for=file]").remove();
    });
    const found = (await violations(tab.page)).join(" ");
    ok("a missing label would be found", !/label/.test(found) && found);
    await tab.context.close();
}

async function fiveClicks() {
    const tab = await open(demo);
    const { page } = tab;
    await go(tab, "");
    await page.getByRole("link", { name: /Norrköping/ }).click();
    await page.getByRole("link", { name: "Settlement of period 2y" }).click();
    await page.locator("summary", { hasText: "Verified saving" }).first().click();
    const inside = page.locator("details[open]").getByRole("link", { name: "statement 8" });
    await inside.click();
    await page.getByRole("heading", { name: "Statement 8: Measurement" }).waitFor();
    await page.locator("#signatures summary").first().click();
    const shown = await page.locator("#signatures").textContent();
    ok("from the start page to the signature behind the payout in five clicks", tab.odd,
        !/lumell.se.*verified in this browser.*says the serverLumell Associates/s.test(shown) && shown, !shown.includes("— lumell.se ") && "no signature line");
    await tab.context.close();
}

async function byKeyboard() {
    const tab = await open(demo);
    const { page } = tab;
    await go(tab, "");
    const press = async (wanted, limit = 60) => {
        for (let i = 0; i < limit; i++) {
            await page.keyboard.press("Tab");
            const text = await page.evaluate(() => (["A", "SUMMARY"].includes(document.activeElement.tagName)
                ? document.activeElement.textContent : ""));
            if (text.includes(wanted)) {
                await page.keyboard.press("Enter");
                return true;
            }
        }
        return false;
    };
    await page.evaluate(() => document.activeElement.blur());
    const skipped = await press("Skip to content", 3);
    const inMain = await page.evaluate(() => document.activeElement.id);
    const opened = await press("Norrköping");
    await page.getByRole("heading", { name: /Norrköping/, level: 1 }).waitFor();
    await settled(page);
    const settlement = await press("Settlement of period 2y");
    await page.getByRole("heading", { name: "Settlement of period 2y" }).waitFor();
    const line = await press("Verified saving");
    const isOpen = await page.locator("details[open]").count();
    ok("the same by keyboard alone", !(skipped && opened && settlement && line) && `${skipped} ${opened} ${settlement} ${line}`,
        inMain !== "main" && `skipped to ${inMain}`, isOpen !== 1 && `${isOpen} lines are open`);
    await tab.context.close();
}

async function zoomAndPrint() {
    // 1280 pixels at 200 % are 640 of them, each two wide.
    const tab = await open(demo, { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 });
    for (const hash of [CONTRACT, FORM, "#/statement/10"]) {
        await go(tab, hash);
        ok(`${hash} at 200 %`, (await widthOf(tab.page)) > 640 && "it scrolls sideways");
    }
    await go(tab, FORM);
    await tab.page.emulateMedia({ media: "print" });
    ok("printed, the menu is left out and the sums stand", (await tab.page.locator("nav").isVisible()) && "the menu is there",
        !(await tab.page.locator("main").textContent()).includes("3,000,000.00") && "no sum");
    await tab.context.close();
}

// A server that lies: what it sends is changed on the way.
async function tampered(title, match, change, hash, before) {
    const tab = await open(demo);
    if (before) {
        await go(tab, CONTRACT);
    }
    let changed = 0;
    await tab.page.route(match, async (route) => {
        const response = await route.fetch();
        const body = await response.text();
        const told = change(body);
        changed += told !== body;
        await route.fulfill({ response, body: told });
    });
    await tab.page.goto("about:blank");
    await go(tab, hash);
    const kinds = await tab.page.locator("[data-check]").evaluateAll((all) => all.map((one) => one.dataset.check));
    const text = await tab.page.locator("[data-check='bad']").first().textContent().catch(() => "");
    ok(`caught: ${title}`, changed === 0 && "nothing was changed", !kinds.includes("bad") && `shows ${kinds}`, text === "" && "no words");
    await tab.context.close();
}

// Something true that was not asked for: every word of it is signed.
async function misdirected(title, pattern, instead, hash) {
    const tab = await open(demo);
    let sent = 0;
    await tab.page.route(pattern, async (route) => {
        sent++;
        await route.fulfill({ response: await route.fetch({ url: instead(route.request().url()) }) });
    });
    await go(tab, hash);
    const kinds = await tab.page.locator("[data-check]").evaluateAll((all) => all.map((one) => one.dataset.check));
    ok(`caught: ${title}`, sent === 0 && "nothing was sent", (!kinds.includes("bad") || kinds.includes("ok")) && `shows ${kinds}`,
        tab.odd.splice(0));
    await tab.context.close();
}

// After a longer ledger, or another of the same length, what was signed once is not enough.
async function oldLedgers() {
    const tab = await open(demo);
    for (const hash of [CONTRACT, "#/statement/10", "#/ledger"]) {
        for (const [title, change] of [["a longer ledger was seen", (seen) => ({ ...seen, size: "99" })],
            ["another ledger of this size was seen", (seen) => ({ ...seen, root: seen.root.replace(/^./, (first) => (first === "A" ? "B" : "A")) })]]) {
            await go(tab, hash);
            await tab.page.evaluate(() => localStorage.clear());
            await tab.page.reload();
            await settled(tab.page);
            const first = await verdict(tab.page).getAttribute("data-check");
            const seen = await tab.page.evaluate(() => localStorage.getItem("utfall.seen"));
            await tab.page.evaluate((told) => localStorage.setItem("utfall.seen", told), JSON.stringify(change(JSON.parse(seen))));
            await tab.page.reload();
            await settled(tab.page);
            const then = await verdict(tab.page).getAttribute("data-check");
            ok(`${hash}: ${title}`, first !== "ok" && `shows ${first} at first`, then !== "bad" && `shows ${then}`);
        }
    }
    await go(tab, "#/ledger");
    await tab.page.getByRole("button", { name: "Forget" }).click();
    await tab.page.reload();
    await settled(tab.page);
    ok("whoever forgets starts anew", (await verdict(tab.page).getAttribute("data-check")) !== "ok" && "it still alarms", tab.odd.splice(0));
    await tab.context.close();
}

async function lies() {
    await misdirected("another contract than was asked for", "**/contracts/norrkoping-other/case",
        (url) => url.replace("norrkoping-other", "norrkoping-rise-spent"), "#/contract/norrkoping-other");
    await misdirected("another statement than was asked for", /\/entries\/10(\/proof)?$/,
        (url) => url.replace("/entries/10", "/entries/9"), "#/statement/10");
    await tampered("another id than that of the statement", "**/entries/10",
        (text) => text.replace(/"id":"sha256:./, '"id":"sha256:x'), "#/statement/10");
    await tampered("another ledger than before, on a statement's page", "**/ledger",
        (text) => text.replace('"origin":"norrkoping.example/utfall"', '"origin":"other.example/utfall"'), "#/statement/10", true);
    const million = (text) => text.replaceAll("3000000.00", "9000000.00");
    const other = (text) => text.replaceAll(/"vkey":"[^"]*"/g, `"vkey":"${fs.readFileSync(path.join(folder, "other.vkey"), "utf8").trim()}"`);
    await tampered("another sum in a signed settlement", "**/case", million, FORM);
    await tampered("another sum in a signed payment, on the contract's page", "**/case",
        (text) => text.replace(/("amount":\{"amount":")3(000000.00","currency":"SEK"\},"contract")/, "$19$2"), CONTRACT);
    await tampered("a measured value", "**/case", (text) => text.replace('"outcome":"social_service_saving","published":', '"outcome":"social_service_saving","publishes":'), CONTRACT);
    await tampered("another sum beside the signed one", "**/periods/2y", million, FORM);
    await tampered("another value of a line", "**/periods/2y", (text) => text.replaceAll('"value":"7500000"', '"value":"8500000"'), FORM);
    await tampered("a statement that was changed", "**/entries/10", million, "#/statement/10");
    await tampered("another content beside the signed one", "**/entries/10",
        (text) => text.replace(/("statement":.*)3000000\.00/, "$19000000.00"), "#/statement/10");
    await tampered("a proof of another statement", "**/entries/10/proof", (text) => text.replace("index 10", "index 11"), "#/statement/10");
    await tampered("another key of the log than before", "**/ledger", other, CONTRACT, true);
    await tampered("another key from the beginning", "**/ledger", other, CONTRACT);
    await tampered("a checkpoint that is not signed", "**/ledger", (text) => text.replace(/\\n12\\n/, "\\n13\\n"), "#/ledger");
    await tampered("a case without its last proof hash", "**/case", (text) => text.replace(/\n[A-Za-z0-9+/]{43}=\n\{"after"/, '\n{"after"'), CONTRACT);
}

async function withoutEd25519() {
    const tab = await open(demo);
    await tab.page.addInitScript(() => {
        const { importKey } = SubtleCrypto.prototype;
        SubtleCrypto.prototype.importKey = function refuse(format, data, algorithm, ...rest) {
            return algorithm === "Ed25519" ? Promise.reject(new DOMException("unknown", "NotSupportedError"))
                : importKey.call(this, format, data, algorithm, ...rest);
        };
    });
    for (const hash of [CONTRACT, FORM, "#/statement/10", "#/ledger"]) {
        await go(tab, hash);
        const kinds = await tab.page.locator("[data-check]").evaluateAll((all) => all.map((one) => one.dataset.check));
        ok(`a browser without Ed25519 says so: ${hash}`, !(kinds.includes("unable") && !kinds.includes("ok")) && `shows ${kinds}`);
    }
    await tab.context.close();
}

async function files() {
    const tab = await open(demo);
    const { page } = tab;
    const bytes = Buffer.from(await (await fetch(`${demo}/api/v1/contracts/norrkoping-rise-spent/case`)).arrayBuffer());
    await go(tab, CONTRACT);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download the case" }).click()]);
    ok("the case that is downloaded is the one that was checked", !fs.readFileSync(await download.path()).equals(bytes) && "it is another");
    for (const [title, data, wanted] of [["a case", bytes, "ok"], ["a case with another sum", Buffer.from(bytes.toString("latin1").replace("3000000.00", "9000000.00"), "latin1"), "bad"],
        ["half a case", bytes.subarray(0, bytes.length / 2), "bad"], ["no case", Buffer.from("hello\n"), "bad"]]) {
        await go(tab, "#/verify");
        await page.setInputFiles("#file", { name: "x.case", mimeType: "application/octet-stream", buffer: data });
        await page.locator("[data-check]").first().waitFor();
        const shown = await page.locator("[data-check]").first().getAttribute("data-check");
        ok(`verifying ${title}: ${wanted}`, shown !== wanted && `shows ${shown}`, tab.odd.splice(0));
    }
    await tab.context.close();
}

const sign = (from, to, key) => execFileSync(UTFALL, ["sign", from, "-o", to, "--key", `${key}.key`, "--passphrase-file", "passphrase"],
    { cwd: folder, stdio: "pipe", env: { ...process.env, UTFALL_LEDGER: path.join(folder, "utfall.ledger") } });

// A contract by three parties, with a title that would like to be markup.
async function threeParties() {
    const watching = await open(town);
    await go(watching, "#/");
    const tab = await open(town);
    const { page } = tab;
    page.setDefaultTimeout(10000);
    const draft = JSON.parse(fs.readFileSync(path.join(folder, "contract.json"), "utf8"));
    draft.title.en = "<img src=x onerror=document.title='caught'> small \u202e00.000 1";
    await go(tab, "#/write");
    await page.locator("summary", { hasText: "draft of another kind" }).click();
    await page.setInputFiles("#draft", { name: "c.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify({ ...draft, currency: "XXX" })) });
    await verdict(page).waitFor();
    ok("a draft that a rule refuses is told at once", !(await page.locator("#verdict").textContent()).includes("CURRENCY") &&
        !(await page.locator("#verdict [data-check='bad']").count()) && (await page.locator("#verdict").textContent()));
    await page.setInputFiles("#draft", { name: "d.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(draft)) });
    await page.locator("#verdict [data-check='ok']").waitFor();
    const names = await page.locator("#verdict").textContent();
    ok("who is to sign is told", !["town.example", "investor.example", "evaluator.example"].every((name) => names.includes(name)) && names);
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#download").click()]);
    fs.copyFileSync(await download.path(), path.join(folder, "portal.json"));
    sign("portal.json", "portal.note", "town");
    sign("portal.note", "portal.note", "investor");
    await page.setInputFiles("#note", path.join(folder, "portal.note"));
    const missing = await page.locator("#handed [data-check]").textContent();
    ok("signed by two, the third is missing", !/Missing: evaluator\.example/.test(missing) && missing,
        (await page.getByRole("button", { name: "Hand in" }).isVisible()) && "it can be handed in");
    sign("portal.note", "portal.note", "evaluator");
    await page.setInputFiles("#note", path.join(folder, "portal.note"));
    await page.getByRole("button", { name: "Hand in" }).click();
    await page.getByRole("link", { name: /It is statement/ }).click();
    await page.locator("[data-check]").first().waitFor();
    ok("signed by three it is accepted, and verified in the page", tab.odd.splice(0),
        (await page.locator("[data-check]").first().getAttribute("data-check")) !== "ok" && "it does not verify",
        (await page.title()) === "caught" && "markup of a title was run");
    const news = watching.page.locator("#news");
    await news.getByRole("button", { name: "Show it" }).click();
    await settled(watching.page);
    ok("a page that was open says that there is a new statement, and shows it", watching.odd,
        (await news.textContent()) !== "" && "it still says so", !(await watching.page.locator("main").textContent()).includes("img src=x") && "it is not shown");
    await watching.context.close();
    await go(tab, "#/");
    ok("a title is a text", !(await page.locator("main").textContent()).includes("<img src=x") && "it is no text",
        !(await page.locator("main").textContent()).includes("small [U+202E]00.000 1") && "its words are turned around", (await page.locator("main img").count()) > 0 && "an image");
    await measure(tab);
    await settleAndPay(tab);
    await tab.context.close();
}

async function signedIn(tab, title, file, keys) {
    const { page } = tab;
    await page.locator("#verdict [data-check='ok']").waitFor();
    const faults = await violations(page);
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#download").click()]);
    fs.copyFileSync(await download.path(), path.join(folder, `${file}.json`));
    sign(`${file}.json`, `${file}.note`, keys[0]);
    keys.slice(1).forEach((key) => sign(`${file}.note`, `${file}.note`, key));
    await page.setInputFiles("#note", path.join(folder, `${file}.note`));
    await page.getByRole("button", { name: "Hand in" }).click();
    await page.locator("#handed a").waitFor();
    ok(title, tab.odd.splice(0), faults);
}

async function measure(tab) {
    await go(tab, "#/write/small/measurement");
    await tab.page.locator("[data-name='value']").first().fill("3");
    await signedIn(tab, "a measurement from the form, signed and handed in", "m", ["evaluator"]);
}

async function settleAndPay(tab) {
    await go(tab, "#/write/small/settlement");
    await signedIn(tab, "a settlement, computed in the page, which the ledger computes to the same byte", "s", ["town", "evaluator"]);
    await go(tab, "#/write/small/payment");
    for (const box of await tab.page.locator("input[type=checkbox]").all()) {
        await box.check();
    }
    await tab.page.locator("[data-name='reference']").fill("2026-117");
    await signedIn(tab, "a payment of what is owed", "p", ["town"]);
    await go(tab, "#/contract/small");
    ok("the contract shows it as paid, and checked", (await tab.page.locator("[data-check]").first().getAttribute("data-check")) !== "ok" &&
        (await tab.page.locator("[data-check]").first().textContent()));
    await go(tab, "#/write/small/payment");
    ok("nothing is left to pay", !(await tab.page.locator("main").textContent()).includes("nothing of this kind") && "a payment is offered");
}

async function money() {
    const tab = await open(demo);
    await go(tab, "#/party/leksellsocialventures.com");
    const text = (await tab.page.getByRole("table", { name: /by contract/ }).allTextContents()).join(" ");
    ok("a party's page tells what it placed and was paid", tab.odd, !text.includes("7,500,000.00") && text, !text.includes("3,000,000.00") && text);
    await tab.page.screenshot({ path: path.join(shots, "party-money.png"), fullPage: true });
    await go(tab, "#/ledger");
    await tab.page.getByRole("link", { name: /Lumell/i }).click();
    await settled(tab.page);
    ok("the parties are listed", tab.odd, !/lumell/i.test(await tab.page.locator("h1").textContent()) && "another page");
    await tab.context.close();
}

async function closed() {
    const tab = await open(process.env.CLOSED);
    await go(tab, "#/");
    const asked = await tab.page.locator("#token").isVisible();
    const listening = tab.page.waitForResponse((reply) => reply.url().endsWith("/api/v1/events") && reply.status() === 200);
    await tab.page.locator("#token").fill(process.env.TOKEN);
    await tab.page.getByRole("button", { name: "Read" }).click();
    await tab.page.getByRole("link", { name: /Norrköping/ }).waitFor();
    ok("a closed ledger asks for a token, and is read with it", tab.odd, !asked && "it does not ask");
    ok("and its news are listened to with the token", await listening.then(() => "", String));
    await tab.context.close();
}

async function languageAndKey() {
    const tab = await open(demo);
    const { page } = tab;
    await go(tab, CONTRACT);
    await page.getByRole("button", { name: "Svenska" }).click();
    await page.locator("[data-check]", { hasText: "Prövat i den här webbläsaren" }).waitFor();
    await page.reload();
    await settled(page);
    ok("the switch to Swedish is kept", (await page.getAttribute("html", "lang")) !== "sv" && "it is not");
    await go(tab, "#/ledger");
    await page.getByRole("button", { name: "English" }).click();
    await settled(page);
    await page.getByLabel("Key that you got by another way").fill("nonsense");
    await page.getByRole("button", { name: "Trust this key" }).click();
    const refused = await page.getByText("That is not a key of").isVisible();
    const vkey = await page.locator("#trusted").textContent();
    await page.getByLabel("Key that you got by another way").fill(vkey);
    await page.getByRole("button", { name: "Trust this key" }).click();
    await page.getByText("Kept. From now on").waitFor();
    await go(tab, CONTRACT);
    ok("a key that was typed in is trusted, nonsense is not", !refused && "nonsense was taken",
        !(await page.locator("[data-check]").first().textContent()).includes("typed in") && "it does not say so", tab.odd.splice(0));
    await tab.context.close();
}

for (const test of [everyPage, faultsAreFound, fiveClicks, byKeyboard, zoomAndPrint, lies, oldLedgers, withoutEd25519, files, money, closed, languageAndKey, threeParties]) {
    try {
        await test();
    } catch (error) {
        ok(`${test.name} went through`, error.stack);
    }
}
await browser.close();
console.log(`1..${count}`);
process.exit(failed > 0 ? 1 : 0);
