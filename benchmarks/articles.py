"""Compares how libraries take articles from pages: `python -m benchmarks.articles [LIBRARY ...]`.

Libraries that are not installed are left out. Shares are means over the pages of
tests/quality/article_pages.py; a page is good with 95 % of its text kept and 5 % of clutter at most.
"""

import importlib
import re
import sys
import time
from collections.abc import Callable
from html import unescape
from typing import Any

from aggregator.core.errors import NotAnArticle
from aggregator.core.model import Document
from aggregator.gather.articles.article import Wanted, read_article
from tests.quality.article_pages import KEPT_BACK, Page, pages, shares

_GOOD_KEPT, _GOOD_CLUTTER = 0.95, 0.05


def _library(name: str) -> Any:
    return importlib.import_module(name)


def _plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


def _ours(page: Page) -> str:
    document = Document(name="", content=page.html, url=page.url)
    try:
        return read_article(document, Wanted(title=page.title)).text
    except NotAnArticle:
        return ""


def _trafilatura(page: Page) -> str:
    return str(_library("trafilatura").extract(page.html, include_comments=False) or "")


def _readability(page: Page) -> str:
    return _plain(_library("readability").Document(page.html.decode()).summary())


def _justext(page: Page) -> str:
    module = _library("justext")
    if page.lang == "en":
        found = module.justext(page.html, module.get_stoplist("English"))
    else:  # no words to look up: by length and links alone
        rules = {"length_low": 20, "length_high": 60, "stopwords_low": 0, "stopwords_high": 0}
        found = module.justext(page.html, frozenset(), **rules)
    return "\n".join(one.text for one in found if not one.is_boilerplate)


def _resiliparse(page: Page) -> str:
    module = _library("resiliparse.extract.html2text")
    return str(module.extract_plain_text(page.html.decode(), main_content=True, alt_texts=False))


def _goose(page: Page) -> str:
    options = {"target_language": page.lang, "use_meta_language": False}
    made = _library("goose3").Goose(options | {"enable_image_fetching": False})
    return str(made.extract(raw_html=page.html.decode()).cleaned_text)


LIBRARIES: dict[str, Callable[[Page], str]] = {
    "ours": _ours,
    "trafilatura": _trafilatura,
    "readability": _readability,
    "justext": _justext,
    "resiliparse": _resiliparse,
    "goose3": _goose,
}


def main() -> None:
    """Print a row for each library."""
    every = list(pages())
    print("library       kept  clutter  good   kept back        CPU ms a page")
    for name in sys.argv[1:] or LIBRARIES:
        take = LIBRARIES[name]
        try:
            take(every[0])
        except ImportError:
            continue
        began = time.process_time()
        taken = [(page, take(page)) for page in every]
        spent = (time.process_time() - began) * 1000 / len(every)
        found = [(page, *shares(page, text)) for page, text in taken]
        back = [one for one in found if one[0].name in KEPT_BACK]
        good = sum(kept >= _GOOD_KEPT and rest <= _GOOD_CLUTTER for _, kept, rest in found)
        print(
            f"{name:12} {_mean(found, 1):.3f}  {_mean(found, 2):.3f}   {good:3}/{len(found)}"
            f"   {_mean(back, 1):.3f} / {_mean(back, 2):.3f}   {spent:.1f}"
        )


def _mean(found: list[tuple[Page, float, float]], place: int) -> float:
    return sum(float(one[place]) for one in found) / len(found)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
