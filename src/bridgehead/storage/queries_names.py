"""The names that a filter may hold: deployments and roles that the database knows."""

from __future__ import annotations

from collections.abc import Sequence

from bridgehead.errors import UserError
from bridgehead.storage.database import Database
from bridgehead.storage.sealing import from_bytes

# The index is asked for the next role, once for each: a distinct would read every review there ever was.
_ROLES = """
with recursive known as (
  (select role from reviews order by role limit 1)
  union all
  select (select r.role from reviews r where r.role > known.role order by r.role limit 1) from known
  where known.role is not null
)
select role from known where role is not null
"""


async def deployments(database: Database, name: str) -> Sequence[str]:
    """Returns the deployments that were ever served or levelled, and ``name`` if something was submitted to it."""
    async with database.connection() as conn:
        rows = await (
            await conn.execute(
                "select deployment as name from levels union select deployment from releases"
                " union select %(name)s where exists (select from arrivals where deployment = %(name)s)",
                {"name": name},
            )
        ).fetchall()
    return sorted(row["name"] for row in rows)


async def roles(database: Database) -> Sequence[str]:
    """Returns the roles that work was opened for, and those that a rule of a known release holds calls for."""
    async with database.connection() as conn:
        rows = await (await conn.execute(_ROLES)).fetchall()
        manifests = await (await conn.execute("select manifest from releases")).fetchall()
    known = {str(row["role"]) for row in rows}
    for row in manifests:
        manifest = from_bytes(bytes(row["manifest"]))
        rules = manifest.get("rules") if isinstance(manifest, dict) else None
        for rule in rules.values() if isinstance(rules, dict) else ():
            held = rule.get("otherwise") if isinstance(rule, dict) else None
            if isinstance(held, dict) and isinstance(held.get("hold"), str):
                known.add(str(held["hold"]))
    return sorted(known)


async def tools(database: Database, deployment: str = "") -> Sequence[str]:
    """Returns the tools of all releases that were ever registered, or of one deployment's."""
    async with database.connection() as conn:
        manifests = await (
            await conn.execute("select manifest from releases where %(name)s in ('', deployment)", {"name": deployment})
        ).fetchall()
    known: set[str] = set()
    for row in manifests:
        manifest = from_bytes(bytes(row["manifest"]))
        declared = manifest.get("tools") if isinstance(manifest, dict) else None
        known.update(declared if isinstance(declared, dict) else ())
    return sorted(known)


async def release_named(database: Database, text: str) -> str:
    """Returns the digest in hex of the one release that ``text`` begins; raises UserError for none or several.

    Nothing begins no release, also where there is only one: a variable that is not set stops nothing.
    """
    async with database.connection() as conn:
        rows = await (
            await conn.execute(
                "select encode(digest, 'hex') as digest from releases where starts_with(encode(digest, 'hex'), %s)"
                " order by registered_at desc limit 2",
                (text.strip().lower(),),
            )
        ).fetchall()
        rows = rows if text.strip() else []
    if len(rows) == 1:
        return str(rows[0]["digest"])
    raise UserError(
        f"{text!r} begins {'several releases' if rows else 'no release'} of this database",
        code="input.release",
        hint="'bridgehead case C-17' shows the release of a case; give enough of its first digits.",
    )


async def release(database: Database, digest: str) -> bytes:
    """Returns the release whose digest in hex begins like this; raises UserError (``input.choice``) for none or two."""
    async with database.connection() as conn:
        rows = await (
            await conn.execute(
                "select digest from releases where encode(digest, 'hex') like %s limit 2",
                (digest.lower().replace("%", "").replace("_", "") + "%",),
            )
        ).fetchall()
    if len(rows) != 1:
        raise UserError(
            f"{digest[:40]!r} names {'no release' if not rows else 'more than one release'}",
            code="input.choice",
            hint="Give the digest as 'bridgehead cases' shows it, or more of it.",
        )
    return bytes(rows[0]["digest"])
