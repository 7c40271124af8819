"""What a person asks about a case is answered by ``explain`` alone, and nothing in an account acts on its reader."""

from __future__ import annotations

import asyncio
import html
import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest

from bridgehead.cli import opening
from bridgehead.cli.telling_calls import figures
from bridgehead.storage.moving_clock import advance
from tests.cli.calls import Cli

CODE = '''
"""A desk for tests of explain: it looks the customer up, then books, mails or asks."""
import json
from dataclasses import dataclass
from pathlib import Path

from bridgehead import Case, Context, Failed, NewCase, ToReview, irreversible, read, reversible

STORE = Path(__file__).parent / "store.json"


def records():
    return json.loads(STORE.read_text()) if STORE.exists() else {}


@dataclass
class Booking:
    po: str
    amount: int
    number: str


@dataclass
class Checked(Booking):
    checks: list[str]


async def find(*, key, args):
    there = records().get(args["po"])
    return None if there is None else Booking(**there)


async def remove(*, key, args, result):
    found = records()
    found.pop(args["po"])
    STORE.write_text(json.dumps(found))


async def preview(*, args):
    return Booking(args["po"], args["amount"], "none yet")


@read(max_age="15m", cost="0.01 EUR")
async def customer(name: str) -> dict:
    return {"name": name, "number": "K-77", "rating": "gold"}


@read(max_age="15m")
async def rating(po: str) -> str:
    tries = STORE.with_name(f"{po}.tries")
    made = tries.read_text() if tries.exists() else ""
    tries.write_text(made + "x")
    if len(made) < 2:
        raise Failed(f"the line is busy, call {len(made) + 1}", error_class="transient")
    return "gold"


@reversible(key="po", verify=find, undo=remove, preview=preview, cost="0.10 EUR")
async def book(po: str, amount: int) -> Booking:
    booking = Booking(po, amount, f"SO-{len(records()) + 1}")
    STORE.write_text(json.dumps({**records(), po: vars(booking)}))
    if po.startswith("LOST"):
        raise RuntimeError("the line went dead")
    return booking


@irreversible(key="to")
async def mail(to: str) -> None:
    return None


def reader(document, name):
    try:
        order = json.loads(document)
    except ValueError:
        return ToReview(f"{name} is no JSON")
    if "po" not in order:
        line = {"number": "10", "quantity": "20", "unit": "EA", "supplier_part": "AB-1001", "price": "3.20"}
        order = {"buyer": {"name": order["hello"]}, "po_number": "PO-9", "order_date": "2026-11-02", "lines": [line]}
        found = {**order, "lines_read": 1, "damaged": 2}
        details = {"cause": "unreadable", "as_far_as_read": found}
        return ToReview(f"{name} is no order: it has no number", details=details)
    stood = {"part": "document", "line": 3, "text": str(order["amount"]), "how": "label", "confidence": 0.99}
    return NewCase(input={**order, "sources": {"amount": stood}}, key={"po": order["po"]})


async def agent(case: Case[dict], ctx: Context) -> Checked | Booking:
    order = case.input
    await customer(order["name"])
    if order.get("mail"):
        await mail(order["mail"])
    if not order.get("shaky"):
        return await book(order["po"], order["amount"])
    await rating(order["po"])
    booked = await book(order["po"], order["amount"])
    return Checked(**vars(booked), checks=["Price: 1.9% over the contract price; the limit is 2.0%."])
'''
YAML = """
deployment: orders
agent: {module}:agent
reader: {module}:reader
owner: desk@example.com
case: {{key: [po], deadline: 30m}}
tools:
  customer: allow
  rating: allow
  book: {{allow: amount <= 100, otherwise: {{hold: desk, within: 2h}}}}
  mail: deny
roles: {{desk: {{members: "group:desk", rate: 60 EUR/h}}}}
fallback: desk
baseline: {{minutes: 10}}
"""
HOSTILE: Final = "\x1b[2J\u202e<script>alert(1)</script>\"'&\u2066"
EVERY: Final = (
    ("when did it come, and how?", r"A-\d+, \w+\.?\w* \([\d.]+ \w+\), was submitted as a file at 20\d\d-\d\d-\d\d"),
    ("which release decided, at which level?", r"for orders, release [0-9a-f]{12}, at level \w+"),
    ("what was asked for?", r"po: \w+-\d"),
    ("who asked for it?", r"name: Ada"),
    ("where did the amount stand in the document?", r"amount\s+\d+\s+document, line 3\s+label\s+99.0%"),
    (
        "what was read of the customer?",
        r"read customer with name: Ada .* and got name: Ada, number: K-77",
    ),
    (
        "is it told in short, with what to do?",
        r"In short\n- C-\d+ came with .*: name: Ada, po: [\w-]+, amount: \d+[^\n]*\.\n(- .*\n)+",
    ),
    ("who has to do what now?", r"- To do: (nothing|desk is to|desk decides)"),
    (
        "on whose authority did it act?",
        r"It acted on the deployment's own authority, within its rules, and for no user",
    ),
    ("who let it act at that level?", r"That level was set by \w+ at 20[\d :-]+: (a test|a new deployment)"),
    ("how long had it, and was that kept?", r"From then it had 30m(.*\n)+.*Its deadline was (not )?kept"),
    ("what do the columns of the fields mean?", r"Right: how often readings of this kind are right"),
    ("what did models cost, apart from the rest?", r"Models: none was called|No model was called"),
    ("is the record whole?", r"The chain of \d+ rows is whole, and this account agrees with it"),
    ("by which policy was the read allowed?", r"D-\d+: customer was allowed at .* by tools.customer \(policy digest"),
)
"""What is answered of every case, whatever became of it."""
BOOKED: Final = (
    ("what was booked, under which number?", r"it answered number: SO-\d"),
    ("how is it taken back?", r'bridgehead undo --case {case} --why "…"'),
    ("what did it cost?", r"0.11 EUR for what has a price"),
    ("how often was it sent?", r"E-\d+, book .* happened .*, sent once"),
)
QUESTIONS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "shaky": (
        ("how often was it tried?", r"it read rating with po: B-9 .* and got gold; this was attempt 3"),
        (
            "when did each attempt fail, and why?",
            r"failures \(at 20[\d :-]+ the line is busy, call 1 \(transient\); at 20[\d :-]+ .* call 2 \(trans",
        ),
        (
            "how near did its own checks come?",
            r"How near its own checks came\n- Price: 1.9% over the contract price; the limit is 2.0%\.",
        ),
    ),
    "booked": (
        *BOOKED,
        ("how old was what it read?", r"Read before it: customer \(\d+\.\d s old, at most 15m\)"),
        ("how near did it come to a person?", r"rule is amount <= 100 \(amount = 50\); a call off it is held"),
        ("how did it end?", r"It is done since .* The agent completed it"),
        ("was anybody asked?", r"Nobody was asked: its rule is amount <= 100 \(amount = 50\), and it kept to it"),
        ("what did its tools cost, and people?",
         r"Tools: 2 calls with a price, 0.11 EUR.\n- People: nobody worked on it"),
    ),
    "approved": (
        *BOOKED[:2],
        ("what was held, for whom and why?", r"D-\d+: book was held for desk .* needs amount <= 100 \(found"),
        ("what would have allowed it?", r"What would change that: amount <= 100"),
        ("who decided, and when?", r"pat approved it at 20[\d :-]+, [\d.]+ m?s after the review opened"),
        ("what were they shown?", r"R-\d+: the call that was shown \(book\):\s+po: B-2\s+amount: 500"),
        ("is it told as held, not as nearly held?",
         r"A person was asked and let it through: its rule is amount <= 100 \(amount = 500\); a call off it is"),
        ("in short, who let it through and why were they asked?",
         r"pat approved it for desk at .*, which was asked because book needs amount <= 100 \(amount is 500\)"),
        ("at which rate were people's minutes priced?",
         r"People: desk spent \d+\.\d minutes on it, decided at .*(at which rate is not recorded|\d EUR)"),
        ("was the approval used once?", r"It was used once, for exactly that call"),
        ("did the gate look again?", r"It had the approval R-\d+ by pat"),
    ),
    "edited": (
        ("what did the person change?", r"kim edited it at .* changed amount: 600 to 90"),
        ("what became of the first call?", r"E-\d+, book .*600.* was replaced by E-\d+ with the arguments"),
        ("what was booked?", r"it answered number: SO-\d"),
        ("how long did it take a person?", r"People: desk spent \d+\.\d minutes on it, decided at"),
        ("how is it taken back?", r"To take back E-\d+ \(book\): bridgehead undo --case {case}"),
    ),
    "denied": (
        ("what was denied, by which policy?", r"D-\d+: mail was denied .* denies every call of mail.* by tools.mail"),
        ("what would have allowed it?", r"What would change that: an operator changes the rule of mail"),
        ("why did it leave the agent's hands?",
         r"Why it left the agent's hands\n(- .*\n)*- The call of mail was denied by policy tools.mail, .*takes"),
        ("how old was what it rested on?", r"It rested on customer \(\d+\.\d s old, at most 15m\)"),
        ("did anything leave?", r"E-\d+, mail with .*, did not happen: mail: denied by policy"),
        ("who has it?", r"It is with a person: R-\d+ \(desk\)"),
        ("why?", r"It left the agent's hands with error class policy_denied"),
        ("is there something to undo?", r"Nothing of it stands in a target system"),
    ),
    "shadow": (
        ("what would it have done?", r"E-\d+, book with .* would have happened; in shadow nothing was sent"),
        ("with what would it have gone on?", r"went on with po: S-1, amount: 20, number: none yet"),
        ("was anything written?", r"at level shadow: reads are real and writes are virtual"),
    ),
    "unknown": (
        *BOOKED[1:2],
        ("was its reply lost?", r"happened and was settled at .*after its reply was lost, found by reading it back"),
        ("what was booked?", r"it answered number: SO-\d"),
        ("was it sent twice?", r"E-\d+, book .* happened .*, sent once"),
    ),
    "deadline": (
        ("which deadline did it miss?", r"Its deadline passed at|R-\d+ \(deadline\)"),
        ("who has it?", r"It is with a person: R-\d+ \(desk\)"),
        ("why?", r"error class deadline"),
        ("what did it wait for?", r"It had waited to call book, which was paused"),
        ("is there something to undo?", r"Nothing of it stands in a target system"),
    ),
    "killed": (
        ("what comes back once the kill is lifted?",
         r"The kill of tool book by sam \(a wrong price list\) was lifted at .* stays denied"),
        ("what did the gate say?", r"denied by policy gate.suspended, because an operator stopped book \(D-\d+\)"),
        ("who stopped it, and why?", r"A kill of tool book by sam at .*: a wrong price list"),
        ("does that still stand?", r"by sam at .* was lifted at 20"),
        ("which policy denied it?", r"D-\d+: book was denied at .* gate.suspended"),
        ("what lets it go on?", r"What would change that: an operator resumes the tool"),
        ("who has it?", r"It is with a person: R-\d+ \(desk\)"),
    ),
    "undone": (
        ("what had been booked?", r"E-\d+, book with .*, happened \(it answered number: SO-\d\) and was taken back"),
        ("who took it back, when and why?", r"E-\d+ was taken back by lee at 20.* under U-\d+: the customer cancelled"),
        ("which policy allowed that?", r"D-\d+: undo:book was allowed at .* by tools.book.undo"),
    ),
}  # fmt: skip


