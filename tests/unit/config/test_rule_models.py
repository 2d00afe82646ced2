"""Files of link rules in the form of ClearURLs."""

import json
from pathlib import Path
from typing import Any

import pytest

from aggregator import config
from aggregator.config.rule_models import read_link_rules
from aggregator.core.settings import LinkRule

GOOD = {
    "providers": {
        "shop": {
            "urlPattern": "^https?://shop\\.example",
            "completeProvider": False,
            "rules": ["ref", "x_[a-z]+"],
            "rawRules": ["/ref=[^/?]*"],
            "referralMarketing": ["tag"],
            "exceptions": ["^https?://shop\\.example/keep"],
            "redirections": ["^https?://shop\\.example/out\\?u=([^&]*)"],
            "forceRedirection": True,
        },
        "bare": {"urlPattern": "."},
    }
}


def test_reads_what_cleaning_takes(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(GOOD), encoding="utf-8")
    assert read_link_rules(file) == (
        LinkRule(
            id="shop",
            pattern="^https?://shop\\.example",
            names=("ref", "x_[a-z]+"),
            cuts=("/ref=[^/?]*",),
            opens=("^https?://shop\\.example/out\\?u=([^&]*)",),
            exceptions=("^https?://shop\\.example/keep",),
        ),
        LinkRule(id="bare", pattern="."),
    )
    (tmp_path / "a.yaml").write_text("links: {rules: rules.json}\nsources: [https://a.example/]")
    made = config.load(tmp_path / "a.yaml", {})
    assert len(made.clean.links) == len(made.sources[0].clean.links) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not json", "is not a rules file"),
        ("[" * 100_000, "is not a rules file"),
        ("{}", "providers: Field required"),
        ({"providers": {"a": {}}}, "providers.a.urlPattern: Field required"),
        ({"providers": {"a": {"urlPattern": "("}}}, "providers.a.urlPattern"),
        ("x" * 5_000_001, "is too large"),
    ],
    ids=["text", "deep", "empty", "no pattern", "bad pattern", "large"],
)
def test_says_what_is_wrong_with_a_file(content: Any, said: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        read_link_rules(file)
