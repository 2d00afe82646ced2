"""The user's own cleaning rules: image wrappers in the configuration, link rules in a file."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from aggregator.config.fields import HostGlob, Id, Regex, regex
from aggregator.core.settings import LinkRule, WrapperRule

_LARGEST_RULES = 5_000_000  # bytes of a rules file; the public one has 100 kB


def _place(text: str) -> str:
    kind, _, rest = text.partition(":")
    if kind == "query" and re.fullmatch(r"[\w.\[\]|\-]{1,200}", rest):
        return text
    if kind in ("path", "whole") and rest:
        if "url" in re.compile(regex(rest)).groupindex:
            return text
        raise ValueError("has an expression without its group: (?P<url>...)")
    if text in ("rawquery", "fragment"):
        return text
    raise ValueError(
        "must be query:NAME, rawquery, fragment, or path:REGEX or whole:REGEX with a group (?P<url>...)"
    )


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class WrapperModel(BaseModel):
    """An image proxy of your own, or one that no built-in rule knows."""

    model_config = ConfigDict(extra="forbid")

    id: Id = Field(
        default="", description="name shown by `aggregator try image`; made of the host if left out"
    )
    hosts: Annotated[
        tuple[HostGlob, ...], BeforeValidator(_one_or_more), Field(min_length=1, max_length=100)
    ] = Field(
        validation_alias=AliasChoices("hosts", "host"),
        description="one host or a list; `*` for any part",
    )
    like: str = Field(
        default="",
        validation_alias=AliasChoices("like", "type"),
        max_length=100,
        description="works like this built-in rule; then `at` is not needed",
    )
    at: Annotated[str, Field(max_length=1000), AfterValidator(_place)] = Field(
        default="",
        description="where the inner address stands: `query:NAME`, `path:REGEX` or `whole:REGEX` (path and query) with a group `(?P<url>…)`, `rawquery` or `fragment`",
    )
    path: Regex = Field(default="", description="the rule holds only where the path matches")
    needs: Regex = Field(default="", description="the rule holds only where the query matches")
    marks: Annotated[tuple[str, ...], BeforeValidator(_one_or_more), Field(max_length=20)] = Field(
        default=(), description="the rule holds only where the address has one of these in it"
    )
    coding: Literal["auto", "percent", "base64", "hex", "none"] = Field(
        default="auto", description="how the inner address is written"
    )
    scheme: Literal["https", "http", "keep"] = Field(
        default="https", description="what an inner address without a scheme gets"
    )
    relative: bool = Field(default=False, description="an inner path belongs to the same host")
    query: Literal["drop", "plain", "keep"] = Field(
        default="drop", description="whether the outer query belongs to the inner address"
    )
    carry: str = Field(
        default="", max_length=100, description="the parameter that holds the inner query"
    )
    kind: Literal["relay", "optimiser", "mirror", "archive", "opaque"] = Field(
        default="relay", description="what sort of wrapper it is"
    )

    @model_validator(mode="after")
    def check_place(self) -> Self:
        """Want either `like` or `at`."""
        if not self.like and not self.at:
            raise ValueError("needs like: (a built-in rule) or at: (where the address stands)")
        return self

    def rule(self) -> WrapperRule:
        """Return the rule as cleaning takes it."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        values["id"] = self.id or "own-" + re.sub(r"[^\w.]+", "", self.hosts[0])
        return WrapperRule(**values)


class _Provider(BaseModel):
    """One provider of a rules file in the form of ClearURLs."""

    pattern: Regex = Field(alias="urlPattern")
    names: tuple[Regex, ...] = Field(default=(), alias="rules")
    cuts: tuple[Regex, ...] = Field(default=(), alias="rawRules")
    opens: tuple[Regex, ...] = Field(default=(), alias="redirections")
    exceptions: tuple[Regex, ...] = ()


class _RulesFile(BaseModel):
    providers: dict[str, _Provider]


def read_link_rules(path: Path) -> tuple[LinkRule, ...]:
    """Read a rules file in the form of ClearURLs; ValueError says what is wrong with it."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_RULES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {path}: {error.strerror}") from None
    if len(content) > _LARGEST_RULES:
        raise ValueError(f"is too large: {path}: {_LARGEST_RULES} bytes at most")
    try:
        read = _RulesFile.model_validate(json.loads(content))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"is no rules file: {path}: {place}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is no rules file: {path}: {error}") from None
    return tuple(
        LinkRule(id=name, **{key: getattr(provider, key) for key in _Provider.model_fields})
        for name, provider in read.providers.items()
    )
