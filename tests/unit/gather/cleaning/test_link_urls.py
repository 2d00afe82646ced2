"""Link URLs: redirects are unwrapped, tracking is removed, other URLs are unchanged."""

import base64

import pytest

from aggregator.core.settings import LinkRule
from aggregator.gather.cleaning.link_urls import clean_link, link_key, trace_link

PAGE = "https://news.example.org/a/1"
ENC = "https%3A%2F%2Fnews.example.org%2Fa%2F1"
PAGE64 = base64.urlsafe_b64encode(PAGE.encode()).decode().rstrip("=")
# A message of two numbers and a string: field 1, then the address as field 4.
MESSAGE = base64.urlsafe_b64encode(b"\x08\x13\x22\x1c" + PAGE.encode() + b"\xd2\x01\x00").decode()
LONG = "https://news.example.org/" + "a" * 140
LONG_MESSAGE = base64.urlsafe_b64encode(b"\x08\x13\x22\xa5\x01" + LONG.encode()).decode()

OPENED = {
    "google scholar": (f"https://scholar.google.com/scholar_url?url={ENC}&hl=en", PAGE),
    "google news redirect": (
        f"https://news.google.com/__i/rss/rd/articles/{MESSAGE.rstrip('=')}?oc=5",
        PAGE,
    ),
    "google search app": (f"https://search.app/?link={ENC}&utm_source=x", PAGE),
    "doubleclick": (f"https://ad.doubleclick.net/ddm/clk/1;2;a?{PAGE}", PAGE),
    "twitter's warning": (f"https://x.com/safety/unsafe_link_warning?unsafe_link={ENC}", PAGE),
    "bluesky": (f"https://go.bsky.app/redirect?u={ENC}", PAGE),
    "whatsapp": (f"https://l.wl.co/l?u={ENC}", PAGE),
    "instagram's shim": (f"https://www.instagram.com/linkshim/?u={ENC}", PAGE),
    "pinterest": (f"https://www.pinterest.com/offsite/?token=1&url={ENC}", PAGE),
    "tiktok": (f"https://www.tiktok.com/link/v2?aid=1&scene=bio_url&target={ENC}", PAGE),
    "forum": (f"https://forum.example.net/proxy.php?link={ENC}&hash={'0a' * 16}", PAGE),
    "amazon mail": (f"https://a1.r.eu-west-1.awstrack.me/L0/{ENC}/1/0100-1/b=2", PAGE),
    "feedblitz": (f"https://feeds.feedblitz.com/~/t/0/0/example/~{PAGE}", PAGE),
    "5ch": (f"https://jump.5ch.net/?{PAGE}", PAGE),
    "gcores": (f"https://www.gcores.com/link?target={ENC}", PAGE),
    "qq support": (f"https://support.qq.com/products/1/link-jump?jump={ENC}", PAGE),
    "tieba": (f"https://tieba.baidu.com/mo/q/checkurl?url={ENC}", PAGE),
    "google": (f"https://www.google.com/url?sa=t&q={ENC}&usg=1", PAGE),
    "google of a country": (f"https://www.google.com.hk/url?rct=j&url={PAGE}&ct=ga", PAGE),
    "google amp": ("https://www.google.com/amp/s/news.example.org/a/1", PAGE),
    "google news": (f"https://news.google.com/rss/articles/{MESSAGE.rstrip('=')}?oc=5", PAGE),
    "google news, long": (f"https://news.google.com/articles/{LONG_MESSAGE.rstrip('=')}", LONG),
    "bing news": (f"http://www.bing.com/news/apiclick.aspx?ref=x&url={ENC.lower()}", PAGE),
    "bing click": (f"https://www.bing.com/ck/a?!&&p=1&u=a1{PAGE64}&ntb=1", PAGE),
    "yahoo": (f"https://r.search.yahoo.com/_ylt=A/RV=2/RU={ENC}/RK=2/RS=x-", PAGE),
    "duckduckgo, no scheme": (f"//duckduckgo.com/l/?uddg={ENC}&rut=1", PAGE),
    "facebook": (f"https://lm.facebook.com/l.php?u={ENC}%3Ffbclid%3Dx&h=1", PAGE),
    "instagram": (f"https://l.instagram.com/?u={ENC}&e=1", PAGE),
    "reddit": (f"https://out.reddit.com/t3_1?url={ENC}&token=1", PAGE),
    "youtube": (f"https://www.youtube.com/redirect?redir_token=1&q={ENC}", PAGE),
    "tumblr": (f"https://t.umblr.com/redirect?z={ENC}&t=1", PAGE),
    "vk": (f"https://vk.com/away.php?to={ENC}", PAGE),
    "steam": (f"https://steamcommunity.com/linkfilter/?{PAGE}", PAGE),
    "pixiv": (f"https://www.pixiv.net/jump.php?{ENC}", PAGE),
    "hidden referrer": (f"https://href.li/?{PAGE}", PAGE),
    "disqus": (f"https://disq.us/url?url={ENC}%3AAbC-dEf_123&cuid=9", PAGE),
    "slack": (f"https://slack-redir.net/link?url={ENC}", PAGE),
    "medium": (f"https://medium.com/r/?url={ENC}", PAGE),
    "amp cache": ("https://news-example-org.cdn.ampproject.org/v/s/news.example.org/a/1?usqp=1", PAGE),
    "wechat2rss": (f"https://rss.example.net/link-proxy/?k=1&r=1&u={ENC}", PAGE),
    "safe links": (f"https://eur01.safelinks.protection.outlook.com/?url={ENC}&data=5", PAGE),
    "proofpoint 1": (f"https://urldefense.proofpoint.com/v1/url?u={ENC}&k=1", PAGE),
    "proofpoint 2": (
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__news.example.org_a_1&d=1",
        PAGE,
    ),
    "proofpoint 3": (f"https://urldefense.com/v3/__{PAGE}__;!!Ab!c$", PAGE),
    "proofpoint 3 with holes": (
        "https://urldefense.com/v3/__https://news.example.org/?a=1*b=2__;Jg!!Ab!c$",
        "https://news.example.org/?a=1&b=2",
    ),
    "proofpoint 3 with a run": (
        "https://urldefense.com/v3/__https://news.example.org/**Ac__;LS0!!Ab!c$",
        "https://news.example.org/--c",
    ),
    "avanan": (f"https://url.avanan.click/v2/___{PAGE}?b=2___.YXA", PAGE + "?b=2"),
    "barracuda": (f"https://linkprotect.cudasvc.com/url?a={ENC}&c=E", PAGE),
    "cisco": (f"https://secure-web.cisco.com/1abc/{ENC}", PAGE),
    "sophos": (f"https://eu.protection.sophos.com/?d=x&u={PAGE64}&p=m", PAGE),
    "zhihu, half encoded": ("https://link.zhihu.com/?target=https%3A//news.example.org/a/1", PAGE),
    "jianshu": (f"https://www.jianshu.com/go-wild?ac=2&url={ENC}", PAGE),
    "qq": (f"https://c.pc.qq.com/ios.html?url={ENC}&level=1", PAGE),
    "weibo": (f"https://weibo.cn/sinaurl?toasturl={ENC}", PAGE),
    "juejin": (f"https://link.juejin.cn?target={ENC}", PAGE),
    "csdn": (f"https://link.csdn.net/?target={ENC}&from=x", PAGE),
    "51cto": (f"https://blog.51cto.com/transfer?{PAGE}", PAGE),
    "disqus, short hash": (f"https://disq.us/url?cuid=9&url={ENC}%3AAbC-d", PAGE),
    "disqus with a key": ("https://disq.us/?url=https%3A%2F%2Fnews.example.org%2FTalk%3AMain&key=1", "https://news.example.org/Talk:Main"),
    "disqus, elsewhere": (f"https://links.services.disqus.com/api/click?format=go&out={ENC}", PAGE),
    "consent": (f"https://consent.google.com/ml?continue={ENC}&gl=DE", PAGE),
    "consent of a country": (f"https://consent.google.co.uk/m?hl=en&continue={ENC}%3Futm_id%3D1", PAGE),
    "consent to videos": (f"https://consent.youtube.com/m?continue={ENC}&gl=DE", PAGE),
    "translation by proxy": (f"https://translate.google.com/translate?sl=auto&tl=en&u={ENC}", PAGE),
    "translated site": (f"https://translate.google.de/website?tl=en&u={ENC}", PAGE),
    "translated host": ("https://news-example-org.translate.goog/a/1?_x_tr_sl=zh&_x_tr_tl=en&b=1", PAGE + "?b=1"),
    "translated host with a dash": ("https://www-my--site-example-org.translate.goog/?_x_tr_sl=zh", "https://www.my-site.example.org/"),
    "amp cache with a query": ("https://news-example-org.cdn.ampproject.org/c/s/news.example.org/a/1?b=1&amp_js_v=0.1&usqp=mq", PAGE + "?b=1"),
    "google amp with a query": ("https://www.google.com/amp/s/news.example.org/a/1?b=1&usqp=mq#aoh=1&referrer=https%3A%2F%2Fwww.google.com&amp_tf=x", PAGE + "?b=1"),
    "two gates": (f"https://link.zhihu.com/?target=https%3A%2F%2Flink.csdn.net%2F%3Ftarget%3D{ENC.replace('%', '%25')}", PAGE),
    "then tracking": (f"https://vk.com/away.php?to={ENC}%3Futm_source%3Dx%26b%3D1%23c", PAGE + "?b=1#c"),
}  # fmt: skip


