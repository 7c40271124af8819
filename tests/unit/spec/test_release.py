"""A release is named by what decides how a case goes, and by nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bridgehead.errors import UserError
from bridgehead.money import Money
from bridgehead.spec.caps import Cap
from bridgehead.spec.deployment import (
    Autonomy,
    Baseline,
    CaseSpec,
    Deployment,
    Fallback,
    Limits,
    ModelSpec,
    Otherwise,
    Right,
    Role,
    Second,
    SequenceRule,
    ToolRule,
)
from bridgehead.spec.release import Release, code_digest, release_digest
from bridgehead.spec.schema import schema_text
from bridgehead.spec.tool import Tool

ROOT = Path(__file__).resolve().parents[3]
BASE = Deployment(
    name="orders",
    agent="deploy:orders",
    owner="desk@example.com",
    case=CaseSpec(("po_number",), 1800.0),
    fallback=Fallback("desk"),
    roles={"desk": Role("desk", ("group:desk",))},
    folder=Path("a"),
    tools={"book": ToolRule("total <= 5 EUR", Otherwise("desk"))},
)
TOOLS = {"book": Tool("book", "reversible", key=("po_number",), timeout_s=20.0)}


def release(
    deployment: Deployment = BASE,
    tools: Mapping[str, Tool] = TOOLS,
    *,
    code: bytes = b"c",
    prompts: Mapping[str, str] | None = None,
    models: Mapping[str, str] | None = None,
) -> Release:
    return release_digest(
        deployment, tools, code=code, prompts=prompts or {"main": "Book."}, models=models or {"m": "x"}
    )


def test_the_digest_is_of_the_canonical_manifest() -> None:
    """The digest is the SHA-256 of canonical JSON that anybody can hash again, in any order of keys."""
    made = release(prompts={"b": "2", "a": "1"})
    assert made.digest == hashlib.sha256(made.manifest).digest()
    assert made == release(prompts={"a": "1", "b": "2"})
    assert made.hex == made.digest.hex()
    assert json.loads(made.manifest)["tools"]["book"]["key"] == ["po_number"]


def test_what_decides_makes_another_release() -> None:
    """All that decides changes the digest: rules, caps, sinks, sequences, labels, limits, policies, code and models."""
    others = [
        release(replace(BASE, name="o")),
        release(replace(BASE, agent="deploy:other")),
        release(replace(BASE, reader="deploy:read")),
        release(replace(BASE, case=CaseSpec(("customer",), 1800.0))),
        release(replace(BASE, tools={"book": ToolRule("total <= 6 EUR", Otherwise("desk"))})),
        release(replace(BASE, tools={"book": ToolRule("total <= 5 EUR", Otherwise("lead"))})),
        release(replace(BASE, tools={"book": ToolRule("total <= 5 EUR")})),
        release(replace(BASE, limits=Limits(steps=5))),
        release(replace(BASE, policies={"a.cedar": "//"})),
        release(tools={"book": replace(TOOLS["book"], effect_class="irreversible")}),
        *(
            release(replace(BASE, tools={"book": replace(BASE.tools["book"], **said)}))
            for said in (
                {"caps": (Cap("calls", Decimal(3)),)},
                {"caps": (Cap("calls", Decimal(3), 60.0),)},
                {"clearance": "internal"},
                {"region": "eu"},
                {"redact": ("note",)},
                {"otherwise": Otherwise("desk", second=Second("lead"))},
                {"otherwise": Otherwise("desk", second=Second("lead", Money.parse("5 EUR")))},
            )
        ),
        release(replace(BASE, sequences=(SequenceRule("s", "look", "book", "o", "r", "m"),))),
        release(replace(BASE, confidentiality=("open", "closed"))),
        release(replace(BASE, case=replace(BASE.case, labels={"*": "user"}))),
        release(replace(BASE, models={"default": ModelSpec("http://m", "m", clearance="internal")})),
        release(code=b"d"),
        release(prompts={"main": "Book it."}),
        release(models={"m": "y"}),
    ]
    assert len({made.digest for made in (release(), *others)}) == len(others) + 1


def test_what_only_concerns_people_keeps_the_release() -> None:
    """Owners, roles, rights, deadlines, levels, baselines, places and line numbers strand no waiting case."""
    same = replace(
        BASE,
        owner="other@example.com",
        roles={"desk": Role("desk", ("group:b",), then="lead"), "lead": Role("lead", ("x",))},
        case=CaseSpec(("po_number",), 60.0, 10.0),
        fallback=Fallback("lead"),
        autonomy=Autonomy("approve"),
        baseline=Baseline(5),
        folder=Path("b"),
        file=Path("b/bridgehead.yaml"),
        tools={"book": replace(BASE.tools["book"], line=7, column=3)},
        rights={"group:desk": Right("group:desk", ("book",))},
    )
    assert release(same) == release()


def test_a_schema_beyond_canonical_json_is_refused() -> None:
    """A number that canonical JSON cannot carry is refused instead of being rounded."""
    with pytest.raises(UserError, match="canonical JSON"):
        release(tools={"book": replace(TOOLS["book"], parameters={"maximum": 2**60})})


def test_code_is_named_by_content_and_path(tmp_path: Path) -> None:
    """Editing, renaming, adding or splitting a source file changes the digest; other files and caches do not."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "deploy.py").write_text("a = 1\n", encoding="utf-8")
    (tmp_path / "sub" / "more.py").write_text("b = 2\n", encoding="utf-8")
    first = code_digest(tmp_path)
    (tmp_path / "README.md").write_text("x", encoding="utf-8")
    for skipped in (".venv", "__pycache__", "env"):
        (tmp_path / skipped).mkdir()
        (tmp_path / skipped / "x.py").write_text("x", encoding="utf-8")
    (tmp_path / "env" / "pyvenv.cfg").write_text("", encoding="utf-8")
    assert code_digest(tmp_path) == first
    seen = {first}
    (tmp_path / "deploy.py").write_text("a = 2\n", encoding="utf-8")
    seen.add(code_digest(tmp_path))
    (tmp_path / "deploy.py").rename(tmp_path / "deploys.py")
    seen.add(code_digest(tmp_path))
    (tmp_path / "empty.py").write_text("", encoding="utf-8")
    seen.add(code_digest(tmp_path))
    assert len(seen) == 4
    assert all(len(digest) == 32 for digest in seen)


def test_an_arrival_makes_no_release(tmp_path: Path) -> None:
    """A document called x.py that lies where arrivals are put does not change the digest; code beside it does."""
    (tmp_path / "deploy.py").write_text("a = 1\n", encoding="utf-8")
    inbox = tmp_path / "in"
    first = code_digest(tmp_path, without=[inbox])
    (inbox / "done").mkdir(parents=True)
    (inbox / "x.py").write_text("x", encoding="utf-8")
    (inbox / "done" / "A-1_x.py").write_text("x", encoding="utf-8")
    assert code_digest(tmp_path, without=[inbox, tmp_path]) == first
    (tmp_path / "more.py").write_text("x", encoding="utf-8")
    assert code_digest(tmp_path, without=[inbox]) != first


def test_the_published_schema_is_the_generated_one() -> None:
    """The JSON Schema in the reference is exactly what `python -m bridgehead.spec.schema` prints."""
    published = (ROOT / "docs" / "reference" / "bridgehead.schema.json").read_text(encoding="utf-8")
    assert published == schema_text()
