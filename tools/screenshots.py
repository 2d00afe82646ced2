"""Make the screenshots in docs/screenshots: made-up stories, served on loopback, seen by Chromium.

Run by `make screenshots`, which needs uv and a Chromium (CHROMIUM=/path/to/chromium).
"""

import asyncio
import os
import random
import sys
import tempfile
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import uvicorn  # noqa: E402
from PIL import Image, ImageDraw, ImageFilter  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from aggregator.core.figures import SourceFigures, Totals  # noqa: E402
from aggregator.core.model import Member, Publisher, Reason, ShownStory, Source, SourceState  # noqa: E402
from aggregator.core.outcomes import PastOutcome  # noqa: E402
from aggregator.core.search import SearchHit, SearchPage, SearchQuery  # noqa: E402
from aggregator.core.settings import PageSettings  # noqa: E402
from aggregator.gather.pictures.picture_files import PictureFiles, picture_name  # noqa: E402
from aggregator.gather.pictures.thumbnails import make_thumbnails  # noqa: E402
from aggregator.publish.renderers import atom, rss  # noqa: E402
from aggregator.web import make_app  # noqa: E402
from tests.builders import make_edition, make_shown, make_spec, make_stored  # noqa: E402
from tests.unit.gather.pictures.images import document  # noqa: E402
from tests.unit.web.fakes import FakeReader, make_site  # noqa: E402

PORT = 8943
NOW = datetime(2026, 12, 1, 18, 40, tzinfo=UTC)
OUT = ROOT / "docs" / "screenshots"
PUBLISHERS = (
    ("morning.example", "Morning Post"), ("chenbao.example", "晨报"), ("wire.example", "The Wire"),
    ("tribune.example", "Tribune"), ("guangbo.example", "国际广播"), ("herald.example", "Herald"),
    ("ribao.example", "海峽日報"), ("ledger.example", "The Ledger"), ("sahifa.example", "الصحيفة"),
)  # fmt: skip
# language, title, text, category, number of publishers
STORIES = (
    ("en", "Central banks hold rates as inflation slows across Europe", "The central bank kept its key rate unchanged on Tuesday, saying that price pressures were easing faster than expected, while warning that wage growth remained a risk for services.", "business", 6),
    ("zh-Hant", "東部海域發生規模5.8地震 沿海最大震度4級", "氣象署表示，今天下午在東部海域發生規模5.8地震，地震深度18公里，沿海地區最大震度4級，目前沒有重大災情傳出。", "world", 4),
    ("en", "Rescue teams reach villages cut off by floods", "Helicopters carried food and medicine to more than forty villages after two days of rain washed away roads and bridges. Authorities said that twelve people were still missing.", "world", 3),
    ("zh-Hans", "多国科学家绘制出大脑皮层最完整图谱", "一个国际研究小组公布了迄今最完整的大脑皮层细胞图谱，包含三千多种细胞类型，有助于理解多种疾病。", "science", 1),
    ("en", "A small telescope finds water vapour on a planet forty light years away", "Astronomers say that they have found the clear signature of water in the atmosphere of a planet not much larger than Earth.", "science", 2),
    ("ar", "دعوة إلى وقف فوري لإطلاق النار وفتح الممرات الإنسانية", "دعا الأمين العام جميع الأطراف إلى وقف فوري لإطلاق النار وفتح الممرات أمام قوافل الإغاثة، محذراً من كارثة إنسانية مع حلول الشتاء.", "world", 1),
    ("en", "City council approves car-free centre after three years of debate", "The plan closes eleven streets to through traffic and adds bus lanes and trees. Shop owners had asked for a later start.", "local", 1),
    ("zh-Hans", "大型客机完成高原机场试飞", "该机型周二上午在海拔四千多米的机场完成试飞，接下来将进行寒区测试。制造商说，首批飞机将于明年交付。", "technology", 2),
    ("en", "Open-source database adds columnar storage", "The new release stores tables by column, which makes analytical queries several times faster according to the developers' own figures.", "technology", 1),
)  # fmt: skip
TRANSLATION = ("zh-Hans", "央行维持利率不变 通胀放缓快于预期", "央行周二宣布维持关键利率不变，称价格压力的缓解快于预期，但工资增长仍是服务业面临的风险。")  # fmt: skip
CATEGORIES = ("world", "business", "science", "local", "technology")
SOURCES = tuple(
    Source(
        id=host.partition(".")[0],
        url=f"https://{host}/feed",
        title=name,
        category=CATEGORIES[n % len(CATEGORIES)],
    )
    for n, (host, name) in enumerate(PUBLISHERS)
)


