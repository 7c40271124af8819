from __future__ import annotations

import json
import stat
from pathlib import Path

from tests.cli.calls import Cli


def held(cli: Cli, orders: Path, **order: object) -> str:
    """Runs one order until a person must decide; returns the review."""
    cli.ok("promote", orders, "--to", "autonomous", "--why", "a test", "--by", "lee")
    cli.submit(orders, order={"po": "P-2", "amount": 500, **order})
    cli.work(orders)
    (line,) = cli.ok("reviews", "--json").json["reviews"]
    return str(line["id"])


def books(orders: Path) -> list[dict[str, object]]:
    """Returns what the outside world has booked."""
    file = orders / "books.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_an_approval_sends_what_was_shown(cli: Cli, orders: Path) -> None:
    """What is approved is what 'show' printed, it is sent once, and the second decision is told who was first."""
    review = held(cli, orders)
    shown = cli.ok("review", review, "--json").json
    assert (shown["shown"]["tool"], shown["shown"]["args"]) == ("book", {"po": "P-2", "amount": 500})
    assert shown["takes"] == ["approve", "edit", "reject", "back", "take"]
    assert shown["digest"] in cli.ok("review", review).out
    decided = cli.ok("review", review, "approve", "--by", "pat", "--digest", shown["digest"][:12], "--json").json
    assert (decided["state"], decided["decided_by"]) == ("approved", "pat")
    second = cli("review", review, "reject", "no", "--by", "kim")
    assert second.code == 1
    assert "already approved by pat" in second.err
    cli.work(orders)
    assert books(orders) == [{"number": "SO-1", "po": "P-2", "amount": 500}]
    assert cli.ok("cases", "--json").json["cases"][0]["outcome"] == "completed"


def test_an_approval_that_no_worker_goes_on_with_says_so(cli: Cli, orders: Path) -> None:
    """After a corrected file, who approves and who serves is told that the case belongs to another release."""
    review = held(cli, orders)
    release = cli.ok("cases", "--json").json["cases"][0]["release"][:12]
    file = orders / "bridgehead.yaml"
    file.write_text(file.read_text().replace("amount <= 100", "amount <= 200"))
    decided = cli.ok("review", review, "approve", "--by", "pat")
    assert f"No worker serves its release {release}: it goes on once one does." in decided.err
    served = cli.ok("worker", orders, "--until-idle")
    assert f"1 open case of orders belongs to release {release}, which this worker does not serve" in served.err
    assert books(orders) == []


def test_an_approval_that_a_kill_would_deny_is_refused(cli: Cli, orders: Path) -> None:
    """While the tool is killed, approve and edit name who killed it and how to resume, and the review stays open."""
    review = held(cli, orders)
    cli.ok("kill", "orders", "--tool", "book", "--why", "it doubles", "--by", "kim")
    for verb in (["approve"], ["edit", "--set", "amount=400"], ["approve", "--json"]):
        done = cli("review", review, *verb, "--by", "pat")
        assert done.code == 2, done
        assert "tool book of orders was killed by kim: it doubles" in done.err
        assert "'bridgehead resume orders --tool book'" in done.err
    assert cli.ok("review", review, "--json").json["state"] == "open"
    cli.ok("resume", "orders", "--tool", "book")
    cli.ok("review", review, "approve", "--by", "pat")
    cli.work(orders)
    assert books(orders) == [{"number": "SO-1", "po": "P-2", "amount": 500}]


def test_another_digest_decides_nothing(cli: Cli, orders: Path) -> None:
    """A decision that names other arguments than the review's is refused and leaves it open."""
    review = held(cli, orders)
    done = cli("review", review, "approve", "--digest", "0123456789")
    assert done.code == 1
    assert "review.changed" in done.err
    assert cli.ok("review", review, "--json").json["state"] == "open"


def test_an_edit_that_does_not_fit_decides_nothing(cli: Cli, orders: Path) -> None:
    """Edited arguments off the tool's schema are refused with the place, and the review stays open."""
    cli.monkeypatch.delenv("EDITOR", raising=False)
    cli.monkeypatch.delenv("VISUAL", raising=False)
    (cli.folder / "broken.json").write_text("{amount: 5}")
    review = held(cli, orders)
    for flags, said in (
        (["--set", "amont=5"], "did you mean amount?"),
        (["--set", "amount=lots"], "amount: 'lots' is not of type 'integer'"),
        (["--set", "amount=500"], "nothing was changed"),
        (["--set", "amount"], "sets nothing"),
        (["--args", "broken.json"], "is no JSON"),
        (["--args", "missing.json"], "there is no such file"),
        (["7"], "edit takes no value"),
        ([], "no editor is set"),
    ):
        done = cli("review", review, "edit", *flags)
        assert done.code == 2, flags
        assert said in done.err, flags
    assert cli.ok("review", review, "--json").json["state"] == "open"


