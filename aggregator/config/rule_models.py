"""The schema of the user's cleaning rules: image wrappers in the configuration, link rule files."""

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

_MAX_RULES_BYTES = 5_000_000  # of a rules file; the public one has 100 kB


def _wrapper_location(text: str) -> str:
    kind, _, rest = text.partition(":")
    if kind == "query" and re.fullmatch(r"[\w.\[\]|\-]{1,200}", rest):
        return text
    if kind in ("path", "whole") and rest:
        if "url" in re.compile(regex(rest)).groupindex:
            return text
        raise ValueError("needs a group (?P<url>...) in its expression")
    if text in ("rawquery", "fragment"):
        return text
    raise ValueError(
        "must be query:NAME, rawquery, fragment, or path:REGEX or whole:REGEX with a group (?P<url>...)"
    )


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class WrapperModel(BaseModel):
    """The rule of an image proxy that no built-in rule covers."""

    model_config = ConfigDict(extra="forbid")

    id: Id = Field(
        default="", description="name shown by `aggregator try image`; default: made of the host"
    )
    hosts: Annotated[
        tuple[HostGlob, ...], BeforeValidator(_one_or_more), Field(min_length=1, max_length=100)
    ] = Field(
        validation_alias=AliasChoices("hosts", "host"),
        description="one host or a list; `*` matches any part",
    )
    like: str = Field(
        default="",
        validation_alias=AliasChoices("like", "type"),
        max_length=100,
        description="copies this built-in rule; `at` is then not needed",
    )
    at: Annotated[str, Field(max_length=1000), AfterValidator(_wrapper_location)] = Field(
        default="",
        description="where the inner URL is: `query:NAME`, `path:REGEX` or `whole:REGEX` (path and query) with a group `(?P<url>…)`, `rawquery` or `fragment`",
    )
    path: Regex = Field(default="", description="the rule applies only if the path matches")
    needs: Regex = Field(default="", description="the rule applies only if the query matches")
    marks: Annotated[tuple[str, ...], BeforeValidator(_one_or_more), Field(max_length=20)] = Field(
        default=(), description="the rule applies only if the URL contains one of these"
    )
    coding: Literal["auto", "percent", "base64", "hex", "none"] = Field(
        default="auto", description="how the inner URL is encoded"
    )
    scheme: Literal["https", "http", "keep"] = Field(
        default="https", description="the scheme of an inner URL without one"
    )
    relative: bool = Field(default=False, description="an inner path is on the same host")
    query: Literal["drop", "plain", "keep"] = Field(
        default="drop", description="whether the outer query belongs to the inner URL"
    )
    carry: str = Field(
        default="", max_length=100, description="the parameter that contains the inner query"
    )
    kind: Literal["relay", "optimiser", "mirror", "archive", "opaque"] = Field(
        default="relay", description="the kind of wrapper"
    )

    @model_validator(mode="after")
    def check_place(self) -> Self:
        """Require `like` or `at`."""
        if not self.like and not self.at:
            raise ValueError("needs like: (a built-in rule) or at: (where the inner URL is)")
        return self

    def rule(self) -> WrapperRule:
        """Return the rule for cleaning."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        values["id"] = self.id or "own-" + re.sub(r"[^\w.]+", "", self.hosts[0])
        return WrapperRule(**values)


class _Provider(BaseModel):
    """One provider of a rules file in ClearURLs format."""

    pattern: Regex = Field(alias="urlPattern")
    names: tuple[Regex, ...] = Field(default=(), alias="rules")
    cuts: tuple[Regex, ...] = Field(default=(), alias="rawRules")
    opens: tuple[Regex, ...] = Field(default=(), alias="redirections")
    exceptions: tuple[Regex, ...] = ()


class _RulesFile(BaseModel):
    providers: dict[str, _Provider]


def read_link_rules(path: Path) -> tuple[LinkRule, ...]:
    """Read a rules file in ClearURLs format; raise ValueError with the reason if it is invalid."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_RULES_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {path}: {error.strerror}") from None
    if len(content) > _MAX_RULES_BYTES:
        raise ValueError(f"is too large: {path}: at most {_MAX_RULES_BYTES} bytes")
    try:
        read = _RulesFile.model_validate(json.loads(content))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"is not a rules file: {path}: {place}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not a rules file: {path}: {error}") from None
    return tuple(
        LinkRule(id=name, **{key: getattr(provider, key) for key in _Provider.model_fields})
        for name, provider in read.providers.items()
    )
