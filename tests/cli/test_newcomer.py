from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bridgehead.cli import output, serve
from bridgehead.storage.queries import Tally
from tests.cli import desk
from tests.cli.calls import Cli

TYPED = """
from dataclasses import dataclass, field

from bridgehead import Case, Context, NewCase


@dataclass
class Sender:
    name: str


@dataclass
class Mail:
    ref: str
    sender: Sender
    extra: dict[str, str] = field(default_factory=dict)


def reader(document, name):
    return NewCase(Mail(document.decode(), Sender(name)){key})


async def agent(case: Case[{input}], ctx: Context) -> str:
    return "done"
"""
YAML = """
deployment: mails
agent: {module}:agent
{reader}
owner: desk@example.com
case: {{key: [{key}], deadline: 30m}}
roles: {{desk: {{members: "group:desk"}}}}
fallback: desk
"""


def lines(text: str) -> list[str]:
    """Returns printed lines with single spaces."""
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]


def autonomous(cli: Cli, orders: Path) -> None:
    """Lets the deployment act by its rules."""
    cli.ok("promote", orders, "--to", "autonomous", "--why", "a test", "--by", "lee")


def test_a_call_without_reply_may_have_been_sent(cli: Cli, orders: Path) -> None:
    """A call whose reply never came is said to have perhaps been sent, with what was found and who was asked."""
    autonomous(cli, orders)
    cli.submit(orders, a={"po": "P-1", "amount": 5, "mail": True})
    cli.work(orders)
    told = cli.ok("explain", "C-1").out
    assert "may have been sent: no reply came (" in told
    assert "the line went dead" in told
    assert "the tool declares no verify. So desk was asked (R-1)" in told
    assert "was sent" not in told
    assert "before anything else" not in told
    cli.ok("review", "R-1", "answer", "--did-not-happen", "--by", "pat")
    cli.work(orders)
    again = cli.ok("explain", "C-1").out
    assert "no reply came. Then pat found that it did not happen, so it was tried again as E-2." in again


def mails(cli: Cli, folder: Path, *, key: str, reader: bool = True, gives: str = "", takes: str = "Mail") -> Path:
    """Writes a deployment whose agent says what it takes."""
    folder.mkdir()
    module = f"{cli.module}_{folder.name}"
    (folder / f"{module}.py").write_text(TYPED.replace("{key}", gives).replace("{input}", takes))
    named = f"reader: {module}:reader" if reader else ""
    (folder / "bridgehead.yaml").write_text(YAML.format(module=module, key=key, reader=named))
    return folder


@pytest.mark.parametrize(
    "about, said",
    [
        ({"key": "reff"}, "'reff'; did you mean ref?"),
        ({"key": "ref, sender.nam"}, "'sender.nam'; did you mean name?"),
        ({"key": "ref.part"}, "'ref.part'; the agent's input has no fields"),
        ({"key": "ref", "reader": False, "takes": "str"}, "'ref'; the agent's input has no fields"),
    ],
)
def test_a_case_key_that_no_input_has_is_a_mistake(cli: Cli, tmp_path: Path, about: dict[str, Any], said: str) -> None:
    """A case key that the agent's input type lacks is a mistake with its place and the nearest field."""
    folder = mails(cli, tmp_path / "mails", **about)
    done = cli("check", folder)
    assert done.code == 2
    assert said in done.err
    assert "bridgehead.yaml:6:" in done.err
    (problem,) = cli("check", folder, "--json").json["problems"]
    assert problem["field"].startswith("case.key.")


@pytest.mark.parametrize(
    "about",
    [
        {"key": "ref, sender.name"},
        {"key": "extra.anything"},
        {"key": "number", "gives": ', key={"number": name}'},
        {"key": "number", "takes": "dict"},
    ],
)
def test_a_case_key_that_may_be_there_is_none(cli: Cli, tmp_path: Path, about: dict[str, Any]) -> None:
    """A key that the type has or may have, or that the reader gives itself, is no mistake."""
    assert "No mistakes." in cli.ok("check", mails(cli, tmp_path / "mails", **about)).out


