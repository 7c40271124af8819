"""``channels`` and ``notify``: what fits loads as written, and what does not is named with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

from bridgehead.channels.reach import check_channels
from bridgehead.errors import UserError
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.load import load
from tests.docs import tree

RIGHT: Final[dict[str, object]] = {
    "deployment": "orders",
    "agent": "deploy:orders",
    "owner": "order-desk@example.com",
    "case": {"key": ["po_number"], "deadline": "30m"},
    "roles": {"desk": {"members": "group:desk"}},
    "fallback": "desk",
}
MAIL: Final = {"mail": "smtps://mail.example.com", "sender": "desk@example.com", "people": {"ann": "ann@example.com"}}
SLACK: Final = {"slack": "C0DESK", "token": "env:T", "signing_secret": "env:S", "people": {"ann": "U0ANN"}}
HOOK: Final = {"webhook": "https://ops.example.com/hook", "secrets": ["env:A"]}
TEAMS: Final = {"teams": "env:TEAMS"}


def loaded(folder: Path, **more: object) -> Deployment:
    (folder / "bridgehead.yaml").write_text(yaml.safe_dump({**RIGHT, **more}))
    return load(folder)


def test_the_example_of_the_guide_loads(tmp_path: Path) -> None:
    """The file that the guide shows is one, and says of each role by which channels it is told."""
    found = re.search(r"```yaml\n(deployment: .*?)```", tree.page("howto/notify-people.md"), re.DOTALL)
    assert found is not None
    (tmp_path / "bridgehead.yaml").write_text(found[1])
    deployment = load(tmp_path)
    assert deployment.notify is not None
    assert deployment.notify.roles == {"order-desk": ("chat", "post"), "sales-lead": ("post", "ops")}
    assert deployment.channels["chat"].secrets == ("env:SLACK_TOKEN", "env:SLACK_SIGNING_SECRET")
    assert deployment.channels["chat"].include == {"summary"}


def test_without_them_nobody_is_told(tmp_path: Path) -> None:
    """A deployment that says nothing of channels tells nobody."""
    deployment = loaded(tmp_path)
    assert (deployment.channels, deployment.notify) == ({}, None)


@pytest.mark.parametrize(
    "channel, says",
    [
        ({**MAIL, **HOOK}, "exactly one of mail, slack, teams and webhook"),
        ({"sender": "desk@example.com"}, "exactly one of mail, slack, teams and webhook"),
        ({**MAIL, "token": "env:T"}, "no token: it belongs to another kind of channel than mail"),
        ({**TEAMS, "people": {"ann": "x"}}, "no people: it belongs to another kind of channel than teams"),
        ({**MAIL, "people": {}}, "people beside mail"),
        ({**MAIL, "user": "desk"}, "user and password together, or neither"),
        ({**MAIL, "mail": "smtps://u:p@mail.example.com"}, "smtps://HOST or smtp://HOST, without a user"),
        ({**MAIL, "mail": "https://mail.example.com"}, "smtps://HOST or smtp://HOST, without a user"),
        ({**MAIL, "sender": "desk@example.com\nBcc: x"}, "an address such as desk@example.com"),
        ({**MAIL, "people": {"ann": "ann"}}, "a mail address"),
        ({**SLACK, "slack": "general"}, "the id of a conversation such as C0123ABCD"),
        ({**SLACK, "people": {"ann": "@ann"}}, "a member id such as U0123ABCD"),
        ({**SLACK, "people": {"ann": "U0ANN", "ben": "U0ANN"}}, "one person for each member id"),
        ({"slack": "C0DESK", "token": "env:T", "people": {"ann": "U0ANN"}}, "signing_secret beside people"),
        ({**SLACK, "api": "http://slack.example.com"}, "and http:// for this machine alone"),
        ({**HOOK, "webhook": "http://ops.example.com"}, "and http:// for this machine alone"),
        ({**HOOK, "webhook": "https://u:p@ops.example.com"}, "and http:// for this machine alone"),
        ({**HOOK, "secrets": []}, "secrets beside webhook"),
        ({**HOOK, "clearance": "top"}, "a confidentiality"),
        ({**TEAMS, "include": ["document"]}, "channels.one.include.0"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, channel: dict[str, object], says: str) -> None:
    """A channel of no kind or of two, with a field of another kind, or with an address that is none does not load."""
    with pytest.raises(UserError) as refused:
        loaded(tmp_path, channels={"one": channel})
    assert says in str(refused.value)


@pytest.mark.parametrize("field", ["password", "token", "signing_secret", "teams"])
def test_a_secret_that_is_written_out_is_refused_and_not_repeated(tmp_path: Path, field: str) -> None:
    """A secret in the file is a mistake, and the message does not hold it."""
    base: Mapping[str, object] = {"password": {**MAIL, "user": "u"}, "teams": {}}.get(field, SLACK)
    with pytest.raises(UserError) as refused:
        loaded(tmp_path, channels={"one": {**base, field: "hunter2-and-more"}})
    assert "a secret never stands in this file" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "notify, says",
    [
        ({"desk": "desk.example.com", "roles": {"desk": "one"}}, "notify.desk: expected https://HOST"),
        ({"desk": "http://desk.example.com", "roles": {"desk": "one"}}, "notify.desk: expected https://HOST"),
        ({"desk": "https://desk.example.com/console", "roles": {"desk": "one"}}, "notify.desk: expected https://HOST"),
        ({"desk": "https://desk.example.com", "roles": {"dsk": "one"}}, "a role under `roles`, found 'dsk'"),
        ({"desk": "https://desk.example.com", "roles": {"desk": "on"}}, "a channel under `channels`, found 'on'"),
        ({"desk": "https://desk.example.com", "roles": {"desk": ["one", "one"]}}, "channels that differ"),
        ({"desk": "https://desk.example.com", "roles": {}}, "at least one entry"),
    ],
)
def test_who_is_told_has_to_exist(tmp_path: Path, notify: dict[str, object], says: str) -> None:
    """Roles and channels that are named exist, and links begin with an address that is safe to send."""
    with pytest.raises(UserError) as refused:
        loaded(tmp_path, channels={"one": MAIL}, notify=notify)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "channel, host",
    [(MAIL, "mail.example.com:465"), (SLACK, "slack.com"), (HOOK, "ops.example.com"), (TEAMS, "teams.example.com")],
)
def test_a_channel_leads_to_a_listed_host(tmp_path: Path, channel: dict[str, object], host: str) -> None:
    """With egress set, a channel that leads elsewhere does not load; with its host listed it does."""

    def reveal(text: str) -> str:
        return "https://teams.example.com/workflows/1" if text == "env:TEAMS" else text

    with pytest.raises(UserError, match="a host under egress"):
        check_channels(loaded(tmp_path, channels={"one": channel}, egress=["erp.example.com"]), reveal)
    check_channels(loaded(tmp_path, channels={"one": channel}, egress=[host]), reveal)
