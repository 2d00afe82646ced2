"""What was done before is recognized by its values, and by the files of the program."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aggregator
from aggregator.core import digests

VALUES = st.lists(st.none() | st.integers() | st.text(), max_size=4)


@given(VALUES, VALUES)
def test_equal_values_have_one_digest_and_others_another(a: list[object], b: list[object]) -> None:
    assert (digests.digest(*a) == digests.digest(*b)) == (a == b)


@pytest.mark.parametrize("packages", [("gather", "text"), ("publish", "text")])
def test_the_program_is_the_files_that_it_is_read_from(packages: tuple[str, ...]) -> None:
    """Compiled modules, which a first run writes, and folders do not count."""
    root = Path(str(aggregator.__file__)).parent
    files = [
        path
        for package in packages
        for path in (root / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    ]
    ages = [path.stat().st_mtime_ns for path in files]
    assert digests.program(*packages) == (len(files), max(ages))