class Cases:
    """One scripted case of each kind, by the number that it got."""

    def __init__(self, cli: Cli, folder: Path) -> None:
        self.cli, self.folder = cli, folder
        self.number: dict[str, str] = {}

    def came(self, kind: str, **order: object) -> None:
        """Submits a case and works it off."""
        self.submit(kind, **order)
        self.cli.work(self.folder)

    def submit(self, kind: str, **order: object) -> None:
        self.cli.submit(self.folder, **{kind: {"name": "Ada", **order}})
        self.number[kind] = f"C-{len(self.number) + 1}"

    def review(self, *arguments: object, stdin: bytes = b"") -> None:
        (review,) = [one for one in self.cli.ok("reviews", "--json").json["reviews"] if one["kind"] == "approval"]
        self.cli.ok("review", review["id"], *arguments, stdin=stdin)
        self.cli.work(self.folder)


@pytest.fixture
def desk(cli: Cli, tmp_path: Path) -> Cases:
    """Gives a desk without a case."""
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / f"{cli.module}.py").write_text(CODE)
    (folder / "bridgehead.yaml").write_text(YAML.format(module=cli.module))
    return Cases(cli, folder)


@pytest.fixture
def cases(cli: Cli, desk: Cases, tmp_path: Path) -> Cases:
    """Gives a desk with one case of each kind."""
    made, folder = desk, desk.folder
    made.came("shadow", po="S-1", amount=20)
    cli.ok("promote", folder, "--to", "autonomous", "--why", "a test", "--by", "pat")
    made.came("booked", po="B-1", amount=50)
    made.came("approved", po="B-2", amount=500)
    made.review("approve", "--by", "pat")
    made.came("edited", po="B-3", amount=600)
    edited = tmp_path / "edited.json"
    edited.write_text(json.dumps({"po": "B-3", "amount": 90}))
    made.review("edit", "--args", edited, "--by", "kim")
    made.came("denied", po="B-4", amount=5, mail="x@example.com")
    made.came("unknown", po="LOST-5", amount=5)
    made.came("undone", po="B-6", amount=60)
    cli.ok(
        "undo",
        "--case",
        made.number["undone"],
        "--why",
        "the customer cancelled",
        "--by",
        "lee",
        "--yes",
        "--deployment",
        folder,
    )
    made.came("shaky", po="B-9", amount=40, shaky=True)
    cli.ok("kill", "--tool", "book", "--why", "a wrong price list", "--by", "sam")
    made.came("killed", po="B-7", amount=70)
    cli.ok("resume", "--tool", "book")
    cli.ok("pause", "--tool", "book", "--why", "stocktaking", "--by", "sam")
    made.came("deadline", po="B-8", amount=80)
    asyncio.run(later(timedelta(hours=1)))
    cli.work(folder)
    cli.ok("submit", folder, "-", "--name", "letter", stdin=json.dumps({"hello": HOSTILE}).encode())
    cli.work(folder)
    return made


