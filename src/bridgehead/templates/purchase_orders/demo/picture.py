"""The end of a run as a picture: what was done alone, what people have, what it cost, and what the books say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bridgehead.money import Money
from bridgehead.spec.deployment import Deployment
from bridgehead.templates.purchase_orders.demo.run import Outcome
from bridgehead.templates.purchase_orders.demo.score import Share, Slice, cost_of
from bridgehead.templates.purchase_orders.demo.shadow import ShadowReport

WIDE: Final = 100
"""Columns from which two tables stand side by side and bars have their full length."""

_BAR: Final = 16
_SHORT_BAR: Final = 8
_MOST_FINDINGS: Final = 12
_COUNT_BAR: Final = 6
_NAMED: Final = 3


def show_shadow(console: Console, report: ShadowReport) -> None:
    """Prints the report on the shadow tranche."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    half = (len(report.fields) + 1) // 2
    for _ in range(2):
        table.add_column("field")
        table.add_column("same as people", justify="right")
    for left, right in zip(report.fields[:half], [*report.fields[half:], None], strict=False):
        cells: list[RenderableType] = []
        for field in (left, right):
            cells += ["", ""] if field is None else [field.name.replace("_", " "), _same(field.same, field.of)]
        table.add_row(*cells)
    differ = report.both - report.equal
    told = Text()
    told.append(f"{report.equal} of {report.both}", style="bold green")
    told.append(" orders as people booked them, in every field")
    if differ:
        told.append(f"; where they differ the truth sides with the agent in {report.agent_right} of {differ}")
    told.append(
        f". It would have asked about {report.handed_over} that people booked,"
        f" and booked {report.agent_only} that people held."
    )
    console.print(Padding(Group(table, told), (0, 2)))


def _same(same: int, of: int) -> Text:
    return Text(f"{same}/{of}", style="green" if same == of else "yellow")


def show_outcome(console: Console, outcome: Outcome, deployment: Deployment) -> None:
    """Prints everything a run came to."""
    wide = console.width >= WIDE
    console.print()
    console.print(_headline(outcome, wide=wide))
    console.print(_reconciled(outcome), soft_wrap=True)
    console.print(_slices("by format", [*outcome.score.formats, outcome.score.whole], wide=wide, total=True))
    console.print(_slices("by defect", outcome.score.defects, wide=wide))
    console.print(_legend())
    console.print()
    left, right = _exceptions(outcome, deployment), Group(*_facts(outcome, deployment))
    console.print(_side_by_side(left, right) if wide else Group(left, right))
    console.print(_queues(outcome))
    if outcome.findings:
        console.print(_findings(outcome))


def _side_by_side(left: RenderableType, right: RenderableType) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_row(left, right)
    return grid


def _headline(outcome: Outcome, *, wide: bool) -> Panel:
    whole = outcome.score.whole
    lost = outcome.count("lost") + outcome.count("unfinished")
    low, high = whole.right.bounds if whole.right.of else (0.0, 1.0)
    figures = (
        (str(whole.orders - lost), "bold", "orders handled", f"of {whole.orders}"),
        (_percent(whole.touchless.rate), "bold green", "touchless", f"at best {_percent(whole.ceiling)}"),
        (
            _percent(whole.right.rate),
            "bold green",
            "first time right" if wide else "right",
            f"{100 * low:.0f}-{100 * high:.0f}",
        ),
        (str(lost), _judged(lost), "lost", "by the books"),
        (str(outcome.count("doubled")), _judged(outcome.count("doubled")), "doubled", "by the books"),
    )
    grid = Table.grid(expand=True)
    for _ in figures:
        grid.add_column(justify="center", ratio=1, no_wrap=True)
    grid.add_row(*(Text(value, style=style) for value, style, _, _ in figures))
    grid.add_row(*(Text(name) for _, _, name, _ in figures))
    grid.add_row(*(Text(more, style="dim") for _, _, _, more in figures))
    return Panel(grid, box=box.ROUNDED, border_style="green" if outcome.sound else "red")


