#!/usr/bin/python3
"""show: what comes next in a contract, who is to do it, and when it is due."""

import copy
import sys

from _cli import CONTRACT, WITH_LOG, Tap, Town

WHY = {"en": "For a reason.", "sv": "Av ett skäl."}
TOWN, INVESTOR, EVALUATOR = "town.example", "investor.example", "evaluator.example"


def period(name, year, due="not_published", **more):
    return {"period": name, "from": f"{year}-01-01", "to": f"{year}-12-31", "due": due,
            "binding": True, **more}


def contract():
    """Periods past and far ahead, in no order of what is due; one outcome that no line reads."""
    draft = copy.deepcopy(CONTRACT)
    draft["contract"] = "long"
    draft["outcomes"].append({**draft["outcomes"][0], "outcome": "mood", "class": "reported",
                              "label": {"en": "Mood", "sv": "Humör"}})
    draft["periods"] = [period("future", 2190, "2191-06-30"), period("open", 2180),
                        period("past", 2001, "2002-03-01"),
                        period("reported", 2185, binding=False),
                        period("last", 2195, closing=True)]
    draft["pays"][0]["due"] = {"days_after_period": 30}
    draft["roles"]["provider"] = ["registrar.example"]
    draft["signatures"] = {"settlement": {"parties": [INVESTOR, "registrar.example"],
                                          "at_least": 1}}
    return draft


def tells(result, *phrases):
    """As Result.prints, of sentences that may be broken into lines."""
    words = " ".join(result.out.split())
    missing = [phrase for phrase in phrases if phrase not in words]
    return f"expected output with {missing}\n{result.out}" if missing else ""


class Story:
    """The long contract, told what happens to it."""

    def __init__(self, town):
        self.town = town
        self.count = 0
        self.submit(contract(), "town", "investor", "evaluator", "registrar")

    def submit(self, draft, *signers):
        self.count += 1
        self.town.write_json("draft.json", {"version": 1, "date": "2026-01-15", **draft})
        note = self.town.sign("draft.json", f"{self.count}.note", *signers)
        return self.town.good("submit", note, "--json", *WITH_LOG).json["entries"][0]["id"]

    def follow(self, kind, *signers, **members):
        return self.submit({"kind": kind, "contract": "long", **members}, *signers)

    def settle(self, name):
        self.count += 1
        self.town.good("settle", "long", name, "-o", f"{self.count}.json")
        note = self.town.sign(f"{self.count}.json", f"{self.count}.note", "town", "evaluator",
                              "investor")
        return self.town.good("submit", note, "--json", *WITH_LOG).json["entries"][0]["id"]

    def next(self):
        return self.town.good("show", "long", "--json").json["next"]

    def tasks(self):
        """(what, about, day) of each task."""
        return [(task["what"], task.get("period"), task.get("due") or task.get("after"))
                for task in self.next()]

    def show(self, language="en"):
        return self.town.good("--lang", language, "show", "long")


def test_beginning(tap, story):
    wanted = [("measure", "past", "2002-03-01"), ("settle", "past", "2002-03-01"),
              ("measure", "open", "2180-12-31"), ("settle", "open", "2180-12-31"),
              ("measure", "reported", "2185-12-31"),
              ("measure", "future", "2191-06-30"), ("settle", "future", "2191-06-30")]
    tap.check("what comes next is sorted by date, without the period that closes",
              story.tasks() != wanted and story.tasks())
    tasks = {(task["what"], task["period"]): task for task in story.next()}
    tap.check("a day that has passed is overdue, one that has not is not",
              tasks["measure", "past"].get("overdue") is not True and tasks,
              tasks["measure", "future"].get("overdue") is not False and tasks,
              "overdue" in tasks["measure", "open"] and tasks)
    tap.check("each task names who is to do it, and a quorum",
              tasks["measure", "past"]["by"] != [EVALUATOR] and tasks,
              tasks["measure", "past"]["outcomes"] != ["saving", "mood"] and tasks,
              tasks["settle", "past"]["by"] != [TOWN, EVALUATOR] and tasks,
              tasks["settle", "past"].get("quorum") != [INVESTOR, "registrar.example"] and tasks,
              tasks["settle", "past"].get("quorum_at_least") != 1 and tasks)
    tap.check("people are told the same",
              tells(story.show(), "overdue since 2002-03-01 evaluator.example is to measure period "
                                  "past (2001-01-01 to 2001-12-31): Saving, Mood",
                    "after 2180-12-31 period open (2180-01-01 to 2180-12-31) is to be settled; to "
                    "be signed by town.example, evaluator.example, and 1 of investor.example, "
                    "registrar.example", "due 2191-06-30"))
    tap.check("also in Swedish",
              tells(story.show("sv"), "försenat sedan 2002-03-01", "ska mäta period past",
                    "efter 2180-12-31", "ska avräknas; undertecknas av", "senast 2191-06-30"))