async def later(by: timedelta) -> None:
    """Moves the database's business time."""
    async with opening.opened() as app:
        await advance(app.database, by)


def test_what_a_person_asks_is_answered_by_explain_alone(cases: Cases) -> None:
    """At least ten factual questions about a case of each kind find their answer in its account."""
    silent: list[str] = []
    for kind, own in QUESTIONS.items():
        told = cases.cli.ok("explain", cases.number[kind]).out
        asked = (*own, *EVERY)
        assert len(asked) >= 10
        for question, pattern in asked:
            if re.search(pattern.replace("{case}", cases.number[kind]), told) is None:
                silent.append(f"{kind}: {question} ({pattern})\n{told}")
    assert not silent, "\n".join(silent)
    refused(cases)
    parts(cases)


def refused(cases: Cases) -> None:
    """A document that became no case says when it came, why it was not taken, who has it, and where it is."""
    (line,) = cases.cli.ok("arrivals", "--state", "review", "--json").json["arrivals"]
    told = cases.cli.ok("explain", line["id"]).out
    for pattern in (
        r"letter, \d+ B, was submitted as a file for orders and was stored at 20\d\d",
        r"In short\n- letter was submitted as a file at 20.*\n- No agent saw it.* left to desk \(R-\d+\)",
        r"To do: desk is to look at the document and .* bridgehead review R-\d+ answer",
        r"How the document begins:\n    \{.hello",
        r"A person must look at it",
        r"letter is no order: it has no number",
        r"It was read by release [0-9a-f]{12} at 20[\d :-]+, \d+\.?\d* m?s after it came",
        r"The reader of that release refused it, by its own rule \(cause unreadable\): R-\d+, error class inval",
        r"As far as it could be read, which decided nothing: order PO-9: 20 EA AB-1001 at 3.20; 64.00 \(no",
        r"currency named\) in all by",
        r", dated 2026-11-02 \(1 whole line; 2 pieces of it are damaged\)",
        r"10 +AB-1001 +20 +EA +3.20",
        r"R-\d+ is with desk since 20\d\d",
        r"No case was opened for it: no agent saw it, nothing was booked",
        rf"bridgehead arrival {line['id']} --original FILE",
        r"The chain of \d+ rows is whole",
    ):
        assert re.search(pattern, told), (pattern, told)
    (review,) = line["reviews"]
    assert "letter is no order" in cases.cli.ok("explain", review).out


