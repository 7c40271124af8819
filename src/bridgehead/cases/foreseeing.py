"""What an undo would do, before it does it: as its plan will go through the effects, and without writing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridgehead.cases.undo_ports import Done, UndoPlan
from bridgehead.cases.undoing import Looked, Undoing
from bridgehead.effects.undoing import HARMLESS, WHY, Left, hindrance
from bridgehead.ids import show
from bridgehead.spec.tool import Tool


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One effect of a scope, and why it would not be undone (None: it would).

    ``under`` is the plan that has it already. ``blind`` says why an edit since could not be seen. ``after`` are later
    effects that are taken back first and may have changed its record: only then can it be seen whether a person has.
    ``hangs`` are later ones, of its case or about its thing, of which that is so: where one is left, so is this.
    ``looked`` is False where its record was not read back, for want of the code: whether it is undone is not known.
    """

    done: Done
    why: Left | None
    told: str = ""
    blind: str = ""
    under: int | None = None
    after: tuple[int, ...] = ()
    hangs: tuple[int, ...] = ()
    looked: bool = True

    @property
    def going(self) -> bool:
        """Whether an undo takes it up: it is undone, unless its record turns out to be changed."""
        return self.why is None and self.under is None

    @property
    def depending(self) -> bool:
        """Whether it can only be seen once later ones are taken back whether it is undone."""
        return self.going and bool(self.after or self.hangs)


async def foresee(effects: Sequence[Done], undoing: Undoing | None, *, by: str, unchecked: bool) -> list[Foreseen]:
    """Returns what would become of effects, the last one first; ``undoing`` None: only what declarations tell."""
    found: list[Foreseen] = []
    for done in effects:
        if done.state == "undone" or done.under is not None:
            found.append(Foreseen(done, None, under=done.under or 0))
            continue
        later = [one for one in found if one.under is None and one.done.meets(done)]
        if any(one.why is not None and one.why not in HARMLESS for one in later):
            declared = _declared(done) if undoing is None else undoing.hindrance(done)
            found.append(Foreseen(done, declared or "later"))
        else:
            found.append(await _alone(done, undoing, found, by=by, unchecked=unchecked))
    return found


async def _alone(
    done: Done, undoing: Undoing | None, before: Sequence[Foreseen], *, by: str, unchecked: bool
) -> Foreseen:
    """Returns what would become of an effect that nothing taken back before it keeps from being undone."""
    if undoing is None:
        why = _declared(done)
        return Foreseen(done, why, looked=why is not None)
    looked = await undoing.foreseen(done, by=by, unchecked=unchecked)
    first = tuple(one.done.effect_id for one in before if one.going and may_have_done(looked, done, one.done))
    hangs = tuple(one.done.effect_id for one in before if one.depending and one.done.meets(done))
    why = None if first else looked.why
    return Foreseen(done, why, looked.text, looked.blind, after=first, hangs=hangs)


def may_have_done(looked: Looked, done: Done, later: Done) -> bool:
    """Whether a later effect may have made a record differ from how an earlier one left it.

    It may have where the record is as it was read back after the later one, but for fields that only repeat an
    argument; keys need not tell that the two are about one record. Where no record is there to compare, it may if they
    are of one case or about one thing.
    """
    if looked.why not in ("changed", "gone"):
        return False
    if not looked.now or not later.image:
        return later.meets(done)
    common = looked.now.keys() & later.image.keys()
    telling = set(looked.fields) | (common - done.args.keys() - later.args.keys())
    return common >= telling and all(looked.now[name] == later.image[name] for name in telling)


def _declared(done: Done) -> Left | None:
    """Returns why an effect cannot be undone as far as its own release tells."""
    if done.unreadable:
        return "unreadable"
    named = done.then.get("key")
    key = tuple(map(str, named)) if isinstance(named, list) else None
    return hindrance(
        done.state, done.then, Tool(done.tool, "reversible", key=key, has_undo=bool(done.then.get("has_undo")))
    )


def differences(found: Sequence[Foreseen], plan: UndoPlan) -> list[tuple[int, str]]:
    """Returns the effects of which something else became than was shown, each with a sentence that says why."""
    shown = {one.done.effect_id: one for one in found}
    told: list[tuple[int, str]] = []
    for item in plan.items:
        one = shown.pop(item.done.effect_id, None)
        became = "undone" if item.state == "undone" else f"left: {WHY.get(item.why, item.why)}"  # type: ignore[call-overload]  # a word of WHY
        message = None if item.detail is None else item.detail.get("message")
        more = f" ({message})" if item.state == "left" and message else ""
        if item.state not in ("undone", "left"):
            continue
        if one is None:
            told.append(
                (item.done.effect_id, f"it was not shown, its case did it until it was stopped; {became}{more}")
            )
        elif one.going and item.state == "left":
            told.append((item.done.effect_id, f"it was to be undone and is {became}{more}"))
        elif not one.going and item.state == "undone":
            told.append(
                (
                    item.done.effect_id,
                    f"it was to be left ({WHY[one.why] if one.why else 'undone already'}) and is undone",
                )
            )
    taken = f"somebody else took it up meanwhile; {show('U', plan.id)} has left it alone"
    told += [(one.done.effect_id, taken) for one in shown.values() if one.under is None]
    return sorted(told)
