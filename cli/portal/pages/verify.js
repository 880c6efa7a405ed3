// A file that somebody sent: checked here, without the server.

import { takeFile } from "../api.js";
import { checkBanner, trustLine } from "../banner.js";
import { h, table } from "../dom.js";
import { money } from "../format.js";
import { t } from "../language.js";
import { titleOf } from "../model.js";
import { getLedger, trusted } from "../trust.js";
import { checkCase } from "../check/check.js";

function report(checked) {
    const contract = checked.replay?.contract ?? null;
    return [h("h2", {}, contract === null ? t("The file", "Filen") : titleOf(contract)), checkBanner(checked),
        h("p", {}, checked.origin === null ? "" : t(`Ledger ${checked.origin}, ${checked.size} statements.`,
            `Liggaren ${checked.origin}, ${checked.size} utsagor.`)),
        checked.settlements.length === 0 ? [] : table(t("Settlements in it", "Avräkningar i den"),
            [t("Period", "Period"), t("Owed", "Att betala"), t("Computed here", "Räknat här")],
            checked.settlements.map((one) => [one.period, one.pays.map((pay) => h("div", {}, `${pay.from} → ${pay.to}: ${money(pay.amount)}`)),
                one.agrees ? h("span", { class: "good" }, t("✓ equal to the byte", "✓ lika på byten"))
                    : h("span", { class: "bad" }, t("✗ differs", "✗ skiljer sig"))]))];
}

export async function verifyPage() {
    const known = await getLedger().then((ledger) => trusted(ledger)).catch(() => null);
    const result = h("div", { "aria-live": "polite" });
    const key = h("input", { id: "key", value: known?.vkey ?? "", autocomplete: "off", spellcheck: "false" });
    const check = async (file) => {
        if (file === undefined) {
            return; // something was dropped that is no file
        }
        result.replaceChildren(h("p", { role: "status" }, t("Checking…", "Prövar…")));
        const checked = await checkCase(await file.arrayBuffer(), [key.value.trim()]);
        const trust = { ...(known ?? {}), given: known === null || key.value.trim() !== known.vkey };
        result.replaceChildren(...report({ ...checked, trust }).flat(Infinity).filter(Boolean));
    };
    const input = h("input", { id: "file", type: "file", accept: ".case", onchange: () => check(takeFile(input)) });
    const drop = h("div", { class: "drop",
        ondragover: (event) => { event.preventDefault(); drop.classList.add("over"); },
        ondragleave: () => drop.classList.remove("over"),
        ondrop: (event) => { event.preventDefault(); drop.classList.remove("over"); check(event.dataTransfer.files[0]); } },
    h("label", { for: "file" }, t("A .case file: choose it, or drop it here", "En .case-fil: välj den, eller släpp den här")), input);
    return [h("h1", {}, t("Verify a file", "Pröva en fil")),
        h("p", { class: "lead" }, t("A case holds one contract with all signatures and proofs. It is checked in this browser and sent nowhere.",
            "En ärendefil har ett kontrakt med alla signaturer och bevis. Den prövas i webbläsaren och skickas ingenstans.")),
        h("label", { for: "key" }, t("Key of the log", "Loggens nyckel"), h("span", { class: "hint" }, known === null ? "" : trustLine(known))), key,
        drop, result];
}

