"""The floor: the same bytes in one table, all that wait in one commit, and no runtime: ``EFFECTS URL``.

Each step is one row. The last ``EFFECTS`` steps of a case commit twice, as an effect must: the intent before the
call, the result after it. A step waits for its commit, and one connection writes what all cases wait for together.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from itertools import count

from psycopg import AsyncConnection

from bench.rivals.serving import STEPS, Clock, payload, serve

EFFECTS, URL = int(sys.argv[1]), sys.argv[2]
CASES = count()
TABLE = "create table if not exists steps (case_id bigint, seq integer, payload bytea, primary key (case_id, seq))"
WRITE = (
    "insert into steps select * from unnest(%b::bigint[], %b::integer[], %b::bytea[])"
    " on conflict (case_id, seq) do update set payload = excluded.payload"
)


class Writer:
    """Writes what waits, all of it in one commit, and starts again."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._waiting: list[tuple[int, int, bytes, asyncio.Future[None]]] = []
        self._some = asyncio.Event()

    async def put(self, case: int, seq: int, stored: bytes) -> None:
        """Returns once a row is committed."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((case, seq, stored, done))
        self._some.set()
        await done

    async def run(self) -> None:
        """Writes until it is cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            batch, self._waiting = self._waiting, []
            columns = [list(column) for column in zip(*(row[:3] for row in batch), strict=True)]
            await self._connection.execute(WRITE, columns, prepare=True)
            for *_, done in batch:
                done.set_result(None)


async def _case(writer: Writer, clock: Clock, number: int) -> None:
    case = next(CASES)
    for step in range(STEPS):
        clock.mark(number)
        if step >= STEPS - EFFECTS:
            await writer.put(case, step, b"intended")
        await writer.put(case, step, payload(number, step).encode())
    clock.mark(number)


async def run(cases: int, concurrency: int) -> Mapping[str, object]:
    async with await AsyncConnection.connect(URL, autocommit=True) as connection:
        await connection.execute(TABLE)
        writer, clock = Writer(connection), Clock()
        writing = asyncio.create_task(writer.run())
        await asyncio.gather(*(_case(writer, clock, -1 - index) for index in range(concurrency)))
        clock.warm()
        numbers = iter(range(cases))

        async def slot() -> None:
            for number in numbers:
                await _case(writer, clock, number)

        await asyncio.gather(*(slot() for _ in range(concurrency)))
        answer = clock.stop()
        writing.cancel()
        return answer


def main() -> None:
    with asyncio.Runner() as runner:
        serve(lambda cases, concurrency: runner.run(run(cases, concurrency)), ("psycopg",))


if __name__ == "__main__":
    main()
