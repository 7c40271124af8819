"""One run of the corpus: arrivals in the order of receipt, each with its bytes and its truth.

Everything is a function of the seed and the number of arrivals; nothing is read from outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from bridgehead.templates.purchase_orders.corpus import relations
from bridgehead.templates.purchase_orders.corpus.compose import Draft, Writer, compose, written_line
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.forms import FORMS, Form
from bridgehead.templates.purchase_orders.corpus.habits import Habit, habit_of
from bridgehead.templates.purchase_orders.corpus.layouts import layout_of
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.master import make_world
from bridgehead.templates.purchase_orders.corpus.model import (
    MAILED,
    Customer,
    Format,
    Json,
    Relation,
    World,
    WrittenOrder,
)
from bridgehead.templates.purchase_orders.corpus.numbering import po_number
from bridgehead.templates.purchase_orders.corpus.rates import (
    CUSTOMER_PART,
    DEFAULT_FORMATS,
    NOT_AN_ORDER,
    RATES,
    Plan,
    draw_plan,
)
from bridgehead.templates.purchase_orders.corpus.readings import reading_json
from bridgehead.templates.purchase_orders.corpus.rules import MAX_OVERDUE_DAYS, Facts, Verdict, decide

QUEUES: Final = {
    "question": "order-desk",
    "complaint": "order-desk",
    "newsletter": "none",
    "delivery_note": "logistics",
}
BROKEN_OWNER: Final = "order-desk"
FIRST_RECEIPT: Final = timedelta(hours=6, minutes=10)
RECEIPT_HOURS: Final = 13
TIER_WEIGHTS: Final = {"A": 4.0, "B": 2.0, "C": 1.0}
_EXACT: Final = (".eml", ".pdf")
"""Files that no transport writes anew."""
FIRST_PO: Final = 4
"""Numbers 0 to 3 of every customer belong to the orders booked before the run."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One document as it arrives, and the truth of it (one line of truth.jsonl)."""

    name: str
    document: bytes
    truth: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Sent:
    """An order document of this run that a later one may refer to."""

    name: str
    draft: Draft
    document: bytes


@dataclass(slots=True)
class Run:
    """The state of a run: who exists, how they write, and what has been sent so far."""

    seed: int
    total: int
    formats: tuple[Format, ...]
    world: World
    habits: dict[str, Habit]
    pools: dict[tuple[Format, bool, bool], list[tuple[Customer, float]]]
    counters: dict[str, int] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)


def in_trouble(customer: Customer) -> bool:
    """Returns True if no order of this customer may be booked without credit control."""
    credit = customer.credit
    return credit.blocked or credit.overdue_days > MAX_OVERDUE_DAYS or credit.limit - credit.open < credit.limit / 10


def start(seed: int, total: int, formats: Sequence[Format] = DEFAULT_FORMATS) -> Run:
    """Returns a run about to begin, of arrivals in these formats."""
    world = make_world(seed, formats)
    pools: dict[tuple[Format, bool, bool], list[tuple[Customer, float]]] = {}
    for customer in world.customers:
        key = (customer.channel, customer.own_parts, in_trouble(customer))
        pools.setdefault(key, []).append((customer, TIER_WEIGHTS[customer.tier]))
    habits = {customer.number: habit_of(seed, customer, layout_of(seed, customer)) for customer in world.customers}
    return Run(seed, total, tuple(formats), world, habits, pools)


def arrivals(run: Run) -> Iterator[Arrival]:
    """Yields every arrival of the run."""
    for serial in range(1, run.total + 1):
        plan = draw_plan(Dice(run.seed, "plan", serial), run.formats)
        yield _arrival(run, plan, serial)


def _arrival(run: Run, plan: Plan, serial: int) -> Arrival:
    if plan.kind == NOT_AN_ORDER:
        return _no_order(run, plan, serial)
    if plan.kind in {"exact_resend", "changed_resend", "change_or_cancel"}:
        repeated = _repeat(run, plan, serial)
        if repeated is not None:
            return repeated
        plan = replace(plan, kind="order")
    if plan.kind == "broken_document":
        return _broken(run, plan, serial)
    return _fresh(run, plan, serial)


def _name(run: Run, customer: Customer, serial: int, orders: int = 1) -> str:
    extension = _form(customer).extension(run.habits[customer.number], orders)
    return f"{serial:0{max(5, len(str(run.total)))}}.{extension}"


def _form(customer: Customer) -> Form:
    return FORMS[customer.channel]


