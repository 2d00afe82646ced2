"""Image URLs are unwrapped from proxies, and other URLs are unchanged."""

import base64

import pytest

from aggregator.core.settings import ImageOptions
from aggregator.gather.cleaning.images import RULES, trace_image, unwrap_image
from aggregator.gather.cleaning.ruleset import parse_wrapper

PIC = "https://pics.example.org/2024/a.jpg"
PIC64 = base64.urlsafe_b64encode(PIC.encode()).decode().rstrip("=")
PICHEX = PIC.encode().hex()
PICENC = "https%3A%2F%2Fpics.example.org%2F2024%2Fa.jpg"
SIG = "Zx8_-" * 5 + "ab="  # as long as thumbor's

OPENED = {
    "netease": (f"https://nimg.ws.126.net/?url={PICENC}&thumbnail=660x&quality=80", PIC),
    "qq reader": (f"https://read.html5.qq.com/image?src=forum&q=5&imageUrl={PICENC}", PIC),
    "naver": (f"https://search.pstatic.net/common/?src={PICENC}&type=b150", PIC),
    "kakao": (f"https://img1.daumcdn.net/thumb/R720x0/?fname={PICENC}", PIC),
    "hatena": (
        f"https://cdn.image.st-hatena.com/image/scale/0f/backend=imager;width=300/{PICENC}",
        PIC,
    ),
    "yandex": (f"https://yandex.ru/images/search?pos=1&img_url={PICENC}", PIC),
    "startpage": (f"https://s3.startpage.com/cgi-bin/serveimage?url={PICENC}&sp=0", PIC),
    "qwant": (f"https://s2.qwant.com/thumbr/0x380/a/b/a.jpg?u={PICENC}&q=0", PIC),
    "brave": (
        f"https://imgs.search.brave.com/Zx8-ab/rs:fit:500:0:0/g:ce/{PIC64[:9]}/{PIC64[9:]}",
        PIC,
    ),
    "searx": (f"https://s.example.net/image_proxy?url={PICENC}&h={'0a' * 32}", PIC),
    "xenforo": (f"https://forum.example.net/proxy.php?image={PICENC}&hash={'0a' * 16}", PIC),
    "mattermost": (f"https://chat.example.net/api/v4/image?url={PICENC}", PIC),
    "proton": (f"https://mail.proton.me/api/core/v4/images?Url={PICENC}&DryRun=0", PIC),
    "imgproxy under its name": (f"https://imgproxy.example.net/x/w:9/{PIC64}.jpg", PIC),
    "imgproxy, old, plain": (f"https://i.example.net/insecure/fit/9/9/sm/0/plain/{PIC}", PIC),
    "weserv without slash": ("https://images.weserv.nl?url=pics.example.org/2024/a.jpg", PIC),
    "weserv, no scheme of its own": ("//wsrv.nl/?w=9&url=//pics.example.org/2024/a.jpg", PIC),
    "weserv over ssl": ("https://wsrv.nl/?url=ssl:pics.example.org/2024/a.jpg&w=3", PIC),
    "weserv, http kept": ("https://wsrv.nl/?url=http://a.example/b.png", "http://a.example/b.png"),
    "weserv, left-over entity": (f"https://wsrv.nl/?w=1&amp;url={PICENC}", PIC),
    "weserv, collapsed slashes": ("https://wsrv.nl/?url=https:/pics.example.org/2024/a.jpg", PIC),
    "weserv, address of numbers": ("https://wsrv.nl/?url=8.8.8.8/a.png", "https://8.8.8.8/a.png"),
    "weserv, port": (
        "https://wsrv.nl/?url=p.example.org:81/a.png",
        "https://p.example.org:81/a.png",
    ),
    "weserv, name of another script": (
        "https://wsrv.nl/?url=图片.example/a.png",
        "https://xn--wcsw84d.example/a.png",
    ),
    "weserv, twice encoded": (
        "https://wsrv.nl/?url=https%253A%252F%252Fpics.example.org%252F2024%252Fa.jpg",
        PIC,
    ),
    "weserv, lone percent": (
        "https://wsrv.nl/?url=p.example.org/100%25.png",
        "https://p.example.org/100%25.png",
    ),
    "weserv, bytes of no UTF-8": (
        "https://wsrv.nl/?url=p.example.org/%E9.png",
        "https://p.example.org/%E9.png",
    ),
    "photon": ("https://i2.wp.com/pics.example.org/2024/a.jpg?resize=9%2C9&#038;ssl=1", PIC),
    "photon with the query": (
        "https://i0.wp.com/a.example/p.php?ssl=1&q=n%3D4",
        "https://a.example/p.php?n=4",
    ),
    "imgpress": (f"https://s1.wp.com/imgpress?w=6&url={PICENC}", PIC),
    "statically": ("https://cdn.statically.io/img/pics.example.org/w=6,f=auto/2024/a.jpg", PIC),
    "imageproxy": (f"https://willnorris.com/api/imageproxy/100x/{PIC}", PIC),
    "imageproxy, encoded": (f"https://willnorris.com/api/imageproxy/100x/{PICENC}?x=1", PIC),
    "imageproxy, base64": (f"https://willnorris.com/api/imageproxy/100x/{PIC64}", PIC),
    "imgproxy": (f"https://i.example.net/unsafe/rs:fit:3:3/plain/{PIC}@png", PIC),
    "imgproxy, base64 in pieces": (
        f"https://i.example.net/insecure/w:9/{PIC64[:12]}/{PIC64[12:]}.webp",
        PIC,
    ),
    "thumbor": (
        f"https://t.example.net/unsafe/9x9/smart/filters:quality(8)/{PIC}?v=1",
        PIC + "?v=1",
    ),
    "thumbor, signed": (f"https://t.example.net/{SIG}/fit-in/9x9/{PICENC}", PIC),
    "thumbor, host alone": (
        f"https://t.example.net/thumbor/{SIG}/0x0:20x20/9x/pics.example.org/2024/a.jpg",
        PIC,
    ),
    "cloudinary": (f"https://res.cloudinary.com/x/image/fetch/s--Ab12--/w_9,c_fill/v17/{PIC}", PIC),
    "cloudinary on a host of its own": (
        f"https://img.example.com/image/fetch/f_auto/{PICENC}",
        PIC,
    ),
    "cloudflare": (f"https://n.example.com/cdn-cgi/image/w=9,f=auto/{PIC}", PIC),
    "cloudflare, same host": (
        "https://n.example.com/cdn-cgi/image/width=9/up/b.jpg?v=2",
        "https://n.example.com/up/b.jpg?v=2",
    ),
    "next": (f"https://n.example.com/blog/_next/image?url={PICENC}&w=9", PIC),
    "next, same host": (
        "https://n.example.com/_next/image?w=9&url=%2Fb.png",
        "https://n.example.com/b.png",
    ),
    "vercel": (f"https://n.example.com/_vercel/image?url={PICENC}", PIC),
    "netlify": (
        "https://n.example.com/.netlify/images?url=b/c.png&w=9",
        "https://n.example.com/b/c.png",
    ),
    "astro": (
        "https://n.example.com/_image?href=%2F_astro%2Fb.png",
        "https://n.example.com/_astro/b.png",
    ),
    "ipx": (f"https://n.example.com/_ipx/w_9&f_webp/{PIC}", PIC),
    "ipx with the query of next": (
        "https://n.example.com/_ipx/w_9,q_75/%2F_next%2Fstatic%2Fb.png?url=%2F_next%2Fstatic%2Fb.png&w=9&q=75",
        "https://n.example.com/_next/static/b.png",
    ),
    "ipx around next": (
        "https://n.example.com/_ipx/w_9/_next/image?url=%2Fb.png&w=9&q=75",
        "https://n.example.com/b.png",
    ),
    "next around ipx": (
        f"https://n.example.com/_next/image?url=%2F_ipx%2Fw_9%2F{PICENC}&w=9&q=75",
        PIC,
    ),
    "thumbor in thumbor": (
        f"https://t.example.net/unsafe/9x9/https://u.example.org/unsafe/smart/{PIC}",
        PIC,
    ),
    "thumbor in thumbor, hosts alone": (
        "https://t.example.net/unsafe/9x9/u.example.org/unsafe/8x8/pics.example.org/a.jpg",
        "https://pics.example.org/a.jpg",
    ),
    "thumbor without a key": (f"https://thumbor.example.net/300x0/{PIC}", PIC),
    "ipx without options": ("https://n.example.com/_ipx/_/b.png", "https://n.example.com/b.png"),
    "gatsby": (f"https://n.example.com/_gatsby/image/1/2/a.webp?u={PICENC}&a=w", PIC),
    "gatsby, base64": (f"https://n.example.com/_gatsby/image/{PIC64}/dz05/a.webp", PIC),
    "duckduckgo": (f"https://external-content.duckduckgo.com/iu/?u={PICENC}&f=1", PIC),
    "camo": (f"https://camo.example.net/{'ab' * 20}/{PICHEX}", PIC),
    "camo, long digest": (f"https://x.example.net/{'ab' * 32}/{PICHEX}", PIC),
    "camo in the query": (f"https://camo.example.net/{'ab' * 20}?url={PICENC}", PIC),
    "camo, base64": (f"https://x.example.net/{SIG[:-1]}/{PIC64}", PIC),
    "google gadgets": (
        f"https://images2-focus-opensocial.googleusercontent.com/gadgets/proxy?url={PICENC}&c=f",
        PIC,
    ),
    "gmail": (f"https://ci5.googleusercontent.com/meips/ABC=s0#{PIC}", PIC),
    "google images": (
        f"https://www.google.co.uk/imgres?imgrefurl=https://x.example/&imgurl={PICENC}",
        PIC,
    ),
    "discord": (
        "https://images-ext-2.discordapp.net/external/aB-1/https/pics.example.org/2024/a.jpg?width=9",
        PIC,
    ),
    "discord with the query first": (
        "https://images-ext-1.discordapp.net/external/aB-1/%3Fv%3D3/https/a.example/b.gif",
        "https://a.example/b.gif?v=3",
    ),
    "slack": (f"https://slack-imgs.com/?c=1&url={PICENC}", PIC),
    "facebook": (f"https://external.xx.fbcdn.net/safe_image.php?d=1&url={PICENC}", PIC),
    "embedly": (f"https://i.embed.ly/1/image/resize?url={PICENC}&key=1", PIC),
    "yahoo, nested": (
        f"https://s.yimg.com/ny/api/res/1.2/a--/b--/https://s.yimg.com/uu/api/res/1.2/c--/d--/{PIC}.cf.jpg",
        PIC,
    ),
    "baidu in the path": (
        f"https://gimg3.baidu.com/image_search/src={PICENC}&refer=x&fmt=auto?sec=1",
        PIC,
    ),
    "baidu download": (
        f"https://image.baidu.com/search/down?thumburl=https://y.example&url={PIC}",
        PIC,
    ),
    "baidu timg": (f"https://timgsa.baidu.com/timg?image&quality=80&src={PICENC}", PIC),
    "sogou": (f"https://img02.sogoucdn.com/v2/thumb/retype?appid=1&url={PIC}?w=1", PIC + "?w=1"),
    "wechat2rss": (f"https://rss.example.net/img-proxy/?k=1a&u={PICENC}", PIC),
    "jintiankansha": (f"http://img2.jintiankansha.me/get?src={PIC}", PIC),
    "miniflux": (f"https://r.example.net/reader/proxy/{'Ab9_' * 10}abc=/{PIC64}", PIC),
    "inoreader": (f"https://www.inoreader.com/camo/xyz,b64/{PIC64}", PIC),
    "tt-rss": (f"https://r.example.net/tt/public.php?op=x&pmethod=imgproxy&url={PICENC}", PIC),
    "folo": (f"https://webp.follow.is/?width=9&url={PICENC}", PIC),
    "newsblur": (f"https://imageproxy.newsblur.com/fw,sAb/{PIC}", PIC),
    "lemmy": (f"https://l.example.net/api/v3/image_proxy?url={PICENC}", PIC),
    "misskey": (f"https://m.example.net/proxy/image.webp?url={PICENC}", PIC),
    "amp": ("https://x-example.cdn.ampproject.org/ii/w680/s/pics.example.org/2024/a.jpg", PIC),
    "amp without s": ("https://cdn.ampproject.org/i/a.example/b.png", "http://a.example/b.png"),
    "relay, raw query": (f"https://corsproxy.io/?{PIC}?a=1&b=2", PIC + "?a=1&b=2"),
    "relay, path": (f"https://thingproxy.freeboard.io/fetch/{PIC}", PIC),
    "relay, parameter": (f"https://api.codetabs.com/v1/proxy?quest={PICENC}", PIC),
    "shortpixel": (f"https://cdn.shortpixel.ai/spai/w_9+ret_img/{PIC}", PIC),
    "shortpixel, host alone": (
        "https://cdn.shortpixel.ai/spai/w_9/pics.example.org/2024/a.jpg",
        PIC,
    ),
    "optimole": (f"https://ab.i.optimole.com/cb:x/w:9/h:9/{PIC}", PIC),
    "cloudimg": (f"https://ab.cloudimg.io/v7/{PIC}?w=9", PIC),
    "imagekit": (f"https://ik.imagekit.io/x/tr:w-9/{PIC}", PIC),
    "imgix": (f"https://ab.imgix.net/{PICENC}?s=1", PIC),
    "washington post": (f"https://www.washingtonpost.com/wp-apps/imrs.php?src={PICENC}&w=9", PIC),
    "nested, two kinds": (
        "https://wsrv.nl/?url=https%3A%2F%2Fi0.wp.com%2Fpics.example.org%2F2024%2Fa.jpg%3Fssl%3D1",
        PIC,
    ),
    "nested raw": (f"https://wsrv.nl/?url=https://images.weserv.nl/?url={PIC}", PIC),
}


