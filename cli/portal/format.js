// Numbers and dates for people. Amounts are decimal strings or fractions and never become floats.

import { language, t } from "./language.js";

const NARROW = "\u00a0";

function group(digits) {
    return digits.replace(/\B(?=(\d{3})+(?!\d))/g, language === "sv" ? NARROW : ",");
}

export function decimalText(text) {
    const [, sign, whole, cents] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
    return `${sign === "-" ? "\u2212" : ""}${group(whole)}${cents ? (language === "sv" ? "," : ".") + cents : ""}`;
}

export function money({ amount, currency }) {
    const text = decimalText(amount);
    return language === "sv" ? `${text}${NARROW}${currency === "SEK" ? "kr" : currency}`
        : `${currency}${NARROW}${text}`;
}

// A fraction "p/q" with at least `least` decimals, and at most six, marked when that is not exact.
export function fractionText(text, least = 0) {
    const [p, q = "1"] = text.split("/");
    const [numerator, denominator] = [BigInt(p), BigInt(q)];
    const size = numerator < 0n ? -numerator : numerator;
    let digits = least;
    while (digits < 6 && (size * 10n ** BigInt(digits)) % denominator !== 0n) {
        digits++;
    }
    const scaled = size * 10n ** BigInt(digits);
    const isExact = scaled % denominator === 0n;
    const units = (scaled / denominator).toString().padStart(digits + 1, "0");
    const whole = units.slice(0, units.length - digits);
    const cents = digits > 0 ? `.${units.slice(-digits)}` : "";
    return `${isExact ? "" : "≈\u00a0"}${decimalText(`${numerator < 0n ? "-" : ""}${whole}${cents}`)}`;
}

export function valueText(value, unit) {
    if (/^[A-Z]{3}$/.test(unit)) {
        const text = fractionText(value, 2);
        return language === "sv" ? `${text}${NARROW}${unit === "SEK" ? "kr" : unit}` : `${unit}${NARROW}${text}`;
    }
    return unit === "1" ? fractionText(value) : `${fractionText(value)}${NARROW}${unit}`;
}

export function dateText(date) {
    if (date === undefined || date === "not_published") {
        return t("date not published", "datum inte publicerat");
    }
    return new Date(`${date}T12:00:00Z`).toLocaleDateString(language === "sv" ? "sv-SE" : "en-GB",
        { year: "numeric", month: "long", day: "numeric", timeZone: "UTC" });
}