def _reconciled(outcome: Outcome) -> Text:
    """Says how documents, orders, bookings and people's work add up."""
    whole, alone = outcome.score.whole, outcome.score.whole.touchless.count
    known = alone - outcome.booked
    resent = f", {known} known already" if known else ""
    apart = outcome.score.unopened
    unopened = f" ({apart} of them in documents that could not be opened as cases)" if apart else ""
    return Text(
        f"  {outcome.latency.arrivals} documents hold {whole.orders} orders: {alone} touchless"
        f" ({outcome.booked} booked{resent}), {whole.orders - alone} with people{unopened}.",
        style="dim",
    )


def _judged(count: int) -> str:
    return "bold red" if count else "bold green"


def _table(*, wide: bool = True) -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, padding=(0, int(wide)))


def _slices(title: str, slices: Sequence[Slice], *, wide: bool, total: bool = False) -> Table:
    table, bar = _table(wide=wide), _BAR if wide else _SHORT_BAR
    table.add_column(title, min_width=20, no_wrap=True)
    table.add_column("orders", justify="right", no_wrap=True)
    table.add_column("", width=bar, no_wrap=True)
    for name in ("touchless", "ceiling"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("right", justify="right", min_width=13 if wide else 12, no_wrap=True)
    table.add_column("wrong", justify="right", min_width=13 if wide else 10, no_wrap=True)
    for index, one in enumerate(slices):
        last = total and index == len(slices) - 1
        if last:
            table.add_section()
        table.add_row(
            one.name.replace("_", " "),
            str(one.orders),
            _bar(one, bar),
            _percent(one.touchless.rate),
            Text(_percent(one.ceiling), style="dim"),
            _bounded(one.right, wide=wide),
            _bounded(one.wrong, wide=wide, alarming=True),
            style="bold" if last else "",
        )
    return table


def _bar(one: Slice, width: int) -> Text:
    text = Text()
    wrong = max(_cells(one.wrong.count, one.orders, width), int(one.wrong.count > 0))
    right = min(_cells(one.right.count, one.orders, width), width - wrong)
    possible = max(0, _cells(one.possible, one.orders, width) - right - wrong)
    text.append("█" * right, style="green")
    text.append("▓" * wrong, style="red")
    text.append("▒" * possible, style="yellow")
    text.append("·" * (width - right - wrong - possible), style="dim")
    return text


def _legend() -> Text:
    text = Text("  ")
    for sign, style, meaning in (
        ("█", "green", "touchless and right"),
        ("▓", "red", "touchless and wrong"),
        ("▒", "yellow", "possible, with a person"),
        ("·", "dim", "people"),
    ):
        text.append(sign, style=style)
        text.append(f" {meaning}  ", style="dim")
    text.append("\n  right: first-time-right, wrong: wrong-auto-accept, of the touchless orders,", style="dim")
    text.append("\n  with exact 95 % bounds (Clopper-Pearson). An order may have several defects.", style="dim")
    return text


def _cells(count: int, of: int, width: int) -> int:
    return round(width * count / of) if of else 0


def _bounded(share: Share, *, wide: bool, alarming: bool = False) -> Text:
    if not share.of:
        return Text("-", style="dim")
    low, high = share.bounds
    rate = _percent(share.rate) if wide else f"{100 * share.rate:.0f} %"
    text = Text(rate, style="red" if alarming and share.count else "")
    text.append(f" {f'{100 * low:.0f}-{100 * high:.0f}':>{6 if wide or not alarming else 5}}", style="dim")
    return text


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


def _exceptions(outcome: Outcome, deployment: Deployment) -> Table:
    table = _table()
    table.add_column("with people for", no_wrap=True)
    table.add_column("role", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("", width=_COUNT_BAR, no_wrap=True)
    table.add_column("cost", justify="right", no_wrap=True)
    most = max((count for _, count in outcome.score.exceptions), default=1)
    for work, count in outcome.score.exceptions:
        cells = max(1, _cells(count, most, _COUNT_BAR))
        money = cost_of(deployment, work.role, count)
        table.add_row(
            work.cause.replace("_", " "),
            work.role,
            str(count),
            Text("█" * cells, style="yellow"),
            Text("?" if money is None else f"{money.amount:.0f} {money.currency}", style="dim"),
        )
    return table


def _queues(outcome: Outcome) -> Text:
    told = outcome.score
    queued, others = told.queued, told.others
    lines = (
        f"{queued.count} of {queued.of} orders that needed a person are with the right role{_some(told.misplaced)}.",
        f"{len(told.needless)} orders needed nobody and are with a person all the same{_some(told.needless)}.",
        f"{others.count} of {others.of} documents that are no orders are in the right queue.",
    )
    return Text("\n".join(f"  {line}" for line in lines), style="dim")


def _some(names: Sequence[str]) -> str:
    """Returns up to three of the cases a figure is about, in brackets."""
    if not names:
        return ""
    named = list(dict.fromkeys(names))
    return f" (see {', '.join(named[:_NAMED])}{' and more' if len(named) > _NAMED else ''})"


def _facts(outcome: Outcome, deployment: Deployment) -> Iterable[RenderableType]:
    took, per_s = outcome.latency, outcome.latency.arrivals / max(outcome.seconds, 0.1)
    yield Text()
    yield _heading("from receipt to decision")
    yield _line(f"p50 {took.p50:.1f} s, p99 {took.p99:.1f} s")
    yield _line(f"{took.arrivals} documents, {per_s:.0f} a second", style="dim")
    yield Text()
    yield _heading("cost per successful order")
    worth = outcome.worth
    if worth is None or deployment.baseline is None:
        yield _line("unknown: no baseline, or no rates in one currency")
    else:
        yield _line(f"{_money(worth.per_order)} with the agent", style="bold green")
        yield _line(f"{_money(worth.by_hand)} by hand, {deployment.baseline.minutes:g} minutes")
        yield _line(f"people {worth.minutes / 60:.1f} h, machine {_money(worth.recorded)}:", style="dim")
        yield _line("an exception counts its time by hand;", style="dim")
        yield _line("nobody worked here, it stays open,", style="dim")
        yield _line("and no model was asked", style="dim")
    yield Text()
    yield _heading("by the ERP's books")
    yield _check(outcome, "lost", f"{outcome.booked} orders booked, none lost", "unfinished")
    yield _check(outcome, "doubled", "none booked twice", "unrecorded")
    yield _check(outcome, "altered", "as decided; credit and stock balance", "unbalanced", "changed")
    verified = outcome.verification
    mark = ("✓ ", "green") if verified.whole else ("✗ ", "bold red")
    yield Text.assemble("  ", mark, f"ledger: {verified.rows:,} rows, {verified.chains:,} chains")
    if outcome.killed:
        again = sum(one.attempts > 1 for one in outcome.decisions)
        keyless = sum(one.tool == "import_order" for one in outcome.decisions)
        yield Text()
        yield _heading(f"workers killed in the middle of it: {outcome.killed}")
        yield _line(f"{sum(one.read_back for one in outcome.decisions)} bookings read back, {again} sent again,")
        yield _line(f"{outcome.in_question} for a person to look up")
        yield _line(f"{keyless} booked without idempotency keys", style="dim")


def _heading(text: str) -> Text:
    return Text(text, style="bold")


def _line(text: str, *, style: str = "") -> Text:
    return Text(f"  {text}", style=style)


def _check(outcome: Outcome, kind: str, text: str, *more: str) -> Text:
    wrong = sum(outcome.count(each) for each in (kind, *more))
    line = Text("  ")
    line.append("✓ " if not wrong else "✗ ", style="green" if not wrong else "bold red")
    line.append(text if not wrong else f"{wrong} {kind}")
    return line


def _money(money: Money) -> str:
    return f"{money.amount.quantize(Decimal('0.01'), ROUND_HALF_UP)} {money.currency}"


def _findings(outcome: Outcome) -> Panel:
    lines = [f"{finding.kind}: {finding.what}" for finding in outcome.findings[:_MOST_FINDINGS]]
    more = len(outcome.findings) - len(lines)
    return Panel(
        Text("\n".join([*lines, *([f"and {more} more"] if more else [])])), title="not sound", border_style="red"
    )