@pytest.mark.parametrize(("url", "wanted"), OPENED.values(), ids=OPENED)
def test_opens(url: str, wanted: str) -> None:
    assert unwrap_image(url) == wanted


KEPT = {
    "plain": PIC,
    "unknown host": f"https://a.example/fetch?url={PICENC}",
    "look-alike": f"https://wsrv.nl.evil.example/?url={PICENC}",
    "no target": "https://wsrv.nl/?w=300",
    "no address inside": "https://wsrv.nl/?url=hello%20world",
    "file name inside": "https://i0.wp.com/favicon.ico",
    "screenshot": "https://s0.wp.com/mshots/v1/https%3A%2F%2Fa.example%2F?w=4",
    "statically, no image": "https://cdn.statically.io/gh/u/r/main/a.png",
    "undeclared imageproxy": f"https://img.example.com/100x/{PIC}",
    "imgproxy, bucket": "https://i.example.net/insecure/w:9/plain/s3://bucket/a.png",
    "imgproxy, encrypted": "https://i.example.net/insecure/w:9/enc/Abc0123",
    "thumbor, own storage": f"https://t.example.net/{SIG}/9x9/smart/news/2021/a.jpg",
    "arc resizer": f"https://n.example.com/resizer/{SIG}/9x9/cdn.example.com/a.jpg",
    "cloudinary upload": "https://res.cloudinary.com/x/image/upload/w_9/v1/a.jpg",
    "camo, no hex": f"https://c.example/{'ab' * 20}/zz{PICHEX}",
    "gmail without original": "https://ci3.googleusercontent.com/meips/ABC=s0",
    "gatsby, encrypted": "https://n.example.com/_gatsby/image/1/2/a.webp?eu=8adb",
    "miniflux, no address": f"https://r.example.net/proxy/{'Ab9_' * 10}abc=/bm90LWEtdXJs",
    "corsproxy's own page": "https://corsproxy.io/pricing",
    "dims is off": f"https://d.example.com/dims4/default/1/?url={PICENC}",
    "wayback is off": f"https://web.archive.org/web/2021im_/{PIC}",
    "relative without base": "/a.png",
    "data": "data:image/png;base64,AAAA",
    "empty": "",
    "endless": "https://wsrv.nl/?url=a.example/" + "a" * 20_000,
    "script": "https://wsrv.nl/?url=javascript:alert(1)",
    "file": "https://wsrv.nl/?url=file:///etc/passwd",
    "private": "https://wsrv.nl/?url=192.168.0.1/a.png",
    "loopback by name": "https://wsrv.nl/?url=http://x.localhost/a.png",
    "loopback by number": "https://wsrv.nl/?url=http://0x7f000001/a.png",
    "loopback, short": "https://wsrv.nl/?url=http://127.1/a.png",
    "loopback, IPv6": "https://wsrv.nl/?url=http://[::1]/a.png",
    "mapped": "https://wsrv.nl/?url=http://[::ffff:10.0.0.1]/a.png",
    "6to4": "https://wsrv.nl/?url=http://[2002:7f00:1::]/a.png",
    "NAT64": "https://wsrv.nl/?url=http://[64:ff9b::7f00:1]/a.png",
    "metadata": "https://wsrv.nl/?url=http%3A%2F%2F169.254.169.254%2Fa",
    "one label": "https://wsrv.nl/?url=http://intranet/a.png",
    "carrier": "https://wsrv.nl/?url=http://100.64.0.9/a.png",
    "full-width digits": "https://wsrv.nl/?url=http://１２７.0.0.1/a.png",
    "any-address name": "https://wsrv.nl/?url=http://127.0.0.1.nip.io/a.png",
    "user info": "https://wsrv.nl/?url=https://u:p@a.example/a.png",
    "line break": "https://wsrv.nl/?url=https%3A%2F%2Fa.example%2Fa%0D%0Ab",
    "backslash": "https://wsrv.nl/?url=https:%5C%5Ca.example%5Ca.png",
    "backslash before a host": "https://wsrv.nl/?url=https://a.example%5C@127.0.0.1/",
    "bad port": "https://wsrv.nl/?url=https://a.example:99999/a.png",
    "mirror": "https://i.pixiv.re/img-original/1_p0.png",
    "hot-link host": "https://wsrv.nl/?url=https://i.pximg.net/img/1.png",
    "hot-link host behind two": "https://image.baidu.com/search/down?url=https://wx1.sinaimg.cn/large/1.jpg",
}  # fmt: skip