def test_a_case_key_of_a_reader_that_cannot_be_read_is_a_remark(cli: Cli, tmp_path: Path) -> None:
    """Where no one can see whether the reader gives the key, a field that the type lacks is worth a look."""
    folder = mails(cli, tmp_path / "mails", key="reff")
    (code,) = folder.glob("*.py")
    code.write_text(code.read_text().replace("return NewCase(", "made = NewCase\n    return made("))
    done = cli.ok("check", folder).out
    assert "Worth a look" in done
    assert "did you mean ref?, unless the reader gives the key itself (NewCase(key=…))." in done


def test_a_conflict_shows_the_other_effect(cli: Cli, orders: Path) -> None:
    """A conflict names the effect that holds the key, its case, and each field in which the two differ."""
    autonomous(cli, orders)
    cli.submit(orders, a={"po": "P-1", "amount": 5})
    cli.work(orders)
    cli.submit(orders, b={"po": "P-1", "amount": 6})
    cli.work(orders)
    shown = cli.ok("review", "R-1").out
    assert "E-1 of C-1 has the same key and happened at" in shown
    assert "amount 6 5" in lines(shown)
    assert "po P-1 P-1" not in lines(shown)
    assert "bridgehead.yaml allows" not in shown
    other = cli.ok("review", "R-1", "--json").json["conflict_with"]
    assert (other["effect"], other["case"], other["args"]) == ("E-1", "C-1", {"po": "P-1", "amount": 5})


def test_a_review_shows_what_the_agent_was_given(cli: Cli, orders: Path) -> None:
    """A question and an approval show the case's input and where the rest is, and nothing that is for machines."""
    autonomous(cli, orders)
    cli.submit(orders, a={"po": "P-1", "amount": 500, "remark": "urgent"}, b={"po": "P-2", "amount": 5, "ask": True})
    cli.work(orders)
    for number in ("R-1", "R-2"):
        case = cli.ok("review", number, "--json").json["case"]
        shown = cli.ok("review", number).out
        assert "What the agent was given" in shown
        assert '"amount": 5' in shown
        assert f"bridgehead case {case}" in shown
        for noise in ("branch", "occurrence", "effect_class"):
            assert noise not in shown


def test_an_unknown_effect_says_how_to_answer(cli: Cli, orders: Path) -> None:
    """What may have been sent is not said to be going to be sent, and both answers are spelled out."""
    autonomous(cli, orders)
    cli.submit(orders, a={"po": "P-1", "amount": 5, "mail": True})
    cli.work(orders)
    shown = cli.ok("review", "R-1")
    assert "What may have been sent: mail" in shown.out
    assert "What would be sent" not in shown.out
    assert "bridgehead review R-1 answer --happened" in shown.err
    assert "bridgehead review R-1 answer --did-not-happen" in shown.err


def test_an_effect_is_counted_by_its_sends(cli: Cli, orders: Path) -> None:
    """A held effect counts no send, and one after it was approved."""
    autonomous(cli, orders)
    cli.submit(orders, a={"po": "P-1", "amount": 500})
    cli.work(orders)
    assert any(line.startswith("E-1 book held 0 ") for line in lines(cli.ok("case", "C-1").out))
    cli.ok("review", "R-1", "approve", "--by", "pat")
    cli.work(orders)
    assert any(line.startswith("E-1 book committed 1 ") for line in lines(cli.ok("case", "C-1").out))