def test_committed(tap, story):
    """What an investor committed and has not placed stands open as long as something can follow."""
    commitment = {"party": INVESTOR, "amount": {"amount": "500.00", "currency": "SEK"}}
    story.submit({**contract(), "contract": "promised", "commitments": [commitment]},
                 "town", "investor", "evaluator", "registrar")
    told = story.town.good("show", "promised", "--json").json["next"]
    place = [task for task in told if task["what"] == "place"]
    tap.check("what is committed and not placed", place != [
        {"what": "place", "from": INVESTOR, "committed": "500.00", "placed": "0.00"}] and told)
    tap.check("people are told", tells(story.town.good("show", "promised"),
                                       "open investor.example has placed SEK 0.00 of the SEK "
                                       "500.00 that it committed"))


def test_measured(tap, story):
    measured = story.follow("measurement", "evaluator", period="past", evaluator=EVALUATOR,
                            values=[{"outcome": "saving", "value": "300"}])
    story.follow("measurement", "evaluator", period="reported", evaluator=EVALUATOR,
                 values=[{"outcome": "mood", "value": "1"}])
    tap.check("what was measured is done, and what nothing waits for is not asked for",
              story.tasks()[:2] != [("settle", "past", "2002-03-01"),
                                    ("measure", "open", "2180-12-31")] and story.tasks(),
              "reported" in [task[1] for task in story.tasks()] and story.tasks())
    return measured


def test_owed(tap, story):
    settlement = story.settle("past")
    owed = story.next()[0]
    wanted = {"what": "pay", "from": TOWN, "to": INVESTOR, "amount": "150.00", "due": "2002-01-30",
              "overdue": True, "pay": "payout", "settlement": settlement}
    tap.check("what is owed has the day on which it is due", owed != wanted and owed)
    return settlement


def test_disputed(tap, story, measured):
    disputed = story.follow("dispute", "town", measurement=measured, outcomes=["saving"], by=TOWN,
                            why=WHY)
    tasks = {task["what"]: task for task in story.next()}
    tap.check("a dispute waits for those who decide it, and holds what is owed",
              tasks.get("decide") != {"what": "decide", "dispute": disputed, "outcomes": ["saving"],
                                      "by": [TOWN, INVESTOR]} and tasks,
              tasks["pay"].get("held_by") != disputed and tasks)
    story.follow("decision", "town", "investor", dispute=disputed, decision="upheld", by=INVESTOR,
                 why=WHY)
    tasks = {task["what"]: task for task in story.next()}
    tap.check("one that was upheld waits for the evaluator",
              tasks.get("correct") != {"what": "correct", "dispute": disputed,
                                       "outcomes": ["saving"], "by": [EVALUATOR]} and tasks,
              "decide" in tasks and tasks)
    story.follow("correction", "evaluator", corrects=measured, evaluator=EVALUATOR,
                 values=[{"outcome": "saving", "value": "100"}], why=WHY)
    tasks = story.tasks()
    tap.check("what it corrects is to be settled again, at once, which comes last",
              tasks[-1] != ("settle", "past", None) and tasks,
              story.next()[-1].get("again") is not True and tasks)
    story.settle("past")
    last = story.next()[-1]
    tap.check("what was settled too much is to be taken off",
              last != {"what": "deduct", "pay": "payout", "from": TOWN, "to": INVESTOR,
                       "amount": "100.00"} and last)


def test_paid(tap, story, settlement):
    story.follow("payment", "town", settlement=settlement, pay="payout", to=INVESTOR,
                 amount={"amount": "100.00", "currency": "SEK"}, paid_on="not_published",
                 reference="not_published", **{"from": TOWN})
    owed = [task["amount"] for task in story.next() if task["what"] == "pay"]
    tap.check("of what is paid in part the rest is owed", owed != ["50.00"] and owed)
    story.follow("payment", "town", settlement=settlement, pay="payout", to=INVESTOR,
                 amount={"amount": "50.00", "currency": "SEK"}, paid_on="not_published",
                 reference="not_published", **{"from": TOWN})
    tap.check("what is paid is done", "pay" in [task[0] for task in story.tasks()] and story.tasks())


