"""Pictures of stories for the pages: small copies of lead images, made once."""

from typing import TYPE_CHECKING

from aggregator.config import Config
from aggregator.core.ports import Clock, Fetcher, PageFetcher, Store
from aggregator.core.threads import StoreThread
from aggregator.pool import Pool

if TYPE_CHECKING:
    from aggregator.gather.pictures.picture_gatherer import PictureGatherer


def open_pictures(  # noqa: PLR0917  the parts of a pipeline, in its order
    config: Config,
    store: Store,
    pages: Fetcher | None,
    pool: Pool,
    thread: StoreThread,
    clock: Clock,
) -> "PictureGatherer | None":
    """Return what makes the pictures of the pages; None if they show none of ours."""
    if config.pages.images != "cache" or not isinstance(pages, PageFetcher):
        return None
    # not needed where pages show no pictures of ours
    from aggregator.gather.pictures.picture_files import PictureFiles  # noqa: PLC0415
    from aggregator.gather.pictures.picture_gatherer import PictureGatherer  # noqa: PLC0415

    return PictureGatherer(
        store=store,
        thread=thread,
        pages=pages,
        pool=pool,
        files=PictureFiles(config.data / "pictures"),
        sources={one.identity: one for one in config.sources},
        keep=config.stories.keep,
        clock=clock,
    )