def make_story(n: int) -> ShownStory:
    """Make a story of the list, later ones a day earlier."""
    language, title, text, category, count = STORIES[n % len(STORIES)]
    chance = random.Random(n)
    begin = NOW - timedelta(minutes=50 + n * 97)
    entries = []
    by_category = [one for one in SOURCES if one.category == category]
    for k, (host, name) in enumerate(chance.sample(PUBLISHERS, count)):
        own = TRANSLATION if n % len(STORIES) == 0 and k in {2, 4} else (language, title, text)
        when = begin + timedelta(minutes=6 * k)
        entries.append(
            make_stored(
                20 * n + k + 1,
                language=own[0],
                title=own[1],
                text=own[2],
                html=f"<p>{own[2]}</p>" * 4,
                link=f"https://{host}/{n}",
                image=f"https://{host}/{n}.jpg" if k == 0 and n % 4 != 3 else "",
                publisher=Publisher(id=host, title=name, url=f"https://{host}/"),
                source_id=by_category[0].id if k == 0 else host.partition(".")[0],
                published=when,
                first_seen=when,
            )
        )
    shown = make_shown(*entries, first_published=begin, updated=entries[-1].published)
    members = [Member(key=entries[0].key, reason=Reason(kind="founder"))]
    for k, entry in enumerate(entries[1:], 1):
        reason = Reason(
            kind="same text" if k == 3 else "same event",
            score=1.0 if k == 3 else 0.81 + 0.03 * k,
            bar=0.61,
            nearest=entries[0].key,
            weights=(("titles", 2.1), ("word cosine", 1.4), ("leads", 1.0), ("hours", -0.4)),
            shared=("central bank", "inflation", "利率"),
        )
        members.append(Member(key=entry.key, reason=reason))
    return replace(shown, story=replace(shown.story, members=tuple(members)))


class Reader(FakeReader):
    """Gives made-up figures and hits."""

    def source_figures(self, now: datetime) -> dict[str, SourceFigures]:
        """Return figures of each source."""
        del now
        chance = random.Random(1)
        return {
            one.identity: SourceFigures(
                days=tuple(max(0, int(chance.gauss(24 - n, 7))) for _ in range(14)),
                grouped=200,
                later=chance.randrange(20, 150),
                first=chance.randrange(40),
            )
            for n, one in enumerate(SOURCES)
        }

    def totals(self) -> Totals:
        """Return made-up totals."""
        return Totals(entries=48_210, stories=31_877, shared=6_402, oldest=None)

    def search(self, query: SearchQuery, before: int | None, limit: int) -> SearchPage:
        """Find some stories."""
        del query, before, limit
        return SearchPage(hits=tuple(SearchHit(shown=s, key=s.lead.key) for s in self._stories[:5]))


def states() -> dict[str, SourceState]:
    """Make the states of the sources; two fail."""
    found = {
        one.identity: SourceState(
            last_success=NOW - timedelta(minutes=3 * n + 2),
            due=NOW + timedelta(minutes=7 * n + 5),
            history=(PastOutcome(since=NOW - timedelta(days=n + 3)),),
        )
        for n, one in enumerate(SOURCES)
    }
    error, since = "404: there is no feed at this address", NOW - timedelta(days=2)
    history = (PastOutcome(since=since, error=error), *found["herald"].history)
    found["herald"] = replace(found["herald"], error=error, last_success=since, history=history)
    return found


