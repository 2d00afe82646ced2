"""Complete fragments: what is removed, kept and rewritten."""

import pytest

from aggregator.core.settings import CleanOptions, ImageOptions, LinkRule
from aggregator.gather.cleaning.html import clean_body, clean_html, trace_html
from aggregator.gather.cleaning.text_blocks import block_hash

BASE = "https://news.example.org/p/1"
EN = "<p>Body text stays here.</p>"
ZH = "<p>正文第一段，内容足够长。</p>"
PIC = "https://pics.example.org/a.jpg"

GONE = {
    "feed service": '<br><hr><div>获取更多RSS：<br><a href="https://feed.example">https://feed.example</a> <br></div>',
    "wordpress": '<p>The post <a href="/a">T</a> appeared first on <a href="/">E</a>.</p>',
    "read more": '<p><a href="/a">Continue reading A Title</a></p>',
    "read more, inline": ' <a href="/a#more" class="more-link">Read more</a>',
    "read more in Chinese": '<p><a href="/a">阅读全文</a></p>',
    "english version": '<p><a href="/a">点击查看本文英文版。</a></p>',
    "delivered": '<p><sub><i>-- Delivered by <a href="http://feed43.com/">Feed43</a> service</i></sub></p>',
    "generated": '<br><span>(Feed generated with <a href="https://x.example">FetchRSS</a>)</span>',
    "subscribe": "<p>Sign up for our newsletter</p>",
    "advert": "<p>Advertisement</p>",
    "source": '<p>Source: <a href="/a">Example News</a></p>',
    "related, one block": '<div><strong>Related Stories</strong><ul><li><a href="/1">One</a></li></ul></div>',
    "related, two blocks": '<h3>Related posts:</h3><ul><li><a href="/1">One</a></li></ul><p><a href="/2">Two</a></p>',
    "related, on one line": '<p>延伸阅读：<a href="/1">标题一</a></p>',
    "share": '<p>Share this:</p><ul><li><a href="https://twitter.com/intent/tweet?u=1">T</a></li></ul>',
    "share by class": '<div class="x sharedaddy"><b>Share</b></div>',
    "share by id": '<div id="jp-post-flair"><b>Share</b></div>',
    "flare": '<a href="http://feeds.feedburner.com/~ff/X?a=1"><img src="http://feeds.feedburner.com/~ff/X?d=1"></a>',
    "pixel by size": '<img src="https://a.example/p.gif" width="1" height="1">',
    "pixel by style": '<img style="width:1px" src="https://a.example/p">',
    "pixel by host": '<img src="https://pixel.wp.com/b.gif?host=a.example">',
    "pixel by name": '<img src="https://a.example/x/spacer.gif">',
    "hidden": '<div hidden>x</div><p style="display: none">y</p>',
    "empty": "<p></p><p>&nbsp;</p><div><p><br></p></div><ul><li> </li></ul>",
    "rule at the end": "<br><hr>",
    "script": "<script>alert(1)</script><style>p{}</style><template>x</template>",
    "noscript": "<noscript>Please enable JavaScript</noscript>",
    "advert frame": '<iframe src="https://pixel.wp.com/x" title="ad"></iframe>',
    "embedded page": '<iframe src="/p/2/embed/#?secret=a" title="Page"></iframe>',
    "image that cannot be": '<img src="javascript:x"><img src="data:image/gif;base64,R0">',
    "comment": "<!-- x --><?php x ?>",
}  # fmt: skip


@pytest.mark.parametrize("noise", GONE.values(), ids=GONE)
def test_goes(noise: str) -> None:
    assert clean_html(EN + noise, base=BASE) == EN


