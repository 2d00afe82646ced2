"""Displayed sizes by attributes and styles."""

import pytest

from aggregator.gather.cleaning.sizes import measure


@pytest.mark.parametrize(
    ("attributes", "tiny"),
    [
        ({"width": "1"}, True),
        ({"height": "0px"}, True),
        ({"width": "100%", "height": "1.5em"}, False),
        ({"width": None}, False),
        ({"style": "height: 1px; color: red"}, True),
        ({"style": "max-width:1px"}, False),
        ({"width": "1050"}, False),
        ({"width": "600", "height": "1"}, False),
        ({"width": "1", "height": "2"}, True),
        ({"width": "0", "height": "90"}, True),
    ],
)
def test_is_tiny(attributes: dict[str, str | None], tiny: bool) -> None:
    assert measure(attributes).tiny is tiny


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ({"width": "9", "height": "auto"}, {}),
        ({"style": "width: 40px"}, {}),
        ({"style": "HEIGHT: 1em; max-height:2em"}, {"height": "16", "style": "height:1em"}),
        ({"style": "max-width:2ex"}, {"style": "width:2ex", "width": "16"}),
        ({"height": "1.50em"}, {"height": "24", "style": "height:1.5em"}),
        ({"style": "vertical-align:-1ex"}, {}),
    ],
)
def test_sizes_by_the_letters_around(
    attributes: dict[str, str | None], wanted: dict[str, str]
) -> None:
    assert measure(attributes).text_size == wanted


def test_what_is_no_length() -> None:
    assert measure({"width": "100%", "height": "auto"}).invalid == ("height",)
    assert measure({"width": "", "style": "color:red"}).invalid == ("height", "width")
    assert measure({"width": "640px", "style": "width:300px"}).pixels == {"width": "300"}
