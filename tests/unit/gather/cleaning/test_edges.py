"""Words of adverts are noise only where an advert can be, promotion only as a call to action."""

import pytest

from aggregator.gather.cleaning.html import clean_html

BASE = "https://news.example.org/p/1"
ZH, EN = "<p>正文第一段，内容足够长。</p>", "<p>Body text stays here.</p>"
REL = 'rel="noopener noreferrer"'

KEPT = [
    "<table><tbody><tr><td>游戏</td><td>636</td></tr><tr><td>广告</td><td>362</td></tr></tbody></table>",
    "<ul><li>搜索</li><li>广告</li></ul>",
    "<h2>广告</h2><p>去年收入下降。</p>",
    "<dl><dt>推广</dt><dd>费用</dd></dl>",
    "<p>公司收入主要来自<b>广告</b></p>",
    "<p>关注公众号的变化后，我们的读者数量在两年里翻了一番。</p>",
    "<p>关注频道数量的研究者发现，读者更少了。</p>",
    "<p>订阅制改变了媒体：频道付费用户去年增长两成。</p>",
    "<p>请订阅频道的用户注意，直播改到周五。</p>",
    "<p>分享经济正在改变城市。</p>",
    "<p>下载量最高的App是微信，用户超过十亿。</p>",
    "<p>Share prices fell 3% in Tokyo.</p>",
    "<p>Like us, they came from the north.</p>",
    "<p>Source material was scarce.</p>",
    "<p>Subscribe rates rose by 40% last year, the company said.</p>",
    "<p>Donate is the verb that he uses most.</p>",
    "<p>The post office appeared on the corner in 1840 and closed last year.</p>",
    "<p>The post was first published in the Daily Mail and caused a row.</p>",
    "<p>The post she wrote first appeared on Facebook last week, and drew anger.</p>",
    "<p>This story was first published in 1962 and has never been out of print.</p>",
    "<p>This post was written before the election, and I stand by it.</p>",
    f'<h3>Further reading</h3><ul><li><a href="https://other.example/1" {REL}>A paper</a></li><li><a href="https://else.example/2" {REL}>A book</a></li></ul>',
    f'<p><b>Read more:</b> <a href="https://other.example/1" {REL}>A paper on tides</a></p>',
]  # fmt: skip


@pytest.mark.parametrize("html", KEPT)
def test_stays_amid_and_at_the_end(html: str) -> None:
    assert clean_html(ZH + html + EN, base=BASE) == ZH + html + EN
    assert clean_html(ZH + html, base=BASE) == ZH + html


def test_a_heading_at_the_start_stays() -> None:
    html = "<h2>Advertisement</h2><p>How the trade began in this town.</p>"
    assert clean_html(html) == html


def test_captions_stay() -> None:
    html = '<figure><img src="https://a.example/b.jpg"><figcaption>Source: Reuters</figcaption></figure>'
    assert "Source: Reuters" in clean_html(ZH + html)


GONE = [
    "<p>广告</p>",
    "<div><b>Advertisement</b></div>",
    "<p>欢迎关注我们的微信公众号：例子</p>",
    "<p>关注公众号，获取更多资讯</p>",
    "<p>长按二维码关注我们</p>",
    "<p>（欢迎点击此处订阅NYT简报，我们将在每个工作日发送最新内容至您的邮箱。）</p>",
]


@pytest.mark.parametrize("html", GONE)
def test_calls_and_labels_go_anywhere(html: str) -> None:
    assert clean_html(ZH + html + EN) == ZH + EN


LAST = {
    "feedx, bare": '<br><hr>获取更多RSS：<br><a href="https://feedx.example">https://feedx.example</a> <br><a href="https://feedx.site">https://feedx.site</a><br>',
    "wechat2rss, bare": "Powered by wechat2rss",
    "wordpress, bare": 'The post <a href="/a">Big Title</a> appeared first on <a href="/">Example</a>.',
    "wordpress, a small name": "<p>The post Rust and a model appeared first on hn security.</p>",
    "wordpress, a long title": "<p>The post What now? Ten years, and more: a talk appeared first on Example News.</p>",
    "the conversation": "<p>This article was originally published on The Conversation. Read the original article.</p>",
    "newsletter": "<p>Subscribe to our newsletter</p>",
    "social": "<p>Follow us on Twitter and Facebook.</p>",
    "share": "<p>Share this:</p>",
    "own stories": '<h4>Related stories</h4><ul><li><a href="/1">One</a></li><li><a href="https://www.example.org/2">Two</a></li></ul>',
    "heading": "<h3>Advertisement</h3>",
}  # fmt: skip


@pytest.mark.parametrize("html", LAST.values(), ids=LAST)
def test_goes_at_the_end(html: str) -> None:
    assert clean_html(ZH + html, base=BASE) == ZH


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ('<p>Body<br>(Feed generated with <a href="https://x.example">FetchRSS</a>)</p>', "<p>Body</p>"),
        ("Body<br><br>(Feed generated with FetchRSS)", "Body"),
        ("<div><p>a</p>b<br><i>(Feed generated with FetchRSS)</i></div>", "<div><p>a</p>b</div>"),
        ("<p>Body<br>No comment, he said.</p>", "<p>Body<br>No comment, he said.</p>"),
    ],
)  # fmt: skip
def test_last_lines(html: str, wanted: str) -> None:
    assert clean_html(html) == wanted