def test_check_says_the_level_in_force(cli: Cli, orders: Path) -> None:
    """The level that the database holds is said beside the file's, and whether this release was seen in shadow."""
    unseen = "This release was never seen in shadow"
    assert "no level yet" in cli.ok("check", orders).out
    autonomous(cli, orders)
    done = cli.ok("check", orders)
    assert "in force level autonomous in the database" in lines(done.out)
    assert unseen in done.out
    assert cli.ok("check", orders, "--json").json["level_in_force"] == "autonomous"
    cli.ok("promote", orders, "--to", "shadow", "--why", "a test", "--by", "lee")
    assert unseen not in cli.ok("check", orders).out
    cli.submit(orders, a={"po": "P-1", "amount": 5})
    cli.work(orders)
    autonomous(cli, orders)
    assert unseen not in cli.ok("check", orders).out
    cli.monkeypatch.setenv("BRIDGEHEAD_DATABASE_URL", "postgresql://who:s3cret@127.0.0.1:9/none")
    away = cli.ok("check", orders)
    assert "in force unknown: the database does not answer" in " ".join(lines(away.out))
    assert "s3cret" not in away.out


def test_looking_makes_no_database(cli: Cli, orders: Path) -> None:
    """Commands that look say where there is no database and make none: lists are empty, single things are unknown."""
    cli.monkeypatch.delenv("BRIDGEHEAD_DATABASE_URL")
    for command in ("cases", "arrivals", "reviews"):
        done = cli.ok(command, "--json")
        assert done.json == {command: [], "next": None}
        assert "there is no database in" in done.err
        assert "'bridgehead submit' or 'serve' makes one" in done.err
    for command in ("case C-1", "arrival A-1", "explain C-1", "review R-1", "ledger verify", f"report {orders}"):
        done = cli(*command.split())
        assert done.code == 2, command
        assert "db.none" in done.err
    cli.ok("check", orders)
    assert not (cli.folder / "home").exists()


def test_unknown_names_in_filters_are_wrong_use(cli: Cli, orders: Path) -> None:
    """A deployment that the database does not know, and a role almost like a known one, are wrong use with a hint."""
    autonomous(cli, orders)
    cli.submit(orders, a={"po": "P-1", "amount": 500})
    cli.work(orders)
    for command in ("cases", "arrivals", "reviews"):
        done = cli(command, "--deployment", "order")
        assert done.code == 2
        assert "did you mean orders?" in done.err
        assert cli(command, "--deployment", "another").code == 2
    misspelt = cli("reviews", "--role", "dsk")
    assert misspelt.code == 2
    assert "did you mean desk?" in misspelt.err
    fresh = cli.ok("reviews", "--role", "night-shift")
    assert "No work was ever opened for night-shift; known: desk." in fresh.err


def test_hints_name_what_was_meant(cli: Cli, orders: Path, tmp_path: Path) -> None:
    """A turned comparison, the number of a review and a duration without end each get the hint that helps."""
    folder = desk.write(tmp_path / "turned", f"{cli.module}_turned")
    file = folder / "bridgehead.yaml"
    file.write_text(file.read_text().replace("amount <= 100", "amount => 100"))
    assert "Write >=" in cli("check", folder).err
    assert "'bridgehead case' lists" in cli("explain", "R-1").err
    assert "The longest is ten years" in cli("submit", orders, "-", "--timeout", "99999d", stdin=b"{}").err
    unlike = cli("cases", "--state", "xyz")
    assert unlike.err.count("with_person") == 1


def test_a_reversible_tool_without_undo_is_worth_a_look(cli: Cli, orders: Path) -> None:
    """A reversible tool that declares no undo is not said to be one that cannot be undone."""
    done = cli.ok("check", orders).out
    assert "book is reversible and declares no undo" in done
    assert "book writes when amount <= 100, once for each po, and declares no undo." in done
    assert "mail writes on every call, once for each po, and cannot be undone." in done


