"""A round: many sources gathered concurrently."""

import asyncio
import dataclasses
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator.core.arrivals import Arrivals
from aggregator.core.model import Source, SourceState
from aggregator.core.report import SourceReport
from aggregator.gather import schedule
from aggregator.gather.gatherer import Gatherer, Unanswered
from aggregator.gather.network import Network
from aggregator.text import urls

if TYPE_CHECKING:
    from aggregator.gather.articles.article_gatherer import ArticleGatherer

Known = tuple[Mapping[str, SourceState], Mapping[str, datetime]]

_MAX_OPEN_SOURCES = 256  # bounds the documents that wait to be parsed
_MAX_OPEN_SOURCES_OF_HOST = 32  # so that a slow host with many sources does not hold up the others
_AT_ONCE_SECONDS = 1.0  # a lookup or connection that fails faster was not tried on the network


class Round:
    """Gathers sources, and decides at its end what fetches without an answer mean."""

    def __init__(
        self,
        sources: Sequence[Source],
        gatherer: Gatherer,
        network: Network,
        articles: "ArticleGatherer | None",
    ) -> None:
        self._sources = sources
        self._gatherer = gatherer
        self._network = network
        self._articles = articles
        self._unanswered: list[Unanswered] = []

    async def start(self, *, force: bool, known: Known | None = None) -> Arrivals[SourceReport]:
        """Start gathering, a bounded number of sources at a time, and of one host a share of it.

        `known` are the states of the sources and the waits of their hosts, if they are read already.
        """
        if known is None:
            states = await self._gatherer.states()
            known = (states, self._gatherer.waits(states))
        states, waits = known
        slots = asyncio.Semaphore(_MAX_OPEN_SOURCES)
        shares = defaultdict[str, asyncio.Semaphore](
            lambda: asyncio.Semaphore(_MAX_OPEN_SOURCES_OF_HOST)
        )

        async def _gather(source: Source) -> SourceReport:
            async with shares[urls.host(source.url)], slots:
                state = states.get(source.identity, SourceState())
                report = await self._gatherer.gather(
                    source, state, waits, force=force, defer=self._unanswered.append
                )
            if self._articles:
                await self._articles.take(source)
            return report

        return Arrivals(_gather(one) for one in schedule.fetch_order(self._sources, states))

    async def finish(self, reports: Mapping[str, SourceReport]) -> dict[str, SourceReport]:
        """Save the states of all sources; return the final report of each.

        Fetches without an answer count against their sources, unless our own network is down.
        """
        await self._gatherer.buffer.flush()
        silent = {one.source.id for one in self._unanswered}
        asked = [one for one in self._sources if one.kind == "feed" and reports[one.id].seconds]
        reached = {
            urls.host(one.url)
            for one in asked
            if one.id not in silent and not reports[one.id].unsaved
        }
        failed = {urls.host(one.source.url) for one in self._unanswered} - reached
        seconds = (reports[id_].seconds for id_ in silent)
        at_once = all(one < _AT_ONCE_SECONDS for one in seconds)
        if self._network.judge(reached, failed, time.monotonic(), at_once=at_once) == "book":
            await self._gatherer.book(self._unanswered)
            return dict(reports)
        unbooked = {id_: dataclasses.replace(reports[id_], unbooked=True) for id_ in silent}
        return {**reports, **unbooked}
