"""The form of statements: docs/formats.md, sections 2, 3.1, 5 and 7, and docs/model.md, 3 to 6.

A shape is a function that takes a value and the place where it stands, and raises Refused.
"""

import base64
import datetime
import hashlib
import json
import re

import _ed25519


class Refused(Exception):
    """The statement, or the ledger, does not comply.

    `codes` are the refusals that it deserves, each with where: a program names one of them. None
    where the code is no matter of this module.
    """

    def __init__(self, what, codes=None):
        super().__init__(what)
        self.codes = codes


def need(condition, what, code=None, where=""):
    if not condition:
        raise Refused(what, {(code, where)} if code else None)


# --- JSON and its canonical form (section 2) ---

INTEGER_MAX = 2147483647
SURROGATE = re.compile("[\ud800-\udfff]")
DEPTH_MAX = 32


def no_number(text):
    raise Refused(f"the number {text}")


def depth_of(value):
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


def canonical(value):
    """RFC 8785 of what section 2.1 lets through."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(n)}:{canonical(value[n])}" for n in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, str):
        need("\0" not in value, "U+0000")
        need(not SURROGATE.search(value), "an unpaired surrogate")
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    need(isinstance(value, int) and abs(value) <= INTEGER_MAX, "a number out of range")
    return str(value)


def parse_canonical(text):
    """What repeats a name, has white space or spells something else otherwise is not the same when
    it is written again."""
    try:
        value = json.loads(text, parse_float=no_number, parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        raise Refused(f"not JSON: {error}") from error
    need(canonical(value) == text, "not canonical")
    need(depth_of(value) <= DEPTH_MAX, "too deep")
    return value


# --- Keys (section 3.1) ---

def base64_bytes(text):
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Refused("not base64") from error
    need(base64.b64encode(decoded).decode() == text, "not canonical base64")
    return decoded


class VKey:
    """A verifier key; equal ones have the same spelling."""

    def __init__(self, text):
        need(text.count("+") >= 2, "not a vkey")
        self.text = text
        self.name, key_id, encoded = text.split("+", 2)
        typed = base64_bytes(encoded)
        need(len(typed) == 33 and typed[0] == 1, "not an Ed25519 key")
        self.key = typed[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:4]
        need(key_id == self.id.hex(), "not the id of the key")
        need(0 < len(self.name.encode()) <= 255, "the name of a key is too long")
        need(_ed25519.is_enrollable(self.key), "a public key that may not be enrolled")

    def belongs_to(self, party):
        """Section 3.3."""
        name, slash, function = self.name.partition("/")
        return name == party and (not slash or re.fullmatch(r"[a-z0-9.-]+", function) is not None)


# --- Shapes of values (section 5) ---

def pattern(regex, where_=None):
    compiled = re.compile(regex, re.ASCII)

    def check(value, at):
        need(isinstance(value, str) and compiled.fullmatch(value), f"{at}: {value!r:.60}")
        if where_ is not None:
            where_(value, at)
    return check


def text(size_max):
    def check(value, at):
        need(isinstance(value, str) and 1 <= len(value) <= size_max, f"{at}: not a text")
    return check


def in_base64(size_max):
    def check(value, at):
        text(size_max)(value, at)
        base64_bytes(value)
    return check


def either(*shapes):
    def check(value, at):
        for shape in shapes:
            try:
                return shape(value, at)
            except Refused:
                pass
        raise Refused(f"{at}: none of its forms")
    return check


def word(*words):
    def check(value, at):
        need(isinstance(value, str) and value in words, f"{at}: not one of {words}")
    return check


def integer(least, most):
    def check(value, at):
        need(type(value) is int and least <= value <= most, f"{at}: not an integer in range")
    return check


def boolean(value, at):
    need(isinstance(value, bool), f"{at}: not a boolean")


def array(item, least, most):
    def check(value, at):
        need(isinstance(value, list) and least <= len(value) <= most, f"{at}: not such an array")
        for i, one in enumerate(value):
            item(one, f"{at}/{i}")
    return check


def obj(required, **optional):
    """`required` maps names to shapes; a name that is a keyword of Python stands there too."""
    def check(value, at):
        need(isinstance(value, dict), f"{at}: not an object")
        for name in required:
            need(name in value, f"{at}: lacks {name}")
        for name, one in value.items():
            shape = required.get(name) or optional.get(name)
            need(shape is not None, f"{at}: {name} is not known")
            shape(one, f"{at}/{name}")
    return check


def localized(value, at):
    need(isinstance(value, dict) and 1 <= len(value) <= 8, f"{at}: not localized")
    for name, one in value.items():
        need(re.fullmatch("[a-z]{2}", name, re.ASCII), f"{at}: not a language")
        text(4000)(one, f"{at}/{name}")


def real_date(value, at):
    year, month, day = map(int, value.split("-"))
    try:
        datetime.date(year, month, day)
    except ValueError as error:
        raise Refused(f"{at}: no such day") from error


def not_minus_zero(value, at):
    need(not (value.startswith("-") and not value.strip("-0.")), f"{at}: minus zero")


np = word("not_published")
slug = pattern("[a-z0-9-]{1,64}")
name = pattern("[a-z][a-z0-9_]{0,63}")
party = pattern("[a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])?")
origin = pattern(r"[!-*,-~]{1,255}")
vkey = pattern(r"[!-*,-~]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{4,2000}={0,2}")
date = pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", real_date)
published_date = either(np, date)
decimal = pattern(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{0,11}[1-9])?", not_minus_zero)
unsigned_decimal = pattern(r"(0|[1-9][0-9]{0,17})(\.[0-9]{0,11}[1-9])?")
unsigned_amount = pattern(r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})?")
currency = pattern("[A-Z]{3}")
unsigned_money = obj({"amount": unsigned_amount, "currency": currency})
unit = pattern(r"(?=.{1,64}$)(1|[A-Za-z_]{1,32})([*/](1|[A-Za-z_]{1,32}))*")
digest = pattern("sha256:[0-9a-f]{64}")
annex = obj({"name": text(300), "sha256": digest})
remark = obj({"text": localized}, about=text(200))


# --- Lines (model.md, 3 to 6) ---

STATED = {"value": decimal, "count": unsigned_decimal, "numerator": unsigned_decimal,
          "denominator": unsigned_decimal, "control_value": decimal,
          "control_count": unsigned_decimal, "control_numerator": unsigned_decimal,
          "control_denominator": unsigned_decimal, "low": decimal, "high": decimal,
          "p_value": unsigned_decimal}
RATIOS = ("ratio", "control_ratio")
constant = either(decimal, obj({"value": decimal, "unit": unit}))
operand = either(
    name, decimal, obj({"value": decimal, "unit": unit}),
    obj({"measured": name, "field": word(*STATED, *RATIOS)}, period=slug),
    obj({"funded": party}), obj({"paid": name}),  # "total" is spelled as both
    obj({"earlier": name}), obj({"period": word("days")}))
result = operand  # "not_published" is spelled as a name
COMPARISONS = ("at_least", "above", "at_most", "below", "equals")
LEVELS = ("p_below", "p_at_most", "interval_above", "interval_below", "interval_excludes")
significant = either(*[obj({"measured": name, level: constant}, period=slug) for level in LEVELS])


def condition(value, at, depth=1):
    """Returns its number of nodes."""
    need(depth <= 8, f"{at}: too deep", "TERMS_TOO_LARGE", at)
    need(isinstance(value, dict) and len(value) == 1, f"{at}: not a condition")
    [(key, inside)] = value.items()
    if key in COMPARISONS:
        array(operand, 2, 2)(inside, f"{at}/{key}")
        return 1
    if key == "significant":
        significant(inside, f"{at}/{key}")
        return 1
    if key == "not":
        return 1 + condition(inside, f"{at}/not", depth + 1)
    need(key in ("all", "any"), f"{at}: {key} is no condition")
    array(lambda one, where: None, 1, 20)(inside, f"{at}/{key}")
    return 1 + sum(condition(one, f"{at}/{key}/{i}", depth + 1) for i, one in enumerate(inside))


def whole_condition(value, at):
    need(condition(value, at) <= 100, f"{at}: too many conditions", "TERMS_TOO_LARGE", at)


def limits(value, at):
    need("at_least" in value or "at_most" in value, f"{at}: a clamp without limits")


def step(value, at):
    obj({"then": result}, at_least=constant, above=constant)(value, at)
    need(("at_least" in value) != ("above" in value), f"{at}: not one threshold")


def many(least, most):
    return array(operand, least, most)


def interest_companions(value, at):
    need(("count" in value) != ("periods" in value), f"{at}: not one way to count time")
    need(("from" in value) == ("to" in value), f"{at}: one of two dates")
    need("from" not in value or "count" in value, f"{at}: dates of compound interest")


block = obj({"from": constant, "rate": result})
card_item = obj({"item": name, "label": localized, "count": operand, "price": operand},
                multiplier=operand, count_at_most=operand, amount_at_most=operand)
period_case = obj({"period": slug, "then": result})


# operation -> (shape, required companions, optional ones)
OPERATIONS = {
    "take": (operand, {}, {}),
    "add": (many(1, 100), {}, {}),
    "subtract": (many(2, 2), {}, {}),
    "multiply": (many(1, 100), {}, {}),
    "divide": (many(2, 2), {}, {}),
    "power": (operand, {"exponent": integer(-400, 400)}, {}),
    "minimum": (many(1, 100), {}, {}),
    "maximum": (many(1, 100), {}, {}),
    "negate": (operand, {}, {}),
    "clamp": (operand, {}, {"at_least": operand, "at_most": operand}),
    "tiers": (operand, {"steps": array(step, 1, 1000), "otherwise": result}, {}),
    "curve": (operand, {"points": array(array(constant, 2, 2), 2, 1000)}, {}),
    "brackets": (operand, {"blocks": array(block, 1, 1000)}, {}),
    "rate_card": (array(card_item, 1, 1000), {}, {}),
    "by_period": (array(period_case, 1, 100), {}, {"otherwise": result}),
    "when": (whole_condition, {"then": result, "otherwise": result}, {}),
    "interest": (operand, {"rate": operand}, {
        "count": word("act_365", "act_360", "30_360", "30e_360"), "from": date, "to": date,
        "periods": integer(0, 400)}),
    "index": (operand, {"base": operand, "current": operand}, {}),
    "round": (operand, {"to": constant, "by": word(
        "half_even", "half_up", "up", "down", "ceiling", "floor")}, {}),
}


def line(value, at):
    need(isinstance(value, dict), f"{at}: not an object")
    found = [key for key in value if key in OPERATIONS]
    need(len(found) == 1, f"{at}: not one operation")
    shape, required, optional = OPERATIONS[found[0]]
    obj({"line": name, "label": localized, found[0]: shape, **required},
        note=localized, actor=party, basis=word("measured", "modelled"), baseline=name,
        **optional)(value, at)
    need("basis" not in value or "actor" in value, f"{at}: nobody's gain")
    need("baseline" not in value or "basis" in value, f"{at}: a baseline of no gain")
    if found[0] == "clamp":
        limits(value, at)
    if found[0] == "interest":
        interest_companions(value, at)


TABLES = ("steps", "points", "blocks", "rate_card")


def lines(value, at):
    array(line, 1, 500)(value, at)
    need(sum(len(one[key]) for one in value for key in TABLES if key in one) <= 20000,
         "too many steps of tables", "TERMS_TOO_LARGE", at)


receivers = array(obj({"party": party}, share=either(word("funding"), unsigned_decimal)), 1, 100)
tranche = obj({"tranche": name, "to": receivers}, label=localized, up_to=name)
due = either(obj({"date": date}), obj({"days_after_period": integer(0, 36525)}))


def pay(value, at):
    obj({"pay": name, "from": party}, to=receivers, waterfall=array(tranche, 2, 20),
        negative=word("reverse"), due=due)(value, at)
    need(("to" in value) != ("waterfall" in value), f"{at}: not one of to and waterfall")


# --- Kinds (section 7) ---

registration = obj({"scheme": text(40), "number": text(40)})
IDENTITY = {"party": party, "legal_name": text(300), "registration": either(np, registration),
            "vkeys": array(vkey, 1, 20)}
certificate = obj({"vkey": vkey, "chain": array(in_base64(16384), 1, 8),
                   "signature": in_base64(1368)})
parties = array(party, 1, 50)
allotments = array(obj({"party": party, "amount": unsigned_money}), 1, 50)


def bounds(value, at):
    obj({}, at_least=decimal, at_most=decimal)(value, at)
    need(value, f"{at}: a range without ends")


cell = text(1000)
COMPARISONS = ("equals", "not_equals", "at_least", "at_most", "above", "below")


def row_test(value, at):
    obj({"column": name}, **{one: cell for one in COMPARISONS})(value, at)
    need(len(value) == 2, f"{at}: not one comparison")


where = array(row_test, 1, 20)
AGGREGATES = {
    "count": word("rows"), "distinct": name, "sum": name, "mean": name,
    "share": obj({"where": where}),
    "per_person": obj({"prices": array(obj({"where": where, "price": unsigned_decimal}), 1, 100),
                       "at_most": unsigned_decimal})}


def aggregate(value, at):
    obj({}, **AGGREGATES, where=where, within=name)(value, at)
    need(sum(one in value for one in AGGREGATES) == 1, f"{at}: not one aggregate")


def aggregation(value, at):
    obj({}, **{field: aggregate for field in (
        "value", "count", "numerator", "denominator", "control_value", "control_count",
        "control_numerator", "control_denominator")})(value, at)
    need(value, f"{at}: an aggregation of nothing")


record_form = obj({"columns": array(obj({"column": name, "type": word("text", "decimal", "date")},
                                        optional=boolean), 1, 100),
                   "person": name, "minimum_cell": integer(2, 1000),
                   "missing": word("refuse", "count_as_missing")})
outcome = obj({"outcome": name, "label": localized, "unit": unit,
               "class": word("paying", "condition", "reported"), "evaluator": party,
               "source": either(np, localized), "missing_data": either(np, localized)},
              count_unit=unit, baseline=localized, range=bounds, count_range=bounds,
              aggregation=aggregation)


baseline = obj({"baseline": name, "source": localized, "method": localized, "version": text(200),
                "date": date})


def period(value, at):
    obj({"period": slug, "from": date, "to": date, "due": published_date, "binding": boolean},
        closing=boolean)(value, at)
    need(value["binding"] or not value.get("closing", False), f"{at}: closing, not binding")


def measured_value(value, at):
    obj({"outcome": name}, **STATED, published=text(200), note=localized)(value, at)
    need(any(field in value for field in STATED), f"{at}: no number")


fraction = pattern(r"-?(0|[1-9][0-9]{0,999})(/[1-9][0-9]{0,999})?")
COMPUTED_BESIDE = {"supplements": digest, "terms": digest}
COMPUTED = {"period": slug, "inputs": array(digest, 0, 2000),
            "pays": array(obj({"amount": unsigned_money, "from": party, "pay": name, "to": party},
                              tranche=name, due=date, carried_in=unsigned_money,
                              carried_out=unsigned_money), 0, 10000)}
computed_line = obj({"line": name, "unit": text(1800), "value": fraction})
computed = either(obj({**COMPUTED, "lines": array(computed_line, 1, 500)}, **COMPUTED_BESIDE),
                  obj({**COMPUTED, "lines_sha256": digest}, **COMPUTED_BESIDE))


def key_members(value):
    """The table of section 7.4."""
    action = value.get("action")
    members = {"party": party, "action": word("add", "replace", "revoke")}
    if action in ("add", "replace"):
        members["vkey"] = vkey
    if action == "replace":
        members["replaces"] = vkey
    if action == "revoke":
        members["revokes"] = vkey
    if action in ("replace", "revoke"):
        optional = {"compromised_since": date} if action == "revoke" else {}
        return {**members, "reason": localized}, optional
    return members, {"reason": localized}


SIGNED_KINDS = ("funding", "measurement", "settlement", "payment", "correction", "dispute",
                "decision", "termination")
signers = either(parties, obj({"parties": parties, "at_least": integer(1, 50)}))
measured_values = array(measured_value, 1, 100)
MEASURED_BESIDE = {"cohort": obj({"count": integer(0, INTEGER_MAX),
                                  "missing": integer(0, INTEGER_MAX)}),
                   "records": obj({"root": digest, "count": integer(0, INTEGER_MAX)}),
                   "evidence": array(annex, 1, 100), "notes": array(remark, 1, 100)}


# kind -> (required members, optional members); `after` is the business of the chain.
KINDS = {
    "charter": ({"log_vkey": vkey, "operator": obj(IDENTITY),
                 "registrars": array(obj(IDENTITY), 1, 20),
                 "recovery": either(word("none"), obj({"registrars": integer(1, 20)})),
                 "witness_policy": text(20000)}, {}),
    "party": (IDENTITY, {"certificates": array(certificate, 1, 20),
                         "fund": obj({"owner": party, "reserve": unsigned_money,
                                      "rules": localized, "repayment": either(np, localized)})}),
    "contract": ({"contract": slug, "title": localized, "agreed_on": published_date,
                  "roles": obj({"payer": parties, "investor": parties, "evaluator": parties},
                               provider=parties, intermediary=parties, guarantor=parties,
                               arbiter=parties),
                  "cohort": obj({"description": localized,
                                 "size": either(np, integer(1, INTEGER_MAX))}),
                  "currency": currency, "outcomes": array(outcome, 1, 100),
                  "periods": array(period, 1, 100), "lines": lines,
                  "pays": array(pay, 0, 100), "dispute": either(np, localized),
                  "legal_basis": either(np, localized)},
                 {"commitments": allotments, "caps": allotments, "annexes": array(annex, 1, 100),
                  "baselines": array(baseline, 1, 100),
                  "conflicts": array(obj({"parties": array(party, 2, 10), "note": localized}),
                                     1, 50),
                  "signatures": obj({}, **{kind: signers for kind in SIGNED_KINDS}),
                  "termination": obj({"by": parties, "terms": localized}),
                  "records": record_form,
                  "notes": array(remark, 1, 100), "sources": array(text(1000), 1, 100)}),
    "funding": ({"contract": slug, "investor": party, "receiver": party, "amount": unsigned_money,
                 "placed_on": published_date, "reference": text(200)}, {}),
    "measurement": ({"contract": slug, "period": slug, "evaluator": party,
                     "values": measured_values}, MEASURED_BESIDE),
    "settlement": ({"contract": slug, "computed": computed}, {}),
    "payment": ({"contract": slug, "settlement": digest, "pay": name, "from": party, "to": party,
                 "amount": unsigned_money, "paid_on": published_date, "reference": text(200)},
                {"tranche": name}),
    "correction": ({"contract": slug, "corrects": digest, "evaluator": party,
                    "values": measured_values, "why": localized}, MEASURED_BESIDE),
    "dispute": ({"contract": slug, "measurement": digest, "outcomes": array(name, 1, 100),
                 "by": party, "why": localized}, {}),
    "decision": ({"contract": slug, "dispute": digest,
                  "decision": word("rejected", "upheld", "withdrawn"), "by": party,
                  "why": localized}, {"values": measured_values}),
    "termination": ({"contract": slug, "on": date, "why": localized}, {"closing": slug}),
}
KINDS["amendment"] = ({**KINDS["contract"][0], "from": slug, "why": localized},
                      {**KINDS["contract"][1], "resettles": array(slug, 1, 100)})


def statement(value):
    need(isinstance(value, dict), "not an object")
    kind = value.get("kind")
    if kind == "key":
        required, optional = key_members(value)
    else:
        need(isinstance(kind, str) and kind in KINDS, "no such kind")
        required, optional = KINDS[kind]
    common = {"kind": word(kind), "version": integer(1, 1), "ledger": origin, "date": date}
    obj({**common, **required}, after=digest, **optional)(value, "")
    if kind in ("contract", "amendment") and "signatures" in value:
        need(value["signatures"], "signatures without one")
    if kind == "decision" and "values" in value:
        need(value["decision"] == "upheld", "values of a dispute that was not upheld")
