"""What stands where a name is missing."""

import pytest

from aggregator.text.placeholders import is_placeholder


@pytest.mark.parametrize(
    "text",
    [
        *("", "N/A", "n/a ", "None", "null", "undefined", "-", "#", "//", "…", "无", "No GUID"),
        *("[object Object]", "{{ post.guid }}", "${id}", "%GUID%", "javascript:void(0)"),
        *("00000000-0000-0000-0000-000000000000", "urn:uuid:00000000-0000-0000-0000-000000000000"),
    ],
)
def test_placeholders(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    [
        *("1", "a", "N/A-1", "none-of-it", "https://example.org/none", "tag:example.org,2026:1"),
        *("00000000-0000-0000-0000-000000000001", "名", "null" * 60),
    ],
)
def test_names(text: str) -> None:
    assert not is_placeholder(text)