def test_an_edit_is_sent_as_edited(cli: Cli, orders: Path) -> None:
    """Arguments changed in the user's editor are what is sent, and explain says who changed them."""
    editor = cli.folder / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/500/50/' \"$1\"\n")
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    cli.monkeypatch.setenv("EDITOR", str(editor))
    cli.monkeypatch.delenv("VISUAL", raising=False)
    review = held(cli, orders)
    cli.ok("review", review, "edit", "--by", "pat")
    cli.work(orders)
    assert [entry["amount"] for entry in books(orders)] == [50]
    told = cli.ok("explain", "C-1").out
    assert "pat edited it" in told
    assert "was replaced by" in told


def test_a_rejection_carries_its_reason(cli: Cli, orders: Path) -> None:
    """A rejected call is not sent, and its reason is on the record."""
    review = held(cli, orders)
    cli.ok("review", review, "reject", "a duplicate by phone", "--by", "pat")
    cli.work(orders)
    assert books(orders) == []
    assert "rejected by pat: a duplicate by phone" in cli.ok("explain", "C-1").out


def test_an_answer_is_held_to_its_type(cli: Cli, orders: Path) -> None:
    """A question takes an answer of the type that the agent asked for, and no other."""
    review = held(cli, orders, ask=True)
    wrong = cli("review", review, "answer", "many")
    assert wrong.code == 2
    assert "It takes: " in wrong.err
    assert cli("review", review, "answer").code == 2
    cli.ok("review", review, "answer", "7", "--by", "pat")
    cli.work(orders)
    assert cli.ok("case", "C-1", "--json").json["outcome"]["output"]["amount"] == 7


def test_an_unknown_effect_needs_to_know_whether_it_happened(cli: Cli, orders: Path) -> None:
    """An unknown effect is answered with whether it happened, by a person who looked, and the case goes on."""
    review = held(cli, orders, mail=True)
    asked = cli.ok("review", review, "--json").json
    assert asked["kind"] == "unknown_effect"
    told = cli.ok("explain", "C-1").out.split("What people did")[1]
    for one in (asked["shown"]["reason"].rstrip("."), asked["shown"]["question"]):
        assert " ".join(one.split()) in " ".join(told.split())
    vague = cli("review", review, "answer", "perhaps")
    assert vague.code == 2
    assert "--happened" in vague.err
    cli.ok("review", review, "answer", "--happened", "--by", "pat")
    cli.work(orders)
    case = cli.ok("case", "C-1", "--json").json
    assert (case["case"]["outcome"], case["effects"][0]["state"]) == ("completed", "committed")
    assert "as pat said" in cli.ok("explain", "C-1").out


def test_an_exception_is_closed_by_an_answer(cli: Cli, orders: Path) -> None:
    """A case that left the agent's hands takes an answer alone, which closes it."""
    review = held(cli, orders, hand_over=True)
    assert "too odd for me" in cli.ok("review", review).out
    refused = cli("review", review, "approve")
    assert refused.code == 2
    assert "It takes: answer." in refused.err
    cli.ok("review", review, "answer", '{"done": "by hand"}', "--by", "pat")
    assert cli.ok("cases", "--json").json["cases"][0]["outcome"] == "settled_by_person"


def test_a_case_that_a_stop_denied_is_given_back_to_the_agent(cli: Cli, orders: Path) -> None:
    """After a mistaken kill the case is closed and opened again as another one, which is done; the record is whole."""
    cli.ok("promote", orders, "--to", "autonomous", "--why", "a test", "--by", "lee")
    cli.ok("kill", "--tool", "book", "--even-unknown", "--why", "a mistake", "--by", "sam")
    cli.submit(orders, order={"po": "P-2", "amount": 50})
    cli.work(orders)
    (line,) = cli.ok("reviews", "--json").json["reviews"]
    assert f'bridgehead review {line["id"]} answer "why" --again' in cli.ok("explain", "C-1").out
    shown = cli.ok("review", line["id"]).out
    assert "denied by policy gate.suspended, because an operator stopped book" in shown
    cli.ok("resume", "--tool", "book")
    cli.ok("review", line["id"], "answer", "the kill was a mistake", "--again", "--by", "pat")
    assert cli("review", line["id"], "answer", "once more", "--again").code == 1
    cli.work(orders)
    done = {one["id"]: one["outcome"] for one in cli.ok("cases", "--json").json["cases"]}
    assert done == {"C-1": "settled_by_person", "C-2": "completed"}
    assert len(books(orders)) == 1
    told = cli.ok("explain", "C-2").out
    assert "pat gave it back to the agent, after C-1 had been left to people" in told
    first = cli.ok("explain", "C-1").out
    assert "Other cases of the same business: C-2" in first
    assert "A person gave it back to the agent (pat)" in first
    assert "it goes on as C-2." in first
    assert "To do: nothing here; see C-2." in first
    assert "A person closed it." not in first
    cli.ok("ledger", "verify")
    cli.submit(orders, order={"po": "P-2", "amount": 50})
    cli.work(orders)
    assert len(cli.ok("cases", "--json").json["cases"]) == 2


