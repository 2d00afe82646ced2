"""The owner of the site: signing in with a token, and the actions that only the owner may do."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from aggregator.publish import files

COOKIE = "owner"
_MAX_AGE_SECONDS = 30 * 86_400
_MAX_FORM_BYTES, _MAX_FIELDS = 8_000, 10


class OwnerActions(Protocol):
    """What the owner may do with sources, beside corrections of stories."""

    def can_fetch(self) -> bool:
        """Return whether a daemon takes requests."""

    def request_fetch(self, source_id: str) -> None:
        """Ask the daemon to fetch a source now; raises AggregatorError."""

    def set_paused(self, source_id: str, *, paused: bool) -> None:
        """Pause or resume a source in the configuration; raises AggregatorError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Recognises the owner by a cookie, which is a signature of the token and not the token.

    A cookie is valid until the token or the secret of the data folder changes.
    """

    token: str = field(repr=False)  # empty: there is no owner
    data: Path
    path: str  # of the site, for the cookie
    secure: bool  # the site is read over https

    def is_signed_in(self, request: Request) -> bool:
        """Return whether the request is the owner's."""
        given = request.cookies.get(COOKIE, "")
        return bool(self.token and given) and hmac.compare_digest(
            given.encode("utf-8", "replace"), self._signature().encode()
        )

    def accepts(self, token: str) -> bool:
        """Return whether this is the token of the owner."""
        given = token.strip().encode("utf-8", "replace")
        return bool(self.token) and hmac.compare_digest(given, self.token.encode())

    def sign_in(self, response: Response) -> None:
        """Set the cookie."""
        response.set_cookie(
            COOKIE,
            self._signature(),
            max_age=_MAX_AGE_SECONDS,
            path=self.path,
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )

    def sign_out(self, response: Response) -> None:
        """Delete the cookie."""
        response.delete_cookie(COOKIE, path=self.path)

    def _signature(self) -> str:
        secret = files.secret(self.data)
        return hmac.new(secret, b"owner\0" + self.token.encode(), sha256).hexdigest()


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form that our own page sent; raise HTTPException for others.

    Browsers say from which site a form comes; those that do not are held back by the cookie, which
    other sites cannot send (`SameSite=Strict`).
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "")
    if site != "same-origin" or (origin and urlsplit(origin).netloc != request.headers.get("host")):
        raise HTTPException(403, "This form must be sent from a page of this site.")
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > _MAX_FORM_BYTES:
                raise HTTPException(413, "The form is too long.")
    except ClientDisconnect as error:
        raise HTTPException(400, "The form is incomplete.") from error
    try:
        pairs = parse_qsl(content.decode("utf-8", "replace"), max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise HTTPException(400, "The form has too many fields.") from error
    return dict(pairs)