START = {
    "rfc date": "<div><i>Sat, 20 Apr 2024 18:41:18 GMT</i></div>",
    "iso date": "<div><i><br>2024-04-26T08:25:56.585Z</i></div>",
    "chinese date": "<div><i>2020年 7月 2日</i></div>",
    "slashed date": "<div>30/06/2020 - 12:05</div>",
    "names and date": "<div><i>null 张三（综合报道）<br>2020-07-15T08:44:24Z</i></div>",
    "address and time": "<address>JANE DOE, 张三</address><time datetime='2024-04-27 09:13:52'>2024年4月27日</time>",
    "bare line": "日期：Thu, 18 Jun 2020 00:20:19 +0000\n\n",
    "bare line with break": "Published: 20 Apr 2024<br><br>",
    "by": '<p>By <a href="/x">Jane Doe</a></p>',
    "title": "<h1>A Big  Title!</h1>",
    "title twice": "<header><h1>A big title</h1></header><h2>A Big Title</h2>",
    "relative time": "<p>3 hours ago</p>",
    "all": "<h1>A Big Title</h1><p>By Jane Doe</p><p>April 20, 2024 at 5:30 pm</p><hr>",
}


@pytest.mark.parametrize("preamble", START.values(), ids=START)
def test_start_goes(preamble: str) -> None:
    assert clean_html(preamble + ZH, title="A Big Title") == ZH


