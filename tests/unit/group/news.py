"""Invented news for the tests of grouping: events told by several publishers, and look-alikes."""

from typing import Any

from aggregator.core.model import GroupContext, Grouped, Grouping, StoredEntry
from tests.builders import at, make_publisher, make_stored

BRIDGE = (
    (
        "海岚市长林远峰宣布修建跨海大桥",
        (
            "海岚市市长林远峰周一宣布，将在岚湾修建一座全长三十二公里的跨海大桥，工程预计耗资三百亿元。"
            "林远峰在市政厅对记者表示，大桥建成后，从海岚到对岸渔港青礁的车程将由两小时缩短为二十五分钟。"
            "工程由岚湾建设集团承建，明年三月动工，预计五年完成。环保团体担心施工会影响湾内的白海豚。"
        ),
    ),
    (
        "耗资三百亿 海岚跨海大桥明年动工",
        (
            "海岚市政府周一公布岚湾跨海大桥计划，全长三十二公里，耗资三百亿元，由岚湾建设集团负责施工。"
            "市长林远峰说，大桥明年三月动工，五年后通车，届时海岚与青礁之间只需二十五分钟车程。"
            "环保人士要求先评估工程对白海豚的影响。"
        ),
    ),
    (
        "海嵐將建三十二公里跨海大橋 環保團體憂白海豚受害",
        (
            "海嵐市長林遠峰週一在市政廳宣布興建嵐灣跨海大橋，全長三十二公里，預計耗資三百億元，明年三月動工。"
            "環保團體批評嵐灣建設集團沒有評估施工對白海豚的影響，要求市府暫緩。"
            "市府表示大橋五年後完工，海嵐到青礁的車程將縮短為二十五分鐘。"
        ),
    ),
)
FLOOD = (
    (
        "云溪县暴雨引发山洪 七人失踪",
        (
            "云溪县周二凌晨遭遇特大暴雨，山洪冲毁石桥镇的三座村庄，当局说有七人失踪，两千多名居民被疏散。"
            "县应急管理局长赵立群表示，救援人员正在石桥镇下游搜寻。气象台预计降雨将持续到周四。"
        ),
    ),
    (
        "石桥镇山洪冲毁三村 当局疏散两千居民",
        (
            "特大暴雨周二凌晨袭击云溪县，石桥镇三座村庄被山洪冲毁，七人下落不明，两千多名居民被疏散到县城。"
            "应急管理局长赵立群说搜救仍在进行，气象台警告周四以前还有强降雨。"
        ),
    ),
)
MATCH = (
    (
        "青礁港人队三比一击败白塔队 首夺联赛冠军",
        (
            "青礁港人足球队周三晚在主场以三比一击败白塔队，队史上首次夺得全国联赛冠军。"
            "前锋苏明浩攻入两球，门将何启天扑出一个点球。主教练卡洛斯赛后说，球队等待这一刻已有四十年。"
        ),
    ),
    (
        "苏明浩梅开二度 港人队四十年来首次夺冠",
        (
            "凭借前锋苏明浩的两个进球，青礁港人队周三晚三比一战胜白塔队，赢得队史首个全国联赛冠军。"
            "门将何启天扑出点球，主教练卡洛斯在终场后泪洒球场，说四十年的等待结束了。"
        ),
    ),
)
PORT = (
    (
        "Harwick port workers end strike after pay deal with Delmar Lines",
        (
            "Dock workers at the port of Harwick voted on Monday to end a nine-day strike after Delmar Lines "
            "agreed to raise wages by 11 percent over two years. Union leader Petra Oakes said 2,300 members "
            "would return to the cranes on Tuesday. More than forty container ships are waiting off Harwick."
        ),
    ),
    (
        "Nine-day strike at Harwick port over as union accepts 11 percent raise",
        (
            "A strike that shut the port of Harwick for nine days ended on Monday when the dockers' union "
            "accepted an offer from Delmar Lines: 11 percent more pay over two years. Petra Oakes, who leads "
            "the union, said its 2,300 members would start to unload the forty waiting ships on Tuesday."
        ),
    ),
)
FERRY = (
    (
        "Ferry runs aground off Calder Island, all 180 passengers safe",
        (
            "A passenger ferry ran aground in fog off Calder Island early on Sunday. The coast guard said all "
            "180 people aboard the Morning Star were taken off by lifeboats and nobody was hurt. Captain Ian "
            "Frew told investigators that the radar had failed minutes before."
        ),
    ),
)
STANDING_ALONE = (
    (
        "天文学家在双鱼座发现新彗星",
        (
            "白塔天文台周五宣布，研究员在双鱼座方向发现一颗新彗星，预计明年秋天肉眼可见。"
            "彗星以发现者顾星河命名，轨道周期约六百年。"
        ),
    ),
)


def tell(
    version: tuple[str, str], number: int, publisher: str, hours: float = 0, **kw: Any
) -> StoredEntry:
    """Return an entry with this title and text, published so many hours after a fixed time."""
    title, text = version
    published = at(hours, days=-30)
    given: dict[str, Any] = {
        "title": title,
        "text": text,
        "publisher": make_publisher(publisher),
        "source_id": publisher,
        "language": "en" if title.isascii() else "zh",
        "link": f"https://{publisher}/{number}",
        "published": published,
        "revised": published,
    }
    return make_stored(number, **given | kw)


def week() -> tuple[StoredEntry, ...]:
    """Return one stream of all events, in (published, key) order."""
    told = [
        tell(BRIDGE[0], 1, "one.example", 0),
        tell(FLOOD[0], 2, "one.example", 1),
        tell(BRIDGE[1], 3, "two.example", 2),
        tell(PORT[0], 4, "three.example", 3),
        tell(BRIDGE[2], 5, "three.example", 5),
        tell(FLOOD[1], 6, "two.example", 6),
        tell(FERRY[0], 7, "four.example", 7),
        tell(PORT[1], 8, "four.example", 9),
        tell(MATCH[0], 9, "one.example", 10),
        tell(STANDING_ALONE[0], 10, "two.example", 11),
        tell(MATCH[1], 11, "three.example", 12),
    ]
    return tuple(sorted(told, key=lambda one: (one.published, one.key)))


def groups(grouping: Grouping) -> set[frozenset[str]]:
    """Return the members of each story."""
    return {frozenset(member.key for member in story.members) for story in grouping.stories}


def remember(
    context: GroupContext, grouping: Grouping, new: tuple[StoredEntry, ...]
) -> GroupContext:
    """Return what a store would give to the next grouping, if everything is in sight."""
    times = {one.key: one.published for one in context.entries} | {
        one.key: one.published for one in new
    }
    features = {one.key: one.features for one in context.entries} | dict(grouping.features)
    dead = {one.id for one in grouping.tombstones}
    stories = {one.id: one for one in context.stories if one.id not in dead}
    stories |= {one.id: one for one in grouping.stories}
    living = [one for one in stories.values() if one.members]
    entries = tuple(
        Grouped(
            key=member.key,
            published=times[member.key],
            story_id=story.id,
            features=features[member.key],
        )
        for story in living
        for member in story.members
    )
    return GroupContext(
        entries=entries,
        stories=tuple(living),
        decisions=context.decisions,
        journal=context.journal,
    )
