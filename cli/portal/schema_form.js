// A form made from a JSON Schema of schemas/: what the ledger knows is filled in or offered, and the
// rest is asked for. Each control is {element, read}, where read() gives its value or undefined.

import { h } from "./dom.js";
import { t } from "./language.js";

const WORDS = {
    period: ["Period", "Period"], evaluator: ["Evaluator", "Utvärderare"], values: ["Measured values", "Uppmätta värden"],
    outcome: ["Outcome", "Utfall"], outcomes: ["Outcomes", "Utfall"], value: ["Value", "Värde"], control_value: ["Value of the control group", "Värde för kontrollgruppen"],
    numerator: ["Numerator", "Täljare"], denominator: ["Denominator", "Nämnare"], count: ["Number", "Antal"],
    control_count: ["Number in the control group", "Antal i kontrollgruppen"], control_numerator: ["Numerator, control group", "Täljare, kontrollgrupp"],
    control_denominator: ["Denominator, control group", "Nämnare, kontrollgrupp"], low: ["Lower bound", "Undre gräns"], high: ["Upper bound", "Övre gräns"],
    p_value: ["p-value", "p-värde"], published: ["As published", "Som publicerat"], note: ["Note", "Anmärkning"], notes: ["Remarks", "Anmärkningar"],
    investor: ["Investor", "Finansiär"], receiver: ["Receiver", "Mottagare"], amount: ["Amount", "Belopp"], placed_on: ["Placed on", "Inbetalt den"],
    paid_on: ["Paid on", "Betalt den"], reference: ["Reference of bank or bookkeeping", "Referens hos bank eller bokföring"],
    corrects: ["Corrects", "Rättar"], why: ["Why", "Varför"], measurement: ["Disputed statement", "Utsaga som bestrids"], by: ["By", "Av"],
    dispute: ["Dispute", "Tvist"], decision: ["Decision", "Beslut"], on: ["Last day on which a period can begin", "Sista dag då en period kan börja"],
    closing: ["Closing period", "Avslutande period"], cohort: ["Cohort", "Kohort"], missing: ["Missing", "Saknas"], evidence: ["Evidence", "Underlag"],
    records: ["Commitment to records", "Åtagande om poster"], name: ["Name", "Namn"], sha256: ["SHA-256", "SHA-256"], text: ["Text", "Text"],
    about: ["About", "Om"], date: ["Date", "Datum"], root: ["Root", "Rot"],
    rejected: ["rejected", "avslås"], upheld: ["upheld", "bifalls"], withdrawn: ["withdrawn", "dras tillbaka"],
};
const word = (name) => t(...(WORDS[name] ?? [name.replaceAll("_", " "), name.replaceAll("_", " ")]));
const LEFT_TO_LEDGER = ["ledger", "after", "date", "kind", "version", "contract"];

let count = 0;

class Form {
    constructor(schema, known, changed) {
        this.schema = schema;
        this.known = known;
        this.changed = changed;
    }

    resolve(schema) {
        return schema.$ref === undefined ? schema : { ...this.resolve(this.schema.$defs[schema.$ref.split("/").at(-1)]), ...{ $ref: undefined } };
    }

    labelled(name, input, hint) {
        count++;
        input.id = `field-${count}`;
        return h("div", {}, h("label", { for: input.id }, word(name), hint === undefined ? [] : h("span", { class: "hint" }, hint)), input);
    }

    text(name, attributes = {}) {
        const input = h("input", { ...attributes, autocomplete: "off", "data-name": name, oninput: this.changed });
        return { element: this.labelled(name, input), read: () => input.value.trim() || undefined };
    }

    select(name, options) {
        const input = h("select", { "data-name": name, onchange: this.changed }, options.map((option) => {
            const [value, text] = Array.isArray(option) ? option : [option, WORDS[option] === undefined ? option : word(option)];
            return h("option", { value }, text);
        }));
        return { element: this.labelled(name, input), read: () => input.value || undefined };
    }

    publishedDate(name) {
        const input = h("input", { type: "date", "data-name": name, oninput: this.changed });
        count++;
        const box = h("input", { type: "checkbox", id: `field-${count}`, onchange: () => {
            input.disabled = box.checked;
            this.changed();
        } });
        const element = this.labelled(name, input);
        element.append(h("label", { for: box.id }, box, " ", t("not published", "inte publicerat")));
        return { element, read: () => (box.checked ? "not_published" : input.value || undefined) };
    }

    localized(name) {
        const both = ["sv", "en"].map((code) => [code, h("textarea", { rows: "2", lang: code, "data-name": `${name}.${code}`, oninput: this.changed })]);
        return {
            element: h("fieldset", {}, h("legend", {}, word(name)), both.map(([code, input]) => {
                count++;
                input.id = `field-${count}`;
                return [h("label", { for: input.id }, code === "sv" ? "Svenska" : "English"), input];
            })),
            read: () => {
                const given = both.filter(([, input]) => input.value.trim() !== "").map(([code, input]) => [code, input.value.trim()]);
                return given.length === 0 ? undefined : Object.fromEntries(given);
            },
        };
    }

