"""A round: many sources gathered concurrently."""

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from aggregator.core.arrivals import Arrivals
from aggregator.core.model import Source, SourceState
from aggregator.core.report import SourceReport
from aggregator.gather.gatherer import Gatherer, Outlook, Unanswered
from aggregator.gather.network import Network
from aggregator.text import urls

if TYPE_CHECKING:
    from aggregator.gather.articles.article_gatherer import ArticleGatherer

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

    async def start(
        self, *, force: bool, outlook: Outlook | None = None
    ) -> Arrivals[Source, SourceReport]:
        """Start gathering, a bounded number of sources at a time, and of one host a share of it.

        `outlook` is what is known of the sources, if it was read already.
        """
        known = outlook or await self._gatherer.outlook(self._sources)

        async def _gather(source: Source) -> SourceReport:
            state = known.states.get(source.identity, SourceState())
            return await self._gatherer.gather(
                source, state, known.waits, force=force, defer=self._unanswered.append
            )

        return Arrivals(
            known.order,
            _gather,
            most=_MAX_OPEN_SOURCES,
            key=lambda source: urls.host(source.url),
            most_of_key=_MAX_OPEN_SOURCES_OF_HOST,
            then=self._articles.take if self._articles else None,
        )

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
        now = asyncio.get_running_loop().time()
        if self._network.judge(reached, failed, now, at_once=at_once) == "book":
            await self._gatherer.book(self._unanswered)
            return dict(reports)
        unbooked = {id_: dataclasses.replace(reports[id_], unbooked=True) for id_ in silent}
        return {**reports, **unbooked}
