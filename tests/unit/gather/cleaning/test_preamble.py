"""Dates and names are extracted from the start of a body, and nothing else."""

import pytest

from aggregator.gather.cleaning.html import clean_body
from aggregator.gather.cleaning.preamble import date_forms, split_names

BODY = "<p>正文第一段，内容足够长。</p>"

READ = {
    "rfc": ("<div><i>Sat, 20 Apr 2024 18:41:18 GMT</i></div>", ["Sat, 20 Apr 2024 18:41:18 GMT"], []),
    "iso": ("<p>2024-04-26T08:25:56.585Z</p>", ["2024-04-26T08:25:56.585Z"], []),
    "name before": ("<div><i>《时报》<br>2020-07-01 18:16:08</i></div>", ["2020-07-01 18:16:08"], ["时报"]),
    "nobody, doubled, desk": (
        "<div><i>null 张三（综合报道）,张三<br>2020-07-15</i></div>",
        ["2020-07-15"],
        ["张三"],
    ),
    "address, time": (
        "<address>JANE DOE, 张三</address><time datetime='2024-04-27 09:13:52'>27日</time>",
        [],
        ["JANE DOE", "张三"],
    ),
    "time": (
        "<time pudate='2024-04-27 09:13:52'>2024年4月27日</time>",
        ["2024-04-27 09:13:52"],
        [],
    ),
    "label": ("<p>发布时间：2024-04-20 10:11</p>", ["2024-04-20 10:11"], []),
    "weekday": ("<p>2024年4月20日 星期六 上午10时11分</p>", ["2024年4月20日 星期六 上午10时11分"], []),
    "english": ("<p>Saturday, April 20, 2024 at 5:30 p.m. EST</p>", ["Saturday, April 20, 2024 at 5:30 p.m. EST"], []),
    "by": ("<p>By Jane Doe and John Roe</p>", [], ["Jane Doe", "John Roe"]),
    "author": ("<p><b>作者：</b>张三 李四</p>", [], ["张三", "李四"]),
    "class": ("<p class='byline'>Jane Doe</p>", [], ["Jane Doe"]),
    "label and date": ("<p>作者：张三　2024年4月20日</p>", ["2024年4月20日"], ["张三"]),
    "one line": ("<p>Jane Doe | 20 April 2024</p>", ["20 April 2024"], ["Jane Doe"]),
    "one line, date first": ("<p>2024-04-20 Jane Doe</p>", ["2024-04-20"], ["Jane Doe"]),
    "bare text": ("日期：2024-04-20\n\n", ["2024-04-20"], []),
    "bare byline": ("作者：张三<br>", [], ["张三"]),
    "in wrappers": ("<div><div><section><p>2024-04-20</p></section></div></div>", ["2024-04-20"], []),
    "zone of its own": ("<p>2024年4月20日 8:17PM<br>东部夏令时间</p>", ["2024年4月20日 8:17PM"], []),
    "entities": ("<p>Jane&nbsp;Doe<br>2024-04-20</p>", ["2024-04-20"], ["Jane Doe"]),
}  # fmt: skip


@pytest.mark.parametrize(("html", "dates", "names"), READ.values(), ids=READ)
def test_reads(html: str, dates: list[str], names: list[str]) -> None:
    cleaned = clean_body(html + BODY)
    assert cleaned.preamble.names == names
    if dates:
        assert (cleaned.preamble.dates, cleaned.html) == (dates, BODY)


LEFT = [
    "<p>4月26日（新华社）—— 会见。</p>",
    "<p>2024年4月26日，他们会面。</p>",
    "<p>Jane Doe</p>",
    "<p><b>2024-04-20</b> was a good day.</p>",
    "<i>Jane Doe</i> wrote.",
    "<p>WASHINGTON, April 26 (Reuters) - Something</p>",
    "<p>2024-04-20<img src='https://a.example/b.png'></p>",
    "<p>By the way, this is a long sentence. And another one.</p>",
    "By nobody in particular, said the fox",
    "<h1>Another Title</h1>",
    "<table><tr><td>2024-04-20</td></tr></table>",
    "<p>a<br>b<br>c<br>d<br>e<br>f<br>2024-04-20</p>",
]


@pytest.mark.parametrize("html", LEFT)
def test_leaves(html: str) -> None:
    cleaned = clean_body(html + BODY, title="A Title")
    assert cleaned.preamble.removed == []
    assert cleaned.preamble.dates == []


def test_rest_of_bare_text_stays() -> None:
    assert clean_body("2024-04-20\nMore text here.<p>x</p>").html == "More text here.<p>x</p>"


@pytest.mark.parametrize(
    ("written", "forms"),
    [
        ("30/06/2020 - 12:05", ("2020-06-30 12:05",)),
        ("03.07.2020", ("2020-07-03", "2020-03-07")),
        ("07/25/2020", ("2020-07-25",)),
        ("05/05/2020", ("2020-05-05",)),
        ("2020-07-03", ("2020-07-03",)),
        ("31/31/2020", ()),
    ],
)
def test_date_forms(written: str, forms: tuple[str, ...]) -> None:
    assert date_forms(written) == forms


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Jane Doe, Jane Doe", ["Jane Doe"]),
        ("张三、李四；王五", ["张三", "李四", "王五"]),
        ("null", []),
        ("admin", []),
        ("张三（摘编）", ["张三"]),
        ("本刊记者 张三 发自北京", ["张三"]),
        ("记者 张三", ["张三"]),
        ("综合报道", []),
        ("", []),
    ],
)
def test_split_names(text: str, names: list[str]) -> None:
    assert split_names(text) == names
