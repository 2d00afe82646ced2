"""The features of a batch of entries, fit for a worker process."""

from collections.abc import Mapping, Sequence

from aggregator.core.model import StoredEntry
from aggregator.core.settings import NamePairs
from aggregator.group.features import vocabulary
from aggregator.group.features.features import Features, extract


def extract_features(
    entries: Sequence[StoredEntry], names: NamePairs = ()
) -> tuple[tuple[Features, ...], Mapping[int, str]]:
    """Return the features of entries, in order, and the words this process met for the first time.

    The caller passes the words to `vocabulary.update`, so that it need not read the texts again
    to show what two entries share.
    """
    known = vocabulary.size()
    return tuple(extract(one, names=names) for one in entries), vocabulary.since(known)