def draw(seed: int) -> bytes:
    """Draw a picture: hills under a sky."""
    chance = random.Random(seed)
    hue = chance.randrange(256)
    sky = Image.linear_gradient("L").resize((1200, 800))
    image = Image.merge("HSV", (Image.new("L", sky.size, hue), sky.point(lambda v: 40 + v // 3), sky.point(lambda v: 245 - v // 5))).convert("RGB")  # fmt: skip
    pen = ImageDraw.Draw(image)
    for layer in range(3):
        top = 420 + 110 * layer
        points = [(x, top + chance.randrange(-70, 70)) for x in range(0, 1400, 200)]
        shade = Image.new("HSV", (1, 1), ((hue + 20 * layer) % 256, 90, 150 - 40 * layer))
        colour: Any = shade.convert("RGB").getpixel((0, 0))
        pen.polygon([(0, 800), *points, (1200, 800)], fill=colour)
    written = BytesIO()
    image.filter(ImageFilter.GaussianBlur(2)).save(written, "JPEG")
    return written.getvalue()


def make_app_of(folder: Path, count: int) -> Any:
    """Make the application that serves so many stories, with their pictures and feed."""
    stories = [make_story(n) for n in range(count)]
    pictures = PictureFiles(folder / "pictures")
    for n, one in enumerate(stories[:80]):
        if image := one.lead.entry.image:
            pictures.save(picture_name(image), make_thumbnails(document(draw(n))))
    root = f"http://127.0.0.1:{PORT}/"
    spec = make_spec(title="The Daily Merge", formats=("atom", "rss", "json"))
    site = make_site(
        folder / "feeds",
        store=Reader(*stories, states=states()),
        sources=SOURCES,
        clock=lambda: NOW,
        public_url=root,
        feeds=(spec,),
        pages=PageSettings(owner_token="o" * 20),
    )
    edition = make_edition(
        *stories[:20],
        spec=spec,
        self_url=f"{root}feeds/merged.atom",
        home_url=root,
        updated=NOW,
    )
    (folder / "feeds" / "merged.atom").write_bytes(atom.render(edition))
    (folder / "feeds" / "merged.rss").write_bytes(rss.render(edition))
    return make_app(site)


def serve(count: int) -> None:
    """Serve the site in a thread that ends with the process."""
    app = make_app_of(Path(tempfile.mkdtemp()), count)
    server = uvicorn.Server(uvicorn.Config(app, port=PORT, log_level="warning", lifespan="off"))
    threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True).start()
    while not server.started:
        pass


def main() -> None:
    """Serve the site and take the pictures."""
    serve(60)
    story = make_story(0).story.id.removeprefix("urn:uuid:")
    shots = (  # name, path, language, scheme, width, height
        ("stories", "/", "en", "light", 1100, 1000),
        ("stories-dark-zh", "/?tab=newest", "zh-CN", "dark", 1100, 1000),
        ("stories-phone", "/", "zh-CN", "light", 390, 844),
        ("story", f"/stories/{story}", "en", "light", 1100, 1700),
        ("story-phone-dark", f"/stories/{story}", "zh-TW", "dark", 390, 844),
        ("sources", "/sources", "en", "light", 1100, 900),
        ("source", "/sources/herald", "en", "light", 1100, 1000),
        ("search", "/search?q=bank", "en", "light", 1100, 900),
        ("about", "/about", "zh-CN", "light", 1100, 1000),
        ("not-found", "/nothing", "en", "light", 1100, 600),
        ("feed", "/feeds/merged.atom", "en", "light", 1100, 800),
    )
    OUT.mkdir(exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or None, args=["--no-sandbox"]
        )
        for name, path, language, scheme, width, height in shots:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                locale=language,
                java_script_enabled=False,
            )
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{PORT}{path}")
            image = Image.open(BytesIO(page.screenshot()))
            image.save(OUT / f"{name}.webp", quality=82, method=6)
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
