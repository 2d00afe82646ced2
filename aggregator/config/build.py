"""Checked models → the frozen values that the rest of the house takes."""

import dataclasses
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from aggregator.config.config import Config
from aggregator.config.fields import web_address
from aggregator.config.models import ConfigModel, FeedModel, SourceModel
from aggregator.config.problems import Problem
from aggregator.config.rules import read_link_rules
from aggregator.config.sections import ImagesModel, StoriesModel
from aggregator.core.model import Source
from aggregator.core.settings import (
    CleanOptions,
    FeedSpec,
    FetchSettings,
    HubSettings,
    ImageOptions,
    LinkRule,
    StorySettings,
)

_TARGETS = ("{url}", "{url_enc}", "{url_b64}", "{path}")
_DEFAULT_FEED = FeedSpec(name="merged", title="Merged news")


class _Faults(list[Problem]):
    """Problems that show only when parts are put together."""

    def note(self, error: ValueError, *where: str | int) -> None:
        """Keep an error with its place."""
        self.append(Problem(where=where, text=str(error)))


def build(model: ConfigModel, path: Path) -> tuple[Config, list[Problem]]:
    """Return the configuration of a file, and what still is wrong with it."""
    faults = _Faults()
    base = path.absolute().parent
    clean = _general(model, base, faults)
    sources = []
    for number, one in enumerate(model.sources):
        if isinstance(one, SourceModel):  # a bare address has become one by now
            options = _clean(one, number, model, clean, faults)
            sources.append(_source(one, base, options))
    config = Config(
        path=path,
        data=_place(base, model.data),
        public_url=model.public_url,
        store=model.store,
        fetch=FetchSettings(**_values(model.fetch)),
        images=clean.images,
        stories=_stories(model.stories),
        clean=clean,
        websub=HubSettings(**_values(model.websub)),
        sources=tuple(sources),
        feeds=tuple(_feed(one) for one in model.feeds) or (_DEFAULT_FEED,),
    )
    return config, faults


def _stories(model: StoriesModel) -> StorySettings:
    return StorySettings(**_values(model) | {"names": tuple(model.names.items())})


def image_options(model: ImagesModel) -> ImageOptions:
    """Return the options as cleaning takes them; ValueError for a template that cannot work."""
    if model.proxy == "rewrap":
        if not any(target in model.template for target in _TARGETS):
            raise ValueError(f"rewrap needs template: with {' or '.join(_TARGETS)} in it")
        web_address(model.template.partition("{")[0] + "x")
    values = _values(model) | {"wrappers": tuple(one.rule() for one in model.wrappers)}
    return ImageOptions(**values)


def _values(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields}


def _place(base: Path, text: str) -> Path:
    return (base / Path(text).expanduser()).resolve()


def _general(model: ConfigModel, base: Path, faults: _Faults) -> CleanOptions:
    images, links = ImageOptions(), list[LinkRule]()
    try:
        images = image_options(model.images)
    except ValueError as error:
        faults.note(error, "images", "template")
    for number, file in enumerate(model.links.rules):
        try:
            links.extend(read_link_rules(_place(base, file)))
        except ValueError as error:
            faults.note(error, "links", "rules", number)
    return CleanOptions(images=images, links=tuple(links), **_values(model.clean))


def _source(one: SourceModel, base: Path, options: CleanOptions) -> Source:
    plain = _values(one)
    for name in ("path", "images", "strip", "copyright_notice", "boilerplate"):
        del plain[name]
    return Source(
        **plain | {"headers": tuple(one.headers.items())},
        path=_place(base, one.path) if one.path else None,
        clean=options,
    )


def _clean(
    one: SourceModel, number: int, model: ConfigModel, clean: CleanOptions, faults: _Faults
) -> CleanOptions:
    """Lay what the source says over what holds for all."""
    said = one.model_fields_set & {"strip", "copyright_notice", "boilerplate"}
    options = dataclasses.replace(clean, **{name: getattr(one, name) for name in said})
    if one.images is None:
        return options
    own = {name: getattr(one.images, name) for name in one.images.model_fields_set}
    try:
        images = image_options(model.images.model_copy(update=own))
    except ValueError as error:
        faults.note(error, "sources", number, "images", "template")
        return options
    return dataclasses.replace(options, images=images)


def _feed(one: FeedModel) -> FeedSpec:
    return FeedSpec(**_values(one) | {"title": one.title or one.name})
