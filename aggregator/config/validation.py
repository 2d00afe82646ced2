"""Validate values with pydantic, and translate its errors into our messages."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from aggregator.config.models import ConfigModel, FeedModel, SourceModel
from aggregator.config.page_models import PagesModel
from aggregator.config.problems import KeyConflictError, Problem
from aggregator.config.rule_models import WrapperModel
from aggregator.config.sections import (
    BackupModel,
    CategoryModel,
    CleanModel,
    FetchModel,
    FullTextModel,
    HubModel,
    ImagesModel,
    LinksModel,
    StoriesModel,
)
from aggregator.config.yaml_tree import Where
from aggregator.core import plugins

SECTIONS: Mapping[str, type[BaseModel]] = {
    "fetch": FetchModel,
    "images": ImagesModel,
    "wrappers": WrapperModel,
    "links": LinksModel,
    "clean": CleanModel,
    "stories": StoriesModel,
    "websub": HubModel,
    "pages": PagesModel,
    "backup": BackupModel,
    "full_text": FullTextModel,
    "categories": CategoryModel,
    "sources": SourceModel,
    "feeds": FeedModel,
}
_TYPE_NAMES = {
    "int": "a whole number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "dict": "a mapping of keys and values",
    "model": "a mapping of keys and values",
}


def validate(adapter: TypeAdapter[Any], value: Any, where: Where) -> tuple[Any, list[Problem]]:
    """Return the validated value (None if it is invalid) and its problems."""
    try:
        return adapter.validate_python(value), []
    except ValidationError as error:
        found = error.errors(include_url=False)
        return None, [
            Problem(where=_path_to_fix(one, where), text=_message(one, where)) for one in found
        ]


def _path_to_fix(error: ErrorDetails, where: Where) -> Where:
    """Return the path of the value to fix."""
    cause = error.get("ctx", {}).get("error")
    return where + error["loc"] + ((cause.key,) if isinstance(cause, KeyConflictError) else ())


def _unknown_key(where: Where) -> str:
    key = str(where[-1])
    section = next((part for part in reversed(where[:-1]) if part in SECTIONS), None)
    model = SECTIONS[section] if isinstance(section, str) else ConfigModel
    homes = [name for name, other in SECTIONS.items() if key in other.model_fields]
    if homes:
        places = " or ".join(f"{name}:" for name in homes)
        return f"unknown key here; it belongs to {places}"
    return f"unknown key{plugins.did_you_mean(key, model.model_fields)}"


def _message(error: ErrorDetails, where: Where) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(where + error["loc"])
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return _choice_message(error["input"], str(context["expected"]))
    wanted = _TYPE_NAMES.get(kind.partition("_")[0])
    if wanted and kind.endswith(("_type", "_parsing", "_from_float", "_parsing_size")):
        return f"must be {wanted}{_but_found(error['input'])}"
    return _bounds_message(kind, context) or error["msg"][:1].lower() + error["msg"][1:]


def _choice_message(value: Any, expected: str) -> str:
    choices = [part.strip("' ") for part in expected.replace(" or ", ", ").split(", ")]
    near = plugins.did_you_mean(value, choices) if isinstance(value, str) else ""
    text = f"must be {' or '.join(choices)}"
    return text + near if near.startswith("; did") else text


def _but_found(value: Any) -> str:
    if value is None:
        return ", not an empty value"
    if isinstance(value, list):
        return ", not a list"
    if isinstance(value, dict):
        return ", not a mapping"
    return ""


def _bounds_message(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']}"
    if kind == "less_than_equal":
        return f"must be at most {context['le']}"
    if kind == "too_short":
        return f"must contain at least {context['min_length']}"
    if kind in ("too_long", "string_too_long"):
        return f"is too long: at most {context['max_length']}"
    return ""
