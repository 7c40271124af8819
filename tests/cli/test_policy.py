"""``policy check``, ``test`` and ``replay`` as people use them."""

from __future__ import annotations

import asyncio
import re
import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from bridgehead.cli import opening
from bridgehead.gate.facts import Read, Trace
from bridgehead.gate.grants import Grant
from bridgehead.gate.history import History
from bridgehead.gate.model import Call, View
from bridgehead.storage.queries_decisions import DecisionQueries
from tests.cli.calls import Cli

TABLE = """
deployment: ../orders
calls:
  small: {tool: book, args: {po: P-1, amount: 50}}
cases:
  - {name: a small order, call: small, expect: allow}
  - {name: at the bound, call: small, with: {amount: 100}, expect: allow, reason: tools.book}
  - {name: above it, call: small, with: {amount: 101}, expect: hold, reason: tools.book, role: desk}
  - {name: above it and approved, call: small, with: {amount: 101}, view: {approved: kim}, expect: allow,
     reason: tools.book.approved}
  - {name: and by two, call: small, with: {amount: 101}, view: {approved: [kim, lee]}, expect: allow}
  - {name: every write at level approve, call: small, view: {level: approve}, expect: hold, reason: levels.approve}
  - {name: a stopped tool, call: small, view: {stopped: book}, expect: deny, reason: gate.suspended}
  - {name: the last step, call: small, view: {steps: 99}, expect: allow}
  - {name: no step left, call: small, view: {steps: 100}, expect: deny, reason: limits.steps}
  - {name: what does not fit, call: book, args: {po: P-1, amount: many}, expect: deny, reason: gate.argument}
"""


def table(folder: Path, text: str) -> Path:
    file = folder / "tables" / "policies.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_a_table_is_tested_row_by_row(cli: Cli, orders: Path, tmp_path: Path) -> None:
    """Rows that are as expected pass; one that is not is named with line and policy, and the exit code is 1."""
    file = table(tmp_path, TABLE)
    assert cli.ok("policy", "test", file).out == "10 of 10 rows are as expected.\n"
    wrong = cli("policy", "test", table(tmp_path, TABLE.replace("with: {amount: 101}, expect: hold", "expect: hold")))
    assert wrong.code == 1
    assert "FAIL policies.yaml:8 above it: expected hold, found allow" in wrong.out
    assert "9 of 10 rows" in wrong.out
    told = cli("policy", "test", file, "--json").json
    assert (told["ok"], len(told["rows"])) == (False, 10)
    (row,) = [one for one in told["rows"] if one["wrong"]]
    assert (row["line"], row["found"], row["policies"]) == (8, "allow", ["tools.book"])
    assert (orders / "books.jsonl").exists() is False


def test_a_wrong_reason_or_role_fails_a_row(cli: Cli, orders: Path, tmp_path: Path) -> None:
    """A call that is stopped by another policy, or held for somebody else, is not as expected."""
    head = "cases:\n  - {call: book, args: {po: P, amount: 500}, expect: hold, "
    for rest, said in (
        ("reason: limits.steps}", "expected it by limits.steps, found by tools.book"),
        ("reason: tools.book, role: boss}", "expected it held for boss, found for desk"),
    ):
        done = cli("policy", "test", table(tmp_path, head + rest), "--deployment", orders)
        assert (done.code, said in done.out) == (1, True)


@pytest.mark.parametrize(
    "text,said",
    [
        ("cases: []", "expected a list of cases"),
        ("casse: [{call: book, expect: allow}]", "did you mean cases?"),
        (
            "cases:\n  - {call: bok, expect: allow}",
            "2:12 cases.call: expected a tool, or a name under calls, found 'bok'",
        ),
        ("cases:\n  - {call: book, expect: alow}", "did you mean allow?"),
        ("cases:\n  - {call: book, expect: deny}", "cases.reason: expected the policy that says so"),
        ("cases:\n  - {call: book, view: {stepps: 3}, expect: allow}", "did you mean steps?"),
        ("cases:\n  - {call: book, view: {grant: anna}, expect: allow}", "cases.view.grant: expected a mapping of id"),
        (
            "cases:\n  - {call: book, view: {grant: {groups: [a]}}, expect: allow}",
            "cases.view.grant.subject: expected a text, found nothing",
        ),
        (
            "cases:\n  - {call: book, view: {grant: {subject: anna, limit: 1}}, expect: allow}",
            "cases.view.grant.limit: expected money, such as 30 EUR, found 1",
        ),
        (
            "cases:\n  - {call: book, view: {grant: {subject: 1}}, expect: allow}",
            "cases.view.grant.subject: expected a text, found 1",
        ),
        (
            "cases:\n  - {call: book, view: {grant: {subject: anna, grups: [a]}}, expect: allow}",
            "did you mean groups?",
        ),
        (
            "cases:\n  - {call: book, view: {history: {tools: book}}, expect: allow}",
            "cases.view.history.tools: expected a list: each a text",
        ),
        (
            "cases:\n  - {call: book, view: {steps: many}, expect: allow}",
            "cases.view.steps: expected a whole number, found 'many'",
        ),
        ("cases:\n  - {call: book, view: {level: high}, expect: allow}", "cases.view.level: expected shadow or"),
        (
            "cases:\n  - {call: book, view: {spent: lots}, expect: allow}",
            "cases.view.spent: expected money, such as 30 EUR",
        ),
        ("cases:\n  - {call: book, view: {facts: 3}, expect: allow}", "cases.view.facts: expected a mapping"),
        ("cases:\n  - book\n", "expected a mapping"),
    ],
)
def test_a_mistake_in_a_table_is_named(cli: Cli, orders: Path, tmp_path: Path, text: str, said: str) -> None:
    """A table with a mistake is wrong use: line, what was expected, the nearest right word; nothing passes silently."""
    done = cli("policy", "test", table(tmp_path, text), "--deployment", orders)
    assert done.code == 2, done
    assert said in done.err


