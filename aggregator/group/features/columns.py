"""What pairs are found by, in columns: the headers, key words, key stems and links of many entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features import packing
from aggregator.group.features.arrays import ranges, starts_of
from aggregator.group.features.packing import KEYS, STEM_KEYS, Ragged

Places = NDArray[np.int64]
_GROWTH = 1.15  # of an array that is full


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The heaviest terms of each entry, by which others are found, with one stored byte for each."""

    ids: Ragged
    values: NDArray[np.uint8]

    @classmethod
    def read(
        cls, packed: Sequence[bytes], heads: NDArray[np.void], names: tuple[str, str], most: int
    ) -> "Keys":
        """Read two lists of the stored features, at most so many elements of each entry."""
        ids, values = (packing.ragged(packed, heads, name, most) for name in names)
        return cls(ids=ids, values=values.flat)

    def take(self, places: Places) -> "Keys":
        """Return the keys of some entries, in the order asked for."""
        elements, starts = _elements(self.ids, places)
        ids = Ragged(flat=self.ids.flat[elements], starts=starts)
        return Keys(ids=ids, values=self.values[elements])

    @classmethod
    def joined(cls, parts: Sequence["Keys"]) -> "Keys":
        """Return the keys of the entries of all parts."""
        values = np.concatenate([one.values for one in parts])
        return cls(ids=_joined([one.ids for one in parts]), values=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Headers, key words, key stems and cited links of entries, about 470 bytes an entry."""

    heads: NDArray[np.void]
    words: Keys
    stems: Keys
    cites: Ragged

    @classmethod
    def read(cls, packed: Sequence[bytes]) -> "Columns":
        """Read the stored features of entries."""
        heads = packing.headers(packed)
        return cls(
            heads=heads,
            words=Keys.read(packed, heads, ("word_ids", "word_values"), KEYS),
            stems=Keys.read(packed, heads, ("stem_ids", "stem_weights"), STEM_KEYS),
            cites=packing.ragged(packed, heads, "cites"),
        )

    def take(self, places: Places) -> "Columns":
        """Return some entries, in the order asked for."""
        elements, starts = _elements(self.cites, places)
        return Columns(
            heads=self.heads[places],
            words=self.words.take(places),
            stems=self.stems.take(places),
            cites=Ragged(flat=self.cites.flat[elements], starts=starts),
        )

    @classmethod
    def joined(cls, parts: Sequence["Columns"]) -> "Columns":
        """Return the entries of all parts."""
        return cls(
            heads=np.concatenate([one.heads for one in parts]),
            words=Keys.joined([one.words for one in parts]),
            stems=Keys.joined([one.stems for one in parts]),
            cites=_joined([one.cites for one in parts]),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all arrays by name."""
        return {
            "heads": self.heads,
            "words": self.words.ids.flat,
            "word_starts": self.words.ids.starts,
            "word_values": self.words.values,
            "stems": self.stems.ids.flat,
            "stem_starts": self.stems.ids.starts,
            "stem_values": self.stems.values,
            "cites": self.cites.flat,
            "cite_starts": self.cites.starts,
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Columns":
        """Return the columns that `arrays` were of."""
        words, stems, cites = (
            Ragged(flat=arrays[f"{name}s"], starts=arrays[f"{name}_starts"])
            for name in ("word", "stem", "cite")
        )
        return cls(
            heads=arrays["heads"],
            words=Keys(ids=words, values=arrays["word_values"]),
            stems=Keys(ids=stems, values=arrays["stem_values"]),
            cites=cites,
        )

    def __len__(self) -> int:
        return len(self.heads)


class GrowingColumns:
    """Columns that entries are appended to, in place: what was returned before stays valid."""

    def __init__(self, columns: Columns) -> None:
        """Start with some columns."""
        self._heads = _Growing(columns.heads)
        self._lists = [_GrowingLists(columns.words.ids), _GrowingLists(columns.stems.ids)]
        self._cites = _GrowingLists(columns.cites)
        self._values = [_Growing(columns.words.values), _Growing(columns.stems.values)]

    def extend(self, columns: Columns) -> None:
        """Append entries."""
        self._heads.extend(columns.heads)
        self._cites.extend(columns.cites)
        for lists, values, own in zip(
            self._lists, self._values, (columns.words, columns.stems), strict=True
        ):
            lists.extend(own.ids)
            values.extend(own.values)

    def get(self) -> Columns:
        """Return all entries."""
        words, stems = (
            Keys(ids=lists.get(), values=values.get())
            for lists, values in zip(self._lists, self._values, strict=True)
        )
        return Columns(heads=self._heads.get(), words=words, stems=stems, cites=self._cites.get())


class _Growing:
    """An array with room at its end."""

    def __init__(self, values: NDArray[Any]) -> None:
        self._array, self._size = values, len(values)

    def extend(self, values: NDArray[Any]) -> None:
        """Append values."""
        end = self._size + len(values)
        if end > len(self._array) or not self._array.flags.writeable:
            larger = np.empty(int(end * _GROWTH) + 1, self._array.dtype)
            larger[: self._size] = self.get()
            self._array = larger
        self._array[self._size : end] = values
        self._size = end

    def get(self) -> NDArray[Any]:
        """Return the values."""
        return self._array[: self._size]


class _GrowingLists:
    """Lists of different lengths with room at their end."""

    def __init__(self, lists: Ragged) -> None:
        self._flat, self._starts = _Growing(lists.flat), _Growing(lists.starts)

    def extend(self, lists: Ragged) -> None:
        """Append lists."""
        self._starts.extend(lists.starts[1:] + len(self._flat.get()))
        self._flat.extend(lists.flat)

    def get(self) -> Ragged:
        """Return all lists."""
        return Ragged(flat=self._flat.get(), starts=self._starts.get())


def _elements(lists: Ragged, places: Places) -> tuple[Places, Places]:
    """Return where the elements of some lists are, and where each list begins among them."""
    begins = lists.starts[places]
    sizes = lists.starts[places + 1] - begins
    return ranges(begins, sizes), starts_of(sizes)


def _joined(parts: Sequence[Ragged]) -> Ragged:
    flat: NDArray[Any] = np.concatenate([one.flat for one in parts])
    sizes = np.concatenate([np.diff(one.starts) for one in parts])
    return Ragged(flat=flat, starts=starts_of(sizes))
