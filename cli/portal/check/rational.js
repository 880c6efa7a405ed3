// Exact rational numbers (model.md, section 1): [numerator, denominator] in lowest terms, both BigInt.

import { Refused, need } from "./bytes.js";

const abs = (a) => (a < 0n ? -a : a);

function gcd(a, b) {
    while (b !== 0n) {
        [a, b] = [b, a % b];
    }
    return a;
}

export function fraction(p, q = 1n) {
    if (q === 0n) {
        throw new Refused("a divisor is zero", "en divisor är noll");
    }
    const divisor = gcd(abs(p), abs(q)) * (q < 0n ? -1n : 1n);
    return [p / divisor, q / divisor];
}

export const ZERO = [0n, 1n];
export const ONE = [1n, 1n];

export function decimal(text) {
    const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
    need(parts !== null, `${text} is not a decimal`, `${text} är inget decimaltal`);
    const decimals = parts[3] ?? "";
    const digits = BigInt(parts[2] + decimals);
    return fraction(parts[1] === "-" ? -digits : digits, 10n ** BigInt(decimals.length));
}

export const add = ([a, b], [c, d]) => fraction(a * d + c * b, b * d);
export const negate = ([a, b]) => [-a, b];
export const subtract = (x, y) => add(x, negate(y));
export const multiply = ([a, b], [c, d]) => fraction(a * c, b * d);
export const divide = ([a, b], [c, d]) => fraction(a * d, b * c);
export const sign = ([a, b], [c, d]) => {
    const difference = a * d - c * b;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};
export const least = (x, y) => (sign(x, y) <= 0 ? x : y);
export const greatest = (x, y) => (sign(x, y) >= 0 ? x : y);
export const sum = (values) => values.reduce(add, ZERO);

export function power(x, exponent) {
    const [p, q] = exponent < 0 ? divide(ONE, x) : x;
    const e = BigInt(Math.abs(exponent));
    return e === 0n ? ONE : fraction(p ** e, q ** e);
}

export const write = ([p, q]) => (q === 1n ? String(p) : `${p}/${q}`);

function floor([p, q]) {
    const quotient = p / q;
    return p < 0n && quotient * q !== p ? quotient - 1n : quotient;
}

// model.md, section 4.5.
export function roundTo(x, step, by) {
    const q = divide(x, step);
    const below = floor(q);
    const rest = subtract(q, [below, 1n]);
    const half = sign(rest, [1n, 2n]);
    const isNegative = q[0] < 0n;
    const isWhole = rest[0] === 0n;
    const chosen = {
        floor: below,
        ceiling: isWhole ? below : below + 1n,
        down: isNegative && !isWhole ? below + 1n : below,
        up: isNegative || isWhole ? below : below + 1n,
        half_up: half > 0 || (half === 0 && !isNegative) ? below + 1n : below,
        half_even: half > 0 || (half === 0 && below % 2n !== 0n) ? below + 1n : below,
    }[by];
    need(chosen !== undefined, `rounding by ${by} is unknown`, `avrundningen ${by} är okänd`);
    return multiply([chosen, 1n], step);
}

// Money in minor units: "1.50" with two decimals is 150n.
export function minor(text, decimals) {
    const [whole, cents = ""] = text.split(".");
    need(cents.length === decimals, `${text} has not ${decimals} decimals`,
        `${text} har inte ${decimals} decimaler`);
    return BigInt(whole + cents);
}

export function writeMinor(units, decimals) {
    const digits = abs(units).toString().padStart(decimals + 1, "0");
    const whole = digits.slice(0, digits.length - decimals);
    const cents = decimals > 0 ? `.${digits.slice(-decimals)}` : "";
    return `${units < 0n ? "-" : ""}${whole}${cents}`;
}
