"""Validated models → the frozen settings that the other packages use."""

import dataclasses
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from aggregator.config.config import Config
from aggregator.config.fields import web_address
from aggregator.config.models import ConfigModel, FeedModel, SourceModel
from aggregator.config.problems import Problem
from aggregator.config.reading_sections import DigestModel
from aggregator.config.rule_models import read_link_rules
from aggregator.config.sections import (
    BackupModel,
    CategoryModel,
    FullTextModel,
    ImagesModel,
    StoriesModel,
)
from aggregator.core.model import Source
from aggregator.core.settings import (
    BackupSettings,
    CleanOptions,
    DigestSpec,
    FeedSpec,
    FetchSettings,
    FullText,
    HubSettings,
    ImageOptions,
    LinkRule,
    PageSettings,
    SearchSettings,
    StorySettings,
    TitleRule,
)

_TARGETS = ("{url}", "{url_enc}", "{url_b64}", "{path}")
_DEFAULT_FEED = FeedSpec(name="merged", title="Merged news")


class _Problems(list[Problem]):
    """Problems that appear only when the sections are combined."""

    def note(self, error: ValueError, *where: str | int) -> None:
        """Add an error with its place in the file."""
        self.append(Problem(where=where, text=str(error)))


def build(model: ConfigModel, path: Path) -> tuple[Config, list[Problem]]:
    """Return the configuration of a file, and the problems found while building it."""
    problems = _Problems()
    base = path.absolute().parent
    clean = _clean_options(model, base, problems)
    sources = []
    for number, one in enumerate(model.sources):
        if isinstance(one, SourceModel):  # `check` has turned bare URLs into models
            options = _source_clean_options(one, number, model, clean, problems)
            sources.append(_source(one, base, options, model.categories))
    config = Config(
        path=path,
        data=_absolute_path(base, model.data),
        public_url=model.public_url,
        log=model.log,
        allowed_hosts=model.allowed_hosts,
        health_feed=model.health_feed,
        store=model.store,
        fetch=FetchSettings(**_values(model.fetch)),
        images=clean.images,
        stories=_stories(model.stories),
        clean=clean,
        websub=HubSettings(**_values(model.websub)),
        pages=PageSettings(**_values(model.pages)),
        search=SearchSettings(**_values(model.search)),
        backup=_backup(model.backup, base),
        sources=tuple(sources),
        feeds=tuple(_feed(one) for one in model.feeds) or (_DEFAULT_FEED,),
    )
    return config, problems


def _stories(model: StoriesModel) -> StorySettings:
    return StorySettings(**_values(model) | {"names": tuple(model.names.items())})


def _backup(model: BackupModel, base: Path) -> BackupSettings:
    folder = str(_absolute_path(base, model.dir)) if model.dir else ""
    return BackupSettings(dir=folder, keep=model.keep)


def image_options(model: ImagesModel) -> ImageOptions:
    """Return the options for cleaning; raise ValueError for an unusable template."""
    if model.proxy == "rewrap":
        if not any(target in model.template for target in _TARGETS):
            raise ValueError(f"rewrap needs template: containing {' or '.join(_TARGETS)}")
        web_address(model.template.partition("{")[0] + "x")
    values = _values(model) | {"wrappers": tuple(one.rule() for one in model.wrappers)}
    return ImageOptions(**values)


def _values(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields}


def _absolute_path(base: Path, text: str) -> Path:
    return (base / Path(text).expanduser()).resolve()


def _clean_options(model: ConfigModel, base: Path, problems: _Problems) -> CleanOptions:
    images, links = ImageOptions(), list[LinkRule]()
    try:
        images = image_options(model.images)
    except ValueError as error:
        problems.note(error, "images", "template")
    for number, file in enumerate(model.links.rules):
        try:
            links.extend(read_link_rules(_absolute_path(base, file)))
        except ValueError as error:
            problems.note(error, "links", "rules", number)
    return CleanOptions(images=images, links=tuple(links), **_values(model.clean))


def _source(
    one: SourceModel, base: Path, options: CleanOptions, categories: Mapping[str, CategoryModel]
) -> Source:
    plain = _values(one)
    group = categories.get(one.category)
    for name in (
        "path",
        "images",
        "rewrite",
        "full_text",
        "strip",
        "copyright_notice",
        "boilerplate",
    ):
        del plain[name]
    return Source(
        **plain | {"headers": tuple(one.headers.items())},
        full_text=_full_text(one.full_text or (group.full_text if group else None), one.kind),
        path=_absolute_path(base, one.path) if one.path else None,
        clean=options,
    )


def _full_text(model: FullTextModel | None, kind: str) -> FullText | None:
    if model is None or not model.enabled or kind != "feed":
        return None
    return FullText(selector=model.selector, strip=model.strip, timeout=model.timeout)


def _source_clean_options(
    one: SourceModel, number: int, model: ConfigModel, clean: CleanOptions, problems: _Problems
) -> CleanOptions:
    """Return the general options with the source's own keys applied over them."""
    own_keys = one.model_fields_set & {"strip", "copyright_notice", "boilerplate"}
    own_values = {name: getattr(one, name) for name in own_keys}
    rules = tuple(TitleRule(match=rule.match, replace=rule.replace) for rule in one.rewrite)
    options = dataclasses.replace(clean, **own_values, rewrite=rules)
    if one.images is None:
        return options
    own = {name: getattr(one.images, name) for name in one.images.model_fields_set}
    try:
        images = image_options(model.images.model_copy(update=own))
    except ValueError as error:
        problems.note(error, "sources", number, "images", "template")
        return options
    return dataclasses.replace(options, images=images)


def _feed(one: FeedModel) -> FeedSpec:
    own = {"title": one.title or one.name, "digest": one.digest and _digest(one.digest)}
    return FeedSpec(**_values(one) | own)


def _digest(model: DigestModel) -> DigestSpec:
    at = time.fromisoformat(model.at.zfill(5))
    return DigestSpec(at=at, zone=model.zone or "UTC", day=model.day or "", top=model.top)