def _sending(run: Run, customer: Customer, serial: int) -> Envelope:
    midnight = datetime(run.world.as_of.year, run.world.as_of.month, run.world.as_of.day, tzinfo=UTC)
    at = midnight + FIRST_RECEIPT + timedelta(hours=RECEIPT_HOURS) * (serial / (run.total + 1))
    return Envelope(
        customer, run.habits[customer.number], at.replace(microsecond=0), serial, Dice(run.seed, "sending", serial)
    )


def _customer(run: Run, plan: Plan, dice: Dice) -> Customer:
    return dice.weighted(run.pools[plan.format, plan.own_parts, "credit_block" in plan.flags])


def _next_po(run: Run, customer: Customer) -> str:
    count = run.counters.get(customer.number, FIRST_PO)
    run.counters[customer.number] = count + 1
    return po_number(run.seed, customer, count)


def _with_noise(dice: Dice, document: bytes) -> bytes:
    """Returns the document, now and then with a byte-order mark or other line ends, which make it no less readable."""
    if not dice.chance(0.06) or document.startswith((b"\xff\xfe", b"\xef\xbb\xbf")):
        return document
    if dice.chance(0.5) and document.isascii() and b"ISO-8859" not in document[:80]:
        return b"\xef\xbb\xbf" + document
    return document.replace(b"\r\n", b"\n") if b"\r\n" in document else document.replace(b"\n", b"\r\n")


def _order_truth(run: Run, order: WrittenOrder, verdict: Verdict) -> dict[str, Json]:
    customer = order.customer
    form, habit = _form(customer), run.habits[customer.number]
    return {
        "customer": customer.number,
        "reading": reading_json(form.shown(habit, order), form.reader(habit)),
        "touchless": verdict.touchless,
        "owner": verdict.owner,
        "cause": verdict.cause,
        "booking": verdict.booking,
        "line_codes": list(verdict.line_codes),
    }


def _truth(
    name: str,
    plan: Plan,
    defects: Sequence[str],
    orders: Sequence[dict[str, Json]],
    *,
    queue: str | None = None,
    resend_of: str | None = None,
    relation: Relation = "new",
    is_order: bool = True,
) -> dict[str, Json]:
    return {
        "arrival": name,
        "format": plan.format,
        "defects": [name for name in RATES if name in defects],
        "is_order": is_order,
        "orders": list(orders),
        "queue": queue,
        "resend_of": resend_of,
        "relation": relation,
    }


def _traits(orders: Sequence[WrittenOrder]) -> list[str]:
    return [CUSTOMER_PART] if any(line.theirs for order in orders for line in order.lines) else []


def _fresh(run: Run, plan: Plan, serial: int) -> Arrival:
    dice = Dice(run.seed, "order", serial)
    customer = _customer(run, plan, dice)
    sending = _sending(run, customer, serial)
    writer = Writer(run.world, customer, sending.habit, dice)
    drafts = [compose(writer, _next_po(run, customer), plan.flags)]
    if "two_orders" in plan.flags:
        drafts.append(compose(writer, _next_po(run, customer), frozenset()))
        if dice.chance(0.5):
            drafts.reverse()
        if plan.format in MAILED and plan.flags & {"hidden_instructions", "contradicting_text"}:
            # Nothing in a mail says which of its orders a sentence, or a layer of a file, beside them is about.
            drafts = [replace(draft, facts=replace(draft.facts, suspicious=True)) for draft in drafts]
    orders = [draft.order for draft in drafts]
    form = _form(customer)
    name = _name(run, customer, serial, len(orders))
    document = form.write_orders(sending, orders)
    if form.noise and not name.endswith(_EXACT):
        document = _with_noise(dice, document)
    truths = [_order_truth(run, draft.order, decide(run.world, draft.order, draft.facts)) for draft in drafts]
    if len(drafts) == 1:
        run.sent.append(Sent(name, drafts[0], document))
    defects = [*plan.flags, *(_traits(orders) if plan.own_parts else [])]
    return Arrival(name, document, _truth(name, plan, defects, truths))


def _broken(run: Run, plan: Plan, serial: int) -> Arrival:
    dice = Dice(run.seed, "order", serial)
    customer = _customer(run, plan, dice)
    sending = _sending(run, customer, serial)
    order = compose(Writer(run.world, customer, sending.habit, dice), _next_po(run, customer), frozenset()).order
    form = _form(customer)
    document = form.break_(sending, dice, form.write_orders(sending, [order]), order)
    unreadable: dict[str, Json] = {
        "customer": customer.number,
        "reading": None,
        "touchless": False,
        "owner": BROKEN_OWNER,
        "cause": "unreadable",
        "booking": None,
        "line_codes": [],
    }
    name = _name(run, customer, serial)
    return Arrival(
        name, document, _truth(name, plan, ["broken_document", *_traits([order])], [unreadable], queue=BROKEN_OWNER)
    )


