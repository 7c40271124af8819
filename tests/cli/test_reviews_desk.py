from __future__ import annotations

from pathlib import Path

from tests.cli.calls import Cli
from tests.cli.test_reviews import books, held


def test_a_claim_is_made_seen_and_given_up(cli: Cli, orders: Path) -> None:
    """Who has a review before them is told to others, and a decision by another tells whose it was."""
    review = held(cli, orders)
    assert "R-1 is before kim until" in cli.ok("review", review, "claim", "--by", "kim").out
    second = cli("review", review, "claim", "--by", "pat")
    assert second.code == 2
    assert "kim has R-1 before them" in second.err
    assert "by kim, until" in cli.ok("review", review).out
    assert cli.ok("review", review, "release", "--by", "kim", "--json").json["claimed_by"] is None
    cli.ok("review", review, "claim", "--by", "kim")
    done = cli.ok("review", review, "approve", "--by", "pat")
    assert "kim had R-1 before them" in done.err


def test_two_calls_of_a_case_are_decided_in_one_step(cli: Cli, orders: Path) -> None:
    """--with decides another held call of the case too, all or none; what is no such call is refused."""
    cli.ok("promote", orders, "--to", "autonomous", "--why", "a test", "--by", "lee")
    cli.submit(orders, order={"po": "P-1", "amount": 500, "both": True})
    cli.submit(orders, order={"po": "P-2", "amount": 500})
    cli.submit(orders, order={"po": "P-3", "ask": True})
    cli.work(orders)
    lines = cli.ok("reviews", "--json").json["reviews"]
    by_case = {case: sorted(line["id"] for line in lines if line["case"] == case) for case in ("C-1", "C-2", "C-3")}
    (first, second), (other,), (question,) = by_case["C-1"], by_case["C-2"], by_case["C-3"]
    for wrong, said in (
        ((first, "approve", "--with", other), "of one case"),
        ((first, "approve", "--with", question), "kind question cannot be decided"),
        ((first, "approve", "--with", second, "--with", second), "named twice"),
        ((first, "edit", "--set", "amount=5", "--with", second), "decides one review"),
    ):
        refused = cli("review", *wrong)
        assert refused.code == 2
        assert said in refused.err
    assert len(cli.ok("reviews", "--json").json["reviews"]) == 4
    done = cli.ok("review", first, "approve", "--with", second, "--by", "pat")
    assert f"{first} is approved by pat" in done.out
    assert f"{second} is approved by pat" in done.out
    cli.work(orders)
    assert sorted(str(entry["po"]) for entry in books(orders)) == ["P-1-a", "P-1-b"]


def test_a_call_is_sent_back_with_guidance(cli: Cli, orders: Path) -> None:
    """A call that is sent back is not made, and what the person said is on the record."""
    review = held(cli, orders)
    wordless = cli("review", review, "back")
    assert wordless.code == 2
    assert "needs guidance" in wordless.err
    told = cli.ok("review", review, "back", "ask them for the right number first", "--by", "pat")
    assert "R-1 is returned by pat" in told.out
    cli.work(orders)
    assert books(orders) == []
    assert "ask them for the right number first" in cli.ok("explain", "C-1").out
    assert [line["id"] for line in cli.ok("reviews", "--state", "returned", "--json").json["reviews"]] == ["R-1"]


def test_reviewers_are_measured(cli: Cli, orders: Path) -> None:
    """A planted mistake looks like an approval until it is decided, and the measures count who caught it."""
    review = held(cli, orders)
    number = cli.ok("review", review, "seed", "--set", "amount=900", "--by", "ann", "--json").json["id"]
    shown = cli.ok("review", number, "--json").json
    assert (shown["kind"], shown["shown"]["args"]["amount"]) == ("approval", 900)
    assert {line["kind"] for line in cli.ok("reviews", "--json").json["reviews"]} == {"approval"}
    assert "It was a check" in cli.ok("review", number, "reject", "too much", "--by", "kim").out
    cli.ok("review", review, "approve", "--by", "kim")
    look = cli.ok("review", review, "second", "--by", "ann", "--json").json["id"]
    own = cli("review", look, "approve", "--by", "kim")
    assert own.code == 2
    assert "to do with" in own.err
    cli.ok("review", look, "approve", "--by", "pat")
    found = {one["person"]: one for one in cli.ok("reviews", "--measures", "--json").json["reviewers"]}
    assert (found["kim"]["caught"]["hits"], found["kim"]["caught"]["of"]) == (1, 1)
    assert found["kim"]["caught"]["low"] < 0.1
    assert (found["pat"]["agreed"]["hits"], found["pat"]["agreed"]["of"]) == (1, 1)
    assert "1/1 (2%-100%)" in cli.ok("reviews", "--measures", "--since", "1d").out
    cli.work(orders)
    assert [entry["amount"] for entry in books(orders)] == [500]


def test_a_role_is_handed_on_for_a_time(cli: Cli, orders: Path) -> None:
    """Who was handed a role decides in it, until it is taken back; the list says who stands in for whom."""
    review = held(cli, orders)
    cli.ok("user", "add", "kim", "--group", "desk", "--no-password", "--by", "ops")
    cli.ok("user", "add", "lee", "--group", "sales", "--no-password", "--by", "ops")
    assert cli("review", review, "approve", "--by", "lee").code == 3
    for wrong in (["desk", "lee"], ["dsk", "lee", "--for", "1d"], ["desk", "lee", "--until", "soon"]):
        assert cli("delegate", *wrong, "--why", "x", "--by", "kim").code == 2, wrong
    made = cli.ok("delegate", "desk", "lee", "--for", "14d", "--why", "on holiday", "--by", "kim")
    assert "lee decides for desk of orders until" in made.out
    (line,) = cli.ok("delegate", "--json").json
    assert (line["from_person"], line["to_person"], line["reason"]) == ("kim", "lee", "on holiday")
    cli.ok("review", review, "approve", "--by", "lee")
    assert "kim" in cli.ok("review", review).out
    assert "is over" in cli.ok("delegate", "--end", "1", "--by", "kim").out
    assert "Nobody stands in for anybody." in cli.ok("delegate").out
