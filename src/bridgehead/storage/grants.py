"""Grants: made with their cases, narrowed and revoked on the record, and in force in every worker within a second."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, cast

from bridgehead.errors import UserError
from bridgehead.gate.grants import SKEW_S, Delegation, Granting, Principal, narrowed
from bridgehead.ids import CaseId, random_hex, show
from bridgehead.ledger.delegation import BadGrant, Signer, new_seed, public_of, signer, verified
from bridgehead.ledger.vault import Unreadable, Vault
from bridgehead.money import Money
from bridgehead.spec.tool import JSON
from bridgehead.storage.authority import news
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.sealing import Chain

_KEY_LOCK: Final = 0x42524B59  # "BRKY"
_CHAIN: Final = "S-authority"


@dataclass(frozen=True, slots=True)
class Found:
    """One grant as a list shows it. ``fault`` says why its token does not count; then ``grant`` is empty."""

    case_id: int
    subject: str
    issuer: str
    deployment: str
    state: str
    narrowed: int
    grant: Delegation | None
    fault: str
    expires_at: datetime
    expired: bool
    revoked_by: str | None
    revoked_at: datetime | None
    reason: str | None

    @property
    def stands(self) -> str:
        """How it stands in a word."""
        if self.revoked_by is not None:
            return "revoked"
        return "invalid" if self.fault else "expired" if self.expired else "stands"


class Grants:
    """The store of grants, on PostgreSQL."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def listing(
        self, *, subject: str | None = None, deployment: str | None = None, limit: int = 200
    ) -> list[Found]:
        """Returns grants, newest first."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    f"{_SELECT} where (%(s)s::text is null or g.subject = %(s)s)"
                    " and (%(d)s::text is null or c.deployment = %(d)s) order by g.case_id desc limit %(n)s".encode(),
                    {"s": subject, "d": deployment, "n": limit},
                )
            ).fetchall()
            return [_found(row) for row in rows]

    async def find(self, case_id: int) -> Found:
        """Returns the grant of a case; raises UserError (``grant.none``) where nobody opened it."""
        async with self._database.connection() as conn:
            row = await (await conn.execute(f"{_SELECT} where g.case_id = %s".encode(), (case_id,))).fetchone()
        if row is None:
            raise none_of(case_id)
        return _found(row)

    async def revocation(self, case_id: int) -> tuple[str, str] | None:
        """Returns who ended a case's authority, and why; None where it stands, or has only run out."""
        async with self._database.connection() as conn:
            row = await (
                await conn.execute("select revoked_by, reason from revocations where case_id = %s", (case_id,))
            ).fetchone()
        return None if row is None else (str(row["revoked_by"]), str(row["reason"]))

    async def revoke(self, case_id: int, *, by: str, reason: str) -> bool:
        """Ends a case's authority at once, whoever opened it; False when that was so already.

        Raises UserError for a case that is not there.
        """
        async with self._database.transaction() as conn:
            if await (await conn.execute("select from cases where id = %s", (case_id,))).fetchone() is None:
                raise UserError(
                    f"there is no {show('C', case_id)}", code="input.id", hint="'bridgehead cases' lists them."
                )
            row = await (
                await conn.execute(
                    "insert into revocations (case_id, revoked_by, reason) values (%s, %s, %s)"
                    " on conflict do nothing returning case_id",
                    (case_id, by, reason),
                )
            ).fetchone()
            if row is None:
                return False
            chain = await Chain.lock(conn, show("C", case_id), actor=f"person:{by}")
            refs: dict[str, JSON] = {"grant": show("G", case_id), "by": by, "why": reason}
            await chain.append("grant.revoked", refs)
            await chain.close()
            await news(conn)
            return True

    async def narrow(
        self,
        case_id: int,
        *,
        by: str,
        reason: str,
        tools: Sequence[str] | None = None,
        limit: Money | None = None,
        expires_at: datetime | None = None,
    ) -> Delegation:
        """Signs a smaller grant in a case's grant's place; raises UserError for a wider one or none, BadGrant.

        It counts from the case's next segment on, and its agent is put aside to begin one at once.
        """
        async with self._database.transaction() as conn:
            row = await (
                await conn.execute(f"{_SELECT} where g.case_id = %s for update of g".encode(), (case_id,))
            ).fetchone()
            if row is None:
                raise none_of(case_id)
            found = _found(row)
            if found.grant is None:
                raise BadGrant(found.fault)
            smaller = narrowed(found.grant, tools=tools, limit=limit, expires_at=expires_at)
            mine = await current_signer(conn, self._vault)
            token = mine.sign(smaller.claims())
            await conn.execute(
                "update grants set token = %s, kid = %s, expires_at = %s, narrowed = narrowed + 1 where case_id = %s",
                (token, mine.kid, smaller.expires_at, case_id),
            )
            chain = await Chain.lock(conn, show("C", case_id), actor=f"person:{by}")
            await chain.append("grant.narrowed", {**_said(smaller), "by": by, "why": reason}, _committed(token))
            await chain.close()
            await news(conn)
            return smaller

    async def rotate(self, *, by: str) -> str:
        """Makes a new signing key and returns its id; what older ones signed stays good until it ends."""
        async with self._database.transaction() as conn:
            await conn.execute("select pg_advisory_xact_lock(%s)", (_KEY_LOCK,))
            await conn.execute("update signing_keys set retired_at = clock_timestamp() where retired_at is null")
            made = await current_signer(conn, self._vault)
            chain = await Chain.lock(conn, _CHAIN, actor=f"person:{by}", create=True)
            await chain.append("grant.key_made", {"kid": made.kid, "by": by})
            await chain.close()
            return made.kid

    async def mandate(self, deployment: str, source_key: bytes, principal: Principal, again: str | None = None) -> None:
        """Records for whom the arrival that is known by ``source_key`` comes, before it is stored.

        ``again``: why they want to have done again what came before.
        """
        async with self._database.connection() as conn:
            await conn.execute(
                "insert into mandates (deployment, source_key, principal) values (%s, %s, %s)"
                " on conflict (deployment, source_key) do nothing",
                (deployment, source_key, json.dumps(principal.to_json() | ({} if again is None else {"again": again}))),
            )


