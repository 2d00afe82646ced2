"""Jobs run side by side, or one alone."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from aggregator.workers.gate import Gate


@given(st.lists(st.booleans(), max_size=20))
def test_what_wants_to_be_alone_is_alone_and_all_get_their_turn(wishes: list[bool]) -> None:
    inside: list[bool] = []
    done: list[bool] = []

    async def job(gate: Gate, *, alone: bool) -> None:
        async with gate.passed(alone=alone):
            inside.append(alone)
            assert len(inside) == 1 or True not in inside
            await asyncio.sleep(0)
            inside.remove(alone)
            done.append(alone)

    async def run() -> None:
        gate = Gate()
        await asyncio.gather(*(job(gate, alone=one) for one in wishes))

    asyncio.run(run())
    assert sorted(done) == sorted(wishes)


def test_a_job_that_is_cancelled_while_it_waits_holds_nothing() -> None:
    async def run() -> None:
        gate = Gate()

        async def enter() -> None:
            async with gate.passed(alone=True):
                raise AssertionError("it was not its turn")

        async with gate.passed(alone=False):
            waiting = asyncio.create_task(enter())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with gate.passed(alone=False), gate.passed(alone=False):
            pass

    asyncio.run(run())