@pytest.mark.parametrize(
    "wrong,place,meant",
    [
        ('Action::"book", resource)\nwhen { context.args.amuont > 3 };', "a.cedar:5:21 far", "did you mean amount?"),
        ('Action::"bok", resource);', "a.cedar:4:39 far", "did you mean book?"),
        (
            'Action::"book", resource)\nwhen { context.grnat.kind == "human" };',
            "a.cedar:5:16 far",
            "did you mean grant?",
        ),
    ],
)
def test_a_misspelt_word_in_a_cedar_file_is_named_where_it_stands(
    cli: Cli, orders: Path, wrong: str, place: str, meant: str
) -> None:
    """Line and column are those of the word, not of its policy or of a comment, and the nearest right word is told."""
    (orders / "policies").mkdir()
    (orders / "policies" / "a.cedar").write_text(
        '@id("near") @owner("o") @reason("r") @remedy("m")\nforbid (principal, action, resource) when { false };\n'
        '@id("far") @owner("o") @reason("bok amuont grnat") @remedy("m") // bok amuont grnat\n'
        f"forbid (principal, action == {wrong}\n"
    )
    done = cli("policy", "check", orders)
    assert (done.code, place in done.err, meant.lower() in done.err.lower()) == (2, True, True), done.err
    assert "unable to find" not in done.err


def test_a_policy_is_shown_with_the_letters_that_were_written(cli: Cli, orders: Path) -> None:
    """Letters of any language are shown as they are; what would steer a terminal stays escaped."""
    file = orders / "bridgehead.yaml"
    file.write_text(file.read_text().replace("allow: amount <= 100", "allow: \"po != 'Ærø…\\x1b[2J'\""))
    shown = cli.ok("policy", "show", orders, "--tool", "book").out
    assert "Ærø…" in shown
    assert "\x1b" not in shown


