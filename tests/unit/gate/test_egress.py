"""An address in a call leads to a host that the operator listed, or the call is denied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from bridgehead.errors import UserError
from bridgehead.gate.decide import Gate
from bridgehead.gate.facts import Trace
from bridgehead.gate.model import Call, Decision, View
from bridgehead.spec.deployment import Deployment, Otherwise, ToolRule
from bridgehead.spec.tool import JSON, EffectClass, Tool
from tests.unit.gate.deployments import ALONE, DIGEST, approval, deployment

URLS: Final[Mapping[str, object]] = {
    "type": "object",
    "properties": {
        "url": {"type": "string"},
        "more": {"type": "array", "items": {"type": "object", "properties": {"href": {"type": "string"}}}},
        "note": {"type": "string"},
    },
}
TRUSTED: Final = Trace("user")


def decided(
    of: Deployment, args: Mapping[str, JSON], *, kind: EffectClass = "irreversible", view: View = ALONE
) -> Decision:
    """Returns what the gate says of a call of ``post`` with these arguments, all of them vouched for."""
    post = Tool("post", kind, parameters=URLS, sensitive=("url", "more.href"))
    facts = {"url": TRUSTED, "more.href": TRUSTED}
    return Gate(of, {"post": post}).decide(Call(post, args, DIGEST), replace(view, facts=facts))


RULE: Final = deployment(
    {"post": ToolRule(allow=True, hosts={"url": ("api.example.com",), "more.href": ("*.example.com",)})}
)


@pytest.mark.parametrize(
    "args",
    [
        {"url": "https://api.example.com/x", "note": "https://evil.example is not an argument that leads anywhere"},
        {"url": "api.example.com"},
        {"more": [{"href": "https://a.example.com"}, {}]},
        {},
    ],
)
def test_an_address_to_a_listed_host_is_allowed(args: Mapping[str, JSON]) -> None:
    """What leads to a listed host, or is absent, is no reason to deny."""
    assert decided(RULE, args).verdict == "allow"


@pytest.mark.parametrize(
    "args, argument",
    [
        ({"url": "https://evil.example/"}, "url"),
        ({"url": "https://api.example.com@evil.example/"}, "url"),
        ({"url": "https://\u0430pi.example.com/"}, "url"),
        ({"url": "evil.example"}, "url"),
        ({"url": "not an address"}, "url"),
        ({"more": [{"href": "https://a.example.com"}, {"href": "https://evil.example"}]}, "more.href"),
    ],
)
def test_an_address_to_another_host_is_denied_though_it_is_approved(args: Mapping[str, JSON], argument: str) -> None:
    """An argument under ``hosts`` leads to a listed host and nowhere else; neither approval nor source lifts that."""
    for view in (ALONE, replace(ALONE, approval=approval())):
        decision = decided(RULE, args, view=view)
        assert decision.verdict == "deny"
        assert [(one.policy_id, one.argument) for one in decision.reasons] == [("gate.egress", argument)]
    assert "evil.example" not in decided(RULE, args).short()


def test_a_denial_says_which_host_to_add_and_where() -> None:
    """The remedy names the host and the field of the file."""
    (reason,) = decided(RULE, {"url": "https://evil.example/"}).reasons
    assert reason.remedy == "an operator adds evil.example to tools.post.hosts"


@pytest.mark.parametrize("kind", ["irreversible", "reversible", "outbound_read"])
def test_the_deployments_list_bounds_every_sensitive_address_of_a_call_that_leaves(kind: EffectClass) -> None:
    """Without a list of the tool's own, what looks like an address leads to a host under ``egress``."""
    listed = replace(deployment({"post": ToolRule(allow=True)}), egress=("api.example.com",))
    assert decided(listed, {"url": "https://api.example.com/"}, kind=kind).verdict == "allow"
    assert decided(listed, {"url": "DE89 3704"}, kind=kind).verdict == "allow"
    for leads in (
        "https://evil.example",
        "www.evil.example",
        "//evil.example",
        "\\\\evil.example\\x",
        " https://x.example",
    ):
        assert decided(listed, {"url": leads}, kind=kind).reasons[0].policy_id == "gate.egress"
    assert decided(listed, {"url": "https://evil.example"}, kind="read").verdict == "allow"
    assert decided(replace(listed, egress=None), {"url": "https://evil.example"}, kind=kind).verdict == "allow"


def test_a_held_call_is_denied_all_the_same() -> None:
    """Nobody is asked to approve what could not be sent."""
    held = deployment({"post": ToolRule(otherwise=Otherwise("order-desk"), hosts={"url": ("api.example.com",)})})
    assert decided(held, {"url": "https://evil.example"}).verdict == "deny"


def test_an_argument_that_the_tool_lacks_does_not_load() -> None:
    """A misspelt path under ``hosts`` would guard nothing."""
    with pytest.raises(UserError, match=r"tools.post.hosts: expected an argument of post, found uri"):
        decided(deployment({"post": ToolRule(allow=True, hosts={"uri": ("api.example.com",)})}), {})


def test_a_changed_list_is_another_policy() -> None:
    """What is listed is part of the digest that a decision names."""
    digests = {
        decided(one, {}).policy_digest
        for one in (RULE, replace(RULE, egress=()), deployment({"post": ToolRule(allow=True)}))
    }
    assert len(digests) == 3
