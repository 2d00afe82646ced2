"""A feed that is polled fifty times while everything about it churns."""

import asyncio
import random
from dataclasses import dataclass

from lxml import etree

from tests.integration.conftest import Opener
from tests.integration.loopback import Site

ATOM = "{http://www.w3.org/2005/Atom}"
POLLS, WINDOW = 50, 12
WORDS = (
    "harbour lantern violin glacier orchard compass saddle meadow furnace quarry ribbon thunder "
    "pepper canvas beacon marble timber walnut cobalt falcon garnet hollow island jasper kettle"
).split()


@dataclass(slots=True)
class Report:
    """One real entry of the publisher."""

    number: int
    title: str
    text: str
    guid: str
    query: str = ""

    def item(self, counter: int) -> str:
        """Return it as the feed writes it now, with a counter that means nothing."""
        return (
            f"<item><guid isPermaLink='false'>{self.guid}</guid><title>{self.title}</title>"
            f"<link>https://news.example/{self.number}{self.query}</link>"
            f"<pubDate>Mon, 02 Mar 2026 {self.number // 60:02}:{self.number % 60:02}:00 GMT</pubDate>"
            f"<description>&lt;p&gt;{self.text}&lt;/p&gt;&lt;p&gt;{counter} views&lt;/p&gt;"
            "</description></item>"
        )


def write(number: int, chance: random.Random) -> Report:
    """Write entry so many, about nothing that another one is about."""
    words = [f"{word}{number}" for word in chance.sample(WORDS, 12)]
    return Report(
        number=number,
        title=" ".join(words[:4]).capitalize(),
        text=" ".join(words + chance.sample(words, 12)),
        guid=f"guid-{number}",
    )


def churn(shown: list[Report], chance: random.Random) -> None:
    """Change what must not matter, and once in a while a text."""
    chance.shuffle(shown)
    for report in shown:
        match chance.randrange(8):
            case 0:
                report.guid = f"guid-{chance.random()}"
            case 1:
                report.query = f"?utm_source=feed&amp;utm_campaign={chance.randrange(1000)}"
            case 2:
                report.text += f" amended {chance.choice(WORDS)}"
            case _:
                pass


def test_each_real_entry_is_published_once_under_one_id(application: Opener, site: Site) -> None:
    """New order, changed ids, edits and counters: nothing doubled, nothing lost, no id changed."""
    chance = random.Random(20260302)
    app = application(
        f"fetch: {{allow_private: [127.0.0.1]}}\nsources: [{site.address}/feed]\n"
        "feeds: [{name: merged, title: All, limit: 1000, group: none}]\n"
    )
    ids: dict[str, str] = {}
    reports = [write(number, chance) for number in range(5)]
    for poll in range(POLLS):
        if poll % 3:
            reports.append(write(len(reports), chance))
        shown = reports[-WINDOW:]
        churn(shown, chance)
        items = "".join(report.item(poll * 100) for report in shown)
        site.pages["/feed"] = (
            f'<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'.encode()
        )
        asyncio.run(app.run_once())
        root = etree.parse(app.folder / "merged.atom").getroot()
        titles = [one.findtext(f"{ATOM}title", "") for one in root.findall(f"{ATOM}entry")]
        found = {
            one.findtext(f"{ATOM}title", ""): one.findtext(f"{ATOM}id", "")
            for one in root.findall(f"{ATOM}entry")
        }
        assert sorted(titles) == sorted(report.title for report in reports)
        assert ids.items() <= found.items()
        ids = found