def test_a_case_of_which_an_effect_stands_is_not_given_back(cli: Cli, orders: Path) -> None:
    """What was done once is not done anew: the decision is refused, and nothing of it is kept."""
    review = held(cli, orders, mail=True)
    cli.ok("review", review, "take", "--by", "pat")
    (line,) = cli.ok("reviews", "--json").json["reviews"]
    refused = cli("review", line["id"], "answer", "do it again", "--again")
    assert refused.code == 2
    assert "E-1 happened, or may have" in refused.err
    (still,) = cli.ok("reviews", "--json").json["reviews"]
    assert still["state"] == "open"
    assert len(cli.ok("cases", "--json").json["cases"]) == 1
    cli.ok("ledger", "verify")


def test_a_case_whose_grant_was_revoked_is_not_given_back(cli: Cli, orders: Path) -> None:
    """What an operator ended is not begun again by whoever decides the review."""
    review = held(cli, orders)
    cli.ok("review", review, "approve", "--by", "pat")
    cli.ok("grant", "revoke", "C-1", "--why", "no longer", "--by", "kim")
    cli.work(orders)
    (line,) = cli.ok("reviews", "--json").json["reviews"]
    refused = cli("review", line["id"], "answer", "do it again", "--again", "--by", "pat")
    assert refused.code == 2
    assert "kim revoked its grant" in refused.err
    assert len(cli.ok("cases", "--json").json["cases"]) == 1
    assert books(orders) == []


def test_a_case_that_was_overtaken_is_not_given_back(cli: Cli, orders: Path) -> None:
    """Once a changed order of the same number came in, the older words are not acted on again."""
    review = held(cli, orders, hand_over=True)
    cli.submit(orders, order={"po": "P-2", "amount": 50})
    cli.work(orders)
    refused = cli("review", review, "answer", "do it again", "--again")
    assert refused.code == 2
    assert "C-2 came after it" in refused.err
    assert [one["amount"] for one in books(orders)] == [50]
    assert len(cli.ok("cases", "--json").json["cases"]) == 2


def test_a_revision_that_is_given_back_still_revises_what_it_revised(cli: Cli, orders: Path) -> None:
    """The agent is told of the earlier case: what that one did is changed, and not done a second time."""
    cli.ok("promote", orders, "--to", "autonomous", "--why", "a test", "--by", "lee")
    cli.submit(orders, order={"po": "P-2", "amount": 50})
    cli.work(orders)
    review = held(cli, orders, hand_over=True)
    cli.ok("review", review, "answer", "look again", "--again", "--by", "pat")
    again = cli.ok("case", "C-3", "--json").json["case"]
    assert (again["revision"], again["revises"]) == (3, "C-1")
    cli.ok("ledger", "verify")


def test_minutes_are_priced_by_the_role(cli: Cli, orders: Path) -> None:
    """A decision's minutes cost what the role's hour costs, if the deployment's file is there to say."""
    review = held(cli, orders)
    cli.ok("review", review, "approve", "--minutes", "3")
    humans = [cost for cost in cli.ok("case", "C-1", "--json").json["costs"] if cost["kind"] == "human"]
    assert [(cost["amount"], cost["currency"], cost["minutes"]) for cost in humans] == [("3.0000", "EUR", 3.0)]


def test_an_unpriced_decision_is_unknown(cli: Cli, orders: Path) -> None:
    """Where no file says what an hour costs, the minutes count and the price is unknown."""
    file = orders / "bridgehead.yaml"
    file.write_text(file.read_text().replace(", rate: 60 EUR/h", ""))
    review = held(cli, orders)
    away = cli.folder / "elsewhere"
    away.mkdir()
    cli.monkeypatch.chdir(away)
    done = cli.ok("review", review, "take", "--by", "pat", "--minutes", "3")
    assert "their price is unknown" in done.err
    (human,) = [cost for cost in cli.ok("case", "C-1", "--json").json["costs"] if cost["kind"] == "human"]
    assert (human["amount"], human["minutes"]) == (None, 3.0)
    assert cli("review", review, "take", "--folder", away).code == 2


def test_a_decision_far_from_the_file_has_the_rate_that_was_registered(cli: Cli, orders: Path) -> None:
    """What a role costs is known wherever it is decided, once a worker has served its deployment."""
    review = held(cli, orders)
    away = cli.folder / "elsewhere"
    away.mkdir()
    cli.monkeypatch.chdir(away)
    cli.ok("review", review, "take", "--by", "pat", "--minutes", "3")
    (human,) = [cost for cost in cli.ok("case", "C-1", "--json").json["costs"] if cost["kind"] == "human"]
    assert (human["amount"], human["currency"]) == ("3.0000", "EUR")


def test_unknown_words_and_numbers_are_wrong_use(cli: Cli) -> None:
    """An unknown review, verb, state or number is wrong use, with the nearest right word."""
    assert "there is no review R-9" in cli("review", "9").err
    assert "did you mean approve?" in cli("review", "R-9", "aprove").err
    assert "did you mean open?" in cli("reviews", "--state", "opn").err
    for wrong in (["review", "C-9"], ["review"], ["reviews", "--limit", "0"], ["reviews", "--after", "x"]):
        assert cli(*wrong).code == 2
    assert "Nobody has anything to decide." in cli.ok("reviews").out