def test_the_example_of_a_view_in_the_reference_is_run(cli: Cli, orders: Path, tmp_path: Path) -> None:
    """What the reference shows of `view` is a table that passes, and each field it lists is one that a view has."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "cli-authority.md").read_text()
    _, section = page.split('<a id="view"></a>', 1)
    example = section.split("```yaml\n", 1)[1].split("```", 1)[0]
    file = orders / "bridgehead.yaml"
    file.write_text(file.read_text() + "rights:\n  group:sales: {tools: [customer, book], when: amount <= 100}\n")
    cli.ok("policy", "test", table(tmp_path, example), "--deployment", orders)
    rows = [line.split("|") for line in section.split("```", 1)[0].splitlines() if line.startswith("| `")]
    held = {Grant: rows[0], History: rows[1], Trace: rows[2], Read: rows[3]}
    for kind, (_, _, told, _) in held.items():
        missing = {one.name for one in fields(kind)} - set(re.findall(r"`([^`]+)`", told))
        assert missing <= {"sources", "origins"}, (kind, missing)


def test_check_names_what_is_wrong_and_what_is_open(cli: Cli, orders: Path) -> None:
    """Sound policies exit with 0, one that can never match with 1, one that does not fit with 2, with line and word."""
    assert "3 rules and 0 Cedar files fit its tools." in cli.ok("policy", "check", orders).out
    file = orders / "bridgehead.yaml"
    sound = file.read_text()
    file.write_text(sound.replace("  mail: allow\n", ""))
    assert "no policy covers mail (irreversible): every call of it is denied" in cli.ok("policy", "check", orders).out
    file.write_text(sound.replace("allow: amount <= 100,", "allow: amount <= 100 and amount > 200,"))
    never = cli("policy", "check", orders, "--json")
    assert (never.code, never.json["ok"]) == (1, False)
    (found,) = [one for one in never.json["findings"] if one["never"]]
    assert (found["policy"], found["line"] > 0) == ("tools.book", True)
    file.write_text(sound.replace("amount <= 100", "amuont <= 100"))
    wrong = cli("policy", "check", orders)
    assert (wrong.code, "Did you mean amount?" in wrong.err) == (2, True)
    (problem,) = cli("policy", "check", orders, "--json").json["problems"]
    assert problem["line"] > 0
    file.write_text(sound)
    (orders / "policies").mkdir()
    (orders / "policies" / "a.cedar").write_text(
        '@id("x") @owner("a@example.com") @reason("r") @remedy("m")\n'
        'forbid (principal, action == Action::"book", resource) when { context.args.amuont > 3 };\n'
    )
    assert cli("policy", "check", orders).code == 2


def test_the_past_is_held_against_other_policies(cli: Cli, orders: Path, tmp_path: Path) -> None:
    """Unchanged policies change nothing; changed ones name each case, its money and people's minutes."""
    cli.submit(orders, early={"po": "P-0", "amount": 30})
    cli.work(orders)
    cli.ok("promote", orders, "--to", "autonomous", "--why", "a test", "--by", "lee")
    cli.submit(orders, small={"po": "P-1", "amount": 50}, large={"po": "P-2", "amount": 500})
    cli.work(orders)
    (review,) = cli.ok("reviews", "--json").json["reviews"]
    cli.ok("review", review["id"], "approve", "--by", "pat")
    cli.work(orders)
    same = cli.ok("policy", "replay", orders, "--json").json
    assert (same["decisions"], same["same"], same["follow_ups"]) == (7, {"allow": 5, "hold": 1}, 1)
    assert (same["calls"], same["unknown"]) == ([], [])
    recorded, again = zip(*asyncio.run(made_again(orders)), strict=True)
    assert recorded == again
    assert sorted(recorded) == ["allow"] * 6 + ["hold"]

    looser, stricter, forbidding = tmp_path / "looser", tmp_path / "stricter", tmp_path / "forbidding"
    for other, bound in ((looser, "1000"), (stricter, "40")):
        shutil.copytree(orders, other)
        file = other / "bridgehead.yaml"
        file.write_text(file.read_text().replace("amount <= 100", f"amount <= {bound}"))
    free = cli.ok("policy", "replay", orders, "--with", looser, "--since", "1d", "--json").json
    (call,) = free["calls"]
    assert (call["before"], call["after"], call["change"], call["tool"]) == ("hold", "allow", "automatic", "book")
    assert call["case"] == review["case"]
    assert call["money"] == {"amount": "500"}
    assert call["minutes"] <= 0
    assert free["changes"]["automatic"]["cases"] == 1

    tight = cli.ok("policy", "replay", orders, "--with", stricter, "--json").json
    (call,) = tight["calls"]
    assert (call["before"], call["after"], call["minutes"]) == ("allow", "hold", 10.0)
    assert tight["changes"]["held"] == {
        "calls": 1, "cases": 1, "money": {"amount": "50"}, "minutes": 10.0, "cost": {"EUR": "10.00"}
    }  # fmt: skip
    told = cli.ok("policy", "replay", orders, "--with", stricter).out
    assert "1 calls of 1 cases; about 50.00 amount; 10.0 minutes of people more; 10.00 EUR of their time." in told
    assert "What an agent would have done after another answer" in told

    forbidding.mkdir()
    (forbidding / "none.cedar").write_text(
        '@id("no-books") @owner("a@example.com") @reason("no books") @remedy("wait")\n'
        'forbid (principal, action == Action::"book", resource);\n'
    )
    denied = cli.ok("policy", "replay", orders, "--with", forbidding, "--json").json
    assert sorted((one["before"], one["after"]) for one in denied["calls"]) == [
        ("allow", "deny"), ("allow", "deny"), ("hold", "deny")
    ]  # fmt: skip
    assert "no-books" in denied["calls"][0]["why"][0]
    approve = cli.ok("policy", "replay", orders, "--level", "approve", "--json").json
    assert approve["changes"]["held"]["calls"] == 2


async def made_again(folder: Path) -> list[tuple[str, str]]:
    """Returns each recorded verdict with what the gate says of the rebuilt call and view, approvals included."""
    loaded = opening.load(folder)
    found = []
    async with opening.opened() as app:
        async for one in DecisionQueries(app.database, app.vault).past("orders", since_s=3600.0):
            view = View.from_json(one.view, deployment="orders", release=one.release)
            call = Call(loaded.tools[one.tool].tool, one.args or {}, one.digest)
            found.append((one.verdict, str(loaded.gate.decide(call, view).verdict)))
    return found


