"""Invented news for benchmarks: as common words are common in news, so they are here."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from aggregator.core import ids
from aggregator.core.model import Entry, Publisher, StoredEntry
from aggregator.group.features import features, glossary, meaning, packing, prior, terms

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = timedelta(hours=72)
HELD_BACK = 100_000  # entries of one window
_TOPICS, _OF_TOPIC = 10_000, 200  # and the words of each
_OPEN = 4000  # events that another report may still come of
_SENTENCE = 9  # words


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Words of two characters, the hashes of each as a word and as a bigram, and how common they are."""

    words: NDArray[np.object_]
    codes: NDArray[np.uint32]
    pairs: NDArray[np.uint32]
    totals: NDArray[np.float64]  # summed frequencies in news
    rare: NDArray[np.int64]  # places of words that say what a text is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Invented:
    """An invented entry, the number of its event, and the places of its words for `pack`."""

    stored: StoredEntry
    event: int
    title: NDArray[np.int64]
    body: NDArray[np.int64]


def invent(count: int, seed: int = 7, held_back: int = HELD_BACK) -> Iterator[Invented]:
    """Yield entries in order of time.

    Four in ten reports are of an event that has been told. Of the 300 words of a report 200
    are drawn as news draws them, 30 are of the topic, and 70 of the event itself.
    """
    chance = np.random.default_rng(seed)
    known = lexicon()
    topics = chance.choice(known.rare, (_TOPICS, _OF_TOPIC))
    events: deque[tuple[int, int, NDArray[np.int64]]] = deque(maxlen=_OPEN)
    for number in range(count):
        if not events or chance.random() < 0.6:
            events.append((number, int(chance.integers(_TOPICS)), chance.choice(known.rare, 25)))
            event, topic, subject = events[-1]
        else:
            event, topic, subject = events[int(chance.integers(len(events)))]
        common = np.searchsorted(known.totals, chance.random(200) * known.totals[-1])
        body = np.concatenate(
            (common, chance.choice(topics[topic], 30), chance.choice(subject, 70))
        )
        chance.shuffle(body)
        title = np.concatenate((chance.choice(subject, 4), topics[topic][:1], common[:2]))
        when = START + number * WINDOW / held_back
        texts = "".join(known.words[title]), _text(known.words[body].tolist())
        stored = _stored(number, *texts, when, int(chance.integers(40)))
        yield Invented(stored=stored, event=event, title=title, body=body)


def pack(one: Invented) -> bytes:
    """Return the features of an entry made of its words, without cutting its text."""
    stored, known = one.stored, lexicon()
    whole = np.concatenate((one.title, one.body))
    ends = [len(one.title) + n * _SENTENCE for n in range(terms.SENTENCES + 1)]
    sizes = np.diff([0, *ends, len(whole)]).tolist()
    words, bigrams = (
        terms.count(codes[whole], sizes, decay, np.empty(0, "<u4"))
        for codes, decay in (
            (known.codes, terms.WORD_DECAY),
            (known.pairs, terms.BIGRAM_DECAY),
        )
    )
    body = stored.entry.text[: features.BODY]
    parts = (known.words[places].tolist() for places in (one.title, one.body[: ends[1]]))
    nothing = features.hashes(())
    found = features.Features(
        title=stored.entry.title,
        words=words,
        bigrams=bigrams,
        meaning=meaning.of_words(list(parts), (), glossary.names(()), chinese=True),
        countries=nothing,
        amounts=nothing,
        units=nothing,
        pattern=0,
        shingles=features.shingles_of(body),
        dates=(),
        numbers=nothing,
        cites=nothing,
        url=features.wide_hash(stored.entry.canonical),
        publisher=features.wide_hash(stored.entry.publisher.id),
        source=features.wide_hash(stored.source_id),
        chinese=True,
        language="zh",
        script="Hans",
        length=len(body),
        cues=0,
        on_page=False,
        dated=True,
    )
    prior_ = prior.built_in()
    weights = [
        prior_.idf(ids, chinese=True) for ids in (words.ids, bigrams.ids, found.meaning.heads)
    ]
    return packing.pack(
        found, packing.Weights(words=weights[0], bigrams=weights[1], heads=weights[2])
    )


def _text(body: Sequence[str]) -> str:
    sentences = (body[n : n + _SENTENCE] for n in range(0, len(body), _SENTENCE))
    return "".join("".join(some) + "。" for some in sentences)


@cache
def lexicon() -> Lexicon:
    """Return the words of the dictionary that two common characters make."""
    import rjieba  # noqa: PLC0415  its dictionary is large, and who only groups needs none

    letters = [
        bytes((high, low)).decode("gb2312", "ignore")
        for high in range(0xB0, 0xD8)
        for low in range(0xA1, 0xFF)
    ]
    pairs = (one + other for one in letters for other in letters if one and other)
    words = [word for word in pairs if rjieba.has_word(word)]
    codes = np.array([terms.word_hash(word) for word in words], "<u4")
    idf = prior.built_in().idf(codes, chinese=True)
    return Lexicon(
        words=np.array(words, object),
        codes=codes,
        pairs=np.array([terms.other_hash(word) for word in words], "<u4"),
        totals=np.cumsum(np.exp(-idf.astype(np.float64))),
        rare=np.flatnonzero(idf > 5),
    )


def _stored(number: int, title: str, text: str, when: datetime, publisher: int) -> StoredEntry:
    name = f"p{publisher}.example"
    entry = Entry(
        title=title,
        text=text,
        canonical=f"https://{name}/{number}",
        publisher=Publisher(id=name, title=name),
        language="zh",
        published=when,
    )
    key = ids.entry_key("bench", "guid", str(number))
    return StoredEntry(
        key=key, source_id=name, entry=entry, first_seen=when, published=when, revised=when
    )
