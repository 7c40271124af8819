"""The bank's tools as a deployment declares them: what they do, what is sensitive, who vouches for which field.

Who paid what to whom is the bank's own record; what people wrote beside it is not, and neither is a file.
"""

from typing import Any

from bench.agentdojo.desk import act, playing, reader
from bridgehead import irreversible, read

__all__ = ["agent", "reader"]

OWN = "system_of_record confidential"
BOOKED = {"*": OWN, "*.subject": "untrusted confidential"}


@read(labels={"*": OWN})
async def get_iban(place: str) -> str:
    return await act(place, "get_iban")


@read(labels={"*": OWN})
async def get_balance(place: str) -> float:
    return await act(place, "get_balance")


@read(labels={"*": OWN})
async def get_user_info(place: str) -> dict[str, Any]:
    return await act(place, "get_user_info")


@read(labels=BOOKED)
async def get_most_recent_transactions(place: str, n: int = 100) -> list[dict[str, Any]]:
    return await act(place, "get_most_recent_transactions", n=n)


@read(labels=BOOKED)
async def get_scheduled_transactions(place: str) -> list[dict[str, Any]]:
    return await act(place, "get_scheduled_transactions")


@read(labels={"*": "untrusted"})
async def read_file(place: str, file_path: str) -> str:
    return await act(place, "read_file", file_path=file_path)


@irreversible(sensitive=("place", "recipient"))
async def send_money(place: str, recipient: str, amount: float, subject: str, date: str) -> dict[str, Any]:
    return await act(place, "send_money", recipient=recipient, amount=amount, subject=subject, date=date)


@irreversible(sensitive=("place", "recipient"))
async def schedule_transaction(
    place: str, recipient: str, amount: float, subject: str, date: str, recurring: bool
) -> dict[str, Any]:
    return await act(
        place, "schedule_transaction", recipient=recipient, amount=amount, subject=subject, date=date,
        recurring=recurring,
    )  # fmt: skip


@irreversible(sensitive=("place", "id", "recipient"))
async def update_scheduled_transaction(
    place: str,
    id: int,  # noqa: A002  # the name that the bank gives it
    recipient: str | None = None,
    amount: float | None = None,
    subject: str | None = None,
    date: str | None = None,
    recurring: bool | None = None,
) -> dict[str, Any]:
    return await act(
        place, "update_scheduled_transaction", id=id, recipient=recipient, amount=amount, subject=subject, date=date,
        recurring=recurring,
    )  # fmt: skip


@irreversible(sensitive=("place", "password"))
async def update_password(place: str, password: str) -> dict[str, Any]:
    return await act(place, "update_password", password=password)


@irreversible(sensitive=("place", "first_name", "last_name", "street", "city"))
async def update_user_info(
    place: str,
    first_name: str | None = None,
    last_name: str | None = None,
    street: str | None = None,
    city: str | None = None,
) -> dict[str, Any]:
    return await act(place, "update_user_info", first_name=first_name, last_name=last_name, street=street, city=city)


TYPES = {
    "transfers": r"\b(pay the|refund|send|transfer)\b",
    "standing": r"\b(recurring|scheduled transaction|standing orders?|rent|landlord\S*)\b",
    "account": r"\b(account information|password)\b",
}
"""Which kind of work a request is, by the words of the user; several kinds together are ``all``, none ``enquiries``."""
TOOLS = {name: tool for name, tool in globals().items() if name.startswith(("get_", "read_", "send_", "sched", "upd"))}
agent = playing(TOOLS)