KEPT = [
    "<p>本文介绍如何获取更多RSS新闻源，并推荐若干阅读器。</p>",
    "<p>4月26日（新华社）—— 习近平会见布林肯。</p>",
    "<p>© 2024 Example. All rights reserved.</p>",
    "<h2>Another Heading</h2>",
    "<p>We read more books than ever. See you there</p>",
    "<p>Related posts are what this article is about, and it says so at some length.</p>",
    '<pre>a\n\n\n  &lt;img src="https://wsrv.nl/?url=a.example/b.png"&gt;</pre>',
    "<p>Use https://wsrv.nl/?url=a.example/b.png in your page.</p>",
    '<p><a href="https://wsrv.nl/" rel="noopener noreferrer">wsrv</a> is a service.</p>',
    "<table><tbody><tr><td></td><td>1</td></tr></tbody></table>",
    "<ruby>漢<rp>(</rp><rt>hàn</rt></ruby>",
    "<details><summary>s</summary>t</details>",
    '<ol start="3" type="a"><li value="2">x</li></ol>',
    '<p lang="fr">Bonjour</p>',
    "<p>a</p><hr><p>b</p>",
    "<p>中文<b>粗</b> English&nbsp;mix</p>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]


@pytest.mark.parametrize("html", KEPT)
def test_stays(html: str) -> None:
    assert clean_html(html + EN, base=BASE, title="A Big Title") == html + EN


IMG = 'referrerpolicy="no-referrer" loading="lazy"'
MENDED = {
    "proxy": ('<img src="https://wsrv.nl/?url=ssl:pics.example.org/a.jpg&amp;w=9" width=9 height=9 alt=x class=y>',
              f'<img src="{PIC}" width="9" height="9" alt="x" {IMG}>'),
    "relative": ('<img src="a.png">', f'<img src="https://news.example.org/p/a.png" {IMG}>'),
    "width": ('<img src="/a.png" width="100%" height="auto">', f'<img src="https://news.example.org/a.png" width="100%" {IMG}>'),
    "lazy": ('<img src="data:image/gif;base64,R0" data-original="/a.png">', f'<img src="https://news.example.org/a.png" {IMG}>'),
    "placeholder": ('<img src="/img/placeholder.png" data-lazy-src="/a.png">', f'<img src="https://news.example.org/a.png" {IMG}>'),
    "lazy attribute that is none": ('<img src="/a.png" data-lazy="1">', f'<img src="https://news.example.org/a.png" {IMG}>'),
    "set alone": ('<img srcset="/s.png 400w, /l.png 1600w">',
                  f'<img srcset="https://news.example.org/s.png 400w, https://news.example.org/l.png 1600w" src="https://news.example.org/l.png" {IMG}>'),
    "set of one image": (f'<img src="{PIC}" srcset="https://wsrv.nl/?url={PIC}&w=1 1x,https://wsrv.nl/?url={PIC}&w=2 2x">', f'<img src="{PIC}" {IMG}>'),
    "twin in noscript": ('<img data-src="/a.png"><noscript><img src="/b.png"></noscript>', f'<img src="https://news.example.org/a.png" {IMG}>'),
    "only in noscript": ('<img src="data:,"><noscript><img src="/b.png"></noscript>', f'<img src="https://news.example.org/b.png" {IMG}>'),
    "picture": ('<picture><source srcset="/b.webp"><img src="/b.png"></picture>', f'<img src="https://news.example.org/b.png" {IMG}>'),
    "picture with a lazy image": ('<picture><source srcset="/b.webp"><img src="data:,"></picture>', f'<img src="https://news.example.org/b.webp" {IMG}>'),
    "picture without image": ('<picture><source srcset="/b.webp"></picture>', ""),
    "amp image": ('<amp-img src="/a.png" width=9></amp-img>', f'<img src="https://news.example.org/a.png" width="9" {IMG}>'),
    "amp animation": ('<amp-anim src="/a.gif"></amp-anim>', f'<img src="https://news.example.org/a.gif" {IMG}>'),
    "video": ('<video poster="https://i0.wp.com/pics.example.org/a.jpg" src="/v.mp4" autoplay></video>',
              f'<video poster="{PIC}" src="https://news.example.org/v.mp4" controls="" preload="none"></video>'),
    "video by sources": ('<video poster="x:y"><source src="/v.mp4" type="video/mp4"><source src="blob:x">no <a href="/v.mp4">v</a></video>',
                         '<video controls="" preload="none"><source src="https://news.example.org/v.mp4" type="video/mp4">no <a href="https://news.example.org/v.mp4" rel="noopener noreferrer">v</a></video>'),
    "video without file": ('<video src="blob:x">words</video>', "words"),
    "video of nothing": ("<video></video>", ""),
    "audio": ('<audio data-src="/a.mp3"></audio>', '<audio src="https://news.example.org/a.mp3" controls="" preload="none"></audio>'),
    "stray source": ('<p>a<source src="/x.mp4"></p>', "<p>a</p>"),
    "video frame": ('<iframe src="//www.youtube.com/embed/abcdefghijk?rel=0"></iframe>',
                    '<p><a href="https://www.youtube.com/watch?v=abcdefghijk" rel="noopener noreferrer">YouTube video</a></p>'),
    "frame with a title": ('<p><iframe data-src="https://x.example/f" title="A &amp; b"></iframe></p>',
                           '<p><a href="https://x.example/f" rel="noopener noreferrer">A &amp; b</a></p>'),
    "object": ('<object data="x.swf"><p>words</p></object>', "<p>words</p>"),
    "link": ('<a href="/x?utm_source=rss&amp;id=2" target=_blank onclick=x>l</a>', '<a href="https://news.example.org/x?id=2" rel="noopener noreferrer">l</a>'),
    "link through a gate": ('<a href="https://link.zhihu.com/?target=https%3A//a.example/z">l</a>', '<a href="https://a.example/z" rel="noopener noreferrer">l</a>'),
    "link to a proxied image": (f'<a href="https://wsrv.nl/?url={PIC}">l</a>', f'<a href="{PIC}" rel="noopener noreferrer">l</a>'),
    "mail": ('<a href="mailto:a@b.example">l</a>', '<a href="mailto:a@b.example" rel="noopener noreferrer">l</a>'),
    "script link": ('<a href="java\nscript:x">l</a>', "l"),
    "footnote": ('<a href="#n1">1</a><p id="n1">note</p>', f'<a href="{BASE}#n1" rel="noopener noreferrer">1</a><p>note</p>'),
    "line breaks": ("<p><br>a<br><br> <br>\n<br>b<br></p>", "<p>a<br><br>\nb</p>"),
    "unknown elements": ("<foo-bar>x</foo-bar><font color=red>y</font><o:p>z</o:p>", "xyz"),
    "form": ("<form><label>Name <input></label><button>Go</button></form>", "Name Go"),
    "attributes": ('<p style="color:red" onclick="x()" class="k" id="q">t</p>', "<p>t</p>"),
    "plain text": ("one\n\ntwo &amp; <three\n\n", "<p>one</p><p>two &amp;</p>"),
    "unseen characters": ("<p>a\u200bb\u202ec\ufeff&#8203;d&shy;e&#x202E;f\x07</p>", "<p>abcdef</p>"),
    "joined emoji": ("<p>👩\u200d💻</p>", "<p>👩\u200d💻</p>"),
    "nested paragraphs": ('<p>a<iframe src="https://vimeo.com/1"></iframe></p>', '<p>a<a href="https://vimeo.com/1" rel="noopener noreferrer">vimeo.com</a></p>'),
    "call at the end of a block": ('<p>Jane Doe writes. <a href="/x">Read more</a></p><p>z</p>', "<p>Jane Doe writes. </p><p>z</p>"),
    "indents": ("<div>\n\t\t<p>a\n  b</p>\n\n  </div>", "<div>\n<p>a\n  b</p>\n</div>"),
    "breaks beside blocks": ("a<br><p>b</p><br>c", "a<p>b</p>c"),
    "preformatted": ("<pre>\n\n a\n\n  b</pre>", "<pre> a\n\n  b</pre>"),
    "nothing": ("", ""),
}  # fmt: skip


@pytest.mark.parametrize(("html", "wanted"), MENDED.values(), ids=MENDED)
def test_mends(html: str, wanted: str) -> None:
    made = clean_html(html, base=BASE)
    assert made == wanted
    assert clean_html(made, base=BASE) == made


def test_strips_what_the_user_names() -> None:
    options = CleanOptions(strip=("p.x, div > p, p.x", "[[broken", "p:has(b)"))
    html = '<p class="x">a<span>b</span></p><div><p class="x">c</p></div><p><b>d</b></p><p>e</p>'
    cleaned = clean_body(html, options=options)
    assert cleaned.html == "<p>e</p>"
    assert cleaned.removed == ("strip",)


def test_notices_go_where_asked() -> None:
    strip = CleanOptions(copyright_notice="strip")
    for notice in (
        "<div><p><em>© 2024 Example. All rights reserved.</em></p></div>",
        "<p>某 某 网 版 权 所 有 ，未 经 书 面 授 权 禁 止 使 用</p>",
        "<p>未经许可，不得转载</p>",
    ):
        assert clean_html(EN + notice, options=strip) == EN
    for words in ("<p>他说版权所有人会起诉。</p>", "<p>The copyleft movement</p>"):
        assert clean_html(EN + words, options=strip) == EN + words


def test_learned_blocks_go_where_asked() -> None:
    learned = frozenset({block_hash("We are on air every day.")})
    html = f"{EN}<div>We are on <b>air</b> every day.</div>"
    strip = clean_body(html, options=CleanOptions(boilerplate="strip"), boilerplate=learned)
    assert strip.html == EN
    assert "on air" in clean_body(html, boilerplate=learned).html.replace("<b>", "")


def test_options_reach_images_and_links() -> None:
    options = CleanOptions(
        images=ImageOptions(proxy="keep"),
        links=(LinkRule(id="a", pattern="a\\.example", names=("z",)),),
    )
    html = '<a href="https://a.example/?z=1"><img src="https://wsrv.nl/?url=b.example/c.png"></a>'
    made = clean_html(html, options=options)
    assert 'href="https://a.example/"' in made
    assert "wsrv.nl" in made


def test_traces_what_it_did() -> None:
    html = f'<div>2024-04-20 10:00</div>{EN}<a href="/x?utm_id=1">l</a>{GONE["wordpress"]}'
    steps = trace_html(html, base=BASE)
    assert [step.rule for step in steps] == ["preamble", "appeared-first", "link"]
    assert steps[2].after == "https://news.example.org/x"


def test_what_cannot_be_read_becomes_text() -> None:
    # A mistake in the settings must not cost the entry.
    options = CleanOptions(strip=(3,))  # type: ignore[arg-type]
    cleaned = clean_body("<p>a & b</p>", options=options)
    assert cleaned.html == "<p>&lt;p&gt;a &amp; b&lt;/p&gt;</p>"
    assert cleaned.removed == ("broken",)