@pytest.mark.parametrize(("url", "wanted"), OPENED.values(), ids=OPENED)
def test_opens(url: str, wanted: str) -> None:
    assert clean_link(url) == wanted


KEPT = {
    "plain": PAGE,
    "unknown host": f"https://go.example.net/?url={ENC}",
    "login": f"https://example.com/login?next={ENC}",
    "search for an address": f"https://www.google.com/search?q={ENC}",
    "translated": f"https://translate.google.com/translate?sl=zh&tl=en&u={ENC}",
    "archive": f"https://web.archive.org/web/2020/{PAGE}",
    "opaque token": "https://news.google.com/rss/articles/CBMiB0FVX3lxTAAA",
    "no token": "https://news.google.com/rss/articles/a",
    "script inside": "https://www.google.com/url?q=javascript:alert(1)",
    "private inside": "https://vk.com/away.php?to=http%3A%2F%2F10.0.0.1%2F",
    "empty": "https://link.zhihu.com/?target=",
    "mail": "mailto:a@example.org?subject=utm_source",
    "fragment": "#a",
    "nothing": "",
}


@pytest.mark.parametrize("url", KEPT.values(), ids=KEPT)
def test_keeps(url: str) -> None:
    assert clean_link(url) == url


@pytest.mark.parametrize(
    "name",
    [
        *("utm", "UTM", "_bhlid", "__readwiseLocation", "_branch_match_id", "_branch_referrer"),
        *(
            "itm_source",
            "chatgpt_source",
            "gad",
            "dicbo",
            "ndclid",
            "mibextid",
            "bsft_eid",
            "et_rid",
        ),
        *("klaviyo_x", "triedRedirect", "xhsshare", "spm_id", "_ga_AB12", "cx_click", "$deep_link"),
        *("adjust_tracker", "sms_click", "_x_tr_sl", "ampshare", "hss_channel", "bdclkid"),
    ],
)
def test_newer_parameters_go(name: str) -> None:
    assert clean_link(f"{PAGE}?id=7&{name}=x") == f"{PAGE}?id=7"


