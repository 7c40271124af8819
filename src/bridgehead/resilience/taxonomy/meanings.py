"""What each error class means, in one sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bridgehead.errors import ErrorClass

MEANINGS: Final[Mapping[ErrorClass, str]] = MappingProxyType(
    {
        "transient": "The target failed in a way that passes by itself.",
        "throttled": "The target, or a limit of ours in front of it, asks for fewer calls.",
        "timeout": "No answer came within the time allowed.",
        "dependency_down": "The target cannot be reached, or says that it is out of service.",
        "auth_expired": "The target does not know the credentials, or not any more.",
        "forbidden": "The target knows the credentials, and they may not do this.",
        "not_found": "What was asked for is not there.",
        "conflict": "Something else is there already, or has changed since it was read.",
        "invalid_input": "The target refuses what it was sent, whoever sends it and whenever.",
        "invalid_output": "An answer came, and it is not what was agreed.",
        "refused_by_model": "The model, or a filter around it, declined to answer.",
        "context_overflow": "The conversation does not fit the model.",
        "policy_denied": "The gate or a person said no to the call.",
        "budget_exhausted": "A limit on steps, money or the provider's account is used up.",
        "stale_fact": "A value that the call rests on is older than it may be, and could not be read again.",
        "out_of_scope": "The case is none of the kind that this deployment handles.",
        "diverged": "A replay of the agent did not reach what had been recorded.",
        "unknown_effect": "Nobody knows yet whether a write happened.",
        "deadline": "The case's deadline passed before it was done.",
        "bug": "Code raised something that nobody foresaw.",
    }
)