@pytest.mark.parametrize("url", KEPT.values(), ids=KEPT)
def test_keeps(url: str) -> None:
    assert unwrap_image(url) == url


def test_quotes_never_come_out_raw() -> None:
    opened = unwrap_image("https://wsrv.nl/?url=https%3A%2F%2Fa.example%2Fa%22%3E%3Cb.png")
    assert opened == "https://a.example/a%22%3E%3Cb.png"


def test_base_makes_absolute() -> None:
    base = "https://n.example.com/post/1"
    assert unwrap_image("/_next/image?url=%2Fa.png", base=base) == "https://n.example.com/a.png"
    assert unwrap_image("b.png", base=base) == "https://n.example.com/post/b.png"


@pytest.mark.parametrize(
    ("options", "url", "wanted"),
    [
        pytest.param(
            ImageOptions(proxy="keep"), OPENED["photon"][0], OPENED["photon"][0], id="keep"
        ),
        pytest.param(
            ImageOptions(hotlink_keep=()),
            "https://wsrv.nl/?url=https://i.pximg.net/1.png",
            "https://i.pximg.net/1.png",
            id="emptied list",
        ),
        pytest.param(
            ImageOptions(keep_hosts=("*.example.org",)),
            "https://wsrv.nl/?url=pics.example.org/a.png",
            "https://wsrv.nl/?url=pics.example.org/a.png",
            id="keep hosts",
        ),
        pytest.param(
            ImageOptions(prefer_https=False),
            "https://wsrv.nl/?url=a.example/b.png",
            "http://a.example/b.png",
            id="no https",
        ),
        pytest.param(
            ImageOptions(enable=("dims4",)), KEPT["dims is off"], PIC, id="enabled by name"
        ),
        pytest.param(ImageOptions(enable=("archive",)), KEPT["wayback is off"], PIC, id="by kind"),
        pytest.param(
            ImageOptions(enable=("wix",)),
            "https://static.wixstatic.com/media/a~mv2.jpg/v1/fill/w_9/a.jpg",
            "https://static.wixstatic.com/media/a~mv2.jpg",
            id="wix",
        ),
        pytest.param(
            ImageOptions(
                wrappers=(parse_wrapper({"host": "img.example.com", "type": "imageproxy"}),)
            ),
            KEPT["undeclared imageproxy"],
            PIC,
            id="declared",
        ),
        pytest.param(
            ImageOptions(
                wrappers=(parse_wrapper({"id": "own", "hosts": ["p.example"], "at": "query:src"}),)
            ),
            f"https://p.example/x?src={PICENC}",
            PIC,
            id="of the user's own",
        ),
    ],
)
def test_options(options: ImageOptions, url: str, wanted: str) -> None:
    assert unwrap_image(url, options) == wanted


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("https://p.example/?u={url_enc}", f"https://p.example/?u={PICENC}"),
        ("https://p.example/{url}", f"https://p.example/{PIC}"),
        ("https://p.example/{url_b64}", f"https://p.example/{PIC64}"),
        ("https://p.example/{host}/{path}", "https://p.example/pics.example.org/2024/a.jpg"),
        ("https://p.example/{host}{path}", "https://p.example/pics.example.org/2024/a.jpg"),
    ],
)
def test_rewraps_once(template: str, wanted: str) -> None:
    options = ImageOptions(proxy="rewrap", template=template)
    wrapped = unwrap_image(OPENED["weserv over ssl"][0], options)
    assert wrapped == wanted
    assert unwrap_image(wrapped, options) == wanted


def test_rewraps_nothing_private() -> None:
    options = ImageOptions(proxy="rewrap", template="https://p.example/{url}")
    assert unwrap_image("http://10.0.0.1/a.png", options) == "http://10.0.0.1/a.png"


def test_traces_each_rule() -> None:
    steps = trace_image("//wsrv.nl/?url=https://i0.wp.com/a.example/b.png")
    assert [step.rule for step in steps] == ["base", "weserv", "photon"]
    assert steps[-1].after == "https://a.example/b.png"


def test_every_rule_says_where_it_holds() -> None:
    assert all("*" not in rule.hosts or rule.marks for rule in RULES)