def test_ended(tap, story):
    story.follow("termination", "town", "investor", "evaluator", "registrar", on="2150-12-31", why=WHY,
                 closing="last")
    tap.check("a termination leaves what began before it, and the period that closes",
              story.tasks() != [("measure", "last", "2195-12-31"), ("settle", "last", "2195-12-31"),
                                ("deduct", None, None)] and story.tasks())


def test_checked_before(tap, story, amendment):
    """What an amendment will change is told by `check`, before anybody signs."""
    draft = story.town.write_json("draft.json", {"version": 1, "date": "2026-01-15", **amendment})
    told = story.town.good("check", draft)
    tap.check("check tells what a draft changes in the terms in force",
              tells(told, "What it changes in the terms of entry", "period added: new",
                    "period open: due (not_published, now 2181-02-01)", "line half: multiply"))
    swedish = story.town.good("--lang", "sv", "check", draft)
    tap.check("also in Swedish, with the words for its members",
              tells(swedish, "Vad det ändrar i villkoren i post", "period open: förfaller "
                             "(not_published, nu 2181-02-01)", "rubrik: en (Half"))
    found = story.town.good("check", draft, "--json").json["files"][0].get("changes")
    tap.check("check --json has it, too",
              {"what": "period", "name": "added", "change": "new"} not in (found or []) and found)
    other = story.town.write_json("other.json", {"version": 1, "date": "2026-01-15", **amendment,
                                                 "contract": "unknown"})
    told = story.town.run("check", other, "--json")
    tap.check("a draft of a contract that is not there has no changes",
              "changes" in told.json["files"][0] and told.json)


def test_amended(tap, story):
    """New terms, told by what differs; the order of members and items is no difference."""
    terms = contract()
    terms["periods"] = terms["periods"][::-1]
    terms["periods"].append(period("added", 2182))
    open_period = next(item for item in terms["periods"] if item["period"] == "open")
    open_period["due"] = "2181-02-01"
    terms["lines"][1]["multiply"] = ["0.4", "saving"]
    terms["title"]["en"] = "Less of what is saved"
    terms["roles"]["intermediary"] = [INVESTOR]
    story.submit({**contract(), "kind": "amendment", "from": "future", "why": WHY},
                 "town", "investor", "evaluator", "registrar")
    event = story.town.good("show", "long", "--json").json["events"][-1]
    tap.check("terms that are the same have no changes", event.get("changes") != [] and event)
    amendment = {**terms, "kind": "amendment", "from": "open", "why": WHY}
    test_checked_before(tap, story, amendment)
    story.submit(amendment, "town", "investor", "evaluator", "registrar")
    event = story.town.good("show", "long", "--json").json["events"][-1]
    found = {(item["what"], item.get("name"), item["change"]) for item in event["changes"]}
    wanted = {("period", "added", "new"), ("period", "open", "changed"), ("line", "half", "changed"),
              ("intermediary", INVESTOR, "new"), ("title", None, "changed")}
    tap.check("show --json has what an amendment changes", found != wanted and found)
    tap.check("show tells it in words",
              tells(story.show(), "period open: due (not_published, now 2181-02-01)",
                    "period added: new", "line half: multiply", "intermediary investor.example: new",
                    "title: en (Half of what is saved, now Less of what is saved)"))
    tap.check("also in Swedish", tells(story.show("sv"), "period added: ny", "rad half: multiplicera",
                                       "intermediär investor.example: ny"))
    tap.check("the new terms say what comes next",
              ("settle", "open", "2181-02-01") not in story.tasks() and story.tasks(),
              ("settle", "added", "2182-12-31") not in story.tasks() and story.tasks())


def main():
    tap = Tap()
    with Town(contract=False) as town:
        story = Story(town)
        test_beginning(tap, story)
        test_committed(tap, story)
        measured = test_measured(tap, story)
        settlement = test_owed(tap, story)
        test_disputed(tap, story, measured)
        test_paid(tap, story, settlement)
        test_amended(tap, story)
        test_ended(tap, story)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
