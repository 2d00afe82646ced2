"""A bounded table of results by text, which is asked for many texts in one call."""

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


class Memo(dict[str, T]):
    """Results of a pure function of one text; when it is full it starts anew.

    A look-up of a known text is one of a dictionary, without a call of a Python function.
    """

    def __init__(self, compute: Callable[[str], T], most: int) -> None:
        super().__init__()
        self._compute = compute
        self._most = most

    def __missing__(self, text: str) -> T:
        """Compute the result of a new text."""
        if len(self) >= self._most:
            self.clear()
        value = self[text] = self._compute(text)
        return value

    def of_all(self, texts: Iterable[str]) -> list[T]:
        """Return the results of many texts, in order."""
        return list(map(self.__getitem__, texts))
