"""Grouping from one call to the next: what stands together, what stays apart, what is kept for ever."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as sized
from hypothesis import strategies as st

from aggregator.core import ids
from aggregator.core.model import (
    Decision,
    Document,
    GroupContext,
    Grouped,
    Grouping,
    StoredEntry,
    Story,
    Tombstone,
)
from aggregator.core.settings import StorySettings
from aggregator.gather.document import read_document
from aggregator.group.stories.context import GroupingContext
from aggregator.group.stories.grouping import group
from tests.builders import (
    NOW,
    at,
    make_decision,
    make_folder,
    make_key,
    make_publisher,
    make_stored,
)
from tests.integration.conftest import SEEDS

DAM = {
    "one.example": (
        "青石水库大坝出现裂缝 下游三镇两万居民连夜转移",
        (
            "云岭省青石水库管理局周一晚间通报，水库大坝右岸出现一条长约十二米的裂缝，并有浑水渗出。"
            "省防汛指挥部随即启动一级响应，要求下游白沙、柳河、双桥三个镇的两万居民在午夜前全部转移。"
            "水库自傍晚起开闸泄洪，水位已下降一米八。抢险队正用沙袋和土工布封堵裂缝，"
            "水利专家组认为大坝暂时没有溃决的危险。当地学校停课，通往柳河镇的公路已经封闭。"
        ),
    ),
    "two.example": (
        "大坝现裂缝，青石水库下游居民紧急撤离",
        (
            "云岭省青石水库的大坝周一被发现有裂缝，浑水从坝体渗出，下游白沙镇、柳河镇和双桥镇约两万人连夜撤离。"
            "水库管理局说，裂缝长十二米左右，位于大坝右岸，目前正在开闸放水，以降低水位。"
            "防汛指挥部把响应提到一级，抢险人员用沙袋封堵裂缝。专家组判断，大坝短期内不会溃决。"
            "一名柳河镇居民告诉记者，镇上的广播晚上九点通知大家带好证件上车。"
        ),
    ),
}
FERRY = {
    "one.example": (
        "Ferry Aurelia runs aground off Tarnholm, 312 passengers taken ashore",
        (
            "The car ferry Aurelia ran aground on a reef off the island of Tarnholm early on Monday "
            "with 312 passengers and 41 crew on board. Lifeboats and two fishing vessels took everyone "
            "ashore within three hours, the Tarnholm coastguard said. Eleven people were treated for "
            "bruises and cold. The ship was on its way from Port Kessel when its steering failed in "
            "heavy fog. Divers found a tear in the hull, and a tug is pumping fuel from its tanks."
        ),
    ),
    "two.example": (
        "Hundreds rescued after the ferry Aurelia hits a reef near Tarnholm",
        (
            "More than 300 passengers were rescued from the ferry Aurelia after it struck a reef near "
            "Tarnholm in thick fog on Monday. The coastguard said lifeboats and fishing vessels brought "
            "all 312 passengers and the crew to safety; eleven had minor injuries. The ferry had left "
            "Port Kessel before dawn and its captain reported a failure of the steering. A tug is "
            "removing fuel from the hull, which has been torn open by the rocks."
        ),
    ),
}
COMET = {
    "one.example": (
        "Amateur astronomer finds comet that will pass Mars in May",
        (
            "A retired teacher in the village of Orsk Vale has discovered a comet with a home-made "
            "telescope, the Meridian Observatory confirmed. Comet Halvorsen, named after its finder "
            "Ingrid Halvorsen, will pass within four million kilometres of Mars in May and may become "
            "visible without binoculars. Astronomers say its orbit takes about nine thousand years "
            "and that its bright tail is rich in carbon monoxide, which is unusual so far from the sun."
        ),
    ),
    "two.example": (
        "Retired teacher Ingrid Halvorsen discovers a new comet from her garden",
        (
            "The Meridian Observatory has confirmed a new comet, found by Ingrid Halvorsen, a retired "
            "teacher from Orsk Vale, with a telescope that she built herself. Comet Halvorsen will come "
            "within four million kilometres of Mars in May and could be seen with the naked eye. Its "
            "orbit of nine thousand years and a tail of carbon monoxide make it unusual, astronomers say."
        ),
    ),
}
MERGER = {
    "one.example": (
        "海澜航运以九十亿元收购北港船坞 成为国内最大修船企业",
        (
            "海澜航运集团与北港船坞周二签署协议，前者将以九十亿元收购后者全部股份。交易完成后，"
            "新公司将拥有十四座干船坞和一万一千名员工，成为国内最大的修船企业。"
            "海澜航运董事长顾承业表示，不会裁员，北港船坞的名称也将保留五年。"
            "反垄断部门预计在第三季度完成审查。工会要求公司书面承诺保留造船学徒的岗位。"
        ),
    ),
    "two.example": (
        "九十亿元：海澜航运买下北港船坞",
        (
            "海澜航运宣布收购北港船坞的全部股份，价格为九十亿元，双方已于周二签约。"
            "合并后的企业有一万一千名员工、十四座干船坞，将是国内规模最大的修船公司。"
            "董事长顾承业承诺不裁员，并在五年内保留北港船坞的名称。交易还须通过反垄断审查，"
            "结果预计在第三季度公布。"
        ),
    ),
}
EVENTS = (DAM, FERRY, COMET, MERGER)
CHINESE = (DAM, MERGER)
SETTINGS = StorySettings()
LATER = at(100)
"""The time of a call that does not name one: after all entries."""


def report(
    event: Mapping[str, tuple[str, str]], publisher: str, n: int, hours: float = 0, **kw: Any
) -> StoredEntry:
    """Make what a publisher wrote about an event, published hours after NOW, as entry n."""
    title, text = event[publisher]
    language = "zh" if any(event is one for one in CHINESE) else "en"
    given: dict[str, Any] = {
        "title": title,
        "text": text,
        "language": language,
        "publisher": make_publisher(publisher),
        "source_id": publisher,
        "published": at(hours),
        "link": f"https://{publisher}/{n}",
    }
    return make_stored(n, **given | kw)


class Archive:
    """Remembers what groupings did, as a store would, and asks for the next one."""

    def __init__(self, settings: StorySettings = SETTINGS) -> None:
        self.settings = settings
        self.stories: dict[str, Story] = {}
        self.tombstones: list[Tombstone] = []
        self.decisions: tuple[Decision, ...] = ()
        self.entries: dict[str, Grouped] = {}

    def add(
        self,
        *new: StoredEntry,
        now: datetime = LATER,
        journal: Mapping[str, tuple[str, datetime]] | None = None,
    ) -> Grouping:
        """Group new entries, in (published, key) order, and remember what came of it."""
        ordered = sorted(new, key=lambda one: (one.published, one.key))
        past = self._context(ordered, journal or {})
        found = group(ordered, GroupingContext(settings=self.settings, now=now, past=past))
        self._remember(found, ordered)
        return found

    def story_of(self, entry: StoredEntry) -> Story:
        """Return the one story that holds an entry."""
        (found,) = [
            story
            for story in self.stories.values()
            if any(member.key == entry.key for member in story.members)
        ]
        return found

    def together(self, *entries: StoredEntry) -> bool:
        """Say whether all of these entries stand in one story."""
        return len({self.story_of(one).id for one in entries}) == 1

    def membership(self) -> set[frozenset[str]]:
        """Return the keys of the members of each story."""
        return {frozenset(one.key for one in story.members) for story in self.stories.values()}

    def _context(
        self, new: Sequence[StoredEntry], journal: Mapping[str, tuple[str, datetime]]
    ) -> GroupContext:
        start = new[0].published - self.settings.window
        end = new[-1].published + self.settings.window
        near = tuple(one for one in self.entries.values() if start <= one.published <= end)
        held = {one.story_id for one in near}
        return GroupContext(
            entries=near,
            stories=tuple(self.stories[id_] for id_ in sorted(held)),
            decisions=self.decisions,
            journal=journal,
        )

    def _remember(self, found: Grouping, new: Iterable[StoredEntry]) -> None:
        times = {one.key: one.published for one in new}
        features = dict(found.features)
        for stone in found.tombstones:
            self.stories.pop(stone.id, None)
        self.tombstones.extend(found.tombstones)
        self.stories.update((story.id, story) for story in found.stories)
        for story in found.stories:
            for member in story.members:
                if member.key in times:
                    self.entries[member.key] = Grouped(
                        key=member.key,
                        published=times[member.key],
                        story_id=story.id,
                        features=features[member.key],
                    )
                else:
                    known = self.entries[member.key]
                    self.entries[member.key] = replace(known, story_id=story.id)


def stream() -> list[StoredEntry]:
    """Return two reports of each event, in order of time, the events mixed."""
    found = [
        report(event, publisher, 10 * number + turn, hours=2 * number + 5 * turn)
        for number, event in enumerate(EVENTS)
        for turn, publisher in enumerate(("one.example", "two.example"))
    ]
    return sorted(found, key=lambda one: (one.published, one.key))


@cache
def whole() -> frozenset[frozenset[str]]:
    """Return the membership when the stream is grouped in one call."""
    archive = Archive()
    archive.add(*stream())
    return frozenset(archive.membership())


# --- what stands together -------------------------------------------------------------------


def test_seeds_give_four_stories() -> None:
    """Of five dumps, the two reports of one meeting stand together."""
    folder, found = make_folder(SEEDS), {}
    for path in sorted(SEEDS.glob("*.txt")):
        document = Document(name=path.name, content=path.read_bytes(), format="dump")
        (entry,) = read_document(document, folder, {}, 500).entries
        found[path.name[:3]] = make_stored(
            key=ids.entry_key("dumps", "link", entry.link),
            source_id="dumps",
            entry=entry,
            published=min(entry.published or entry.gathered or NOW, NOW),
        )
    archive = Archive()
    archive.add(*found.values())
    expected = {frozenset((found[n].key,)) for n in ("000", "002", "004")}
    assert archive.membership() == expected | {frozenset((found["001"].key, found["003"].key))}


@pytest.mark.parametrize("event", EVENTS, ids=["dam", "ferry", "comet", "merger"])
def test_two_publishers_on_one_event_are_one_story(event: Mapping[str, tuple[str, str]]) -> None:
    """Other words, other publisher, one event; the reason names the closest member."""
    first, second = report(event, "one.example", 1), report(event, "two.example", 2, hours=3)
    archive = Archive()
    archive.add(first, second)
    story = archive.story_of(first)
    assert story.id == ids.story_id(first.key)
    assert (story.founder, archive.together(first, second)) == (first.key, True)
    reason = story.members[1].reason
    assert (reason.kind, reason.nearest) == ("same event", first.key)
    assert reason.shared
    assert reason.weights
    assert 0.5 < reason.score <= 1


def test_other_events_stay_apart() -> None:
    """One report of each of four events gives four stories."""
    archive = Archive()
    archive.add(*(report(event, "one.example", n, hours=n) for n, event in enumerate(EVENTS)))
    assert len(archive.stories) == len(EVENTS)


def test_simplified_and_traditional_script_are_one_story() -> None:
    """The same text in the other script, from another publisher, is the same text."""
    title = "云岭省发现千年古桥 考古学家称木构保存完好"
    text = (
        "云岭省考古研究所宣布，在双桥镇河床下发现一座千年古桥，木构桥身保存完好。"
        "研究员马文远说，桥长四十六米，两端刻有工匠的姓名，年代经测定约为公元九百五十年。"
        "当地政府将修建围堰，把河水引向旧渠，以便继续发掘。专家认为，这座桥说明当时的驿道从山谷经过，"
        "比史书记载早了两百年。发掘现场将于秋季向游客开放，门票收入用于保护。"
    )
    other_title = "雲嶺省發現千年古橋 考古學家稱木構保存完好"
    other_text = (
        "雲嶺省考古研究所宣布，在雙橋鎮河床下發現一座千年古橋，木構橋身保存完好。"
        "研究員馬文遠說，橋長四十六米，兩端刻有工匠的姓名，年代經測定約為公元九百五十年。"
        "當地政府將修建圍堰，把河水引向舊渠，以便繼續發掘。專家認為，這座橋說明當時的驛道從山谷經過，"
        "比史書記載早了兩百年。發掘現場將於秋季向遊客開放，門票收入用於保護。"
    )
    bridge = {"one.example": (title, text), "two.example": (other_title, other_text)}
    first, second = report(bridge, "one.example", 1), report(bridge, "two.example", 2, hours=1)
    archive = Archive()
    archive.add(first, second)
    assert archive.together(first, second)
    assert archive.story_of(first).members[1].reason.kind == "same text"


@pytest.mark.parametrize(
    ("title", "texts", "language"),
    [
        pytest.param(
            "Notes from the allotment",
            (
                (
                    "The first broad beans are up, and the slugs have found them already. This week I "
                    "dug the trench for the potatoes, filled it with leaf mould from the wood behind "
                    "the railway and put the seed trays of leeks on the window sill. My neighbour "
                    "swears by coffee grounds against the slugs; I have never seen them work."
                ),
                (
                    "Frost on three nights has blackened the plum blossom, so there will be no jam in "
                    "August. I spent Sunday mending the glass of the greenhouse and sharpening hoes, "
                    "and sowed tomatoes, peppers and one tray of basil indoors. The robin follows "
                    "every turn of the spade and takes its share of the worms."
                ),
            ),
            "en",
            id="english",
        ),
        pytest.param(
            "周末书架",
            (
                (
                    "这个星期读的是一部写盐商家族的长篇小说。作者用三代人的账本串起一座江边小城的兴衰，"
                    "前半部沉稳，后半部略显匆忙，最好的一章写的是祖母在大水那年如何守住仓库。"
                    "译文流畅，注释详尽。喜欢慢节奏叙事的读者可以放在枕边，每晚读上二十页。"
                ),
                (
                    "本期推荐一本讲鸟类迁徙的科普书。作者在北方湿地住了六年，给一百多只白鹤戴上脚环，"
                    "再沿着海岸线一路跟到南方。书里有手绘地图，也有失败的记录：有一年电池全部失灵，"
                    "他只好重新开始。适合和孩子一起读，也适合对统计有兴趣的人。"
                ),
            ),
            "zh",
            id="chinese",
        ),
    ],
)
@pytest.mark.parametrize("days", [7, 2], ids=["a week apart", "within the window"])
def test_columns_of_one_title_stay_apart(
    title: str, texts: tuple[str, str], language: str, days: int
) -> None:
    """A column keeps its title, its subject changes."""
    first, second = (
        report(
            {"one.example": (title, text)},
            "one.example",
            n,
            hours=24 * days * n,
            language=language,
        )
        for n, text in enumerate(texts)
    )
    archive = Archive()
    archive.add(first, second, now=at(days=10))
    assert not archive.together(first, second)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [pytest.param(71, True, id="inside"), pytest.param(73, False, id="outside")],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["one call", "two calls"])
def test_entries_further_apart_than_the_window_never_meet(
    hours: float, *, expected: bool, at_once: bool
) -> None:
    """Even one text twice is two stories if the window lies between."""
    first = report(FERRY, "one.example", 1)
    title, text = FERRY["one.example"]
    second = report({"two.example": (title, text)}, "two.example", 2, hours=hours)
    archive = Archive()
    for batch in [(first, second)] if at_once else [(first,), (second,)]:
        archive.add(*batch)
    assert archive.together(first, second) is expected


# --- cut into calls -------------------------------------------------------------------------


def test_the_stream_has_a_story_for_each_event() -> None:
    """What the next test compares with is right."""
    assert sorted(len(keys) for keys in whole()) == [2] * len(EVENTS)


@given(st.sets(st.integers(1, 2 * len(EVENTS) - 1)))
@sized(max_examples=20, deadline=None)
def test_batches_do_not_matter(cuts: set[int]) -> None:
    """However a stream is cut into calls, the stories have the same members."""
    entries, archive = stream(), Archive()
    bounds = [0, *sorted(cuts), len(entries)]
    for begin, end in pairwise(bounds):
        archive.add(*entries[begin:end])
    assert archive.membership() == whole()


# --- corrections ----------------------------------------------------------------------------


def test_never_keeps_apart_what_is_alike() -> None:
    """`never` holds in the call that brings both and in later calls."""
    first, second = report(DAM, "one.example", 1), report(DAM, "two.example", 2, hours=1)
    archive = Archive()
    archive.decisions = (make_decision("never", first.key, second.key),)
    archive.add(first, second)
    assert not archive.together(first, second)
    archive.add(report(FERRY, "one.example", 3, hours=2))
    archive.add(replace(second, revised=at(5)))
    assert not archive.together(first, second)


def test_join_brings_together_what_is_not() -> None:
    """Two stories become one: the elder keeps its id, the other leaves a tombstone."""
    first, second = report(DAM, "one.example", 1), report(FERRY, "two.example", 2, hours=1)
    archive = Archive()
    archive.add(first, now=at(2))
    archive.add(second, now=at(3))
    elder, younger = archive.story_of(first), archive.story_of(second)
    archive.decisions = (make_decision("join", first.key, second.key),)
    archive.add(report(COMET, "one.example", 3, hours=4), now=at(5))
    kept = archive.story_of(first)
    assert archive.together(first, second)
    assert (kept.id, kept.first_published) == (elder.id, elder.first_published)
    assert kept.updated == at(5)
    assert archive.tombstones == [Tombstone(id=younger.id, when=at(5), into=elder.id)]
    archive.add(replace(second, revised=at(6)), now=at(7))
    assert archive.together(first, second)


def test_the_story_published_first_keeps_its_id_whichever_is_named_first() -> None:
    """Neither the order in the decision nor the date of the entries decides."""
    late, early = report(DAM, "one.example", 1, hours=2), report(FERRY, "two.example", 2)
    archive = Archive()
    archive.add(late, now=at(3))
    archive.add(early, now=at(4))
    ours = archive.story_of(late).id
    archive.decisions = (make_decision("join", early.key, late.key),)
    archive.add(report(COMET, "one.example", 3, hours=5), now=at(6))
    assert archive.story_of(early).id == archive.story_of(late).id == ours


def test_a_newcomer_obeys_join() -> None:
    """An entry that the user wants elsewhere goes there at once, with that reason."""
    first, second = report(DAM, "one.example", 1), report(FERRY, "two.example", 2, hours=1)
    archive = Archive()
    archive.decisions = (make_decision("join", first.key, second.key),)
    archive.add(first)
    archive.add(second)
    assert archive.together(first, second)
    assert archive.story_of(first).members[1].reason.kind == "user"


def test_split_parts_a_story_for_good() -> None:
    """The second entry of a split leaves; the story keeps its id; later calls do not undo it."""
    first, second = report(DAM, "one.example", 1), report(DAM, "two.example", 2, hours=1)
    archive = Archive()
    archive.add(first, second)
    id_ = archive.story_of(first).id
    archive.decisions = (make_decision("split", first.key, second.key),)
    archive.add(report(COMET, "one.example", 3, hours=2))
    assert not archive.together(first, second)
    assert archive.story_of(first).id == id_
    archive.add(replace(second, revised=at(5)))
    archive.add(replace(first, revised=at(6)))
    assert not archive.together(first, second)


def test_a_founder_that_is_split_off_leaves_the_id() -> None:
    """The story keeps its id without its founder, which gets another one."""
    first, second = report(DAM, "one.example", 1), report(DAM, "two.example", 2, hours=1)
    archive = Archive()
    archive.add(first, second)
    id_ = archive.story_of(first).id
    archive.decisions = (make_decision("split", second.key, first.key),)
    archive.add(report(COMET, "one.example", 3, hours=2))
    assert archive.story_of(second).id == id_
    assert archive.story_of(first).id not in {id_, archive.story_of(second).id}


def test_the_last_word_on_a_pair_holds() -> None:
    """A join after a never joins."""
    first, second = report(DAM, "one.example", 1), report(FERRY, "two.example", 2, hours=1)
    archive = Archive()
    archive.decisions = (
        make_decision("never", first.key, second.key),
        make_decision("join", second.key, first.key),
    )
    archive.add(first, second)
    assert archive.together(first, second)


@pytest.mark.parametrize("by", ["id", "link"])
def test_the_configuration_names_entries(by: str) -> None:
    """`never` of the configuration holds for entries named by id or link."""
    first, second = report(DAM, "one.example", 1), report(DAM, "two.example", 2, hours=1)
    pair = (
        (ids.entry_id(first.key), ids.entry_id(second.key))
        if by == "id"
        else (first.entry.link, second.entry.link)
    )
    archive = Archive(StorySettings(never=(pair,)))
    archive.add(first, second)
    assert not archive.together(first, second)


# --- what is kept ---------------------------------------------------------------------------


def test_journal_gives_back_id_and_date() -> None:
    """Entries go back into the story of the journal, even where they would not join."""
    first, second = report(DAM, "one.example", 1), report(FERRY, "two.example", 2, hours=1)
    id_, when = ids.story_id(make_key(99)), at(days=-3)
    archive = Archive()
    journal = {first.key: (id_, when), second.key: (id_, when)}
    archive.add(first, second, journal=journal)
    story = archive.story_of(first)
    assert archive.together(first, second)
    assert (story.id, story.first_published) == (id_, when)
    assert {member.reason.kind for member in story.members} == {"journal"}


def test_a_newcomer_joins_a_story_of_the_journal() -> None:
    """What comes back is compared with as before."""
    first, second = report(DAM, "one.example", 1), report(DAM, "two.example", 2, hours=1)
    id_ = ids.story_id(make_key(99))
    archive = Archive()
    archive.add(first, second, journal={first.key: (id_, at(days=-3))})
    assert archive.story_of(second).id == id_


def test_a_modified_entry_keeps_its_story_and_moves_updated() -> None:
    """Even a text about something else stays where it was published."""
    first, second = report(DAM, "one.example", 1), report(DAM, "two.example", 2, hours=1)
    archive = Archive()
    archive.add(first, second, now=at(2))
    before = archive.story_of(first)
    title, text = COMET["one.example"]
    archive.add(
        report({"two.example": (title, text)}, "two.example", 2, hours=1, revised=at(5)), now=at(6)
    )
    after = archive.story_of(first)
    assert (after.id, after.first_published) == (before.id, before.first_published)
    assert [member.key for member in after.members] == [member.key for member in before.members]
    assert after.updated == at(6) > before.updated


def test_updated_moves_for_a_new_publisher() -> None:
    """One more publisher is news; the date of first publication stays."""
    first = report(DAM, "one.example", 1)
    second = report(DAM, "two.example", 2, hours=-0.5)
    archive = Archive()
    archive.add(first, now=at(3))
    before = archive.story_of(first)
    found = archive.add(second, now=at(6))
    assert archive.together(first, second)
    assert (found.new, found.changed) == (0, 1)
    after = archive.story_of(first)
    assert after.updated == at(6) > before.updated
    assert after.first_published == before.first_published


def test_nothing_new_is_nothing_done() -> None:
    """No entries, no stories."""
    assert group((), GroupingContext(settings=SETTINGS, now=NOW)) == Grouping(stories=())


def test_the_result_is_whole() -> None:
    """A grouping gives features of each new entry, members in order and what is new."""
    entries = stream()
    found = Archive().add(*entries)
    assert [key for key, _ in found.features] == [one.key for one in entries]
    assert (found.new, found.changed) == (len(EVENTS), 0)
    places = {one.key: (one.published, one.key) for one in entries}
    for story in found.stories:
        keys = [member.key for member in story.members]
        assert keys == sorted(keys, key=places.__getitem__)
        assert story.founder == keys[0]
        assert story.representative in keys
        assert story.members[0].reason.kind == "founder"


def test_features_of_another_form_are_passed_over() -> None:
    """What an older version stored does not stop a grouping; its story stays."""
    first, second = report(DAM, "one.example", 1), report(DAM, "two.example", 2, hours=1)
    archive = Archive()
    archive.add(first)
    before = archive.story_of(first)
    for features in (b"", b"\xff" * 200):
        archive.entries[first.key] = replace(archive.entries[first.key], features=features)
        archive.add(second)
        assert archive.story_of(first) == before
        del archive.stories[archive.story_of(second).id], archive.entries[second.key]


def test_the_window_is_a_setting() -> None:
    """A shorter window keeps apart what a longer one brings together."""
    first, second = report(DAM, "one.example", 1), report(DAM, "two.example", 2, hours=3)
    archive = Archive(StorySettings(window=timedelta(hours=2)))
    archive.add(first, second)
    assert not archive.together(first, second)
