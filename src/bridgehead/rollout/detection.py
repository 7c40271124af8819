"""How good a check is, from what people say of a part of what it looked at. Pure.

Of what a check finds wrong people see everything, of what it lets pass they see a sample. Counting only what is
labelled would overstate what is caught, so each part is weighed by how often it occurs (C. Begg, R. Greenes,
"Assessment of diagnostic tests when disease verification is subject to selection bias", Biometrics 39, 1983). It
rests on one thing: within what passed, and within what did not, the labelled ones are like the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridgehead.rollout.agreement import flatten, plain
from bridgehead.rollout.binomial import CONFIDENCE, interval
from bridgehead.spec.tool import JSON


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing a check looked at. ``right``: whether it was right, None where nobody has said.

    ``said`` is False where the check could not say anything: that counts for neither rate.
    """

    passed: bool
    said: bool = True
    right: bool | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with the bounds in which it lies."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Detection:
    """What one check came to. ``found_*`` are of what it found wrong, ``passed_*`` of what it let pass.

    ``catches`` is the share of what is wrong that it finds, ``false_alarms`` the share of what is right that it finds
    wrong all the same; None as long as that cannot be said, ``missing`` then says what it takes.
    """

    found: int
    passed: int
    silent: int
    found_wrong: int
    found_right: int
    passed_wrong: int
    passed_right: int

    @property
    def labelled(self) -> int:
        """Verdicts of which somebody has said whether what was checked was right."""
        return self.found_wrong + self.found_right + self.passed_wrong + self.passed_right

    @property
    def missing(self) -> str:
        """Returns what it takes before both rates can be said; empty when they can."""
        parts = []
        if self.found and not self.found_wrong + self.found_right:
            parts.append("of what it found wrong")
        if self.passed and not self.passed_wrong + self.passed_right:
            parts.append("of what it let pass")
        if not self.found + self.passed:
            return "it has said nothing yet"
        return f"nothing is labelled {' and '.join(parts)}" if parts else ""

    @property
    def catches(self) -> Rate | None:
        """The share of what is wrong that the check finds; None without data, or as long as nothing was wrong."""
        return self._rate(self.found_wrong, self.passed_wrong)

    @property
    def false_alarms(self) -> Rate | None:
        """The share of what is right that the check finds wrong; None without data, or as long as nothing was right."""
        return self._rate(self.found_right, self.passed_right)

    def _rate(self, found: int, passed: int) -> Rate | None:
        """Returns the share of one kind (wrong, or right) that was found wrong; the arguments are its labelled ones.

        With everything labelled it is a plain binomial share. Else three shares are behind it: how much is found
        wrong, and how much of the kind there is in what was and what was not. The rate grows with the first two and
        falls with the third, so bounds of all three that hold together bound it.
        """
        if self.missing or found + passed == 0:
            return None
        if self.labelled == self.found + self.passed:
            return Rate(found / (found + passed), *interval(found, found + passed))
        each = 1 - (1 - CONFIDENCE) / 3
        share = self.found / (self.found + self.passed)
        low, high = interval(self.found, self.found + self.passed, each)
        of_found, of_passed = self.found_wrong + self.found_right, self.passed_wrong + self.passed_right
        kind_found = found / of_found if of_found else 0.0
        kind_passed = passed / of_passed if of_passed else 0.0
        found_low, found_high = interval(found, of_found, each)
        passed_low, passed_high = interval(passed, of_passed, each)
        return Rate(
            _weighed(share, kind_found, kind_passed),
            _weighed(low, found_low, passed_high),
            _weighed(high, found_high, passed_low),
        )


def detection(verdicts: Sequence[Verdict]) -> Detection:
    """Counts what one check said, and what people said of that."""
    said = [one for one in verdicts if one.said]
    found, passed = [one for one in said if not one.passed], [one for one in said if one.passed]
    return Detection(
        found=len(found),
        passed=len(passed),
        silent=len(verdicts) - len(said),
        found_wrong=sum(one.right is False for one in found),
        found_right=sum(one.right is True for one in found),
        passed_wrong=sum(one.right is False for one in passed),
        passed_right=sum(one.right is True for one in passed),
    )


def by_answer(proposed: JSON, answer: JSON) -> bool | None:
    """Returns whether a proposed outcome was right, by the one that a person gave the case; None where it does not say.

    An answer of another form (a note, a reason) is no outcome.
    """
    if isinstance(proposed, Mapping) != isinstance(answer, Mapping):
        return None
    if isinstance(proposed, Mapping) and isinstance(answer, Mapping):
        if set(proposed) != set(answer):
            return None
    elif proposed is None or answer is None or (type(proposed) is not type(answer) and not _numbers(proposed, answer)):
        return None
    ours, theirs = flatten(proposed), flatten(answer)
    return {path: plain(value) for path, value in ours.items()} == {
        path: plain(value) for path, value in theirs.items()
    }


def _numbers(*values: JSON) -> bool:
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)


def _weighed(share: float, kind_found: float, kind_passed: float) -> float:
    found, passed = share * kind_found, (1 - share) * kind_passed
    return found / (found + passed) if found + passed else 0.0