def none_of(case_id: int) -> UserError:
    """Returns the error for a case that acts for nobody."""
    return UserError(
        f"{show('C', case_id)} has no grant: nobody opened it",
        code="grant.none",
        hint="It acts with the deployment's own authority. 'bridgehead grant revoke' ends that as well.",
    )


async def current_signer(conn: Connection, vault: Vault) -> Signer:
    """Returns what signs at present; the first one is made, by one of several who ask at once."""
    row = await (await conn.execute(_CURRENT)).fetchone()
    if row is None:
        await conn.execute("select pg_advisory_xact_lock(%s)", (_KEY_LOCK,))
        row = await (await conn.execute(_CURRENT)).fetchone()
    if row is not None:
        key = vault.unwrap(row["wrapped"])
        return signer(row["kid"], key.open(bytes(row["sealed"]), bytes(row["commitment"])))
    seed, kid = new_seed(), random_hex()
    wrapped, key = vault.new_data_key()
    sealed = key.seal(seed)
    await conn.execute(
        "insert into signing_keys (kid, public, wrapped, sealed, commitment) values (%s, %s, %s, %s, %s)",
        (kid, public_of(seed), wrapped, sealed.data, sealed.commitment),
    )
    return signer(kid, seed)


async def grant_case(
    conn: Connection, vault: Vault, chain: Chain, case_id: CaseId, arrival_id: int, granting: Granting | None
) -> None:
    """Makes the grant of a case that somebody's arrival opens, in the transaction that opens it."""
    row = await (
        await conn.execute(
            "select m.principal, bridgehead_now() as at from arrivals a"
            " join mandates m on m.deployment = a.deployment and m.source_key = a.source_key where a.id = %s",
            (arrival_id,),
        )
    ).fetchone()
    if row is None or granting is None:
        raise Unreadable(
            f"{show('A', arrival_id)} came from somebody, and who that was is not there any more.",
            code="ledger.tampered",
            hint="A row of the table mandates was removed. Submit the document again.",
        )
    principal = Principal.from_json(cast("Mapping[str, JSON]", json.loads(row["principal"])))
    await sign_grant(conn, vault, chain, case_id, granting(principal, row["at"]))


async def _principal(conn: Connection, case_id: int, deployment: str) -> Principal | None:
    """Returns for whom a case acted, as they stand by now; None where it acted for nobody.

    Raises UserError (``review.again``) for one who may not act any more, and for a subject of an issuer, who has to
    show a new token.
    """
    row = await (await conn.execute(f"{_SELECT} where g.case_id = %s".encode(), (case_id,))).fetchone()
    if row is None:
        return None
    number, found = show("C", case_id), delegation(row, case_id, deployment, cast("datetime", row["now"]))
    if isinstance(found, str):
        raise _not_again(number, found, "Treat it as tampering, and submit the document anew.")
    who = found.subject
    if found.issuer:
        barred = await (
            await conn.execute(
                "select barred_by, reason from barred_subjects where issuer = %s and subject = %s", (found.issuer, who)
            )
        ).fetchone()
        if barred is not None:
            raise _not_again(
                number,
                f"{who} may not act here: barred by {barred['barred_by']}: {barred['reason']}",
                f"An operator lets them act: bridgehead user add {who} --issuer. Or finish it by hand.",
            )
        raise _not_again(
            number,
            f"{who} is of {found.issuer}, and only a new token shows what they may have done now",
            'Close it without --again, then: bridgehead submit DEPLOYMENT FILE --token-file TOKEN --again "why"',
        )
    user = await (
        await conn.execute("select groups, disabled_by, disabled_why from users where name = %s", (who,))
    ).fetchone()
    if user is None or user["disabled_by"] is not None:
        why = "no such user is left" if user is None else f"disabled by {user['disabled_by']}: {user['disabled_why']}"
        raise _not_again(
            number,
            f"{who} may not act here: {why}",
            f"An operator lets them act: bridgehead user add {who}. Or somebody else who may have it done submits it:"
            ' close it without --again, then bridgehead submit DEPLOYMENT FILE --as USER --again "why"',
        )
    return Principal(who, frozenset(user["groups"]), wrote=found.wrote)