def parts(cases: Cases) -> None:
    """A decision, an effect and a review are told with what belongs to them; 'case' shows their numbers."""
    case = cases.cli.ok("case", cases.number["edited"], "--json").json
    shown = cases.cli.ok("case", cases.number["edited"]).out
    held = next(one for one in case["decisions"] if one["verdict"] == "hold")
    (review,) = case["reviews"]
    (standing,) = [one for one in case["effects"] if one["state"] == "committed"]
    assert held["number"] in shown
    for number in (held["number"], standing["id"], review["id"]):
        told = cases.cli.ok("explain", number.lower()).out
        assert f"{number} belongs to {case['case']['id']}" in told
        assert "book" in told
        assert "customer was allowed" not in told
    assert "kim edited it" in cases.cli.ok("explain", held["number"]).out
    assert "undo --case" in cases.cli.ok("explain", standing["id"]).out
    read = next(one for one in case["decisions"] if one["tool"] == "customer")
    assert "it read customer with name: Ada" in cases.cli.ok("explain", read["number"]).out
    for unknown in ("D-999", "E-999", "R-999"):
        done = cases.cli("explain", unknown)
        assert (done.code, "there is no" in done.err) == (2, True)


def test_a_long_rule_is_told_by_its_figures() -> None:
    """A rule that fits a line stands whole; of a longer one the terms that compare stand there, with their figures."""
    short = "total <= 100 (total = 5)"
    assert figures(short) == short
    parts = [f"order.part_{letter} from system_of_record" for letter in "abcde"]
    long = f"order.total >= 0 and order.total <= 25000 and {' and '.join(parts)} (order.total = 1125.00)"
    assert figures(long) == "order.total >= 0 and order.total <= 25000 and 5 more conditions (order.total = 1125.00)"
    assert figures("") == ""


class Reading(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_hostile_text_stays_text(desk: Cases, tmp_path: Path) -> None:
    """Whatever stands in an order acts neither on a terminal nor on a browser, and the page fetches nothing."""
    cases = desk
    cases.came("hostile", po=f"H-1{HOSTILE}", amount=5, note=HOSTILE)
    page = tmp_path / "page.html"
    told = cases.cli.ok("explain", cases.number["hostile"], "--html", page)
    assert told.out == ""
    assert cases.cli("explain", cases.number["hostile"], "--html", page).code == 2
    text, out = page.read_text(), cases.cli.ok("explain", cases.number["hostile"]).out
    assert html.escape("<script>alert(1)</script>") in text
    seen = Reading()
    seen.feed(text)
    assert not {"script", "img", "link", "iframe", "form", "object"} & set(seen.tags)
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name in ("src", "style")]
    assert all((value or "").startswith("#") for name, value in seen.attributes if name == "href")
    assert "default-src 'none'" in html.unescape(text)
    for hidden in "\x1b\u202e\u2066":
        assert hidden not in text
        assert hidden not in out