CAPPED = "book: {allow: amount <= 100, otherwise: {hold: desk}, caps: [2 calls per case, 9 calls per 1d]}"
USED = """
cases:
  - {name: unused, call: book, args: {po: P, amount: 5}, expect: allow}
  - {name: one left, call: book, args: {po: P, amount: 5}, view: {used: {2 calls per case: 1}}, expect: allow}
  - {name: none left, call: book, args: {po: P, amount: 5}, view: {used: {2 calls per case: 2}}, expect: deny,
     reason: limits.cap}
  - {name: no yes lifts it, call: book, args: {po: P, amount: 500}, view: {approved: kim, used: {9 calls per 1d: 9}},
     expect: deny, reason: limits.cap}
"""


def test_check_tells_the_same_bound_of_writes_as_authority(cli: Cli, orders: Path) -> None:
    """Where only reversible tools write, `check` says how many writes, as `authority bound` does."""
    file = orders / "bridgehead.yaml"
    file.write_text(file.read_text().replace("  mail: allow\n", "  mail: deny\n"))
    told = {one["measure"]: one for one in cli.ok("authority", "bound", orders, "--json").json["alone"]}
    assert (list(told), told["calls"]["day"]) == (["calls"], None)
    most = f"without a person: {told['calls']['case']} writes in a case, unbounded in a day."
    assert most in cli.ok("check", orders).out


def test_caps_are_unused_in_a_table_unless_a_row_says_so(cli: Cli, orders: Path, tmp_path: Path) -> None:
    """A row of a capped tool is decided as if nothing was used, or on what it says was used; a wrong cap is named."""
    capped(orders)
    file = table(tmp_path, USED)
    assert cli.ok("policy", "test", file, "--deployment", orders).out == "4 of 4 rows are as expected.\n"
    for wrong, said in (
        ("{3 calls per case: 1}", "a cap of book"),
        ("{2 calls per case: -1}", "a number that is not negative"),
        ("2", "a mapping of caps"),
    ):
        told = cli(
            "policy", "test", table(tmp_path, USED.replace("{2 calls per case: 1}", wrong)), "--deployment", orders
        )
        assert (told.code, said in told.err) == (2, True), told.err


def test_replay_never_guesses_what_a_cap_had_left(cli: Cli, orders: Path, tmp_path: Path) -> None:
    """Recorded caps decide again as they did; under a cap that was not there then, only a sure denial is told."""
    bare = tmp_path / "bare"
    shutil.copytree(orders, bare)
    capped(orders)
    cli.submit(orders, early={"po": "P-0", "amount": 30})
    cli.work(orders)
    same = cli.ok("policy", "replay", orders, "--json").json
    assert (same["calls"], same["unknown"]) == ([], [])
    uncapped = cli.ok("policy", "replay", orders, "--with", bare, "--json").json
    assert (uncapped["calls"], uncapped["unknown"]) == ([], [])
    capped(bare, CAPPED.replace("2 calls", "3 calls"))
    other = cli.ok("policy", "replay", orders, "--with", bare, "--json").json
    assert other["calls"] == []
    assert other["unknown"] == [{"why": "what a cap had left was not recorded then", "calls": 1}]
    capped(bare, "book: {allow: amount <= 10, caps: [3 calls per case]}")
    (denied,) = cli.ok("policy", "replay", orders, "--with", bare, "--json").json["calls"]
    assert (denied["before"], denied["after"]) == ("allow", "deny")


def capped(folder: Path, rule: str = CAPPED) -> None:
    """Gives `book` the rule with caps."""
    file = folder / "bridgehead.yaml"
    text, found = re.subn(r"(?m)^( +)book:.*$", lambda match: match[1] + rule, file.read_text())
    assert found == 1
    file.write_text(text)


def test_replay_says_what_it_needs(cli: Cli, orders: Path, tmp_path: Path) -> None:
    """A folder without policies, another deployment, a wrong time or level: wrong use, with what to do."""
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "holds neither bridgehead.yaml nor a .cedar file" in cli("policy", "replay", orders, "--with", empty).err
    other = tmp_path / "other"
    shutil.copytree(orders, other)
    file = other / "bridgehead.yaml"
    file.write_text(file.read_text().replace("deployment: orders", "deployment: mails"))
    for wrong in (["--with", other], ["--since", "soon"], ["--level", "autonomus"]):
        assert cli("policy", "replay", orders, *wrong).code == 2


def test_the_policies_of_the_order_template_hold(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The template comes with a table of what its policies must say, and they say it."""
    monkeypatch.setenv("ERP_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ERP_CLIENT_SECRET", "none")
    cli.ok("init", "orders", "--template", "purchase_orders")
    done = cli("policy", "test", "orders/tests", "--json")
    assert [(row["line"], row["wrong"]) for row in done.json["rows"] if row["wrong"]] == []
    assert len(done.json["rows"]) > 10
    assert cli("policy", "check", "orders").code == 0