async def grant_again(
    conn: Connection, case_id: int, deployment: str, release: str, granting: Granting | None
) -> Delegation | None:
    """Returns what a case that is opened again may do, of what its user may have done by now; None: it had none.

    Raises UserError (``review.again``) where nothing says what that is, for one who may have nothing done, and as
    ``_principal`` does.
    """
    principal = await _principal(conn, case_id, deployment)
    if principal is None:
        return None
    number, who = show("C", case_id), principal.subject
    if granting is None:
        raise _not_again(
            number,
            f"it acted for {who}, and no bridgehead.yaml is here that says what they may have done",
            "Go to the deployment's folder (cd), or name it with --folder.",
        )
    row = await (await conn.execute("select bridgehead_now() as at")).fetchone()
    made = granting(principal, cast("Mapping[str, datetime]", row)["at"])
    if not made.tools:
        raise _not_again(
            number,
            f"{who} has no right there (groups: {', '.join(sorted(principal.groups)) or 'none'})",
            "An operator gives them one under `rights`, or puts them into a group that has one.",
        )
    return replace(made, release=release)


async def sign_grant(conn: Connection, vault: Vault, chain: Chain, case_id: CaseId, made: Delegation) -> None:
    """Signs the grant of a case and puts it on its chain, in the transaction that opens the case."""
    grant = replace(made, id=show("G", case_id))
    mine = await current_signer(conn, vault)
    token = mine.sign(grant.claims())
    await conn.execute(
        "insert into grants (case_id, subject, issuer, kid, token, expires_at) values (%s, %s, %s, %s, %s, %s)",
        (case_id, grant.subject, grant.issuer, mine.kid, token, grant.expires_at),
    )
    await chain.append("grant.made", _said(grant), _committed(token))


def _not_again(number: str, why: str, hint: str) -> UserError:
    return UserError(f"{number} is not opened again: {why}", code="review.again", hint=hint)


def delegation(row: Mapping[str, object], case_id: int, deployment: str, now: datetime) -> Delegation | str:
    """Returns what a stored grant says, or why it does not count. ``row``: token, kid and public."""
    try:
        claims = verified(
            str(row["token"]),
            {str(row["kid"]): bytes(cast("bytes", row["public"]))},
            audience=deployment,
            grant_id=show("G", case_id),
            now=now,
            skew_s=SKEW_S,
        )
        return Delegation.from_claims(claims)
    except BadGrant as error:
        return error.message
    except ValueError as error:
        return f"a grant's token has no form this version knows: {error}"


_CURRENT: Final = b"select kid, wrapped, sealed, commitment from signing_keys where retired_at is null"
_SELECT: Final = (
    "select g.*, k.public, c.deployment, c.state, bridgehead_now() as now, r.revoked_by, r.revoked_at, r.reason"
    " from grants g join signing_keys k on k.kid = g.kid join cases c on c.id = g.case_id"
    " left join revocations r on r.case_id = g.case_id"
)


def _found(row: Mapping[str, object]) -> Found:
    case_id, deployment = cast("int", row["case_id"]), str(row["deployment"])
    now = cast("datetime", row["now"])
    made = delegation(row, case_id, deployment, now)
    grant, fault = (None, made) if isinstance(made, str) else (made, "")
    return Found(
        case_id=case_id,
        subject=str(row["subject"]),
        issuer=str(row["issuer"]),
        deployment=deployment,
        state=str(row["state"]),
        narrowed=cast("int", row["narrowed"]),
        grant=grant,
        fault=fault,
        expires_at=cast("datetime", row["expires_at"]),
        expired=cast("datetime", row["expires_at"]) <= now,
        revoked_by=cast("str | None", row["revoked_by"]),
        revoked_at=cast("datetime | None", row["revoked_at"]),
        reason=cast("str | None", row["reason"]),
    )


def _committed(token: str) -> dict[str, bytes]:
    """Returns what the ledger vouches for of a token without holding it."""
    return {"token": hashlib.sha256(token.encode()).digest()}


def _said(grant: Delegation) -> dict[str, JSON]:
    """Returns what the ledger says of a grant: what it reaches and for whom, and no token."""
    return {
        "grant": grant.id,
        "subject": grant.subject,
        "issuer": grant.issuer,
        "audience": grant.audience,
        "release": grant.release,
        "tools": sorted(grant.tools),
        "groups": sorted(grant.groups),
        "scopes": sorted(grant.scopes),
        "limit": None if grant.limit is None else str(grant.limit),
        "expires_at": grant.expires_at.isoformat(),
    }