@pytest.mark.parametrize("name", ["ut", "utmost", "source", "list", "code", "mc", "gadget", "cid"])
def test_parameters_like_them_stay(name: str) -> None:
    assert clean_link(f"{PAGE}?{name}=x") == f"{PAGE}?{name}=x"


@pytest.mark.parametrize(
    ("fragment", "wanted"),
    [
        ("#:~:text=some%20words", ""),
        ("#part-2:~:text=a,b&text=c", "#part-2"),
        ("#%3A~%3Atext=a", ""),
        ("#~user", "#~user"),
        ("#Echobox=1733", ""),
        ("#utm_source=a&fbclid=b", ""),
        ("#section-utm", "#section-utm"),
    ],
)
def test_fragments(fragment: str, wanted: str) -> None:
    assert clean_link(PAGE + fragment) == PAGE + wanted


def test_traces_each_rule() -> None:
    steps = trace_link(OPENED["then tracking"][0])
    assert [step.rule for step in steps] == ["vk", "tracking"]


def test_key_looks_behind_wrappers() -> None:
    assert link_key(OPENED["google amp"][0]) == link_key("http://m.news.example.org/a/1/?utm_id=1")


RULES = (
    LinkRule(
        id="shop",
        pattern=r"^https?://(?:[a-z0-9-]+\.)*shop\.example\.com",
        names=("aff_[a-z]+", "src"),
        cuts=(r"/track=[^/]*",),
        opens=(r"^https?://shop\.example\.com/out\?to=([^&]*)",),
        exceptions=(r"^https?://shop\.example\.com/keep",),
    ),
    LinkRule(id="broken", pattern="(", names=("a",)),
)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://shop.example.com/p/track=9/x?aff_id=1&b=2", "https://shop.example.com/p/x?b=2"),
        (f"https://shop.example.com/out?to={ENC}", PAGE),
        (
            "https://shop.example.com/out?to=javascript:x",
            "https://shop.example.com/out?to=javascript:x",
        ),
        ("https://shop.example.com/keep?src=1", "https://shop.example.com/keep?src=1"),
        ("https://other.example.com/?src=1", "https://other.example.com/?src=1"),
    ],
)
def test_rules_of_the_user(url: str, wanted: str) -> None:
    assert clean_link(url, RULES) == wanted