    money(name) {
        const { currency } = this.known.amount ?? {};
        const input = h("input", { inputmode: "decimal", "data-name": name, autocomplete: "off", oninput: this.changed });
        return { element: this.labelled(name, input, t(`In ${currency}, as 1000.00`, `I ${currency}, som 1000.00`)),
            read: () => (input.value.trim() === "" ? undefined : { amount: input.value.trim(), currency }) };
    }

    list(name, schema) {
        const choices = this.known.choices?.[name];
        if (choices !== undefined) { // some of what there is
            const boxes = choices.map((choice) => {
                count++;
                return [choice, h("input", { type: "checkbox", id: `field-${count}`, onchange: this.changed })];
            });
            return { element: h("fieldset", {}, h("legend", {}, word(name)), boxes.map(([choice, box]) =>
                h("label", { for: box.id }, box, " ", Array.isArray(choice) ? choice[1] : choice))),
            read: () => boxes.filter(([, box]) => box.checked).map(([choice]) => (Array.isArray(choice) ? choice[0] : choice)) };
        }
        const items = [];
        const place = h("div", {});
        const add = () => {
            const control = this.control(name, schema.items);
            const remove = h("button", { type: "button", onclick: () => {
                items.splice(items.indexOf(control), 1);
                control.element.remove();
                remove.remove();
                this.changed();
            } }, t("Remove", "Ta bort"));
            items.push(control);
            place.append(control.element, remove);
        };
        add();
        return { element: h("fieldset", {}, h("legend", {}, word(name)), place,
            h("button", { type: "button", onclick: () => { add(); this.changed(); } }, t("Add another", "Lägg till en"))),
        read: () => items.map((item) => item.read()).filter((value) => value !== undefined) };
    }

    object(name, schema) {
        const controls = this.members(schema);
        return { element: h("fieldset", {}, h("legend", {}, word(name)), controls.elements), read: controls.read };
    }

    // Required members, then the optional ones folded away; those that are known are left out.
    members(schema) {
        const isKnown = (name) => this.known.fixed?.[name] !== undefined || LEFT_TO_LEDGER.includes(name) ||
            this.known.bundles?.some(({ members }) => members[name] !== undefined);
        const names = Object.keys(schema.properties).filter((name) => schema !== this.schema || !isKnown(name));
        const controls = names.map((name) => [name, this.control(name, schema.properties[name])]);
        const required = (schema.required ?? []);
        const isFirst = (name) => required.includes(name) || name === "value" || name === "tranche";
        const asked = controls.filter(([name]) => isFirst(name));
        const others = controls.filter(([name]) => !isFirst(name));
        return {
            elements: [asked.map(([, control]) => control.element), others.length === 0 ? []
                : h("details", {}, h("summary", {}, t("More, if there is any", "Mer, om det finns")), others.map(([, control]) => control.element))],
            read: () => {
                const given = controls.map(([name, control]) => [name, control.read(), required.includes(name)])
                    .filter(([, value, isRequired]) => value !== undefined &&
                        (isRequired || !Array.isArray(value) || value.length > 0));
                return given.length === 0 ? undefined : Object.fromEntries(given.map(([name, value]) => [name, value]));
            },
        };
    }

    control(name, given) {
        const schema = this.resolve(given);
        const choices = this.known.choices?.[name];
        if (schema.type === "array") {
            return this.list(name, schema);
        }
        if (choices !== undefined) {
            return this.select(name, choices);
        }
        if (schema.properties !== undefined) {
            return schema.properties.currency === undefined ? this.object(name, schema) : this.money(name);
        }
        if (schema.anyOf !== undefined) {
            const kinds = schema.anyOf.map((one) => this.resolve(one));
            return kinds.some(({ format }) => format === "date") ? this.publishedDate(name) : this.control(name, kinds[0]);
        }
        if (schema.enum !== undefined) {
            return this.select(name, schema.enum);
        }
        if (schema.type === "object") {
            return this.localized(name);
        }
        if (schema.type === "integer") {
            const control = this.text(name, { inputmode: "numeric" });
            return { ...control, read: () => (/^\d+$/.test(control.read() ?? "") ? Number(control.read()) : control.read()) };
        }
        return this.text(name, schema.format === "date" ? { type: "date" } : {});
    }
}

/*
 * known.fixed are members with their values, known.choices those of which one is chosen, and
 * known.bundles sets of members of which one set is chosen. changed(draft) is called at once and
 * after every change.
 */
export function schemaForm(schema, known, changed) {
    if (known.bundles?.length === 0) {
        return h("p", {}, t("There is nothing of this kind to write now.", "Det finns inget av det här slaget att skriva nu."));
    }
    const bundle = known.bundles === undefined ? null : h("select", { id: "bundle" },
        known.bundles.map(({ text }, i) => h("option", { value: String(i) }, text)));
    let controls = null;
    const tell = () => changed({ ...known.fixed, ...(bundle === null ? {} : known.bundles[Number(bundle.value)].members), ...controls.read() });
    const form = new Form(schema, known, () => tell());
    controls = form.members(schema);
    bundle?.addEventListener("change", tell);
    tell();
    return h("form", { onsubmit: (event) => event.preventDefault() },
        bundle === null ? [] : [h("label", { for: "bundle" }, t("Which", "Vilken")), bundle], controls.elements);
}