def _earlier(run: Run, plan: Plan, dice: Dice) -> Sent | None:
    """Returns an order of this run to come back to: of the same channel, most often a recent one."""
    fitting = [sent for sent in run.sent if sent.draft.order.customer.channel == plan.format]
    same = [sent for sent in fitting if sent.draft.order.customer.own_parts == plan.own_parts] or fitting
    if not same:
        return None
    return dice.one(same[-60:]) if dice.chance(0.7) else dice.one(same)


def _repeat(run: Run, plan: Plan, serial: int) -> Arrival | None:
    """Returns an arrival about an earlier order, or None when nothing has been sent that it could be about."""
    dice = Dice(run.seed, "order", serial)
    if plan.kind == "exact_resend":
        return _resend(run, plan, serial, dice)
    share = 0.25 if plan.kind == "changed_resend" else 0.5
    if dice.chance(share):
        return _about_past(run, plan, serial, dice)
    base = _earlier(run, plan, dice)
    if base is None:
        return _about_past(run, plan, serial, dice)
    return _about(run, plan, serial, dice, base.draft, base.name, None)


def _resend(run: Run, plan: Plan, serial: int, dice: Dice) -> Arrival | None:
    base = _earlier(run, plan, dice)
    if base is None:
        return None
    order = base.draft.order
    document = base.document
    if dice.chance(0.5):
        document = _form(order.customer).write_orders(_sending(run, order.customer, serial), [order], resent=True)
    name = _name(run, order.customer, serial)
    truth = _order_truth(run, order, decide(run.world, order, Facts(base.draft.facts.ship_to, relation="resend")))
    defects = ["exact_resend", *_traits([order])]
    return Arrival(name, document, _truth(name, plan, defects, [truth], resend_of=base.name, relation="resend"))


def _about_past(run: Run, plan: Plan, serial: int, dice: Dice) -> Arrival:
    customer = _customer(run, plan, dice)
    wanted = ("open", "in_production", "in_production", "shipped") if dice.chance(0.1) else ("open", "in_production")
    status = dice.one(wanted)
    past = dice.one(
        [order for order in run.world.past_orders if order.customer == customer.number and order.status == status]
    )
    writer = Writer(run.world, customer, run.habits[customer.number], dice)
    draft = Draft(relations.from_past(writer, past), Facts(ship_to=past.ship_to))
    return _about(run, plan, serial, dice, draft, None, past.status)


def _about(
    run: Run, plan: Plan, serial: int, dice: Dice, base: Draft, base_name: str | None, status: str | None
) -> Arrival:
    order = base.order
    sending = _sending(run, order.customer, serial)
    writer = Writer(run.world, order.customer, sending.habit, dice)
    relation: Literal["changed_resend", "change", "cancel"] = "changed_resend"
    if plan.kind == "changed_resend":
        written = relations.changed(writer, order)
        document = _form(order.customer).write_orders(sending, [written])
    else:
        change = relations.make_change(writer, order)
        relation = "cancel" if change.kind == "cancel" else "change"
        written, document = change.order, _form(order.customer).write_change(sending, change)
    verdict = decide(run.world, written, relations.about(relation, base.facts.ship_to, status))
    if relation != "changed_resend":
        verdict = replace(verdict, line_codes=())
    name = _name(run, order.customer, serial)
    defects = [plan.kind, *_traits([order])]
    truth = _order_truth(run, written, verdict)
    return Arrival(name, document, _truth(name, plan, defects, [truth], resend_of=base_name, relation=relation))


def _no_order(run: Run, plan: Plan, serial: int) -> Arrival:
    dice = Dice(run.seed, "order", serial)
    customer = _customer(run, plan, dice)
    sending = _sending(run, customer, serial)
    writer = Writer(run.world, customer, sending.habit, dice)
    kind = dice.weighted(_form(customer).others)
    bought = run.world.assortments[customer.number]
    lines = []
    for number in dice.some(bought, dice.between(1, 4)):
        item = run.world.items[number]
        quantity = max(item.min_qty, item.multiple) * dice.between(1, 9)
        lines.append(written_line(writer, item, quantity, run.world.as_of, priced=False))
    past = dice.one([order for order in run.world.past_orders if order.customer == customer.number])
    document = _form(customer).write_other(sending, kind, lines, past.po_number)
    name = _name(run, customer, serial)
    return Arrival(name, document, _truth(name, plan, [NOT_AN_ORDER], [], queue=QUEUES[kind], is_order=False))
