"""Makes article pages in the layouts that news sites use, with the text that each one carries.

The text is made up, the markup has the form of real sites. `pages()` gives each layout in several
pieces; `KEPT_BACK` names the layouts that no rule was written with in view.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

# --- text ----------------------------------------------------------------------------------

_EN = {
    "who": "The regional council|A spokesman for the ministry|Researchers at the university|The port authority|Two former engineers|The opposition leader|Residents of the old town|The central bank|An independent auditor|The head of the fishing union".split("|"),
    "did": "announced on Tuesday|confirmed after a long debate|denied in a written statement|warned in an interview|explained to reporters|agreed last week|argued before the committee|found in a new study".split("|"),
    "what": "that the new bridge will open in spring|that water levels have fallen by {n} per cent|that more than {n} households lost power|that the budget leaves a gap of {n} million|that the ferry line carries {n} passengers a day|that wages have not kept up with rents|that the harbour needs {n} new cranes|that the law would be voted on again|that the vaccine trial enters its last phase|that the train line will be closed for {n} days".split("|"),
    "tail": "although critics doubt the figures|and promised to publish the documents|while neighbours hope for a quick repair|which surprised many observers|because the contract ends in June|as costs rose for the third year in a row|and called for calm|despite strong winds along the coast".split("|"),
    "topic": "Harbour bridge|Water crisis|Night train|Vaccine trial|City budget|Coastal storm|Fishing quota|School reform".split("|"),
    "verb": "divides the council|to open in spring|costs more than planned|returns after ten years|faces new doubts|draws thousands".split("|"),
}  # fmt: skip
_ZH = {
    "who": "市政府发言人|港务局负责人|大学研究人员|中央银行|当地居民代表|两名前工程师|反对派领袖|独立审计机构|渔业工会主席|交通部门".split("|"),
    "did": "周二宣布|在记者会上表示|在书面声明中否认|接受采访时警告说|上周同意|在委员会作证时指出|在新研究中发现|经过长时间讨论后确认".split("|"),
    "what": "新大桥将于明年春天通车|水位已经下降百分之{n}|超过{n}户家庭停电|预算缺口达到{n}亿元|渡轮每天运送{n}名乘客|工资涨幅跟不上房租|港口还需要{n}台起重机|该法案将再次表决|疫苗试验进入最后阶段|铁路线将关闭{n}天".split("|"),
    "tail": "不过批评者对数字表示怀疑|并承诺公布全部文件|邻近居民希望尽快修复|这让许多观察人士感到意外|因为合同将于六月到期|成本已经连续三年上升|并呼吁各方保持冷静|尽管沿海地区风力强劲".split("|"),
    "topic": "港口大桥|缺水危机|夜间列车|疫苗试验|城市预算|沿海风暴|渔业配额|学校改革".split("|"),
    "verb": "引发议会分歧|将于春天开通|成本超出计划|十年后重新开放|面临新的质疑|吸引数千人".split("|"),
}  # fmt: skip
_LABELS = {
    "en": {
        "home": "Home", "world": "World", "sport": "Sport", "money": "Money", "opinion": "Opinion",
        "login": "Sign in", "subscribe": "Subscribe now", "share": "Share this article",
        "related": "Related stories", "more": "Read more", "popular": "Most read",
        "comments": "Comments", "reply": "Reply", "ad": "Advertisement",
        "cookies": "We use cookies and similar technologies to improve your experience. By clicking accept all you agree to the processing of your data by us and our 412 partners.",
        "accept": "Accept all", "reject": "Manage options",
        "letter": "Get our best stories in your inbox every morning. Sign up for the free newsletter.",
        "rights": "All rights reserved. Terms of use, privacy policy, imprint.",
        "by": "By", "published": "Published", "listen": "Listen to this article",
        "follow": "Follow us on social media", "support": "Our journalism depends on readers like you. Support us from as little as 2 a month.",
    },
    "zh": {
        "home": "首页", "world": "国际", "sport": "体育", "money": "财经", "opinion": "评论",
        "login": "登录", "subscribe": "立即订阅", "share": "分享到微信朋友圈",
        "related": "相关阅读", "more": "点击阅读更多", "popular": "热门排行",
        "comments": "网友评论", "reply": "回复", "ad": "广告",
        "cookies": "本网站使用 Cookie 及类似技术以改善您的浏览体验。点击“全部接受”即表示您同意我们及合作伙伴处理您的数据。",
        "accept": "全部接受", "reject": "管理选项",
        "letter": "每天早晨将精选报道送到您的邮箱，欢迎免费订阅我们的电子报。",
        "rights": "版权所有，未经授权不得转载。使用条款 隐私政策 联系我们",
        "by": "记者", "published": "发布时间", "listen": "收听本文音频",
        "follow": "关注我们的官方账号", "support": "独立新闻需要您的支持，请考虑每月捐助我们。",
    },
}  # fmt: skip
_NAMES = {
    "en": ["Anna Berg", "John Carter", "Maria Lopez", "Tom Hale"],
    "zh": ["王小明", "李丽", "陈志强", "赵海燕"],
}


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One article: what it says, and what stands around it."""

    number: int
    lang: str
    size: int = 9  # paragraphs
    _words: dict[str, list[str]] = field(init=False, repr=False, compare=False)

    @cached_property
    def _random(self) -> random.Random:
        return random.Random(self.number * 2 + (self.lang == "zh"))

    def _sentence(self) -> str:
        words, pick = (_EN if self.lang == "en" else _ZH), self._random.choice
        parts = [pick(words[name]) for name in ("who", "did", "what", "tail")]
        parts[2] = parts[2].format(n=self._random.randint(11, 980))
        if self.lang == "en":
            return f"{parts[0]} {parts[1]} {parts[2]}, {parts[3]}."
        return f"{parts[0]}{parts[1]}，{parts[2]}，{parts[3]}。"

    def _headline(self) -> str:
        words, pick = (_EN if self.lang == "en" else _ZH), self._random.choice
        between = " " if self.lang == "en" else ""
        return f"{pick(words['topic'])}{between}{pick(words['verb'])}"

    @cached_property
    def title(self) -> str:
        """The headline."""
        between = ": " if self.lang == "en" else "："
        return f"{self._headline()}{between}{self._random.randint(100, 999)}"

    @cached_property
    def paragraphs(self) -> list[str]:
        """The text."""
        between = " " if self.lang == "en" else ""
        return [
            between.join(self._sentence() for _ in range(self._random.randint(1, 4)))
            for _ in range(self.size)
        ]

    @cached_property
    def heads(self) -> list[str]:
        """Two headings within the text."""
        return [self._headline() for _ in range(2)]

    @cached_property
    def quote(self) -> str:
        """A quotation within the text."""
        return self._sentence()

    @cached_property
    def points(self) -> list[str]:
        """A list within the text."""
        return [self._sentence() for _ in range(3)]

    @cached_property
    def others(self) -> list[str]:
        """Headlines of other articles."""
        return [f"{self._headline()} {self._random.randint(10, 99)}" for _ in range(8)]

    @cached_property
    def teasers(self) -> list[str]:
        """Teasers of other articles."""
        return [self._sentence() for _ in range(8)]

    @cached_property
    def said(self) -> list[str]:
        """Comments of readers."""
        return [f"{self._sentence()} !!" for _ in range(5)]

    @property
    def author(self) -> str:
        """The author."""
        return _NAMES[self.lang][self.number % 4]

    @property
    def date(self) -> datetime:
        """The date of publication."""
        return datetime(2026, 3, 1, 8, 30, tzinfo=UTC) + timedelta(hours=self.number * 7)

    @property
    def url(self) -> str:
        """The address."""
        return f"https://news.example/{self.lang}/2026/03/article-{self.number}.html"

    @property
    def image(self) -> str:
        """The address of the lead image."""
        return f"https://img.example/{self.number}/lead.jpg"

    def __getitem__(self, label: str) -> str:
        return _LABELS[self.lang][label]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page with what should be taken from it; `text` is empty if it is no article."""

    name: str
    lang: str
    url: str
    html: bytes
    title: str
    text: tuple[str, ...] = ()
    image: str = ""
    author: str = ""
    date: datetime | None = None
    canonical: str = ""
    neutral: tuple[str, ...] = ()  # neither text nor clutter: title, author, standfirst, captions


# --- pieces of markup ----------------------------------------------------------------------


def _p(texts: list[str], tag: str = "p", attributes: str = "") -> str:
    return "\n".join(f"<{tag}{attributes}>{text}</{tag}>" for text in texts)


def _head(one: Piece, *extra: str, og: bool = True) -> str:
    meta = (
        f'<meta property="og:title" content="{one.title}"><meta property="og:type" content="article">'
        f'<meta property="og:image" content="{one.image}"><meta property="og:url" content="{one.url}">'
        f'<meta name="description" content="{one.teasers[0]}">'
        if og
        else ""
    )
    return (
        f'<!DOCTYPE html><html lang="{one.lang}"><head><meta charset="utf-8"><title>{one.title} - Example</title>'
        f'{meta}{"".join(extra)}<link rel="canonical" href="{one.url}">'
        "<script>window.dataLayer=window.dataLayer||[];function gtag(){dataLayer.push(arguments)}</script>"
        "<style>.a{color:red}</style></head>"
    )


def _ld(one: Piece, kind: str = "NewsArticle", **more: object) -> str:
    data = {
        "@context": "https://schema.org",
        "@type": kind,
        "headline": one.title,
        "datePublished": one.date.isoformat(),
        "author": [{"@type": "Person", "name": one.author}],
        "image": [one.image],
        "mainEntityOfPage": one.url,
    } | more
    return f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>'


def _dated(one: Piece) -> str:
    return (
        f'<meta property="article:published_time" content="{one.date.isoformat()}">'
        f'<meta name="author" content="{one.author}">'
    )


def _nav(one: Piece, tag: str = "nav", cls: str = "main-nav") -> str:
    items = "".join(
        f'<li><a href="/{name}">{one[name]}</a></li>'
        for name in ("home", "world", "sport", "money", "opinion", "login", "subscribe")
    )
    return f'<{tag} class="{cls}"><ul>{items}</ul></{tag}>'


def _links(one: Piece, count: int = 5, tag: str = "li") -> str:
    return "".join(
        f'<{tag}><a href="/other-{n}">{title}</a></{tag}>'
        for n, title in enumerate(one.others[:count])
    )


def _related(one: Piece, cls: str = "related", tag: str = "aside") -> str:
    cards = "".join(
        f'<div class="card"><a href="/r{n}"><img src="/t{n}.jpg" alt=""><h3>{title}</h3></a><p>{teaser}</p></div>'
        for n, (title, teaser) in enumerate(zip(one.others[:4], one.teasers[:4], strict=True))
    )
    return f'<{tag} class="{cls}"><h2>{one["related"]}</h2>{cards}</{tag}>'


def _comments(one: Piece, cls: str = "comments") -> str:
    items = "".join(
        f'<div class="comment"><b>user{n}</b><p>{said}</p><a href="#r">{one["reply"]}</a></div>'
        for n, said in enumerate(one.said)
    )
    return f'<section id="comments" class="{cls}"><h2>{one["comments"]}</h2>{items}</section>'


def _foot(one: Piece, tag: str = "footer") -> str:
    return f'<{tag} class="site-footer"><p>{one["rights"]}</p><p>{one["follow"]}</p></{tag}></body></html>'


def _share(one: Piece) -> str:
    return (
        f'<div class="share-buttons"><span>{one["share"]}</span><a href="https://facebook.com/sharer?u=x">Facebook</a>'
        '<a href="https://twitter.com/intent/tweet?u=x">X</a><a href="mailto:?body=x">E-mail</a></div>'
    )


def _cookies(one: Piece, cls: str = "cookie-banner") -> str:
    return f'<div class="{cls}" role="dialog"><p>{one["cookies"]}</p><button>{one["accept"]}</button><button>{one["reject"]}</button></div>'


def _rich(one: Piece) -> str:
    """Return the text with headings, a quotation and a list."""
    own = one.paragraphs
    points = _p(one.points, "li")
    return (
        f"{_p(own[:3])}<h2>{one.heads[0]}</h2>{_p(own[3:5])}<blockquote><p>{one.quote}</p></blockquote>"
        f"{_p(own[5:7])}<h2>{one.heads[1]}</h2><ul>{points}</ul>{_p(own[7:])}"
    )


def _rich_text(one: Piece) -> list[str]:
    return [*one.paragraphs, *one.heads, one.quote, *one.points]


def _figure(one: Piece, n: int = 0) -> str:
    src = one.image if n == 0 else f"https://img.example/{one.number}/{n}.jpg"
    return f'<figure><img src="{src}" width="1200" height="800" alt=""><figcaption>Photo {n}</figcaption></figure>'


# --- layouts -------------------------------------------------------------------------------

Layout = Callable[[Piece], tuple[str, list[str]]]


def _wordpress_classic(one: Piece) -> tuple[str, list[str]]:
    body = (
        f'{_head(one, _dated(one))}<body class="single">{_nav(one, "div", "menu")}<div id="content"><div class="post type-post hentry">'
        f'<h1 class="entry-title">{one.title}</h1><div class="entry-meta">{one["by"]} <a rel="author" href="/a">{one.author}</a></div>'
        f'<div class="entry-content">{_figure(one)}{_rich(one)}<div class="sharedaddy">{_share(one)}</div>'
        f'<div class="jp-relatedposts"><h3>{one["related"]}</h3>{_links(one, 3, "p")}</div></div></div>{_comments(one)}</div>'
        f'<div id="sidebar"><div class="widget"><h3>{one["popular"]}</h3><ul>{_links(one, 8)}</ul></div>'
        f'<div class="widget"><p>{one["letter"]}</p></div></div>{_foot(one)}'
    )
    return body, _rich_text(one)


def _wordpress_block(one: Piece) -> tuple[str, list[str]]:
    body = (
        f'{_head(one, _ld(one))}<body><header class="wp-block-template-part">{_nav(one)}</header><main class="wp-block-group">'
        f'<h1 class="wp-block-post-title">{one.title}</h1><div class="entry-content wp-block-post-content">{_rich(one)}</div>'
        f'<div class="wp-block-post-terms"><a href="/tag/x">{one["world"]}</a></div>{_comments(one, "wp-block-comments")}'
        f'<div class="wp-block-query"><h2>{one["more"]}</h2>{_links(one)}</div></main>{_foot(one)}'
    )
    return body, _rich_text(one)


def _substack(one: Piece) -> tuple[str, list[str]]:
    widget = f'<div class="subscription-widget-wrap"><p>{one["letter"]}</p><button>{one["subscribe"]}</button></div>'
    own = one.paragraphs
    body = (
        f'{_head(one, _ld(one))}<body><div class="main-menu">{_nav(one)}</div><article class="typography newsletter-post post">'
        f'<h1 class="post-title">{one.title}</h1><h3 class="subtitle">{one.teasers[7]}</h3><div class="available-content"><div class="body markup">'
        f'{_p(own[:4])}{widget}{_p(own[4:])}</div></div></article><div class="comments-section">{_comments(one)}</div>{_foot(one)}'
    )
    return body, own


def _medium(one: Piece) -> tuple[str, list[str]]:
    own = "".join(f'<p class="pw-post-body-paragraph {n}xq fk">{p}</p>' for n, p in enumerate(one.paragraphs))  # fmt: skip
    body = (
        f'{_head(one, _ld(one))}<body><div id="root"><div class="a b c"><div class="d e">{_nav(one, "div", "f g")}</div>'
        f'<div class="h i"><section><div><div class="j k"><h1 class="pw-post-title">{one.title}</h1><div class="l"><span>{one.author}</span>'
        f"<span>5 min</span><button>{one['listen']}</button></div>{_figure(one)}{own}</div></div></section></div>"
        f'<div class="m n"><div>{one["more"]} {one.author}</div>{_related(one, "o p", "div")}</div></div></div>{_foot(one, "div")}'
    )
    return body, one.paragraphs


def _bbc(one: Piece) -> tuple[str, list[str]]:
    own = "".join(f'<div data-component="text-block" class="sc-18fde0d6-0"><div class="sc-e3"><p class="sc-eb">{p}</p></div></div>' for p in one.paragraphs)  # fmt: skip
    body = (
        f'{_head(one, _ld(one))}<body><div id="__next">{_cookies(one, "sc-cookie")}{_nav(one)}<main id="main-content"><article class="sc-x">'
        f'<div data-component="headline-block"><h1>{one.title}</h1></div><div data-component="byline-block"><span>{one.author}</span></div>'
        f'<div data-component="image-block">{_figure(one)}</div>{own}<div data-component="links-block"><h2>{one["related"]}</h2><ul>{_links(one, 3)}</ul></div>'
        f'</article></main><div data-component="recommendations">{_related(one, "promo")}</div></div>{_foot(one)}'
    )
    return body, one.paragraphs


def _guardian(one: Piece) -> tuple[str, list[str]]:
    own = one.paragraphs
    rich = f'<aside class="element element-rich-link"><a href="/o"><h3>{one.others[5]}</h3></a><p>{one["more"]}</p></aside>'
    body = (
        f'{_head(one, _dated(one))}<body>{_nav(one, "div", "pillars")}<article id="article"><h1>{one.title}</h1><div class="dcr-standfirst"><p>{one.teasers[6]}</p></div>'
        f'<div id="maincontent"><div class="article-body-commercial-selector">{_figure(one)}{_p(own[:3])}{rich}{_p(own[3:5])}'
        f'<div class="ad-slot"><span>{one["ad"]}</span></div>{_p(own[5:])}<div class="contributions-epic"><p>{one["support"]}</p><button>{one["subscribe"]}</button></div></div></div>'
        f'<div class="submeta"><ul>{_links(one, 4)}</ul></div></article>{_related(one, "onwards", "section")}{_foot(one)}'
    )
    return body, own


def _nyt(one: Piece) -> tuple[str, list[str]]:
    groups = "".join(f'<div class="css-s99gbd StoryBodyCompanionColumn"><div class="css-53u6y8">{_p(one.paragraphs[n:n + 2])}</div></div><div class="css-ad"><p>{one["ad"]}</p></div>' for n in range(0, one.size, 2))  # fmt: skip
    body = (
        f'{_head(one, _ld(one))}<body><div id="app"><header>{_nav(one)}</header><main><div id="site-content"><article id="story"><header><h1>{one.title}</h1>'
        f'<p class="css-byline">{one["by"]} {one.author}</p></header>{_figure(one)}<section name="articleBody">{groups}</section>'
        f'<div class="bottom-of-article"><p>{one.author} {one["follow"]}</p></div></article></div></main>{_related(one, "recirc")}</div>{_foot(one)}'
    )
    return body, one.paragraphs


def _dw(one: Piece) -> tuple[str, list[str]]:
    own = one.paragraphs
    body = (
        f'{_head(one, _dated(one))}<body>{_nav(one)}<div class="content-area"><article><header><h1>{one.title}</h1><span>{one.author}</span><p class="teaser-text">{one.teasers[5]}</p></header>'
        f'{_figure(one)}<div class="rich-text">{_p(own[:4])}<div class="vjs-wrapper embed"><span>03:20</span><a href="/v">{one["more"]}</a></div><h2>{one.heads[0]}</h2>{_p(own[4:])}</div>'
        f'</article><section class="more-on-topic">{_related(one, "teasers", "div")}</section></div>{_foot(one)}'
    )
    return body, [*own, one.heads[0]]


def _reuters(one: Piece) -> tuple[str, list[str]]:
    own = "".join(f'<div data-testid="paragraph-{n}" class="text__text__1FZLe body__small">{p}</div>' for n, p in enumerate(one.paragraphs))  # fmt: skip
    body = (
        f'{_head(one, _ld(one))}<body><div id="fusion-app">{_nav(one)}<main><article class="article__container"><h1 data-testid="Heading">{one.title}</h1>'
        f'<div class="article-body__content">{own}</div><div class="toolbar">{_share(one)}</div></article></main><div class="read-next"><h2>{one["more"]}</h2>{_related(one, "r", "div")}</div></div>{_foot(one)}'
    )
    return body, one.paragraphs


def _ap(one: Piece) -> tuple[str, list[str]]:
    own = one.paragraphs
    peek = f'<div class="HTMLModuleEnhancement"><div class="HubPeek"><h3>{one["popular"]}</h3><ul>{_links(one, 3)}</ul></div></div>'
    body = (
        f'{_head(one, _ld(one))}<body><bsp-header>{_nav(one)}</bsp-header><main class="Page-main"><h1 class="Page-headline">{one.title}</h1><div class="Page-lead">{_figure(one)}</div>'
        f'<div class="Page-storyBody"><div class="RichTextStoryBody RichTextBody">{_p(own[:3])}{peek}{_p(own[3:])}</div></div></main><div class="Page-below">{_related(one)}</div>{_foot(one)}'
    )
    return body, own


def _sina(one: Piece) -> tuple[str, list[str]]:
    own = _p(["\u3000\u3000" + p for p in one.paragraphs])
    body = (
        f'{_head(one, _dated(one), og=False)}<body><div class="main-nav">{_nav(one, "div", "nav")}</div><div class="main-content w1240"><h1 class="main-title">{one.title}</h1>'
        f'<div class="top-bar-wrap"><span class="date">{one.date:%Y年%m月%d日 %H:%M}</span></div><div class="article-content clearfix"><div class="article-content-left"><div class="article" id="artibody">'
        f'<div class="img_wrapper"><img src="{one.image}" alt=""></div>{own}<p class="show_author">({one["by"]}：{one.author})</p></div><div class="article-bottom"><div class="keywords">{_links(one, 3, "span")}</div></div>{_comments(one)}</div>'
        f'<div class="article-content-right"><div class="rank">{one["popular"]}<ul>{_links(one, 8)}</ul></div></div></div></div>{_foot(one, "div")}'
    )
    return body, one.paragraphs


def _tencent(one: Piece) -> tuple[str, list[str]]:
    own = _p(one.paragraphs, "p", ' class="one-p"')
    body = (
        f'{_head(one, og=False)}<body>{_nav(one, "div", "topnav")}<div class="qq_conent clearfix"><div class="LEFT"><h1>{one.title}</h1><div class="content clearfix"><div class="content-article">'
        f'<p class="one-p"><img class="content-picture" src="{one.image}"></p>{own}<div id="Status"></div></div></div><div class="guess"><h2>{one["related"]}</h2>{_related(one, "rel", "div")}</div></div>'
        f'<div class="RIGHT"><ul>{_links(one, 8)}</ul></div></div>{_foot(one, "div")}'
    )
    return body, one.paragraphs


def _netease(one: Piece) -> tuple[str, list[str]]:
    body = (
        f'{_head(one, _dated(one))}<body>{_nav(one, "div", "ntes_nav")}<div class="wrapper clearfix" id="container"><div class="post_main"><h1 class="post_title">{one.title}</h1><div class="post_info">{one.date:%Y-%m-%d %H:%M:%S}　来源: <a href="/x">{one.author}</a></div>'
        f'<div class="post_content" id="content"><div class="post_body">{_p(one.paragraphs)}<p class="f_center"><img src="{one.image}"><br></p></div><div class="post_author">{one["by"]}：{one.author}</div><div class="post_statement">{one["rights"]}</div></div>'
        f'<div class="post_recommends"><h3>{one["related"]}</h3>{_related(one, "rec", "div")}</div></div><div class="post_side"><ul>{_links(one, 8)}</ul></div></div>{_foot(one, "div")}'
    )
    return body, one.paragraphs


def _people(one: Piece) -> tuple[str, list[str]]:
    own = "".join(f'<p style="text-indent: 2em;">\n\t{p}</p>' for p in one.paragraphs)
    body = (
        f'{_head(one, og=False)}<body>{_nav(one, "div", "w1000 head")}<div class="rm_box clearfix"><div class="layout rm_txt cf"><div class="col col-1 fl"><h1>{one.title}</h1><div class="channel cf"><div class="col-1-1 fl">{one.date:%Y年%m月%d日%H:%M} | 来源：<a href="/">日报</a></div></div>'
        f'<div class="rm_txt_con cf"><div class="bza"></div><p style="text-align: center;"><img src="{one.image}"/></p>{own}<div class="edit cf">(责编：{one.author})</div></div><p class="paper_num">{one["share"]}</p></div><div class="col col-2 fr"><ul>{_links(one, 8)}</ul></div></div></div>{_foot(one, "div")}'
    )
    return body, one.paragraphs


def _wechat(one: Piece) -> tuple[str, list[str]]:
    own = "".join(f'<section style="line-height:1.75em"><span style="font-size:16px"><span style="color:#333">{p}</span></span></section><section><br></section>' for p in one.paragraphs)  # fmt: skip
    body = (
        f'{_head(one)}<body id="activity-detail" class="zh_CN"><div id="js_article" class="rich_media"><div class="rich_media_inner"><h1 class="rich_media_title" id="activity-name">{one.title}</h1><div id="meta_content" class="rich_media_meta_list"><span>{one.author}</span></div>'
        f'<div class="rich_media_content" id="js_content" style="visibility: hidden; opacity: 0;"><section><img data-src="{one.image}" data-type="jpeg"></section>{own}</div><div class="rich_media_tool">{one["share"]}</div></div></div><div class="qr_code_pc"><p>{one["follow"]}</p></div></body></html>'
    )
    return body, one.paragraphs


def _table_page(one: Piece) -> tuple[str, list[str]]:
    own = "<br><br>".join(one.paragraphs)
    body = (
        f'{_head(one, og=False)}<body><table width="960"><tr><td colspan="2">{_nav(one, "div", "top")}</td></tr><tr><td width="180"><ul>{_links(one, 8)}</ul></td><td><table><tr><td align="center"><b>{one.title}</b></td></tr><tr><td>{one.date:%Y-%m-%d}</td></tr>'
        f'<tr><td class="zw">{own}</td></tr></table></td></tr><tr><td colspan="2">{one["rights"]}</td></tr></table></body></html>'
    )
    return body, one.paragraphs


def _forum(one: Piece) -> tuple[str, list[str]]:
    replies = "".join(f'<div id="post_{n}"><table><tr><td class="pls">user{n}</td><td class="plc"><td class="t_f">{said}</td></td></tr></table></div>' for n, said in enumerate(one.said))  # fmt: skip
    own = "<br />\n<br />\n".join(one.paragraphs)
    body = f'{_head(one, og=False)}<body id="nv_forum">{_nav(one, "div", "nv")}<div id="ct"><div id="postlist"><h1 class="ts">{one.title}</h1><div id="post_0"><table class="plhin"><tr><td class="pls">{one.author}</td><td class="plc"><div class="pct"><table><tr><td class="t_f" id="postmessage_1">{own}</td></tr></table></div></td></tr></table></div>{replies}</div></div>{_foot(one, "div")}'
    return body, one.paragraphs


def _json_only(one: Piece) -> tuple[str, list[str]]:
    text = "\n\n".join(one.paragraphs)
    body = f'{_head(one, _ld(one, articleBody=text))}<body><div id="root"></div><noscript>You need to enable JavaScript to run this app.</noscript><script>window.__APP__={{"menu":["{one["home"]}","{one["world"]}"]}}</script></body></html>'
    return body, one.paragraphs


def _amp(one: Piece) -> tuple[str, list[str]]:
    own = one.paragraphs
    body = (
        f'{_head(one, _ld(one)).replace("<html", "<html amp")}<body><amp-sidebar id="s" layout="nodisplay">{_nav(one)}</amp-sidebar><amp-consent id="c"><div>{one["cookies"]}</div></amp-consent><main><h1>{one.title}</h1><amp-img src="{one.image}" width="1200" height="800" layout="responsive"></amp-img>'
        f'<div class="amp-wp-article-content">{_p(own[:4])}<amp-ad type="x"><div>{one["ad"]}</div></amp-ad>{_p(own[4:])}</div></main>{_related(one, "amp-related", "section")}{_foot(one)}'
    )
    return body, own


def _photo_story(one: Piece) -> tuple[str, list[str]]:
    own = "".join(f"{_figure(one, n)}<p>{p}</p>" for n, p in enumerate(one.paragraphs))
    body = f'{_head(one, _dated(one))}<body>{_nav(one)}<main><article class="gallery"><h1>{one.title}</h1><div class="gallery-body">{own}</div></article></main>{_related(one)}{_foot(one)}'
    return body, one.paragraphs


def _developer_blog(one: Piece) -> tuple[str, list[str]]:
    code = '<pre><code class="language-py">def main():\n    print("bridge opens")\n</code></pre>'
    own = one.paragraphs
    table = f"<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td>{one.points[0]}</td><td>42</td></tr></tbody></table>"
    body = (
        f'{_head(one, _dated(one))}<body><header class="navbar">{_nav(one)}</header><div class="container"><aside class="toc"><ul><li><a href="#a">{one.heads[0]}</a></li></ul></aside><article class="markdown-body"><h1>{one.title}</h1>{_p(own[:3])}<h2 id="a">{one.heads[0]}</h2>{code}{_p(own[3:6])}{table}{_p(own[6:])}</article>'
        f'<nav class="pagination-nav"><a href="/prev">{one.others[0]}</a><a href="/next">{one.others[1]}</a></nav></div>{_foot(one)}'
    )
    return body, [*own, one.heads[0], one.points[0], 'print("bridge opens")']


def _live_blog(one: Piece) -> tuple[str, list[str]]:
    own = "".join(f'<article class="live-post" id="b{n}"><time datetime="2026-03-01T{10 + n}:00Z">{10 + n}:00</time><h3>{10 + n}:00</h3><div class="live-post__body"><p>{p}</p></div></article>' for n, p in enumerate(one.paragraphs))  # fmt: skip
    body = f'{_head(one, _ld(one, "LiveBlogPosting"))}<body>{_nav(one)}<main><h1>{one.title}</h1><div class="live-blog">{own}</div></main>{_related(one)}{_foot(one)}'
    return body, one.paragraphs


def _press_release(one: Piece) -> tuple[str, list[str]]:
    own = "<br/><br/>".join(one.paragraphs)
    body = f'{_head(one, _dated(one))}<body><div id="top">{_nav(one, "div", "mega")}</div><div class="release"><h1>{one.title}</h1><div class="release-body">{own}</div><div class="contact"><p>Press office, +1 555 0100</p></div></div>{_cookies(one)}{_foot(one)}'
    return body, one.paragraphs


def _inline_clutter(one: Piece) -> tuple[str, list[str]]:
    own, parts = one.paragraphs, []
    for n, paragraph in enumerate(own):
        parts.append(f"<p>{paragraph}</p>")
        if n == 1:
            parts.append(
                f'<p><strong>{one["more"]}: <a href="/o1">{one.others[0]}</a></strong></p>'
            )
        if n == 3:
            parts.append(
                f'<div class="newsletter-inline"><h4>{one["letter"]}</h4><form><input name="m"><button>{one["subscribe"]}</button></form></div>'
            )
        if n == 5:
            parts.append(f'<div class="advert"><span>{one["ad"]}</span></div>')
    body = f'{_head(one, _ld(one))}<body>{_cookies(one)}{_nav(one)}<main><article><h1>{one.title}</h1>{_share(one)}<div class="article__body">{"".join(parts)}</div></article></main>{_related(one)}{_comments(one)}{_foot(one)}'
    return body, own


# Kept back: no rule was written with these in view.


def _drupal(one: Piece) -> tuple[str, list[str]]:
    body = (
        f'{_head(one, _dated(one))}<body class="path-node"><div class="dialog-off-canvas-main-canvas">{_nav(one)}<div class="layout-content"><div class="region region-content"><div class="block block-system"><div class="node node--type-article"><div class="node__content"><div class="field field--name-title"><h1>{one.title}</h1></div><div class="clearfix text-formatted field field--name-body field__item">{_rich(one)}</div>'
        f'<div class="field field--name-field-tags"><div class="field__item"><a href="/t">{one["world"]}</a></div></div></div></div></div><div class="views-element-container"><h2>{one["related"]}</h2>{_related(one, "view", "div")}</div></div></div></div>{_foot(one)}'
    )
    return body, _rich_text(one)


def _div_soup(one: Piece) -> tuple[str, list[str]]:
    own = "".join(f'<div class="x{n % 3}"><div><span>{p}</span></div></div>' for n, p in enumerate(one.paragraphs))  # fmt: skip
    side = "".join(f'<div class="y"><div><span><a href="/z{n}">{t}</a></span></div></div>' for n, t in enumerate(one.others))  # fmt: skip
    body = f'{_head(one, og=False)}<body><div><div>{_nav(one, "div", "q")}</div><div><div class="t">{one.title}</div><div>{own}</div></div><div>{side}</div><div><span>{one["rights"]}</span></div></div></body></html>'
    return body, one.paragraphs


def _magazine(one: Piece) -> tuple[str, list[str]]:
    own = one.paragraphs
    body = (
        f'{_head(one, _ld(one, "Article"))}<body>{_cookies(one, "qc-cmp2-container")}<div class="site">{_nav(one)}<div class="l-article"><div class="lede"><h1>{one.title}</h1><div class="byline">{one["by"]} <span>{one.author}</span></div></div>{_figure(one)}<div class="l-article-content"><p class="dropcap">{own[0]}</p>{_p(own[1:4])}'
        f'<aside class="pullquote"><p>{own[2]}</p></aside>{_p(own[4:6])}<div class="c-newsletter-signup"><p>{one["letter"]}</p></div>{_p(own[6:])}<p class="author-bio"><em>{one.author} {one["follow"]}</em></p></div></div>{_related(one, "c-recirc", "section")}</div>{_foot(one)}'
    )
    return body, own


def _xinhua(one: Piece) -> tuple[str, list[str]]:
    own = "".join(f'<p>　　<span style="font-family:宋体">{p}</span></p>' for p in one.paragraphs)
    body = f'{_head(one, og=False)}<body><div class="header domPC">{_nav(one, "div", "nav-c")}</div><div class="main clearfix"><div class="main-left left"><div class="head-line"><h1><span class="title">{one.title}</span></h1></div><div id="detail"><span id="detailContent">{own}</span><div id="articleEdit"><span class="editor">【责任编辑:{one.author}】</span></div></div></div><div class="main-right right"><ul>{_links(one, 8)}</ul></div></div><div class="foot"><p>{one["rights"]}</p></div></body></html>'
    return body, one.paragraphs


def _next_news(one: Piece) -> tuple[str, list[str]]:
    own = "".join(f'<p class="Text_root__{n}x">{p}</p>' + (f'<div class="Promo_root__1"><a href="/p{n}">{one.others[n % 8]}</a></div>' if n % 4 == 3 else "") for n, p in enumerate(one.paragraphs))  # fmt: skip
    data = json.dumps({"props": {"article": {"body": one.paragraphs}}}, ensure_ascii=False)
    body = f'{_head(one, _ld(one, "ReportageNewsArticle"))}<body><div id="__next"><div class="Layout_root__2">{_nav(one)}<div class="Story_root__3"><h1>{one.title}</h1><div class="Story_body__4">{own}</div><div class="Tags_root__5">{_links(one, 3, "span")}</div></div><div class="Rail_root__6">{_related(one, "Rail_list__7", "div")}</div></div></div><script id="__NEXT_DATA__" type="application/json">{data}</script>{_foot(one)}'
    return body, one.paragraphs


LAYOUTS: dict[str, Layout] = {
    function.__name__.removeprefix("_"): function
    for function in (
        *(_wordpress_classic, _wordpress_block, _substack, _medium, _bbc, _guardian, _nyt, _dw),
        *(_reuters, _ap, _sina, _tencent, _netease, _people, _wechat, _table_page, _forum),
        *(_json_only, _amp, _photo_story, _developer_blog, _live_blog, _press_release),
        *(_inline_clutter, _drupal, _div_soup, _magazine, _xinhua, _next_news),
    )
}
KEPT_BACK = frozenset({"drupal", "div_soup", "magazine", "xinhua", "next_news"})
_CHINESE_ONLY = frozenset({"sina", "tencent", "netease", "people", "wechat", "forum", "xinhua"})


def pages() -> Iterator[Page]:
    """Yield each layout three times, with a short, a usual and a long text; Chinese and English."""
    number = 0
    for name, layout in LAYOUTS.items():
        langs = ("zh", "zh", "zh") if name in _CHINESE_ONLY else ("zh", "en", "en")
        for lang, size in zip(langs, (5, 9, 24), strict=True):
            number += 1
            one = Piece(number=number, lang=lang, size=size)
            html, text = layout(one)
            yield Page(
                name=name,
                lang=lang,
                url=one.url,
                html=html.encode(),
                title=one.title,
                text=tuple(text),
                image=one.image,
                author=one.author,
                date=one.date,
                canonical=one.url,
                neutral=(one.title, one.author, *one.teasers[5:8]),
            )


# --- pages that are no article -------------------------------------------------------------

_WALL = {
    "en": "Subscribe to continue reading. Already a subscriber? Sign in. Unlimited access from 1 a week.",
    "zh": "剩余内容需订阅后阅读。订阅会员即可阅读全文，已是会员？请登录。",
}


def _paywall(one: Piece) -> str:
    wall = f'<div class="paywall-barrier"><h2>{_WALL[one.lang]}</h2><button>{one["subscribe"]}</button></div>'
    return f'{_head(one, _ld(one, isAccessibleForFree=False))}<body>{_nav(one)}<article><h1>{one.title}</h1><div class="article-body">{_p(one.paragraphs[:2])}</div>{wall}</article>{_related(one)}{_foot(one)}'


def _silent_paywall(one: Piece) -> str:
    """Return a page that says only in words that the rest costs money."""
    return f'{_head(one)}<body>{_nav(one)}<article><h1>{one.title}</h1><div class="article-body">{_p(one.paragraphs[:1])}<p>{_WALL[one.lang]}</p></div></article>{_related(one)}{_foot(one)}'


def _consent(one: Piece) -> str:
    own = _p([one["cookies"]] * 2)
    title = "Before you continue" if one.lang == "en" else "继续之前"
    return f'<!DOCTYPE html><html lang="{one.lang}"><head><title>{title}</title></head><body><div class="wrapper"><h1>{title}</h1>{own}<form action="/consent"><button>{one["accept"]}</button><button>{one["reject"]}</button></form></div></body></html>'


def _list_page(one: Piece) -> str:
    return f"{_head(one, og=False)}<body>{_nav(one)}<main><h1>{one['world']}</h1>{_related(one)}{_related(one, 'more')}<ul>{_links(one, 8)}</ul></main>{_foot(one)}"


def _not_found(one: Piece) -> str:
    said = ("Page not found", "Sorry, the page you are looking for does not exist or has been moved. Please check the address or use the search.") if one.lang == "en" else ("404 页面不存在", "抱歉，您访问的页面不存在或已被删除。请检查网址是否正确，或返回首页。")  # fmt: skip
    return f'<!DOCTYPE html><html lang="{one.lang}"><head><title>{said[0]}</title></head><body>{_nav(one)}<main><h1>{said[0]}</h1><p>{said[1]}</p></main>{_related(one)}{_foot(one)}'


def _challenge(one: Piece) -> str:
    said = ("Just a moment...", "Checking your browser before accessing. This process is automatic. Please enable JavaScript and cookies to continue.") if one.lang == "en" else ("安全验证", "请完成安全验证后继续访问。拖动滑块完成拼图，系统检测到您的访问存在异常。")  # fmt: skip
    return f"<!DOCTYPE html><html><head><title>{said[0]}</title></head><body><h1>{said[0]}</h1><p>{said[1]}</p><script>run()</script></body></html>"


def _login(one: Piece) -> str:
    return f'<!DOCTYPE html><html lang="{one.lang}"><head><title>{one["login"]}</title></head><body>{_nav(one)}<form><h1>{one["login"]}</h1><label>E-mail<input name="m"></label><label>Password<input type="password"></label><button>{one["login"]}</button></form>{_foot(one)}'


def _empty_shell(one: Piece) -> str:
    return f'{_head(one)}<body><noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div><script src="/app.js"></script></body></html>'


def _video_page(one: Piece) -> str:
    return f'{_head(one)}<body>{_nav(one)}<main><h1>{one.title}</h1><div class="player"><video src="/v.mp4"></video></div><p>03:20</p></main>{_related(one)}{_foot(one)}'


REFUSED: dict[str, Callable[[Piece], str]] = {
    function.__name__.removeprefix("_"): function
    for function in (
        *(_paywall, _silent_paywall, _consent, _list_page, _not_found, _challenge, _login),
        *(_empty_shell, _video_page),
    )
}


def refused() -> Iterator[Page]:
    """Yield pages that hold no whole text, in both languages."""
    for number, (name, make) in enumerate(REFUSED.items(), start=500):
        for lang in ("en", "zh"):
            one = Piece(number=number, lang=lang)
            yield Page(name=name, lang=lang, url=one.url, html=make(one).encode(), title=one.title)


# --- measures ------------------------------------------------------------------------------


def shares(page: Page, taken: str) -> tuple[float, float]:
    """Return the share of the text that was taken, and the share of what was taken that is clutter.

    Both count characters without white space; title, author and captions are neither.
    """
    rest = "".join(taken.split())
    whole = found = 0
    for part in sorted(page.text, key=len, reverse=True):
        plain = "".join(part.split())
        whole += len(plain)
        if plain in rest:
            found += len(plain)
            rest = rest.replace(plain, "", 1)
    for neutral in (*page.neutral, *(f"Photo {n}" for n in range(24, -1, -1))):
        rest = rest.replace("".join(neutral.split()), "")
    return found / whole, len(rest) / (found + len(rest) or 1)