@pytest.mark.parametrize("width", [80, 100])
def test_reviews_fit_a_terminal(cli: Cli, orders: Path, width: int) -> None:
    """At 80 and 100 columns every word and date of the list of reviews stands whole on its line."""
    autonomous(cli, orders)
    cli.submit(orders, a={"po": "P-1", "amount": 5, "mail": True}, b={"po": "P-2", "amount": 500})
    cli.submit(orders, c={"po": "P-3", "amount": 5, "hand_over": True})
    cli.work(orders)
    cli.monkeypatch.setattr(output, "_PIPE_WIDTH", width)
    shown = cli.ok("reviews").out
    assert max(map(len, shown.splitlines())) <= width
    date = r"\d\d-\d\d \d\d:\d\d"
    for number, kind, due in (("P-1", "unknown_effect", "-"), ("P-2", "approval", date), ("P-3", "exception", "-")):
        (row,) = [line for line in lines(shown) if re.search(rf" {number} ", line)]
        assert re.fullmatch(rf"R-\d C-\d {number} {kind}\b.* desk {due}", row), shown
    approval = next(line.split()[0] for line in lines(shown) if " P-2 " in line)  # the three run side by side
    cli.ok("review", approval, "take", "--by", "pat")
    assert any("taken by pat" in line for line in lines(cli.ok("reviews", "--state", "all").out))


def test_a_column_gives_way_before_words_are_cut() -> None:
    """Narrow columns keep their words; only a word longer than there is room for is folded."""
    rows = [["C-1", "a long remark that may well be broken", "x" * 90]]
    widths = output._widths(("case", "remark", "digest"), rows, 60)
    assert sum(widths) + 4 <= 60
    assert widths[0] == 4
    assert widths[1] >= len("broken")


def test_a_refusal_shows_no_traceback(cli: Cli, orders: Path) -> None:
    """A case that a person's rejection ended shows the reason, and no lines of code."""
    autonomous(cli, orders)
    cli.submit(orders, a={"po": "P-1", "amount": 500})
    cli.work(orders)
    cli.ok("review", "R-1", "reject", "a duplicate", "--by", "pat")
    cli.work(orders)
    shown = cli.ok("review", "R-2").out
    assert "book was rejected by pat: a duplicate" in shown
    assert "Traceback" not in shown
    assert "File " not in shown


def test_long_values_are_cut_where_they_can_be_read() -> None:
    """Text stays text on one line, long JSON keeps its plain fields, and what is left out is counted."""
    assert output.brief("The agent raised X:\n  a\n b", 100) == "The agent raised X: a b"
    long = {"order": {"po": "P-1", "lines": [{"item": "VLV", "quantity": 1}] * 30, "total": "9.00"}}
    assert output.brief(long, 100) == 'order: {po: "P-1", lines: 30 entries, total: "9.00"}'
    assert output.brief({"po": "P-1"}, 100) == '{"po": "P-1"}'
    assert len(output.brief(["x" * 50] * 9, 100)) == 100
    shown = output.lines_of(long, 10).splitlines()
    assert len(shown) == 10
    assert shown[3:5] == ['    "lines": [', '      {"item": "VLV", "quantity": 1},']
    assert shown[-1] == "… 29 more lines: --json has all of them"
    assert output.lines_of({"po": "P-1\x1b[2J", "lines": []}) == '{"po": "P-1\\u001b[2J", "lines": []}'


@dataclass
class Counting:
    """Gives the same tallies to each status line, and ends it after the last."""

    stopped: asyncio.Event
    done: list[int] = field(default_factory=lambda: [7, 9])

    async def first_open(self, names: list[str]) -> int:
        """Returns where counting begins."""
        assert names == []
        return 1

    async def tally(self, names: list[str], bound: int) -> Tally:
        """Returns the next tally."""
        assert (names, bound) == ([], 1)
        now = self.done.pop(0)
        if not self.done:
            self.stopped.set()
        return Tally(1, 0, 0, 0, 0, 0, now, 0)


def test_the_status_line_counts_since_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was done before the worker started is not counted, and the line says from when it counts."""
    monkeypatch.setattr(serve, "_STATUS_S", 0.01)

    async def both() -> None:
        stopped = asyncio.Event()
        queries: Any = Counting(stopped)
        await serve._status(queries, [], stopped)

    asyncio.run(both())
    shown = capsys.readouterr().out
    assert "done since the start 0" in shown
    assert "done since the start 2" in shown
