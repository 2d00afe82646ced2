"""The rule reference is up to date with the rules."""

from pathlib import Path

import pytest

from aggregator.gather.cleaning import rules_reference


def test_reference_is_made_of_the_rules(request: pytest.FixtureRequest) -> None:
    text = (request.config.rootpath / "docs" / "rules.md").read_text(encoding="utf-8")
    escape_illegal = "run: python -m aggregator.gather.cleaning.rules_reference docs/rules.md"
    assert rules_reference.fill(text) == text, escape_illegal
    for name in ("weserv", "zhihu", "utm_*", "appeared-first", "dims4"):
        assert name in text


def test_fills_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rules.md"
    path.write_text("a\n<!-- rules of noise -->\nold\n<!-- end -->\nb\n", encoding="utf-8")
    rules_reference.main([str(path)])
    filled = path.read_text(encoding="utf-8")
    assert filled.startswith("a\n<!-- rules of noise -->\nElements")
    assert "\nold\n" not in filled
    assert not capsys.readouterr().out
