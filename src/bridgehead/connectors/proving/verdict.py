"""What the proof of a connector says: one verdict for each behaviour of each read and action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

State = Literal["proved", "not proved", "not applicable"]

BEHAVIOURS: Final[Mapping[str, str]] = {
    "recorded": "What was recorded is still mapped to the same result",
    "promises": "Key, age, labels and hosts promise what they did when it was recorded",
    "personal_data": "What looks personal carries a label",
    "expired_token": "A refused credential is renewed once; refused again, it is auth_expired",
    "forbidden": "A refused right is forbidden, and is not asked for again",
    "throttled": "What the system asks to wait is waited, and everybody is told",
    "server_error": "An error of the system: a read is asked again, a write is not sent again",
    "timeout": "No answer: the call ends in its time",
    "no_connection": "Without a connection nothing was done, and that is known",
    "cut_answer": "An answer that breaks off is none",
    "not_json": "A page for people is no answer",
    "renamed_field": "A field that is gone is named",
    "changed_type": "A value of another type is named",
    "not_whole": "A list that is not whole is an error, never a short list",
    "stale": "An answer that is too old is asked for again once, then refused",
    "second_record": "Two records of one key are an error",
    "elsewhere": "No other host is reached, whatever an answer says",
    "lost_reply": "A write whose reply is lost is read back, and not sent again",
    "repeated": "What is there already is not written again",
    "other_content": "The same key with other content is a conflict, and nothing is sent",
    "compare_and_set": "What was changed meanwhile is not overwritten",
    "lookup_down": "Nothing is written while looking first is impossible",
    "needs": "Without what it has to read first, it does nothing",
    "unfinished": "What is half done is finished, and not begun again",
    "undo": "It can be taken back",
}
"""Every behaviour that is tested, and what it promises."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one behaviour of one read or action is proved; ``why`` it is not, and what to do (``hint``)."""

    tool: str
    behaviour: str
    state: State
    why: str = ""
    hint: str = ""
    allowed: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """The verdicts on one connector."""

    connector: str
    reads: Sequence[str]
    actions: Sequence[str]
    verdicts: Sequence[Verdict]

    @property
    def open(self) -> list[Verdict]:
        """What is not proved and was not allowed to be."""
        return [one for one in self.verdicts if one.state == "not proved" and not one.allowed]

    @property
    def proved(self) -> bool:
        """True when everything that applies is proved, or was allowed not to be."""
        return not self.open
