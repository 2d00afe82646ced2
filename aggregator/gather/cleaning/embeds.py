"""Frames, embedded players and objects: each becomes a link to the page of its content."""

import re
from html import escape
from urllib.parse import unquote

from aggregator.gather.cleaning.noise import collapse, is_share_link, is_tracking_pixel
from aggregator.text.urls import absolute, host, is_web, split

Attributes = dict[str, str | None]

_URL_ATTRIBUTES = (
    "src",
    "data-src",
    "data-lazy-src",
    "data-litespeed-src",
    "data-original",
    "data",
    "data-url",
)
_LABEL_ATTRIBUTES = ("title", "aria-label", "data-title", "alt")
_WORDPRESS_EMBED = re.compile(
    r"/embed/?#\?secret="
)  # WordPress: the link to the framed page comes before the frame
_YOUTUBE_HOST = re.compile(r"(?:www\.|m\.)?youtube(?:-nocookie)?\.com")
_YOUTUBE_PATH = re.compile(r"/(?:embed|v|e|shorts|live)/([\w-]{11})(?:[/&?].*)?")
_YOUTUBE_LIST = re.compile(r"[A-Za-z]{2}[\w-]{3,}|LL|WL|LM")
_YOUTUBE_CHANNEL = re.compile(r"UC[\w-]{3,}")
_RESERVED_IDS = frozenset(["videoseries", "live_stream"])  # same length as a video id
_START_TIME = re.compile(r"(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s?)?")
_YOUTUBE_BASE = "https://www.youtube.com/"
# Custom elements of players: the attributes with the id or URL, and the template of the page URL.
CUSTOM_PLAYERS: dict[str, tuple[tuple[str, ...], str]] = {
    "lite-youtube": (("videoid", "video-id"), "https://www.youtube.com/embed/{}"),
    "youtube-video": (("src",), "{}"),
    "amp-youtube": (("data-videoid", "data-live-channelid"), "https://www.youtube.com/embed/{}"),
    "lite-vimeo": (("videoid", "video-id"), "https://vimeo.com/{}"),
    "amp-vimeo": (("data-videoid",), "https://vimeo.com/{}"),
    "amp-dailymotion": (("data-videoid",), "https://www.dailymotion.com/video/{}"),
    "amp-twitter": (("data-tweetid",), "https://twitter.com/i/status/{}"),
    "amp-instagram": (("data-shortcode",), "https://www.instagram.com/p/{}/"),
    "amp-facebook": (("data-href",), "{}"),
    "amp-soundcloud": (("data-trackid",), "https://w.soundcloud.com/player/?url=https://api.soundcloud.com/tracks/{}"),
    "amp-tiktok": (("data-src",), "https://www.tiktok.com/embed/v2/{}"),
}  # fmt: skip


def embed_link(attributes: Attributes, base: str) -> str | None:
    """Return a paragraph with a link to the content of a frame; None if there is nothing to link."""
    for name in _URL_ATTRIBUTES:
        url = absolute(base, attributes.get(name) or "")
        if is_web(url):
            return _link_paragraph(url, attributes)
    return None


def custom_link(tag: str, attributes: Attributes, base: str) -> str | None:
    """Return a paragraph with a link to the content of a custom player element."""
    names, template = CUSTOM_PLAYERS[tag]
    value = next((value for name in names if (value := attributes.get(name))), "")
    if not value:
        return None
    url = value if is_web(value) else template.format(value)
    return _link_paragraph(absolute(base, url), attributes) if len(value) < 300 else None


def _link_paragraph(url: str, attributes: Attributes) -> str | None:
    if _WORDPRESS_EMBED.search(url) or is_tracking_pixel(url) or is_share_link(url):
        return None
    page, kind = watch_page(url)
    label = next(
        (text for name in _LABEL_ATTRIBUTES if (text := collapse(attributes.get(name) or ""))), ""
    )
    label = label[:200] or kind or host(url).removeprefix("www.")
    return f'<p><a href="{escape(page)}">{escape(label)}</a></p>'


def watch_page(url: str) -> tuple[str, str]:
    """Return the page URL of a framed video and a label; the URL unchanged and '' if unknown."""
    if not _YOUTUBE_HOST.fullmatch(host(url)):
        return url, ""
    parts = split(url)
    pairs = [pair.partition("=") for pair in re.split(r"&(?:amp;)?", parts.query or "")]
    query = {name: unquote(value) for name, _, value in pairs}
    match = _YOUTUBE_PATH.fullmatch(parts.path)
    named = match[1] if match and match[1] not in _RESERVED_IDS else ""
    if named:
        return _video_url(named, query, parts.fragment or ""), "YouTube video"
    if parts.path.startswith(("/embed", "/v/", "/p/")):
        if page := _channel_url(query):
            return page, "YouTube channel"
        if page := _playlist_url(parts.path, query):
            return page, "YouTube playlist"
    return url, ""


def _video_url(named: str, query: dict[str, str], fragment: str) -> str:
    more = ""
    if _YOUTUBE_LIST.fullmatch(query.get("list", "")):
        more += f"&list={query['list']}"
        if query.get("index", "").isdecimal():
            more += f"&index={query['index']}"
    start = query.get("start") or query.get("t") or fragment.removeprefix("t=")
    match = _START_TIME.fullmatch(start)
    hours, minutes, rest = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    seconds = hours * 3600 + minutes * 60 + rest
    return f"{_YOUTUBE_BASE}watch?v={named}{more}" + (f"&t={seconds}s" if seconds else "")


def _playlist_url(path: str, query: dict[str, str]) -> str:
    named = query.get("list", "") or path.removeprefix("/p/").strip("/")
    return (
        f"{_YOUTUBE_BASE}playlist?list={named}"
        if _YOUTUBE_LIST.fullmatch(named) and "/" not in named
        else ""
    )


def _channel_url(query: dict[str, str]) -> str:
    if _YOUTUBE_CHANNEL.fullmatch(query.get("channel", "")):
        return f"{_YOUTUBE_BASE}channel/{query['channel']}/live"
    kind, named = query.get("listType", ""), query.get("list", "")
    if kind == "user_uploads" and re.fullmatch(r"[\w.-]{1,60}", named):
        return (
            f"{_YOUTUBE_BASE}channel/{named}"
            if _YOUTUBE_CHANNEL.fullmatch(named)
            else f"{_YOUTUBE_BASE}user/{named}"
        )
    return ""
