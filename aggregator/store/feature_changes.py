"""The log of changed features: which entries a reader that kept some has to read again.

A mark names the last change that a reader knows: its number and its token. A restored or rebuilt
database may have the number again, but not the token.
"""

import secrets
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, func, select

from aggregator.core.ports import FeatureChanges
from aggregator.store import schema

_MAX_LOGGED = 100_000  # changes; a reader that missed more reads everything
_TOKEN_BITS = 62
_BEFORE_ALL = "0:0"  # the mark of an empty log

_change = schema.feature_change.c
_NONE: Mapping[str, bytes] = {}


def log(connection: Connection, keys: Iterable[str], before: Mapping[str, bytes] = _NONE) -> None:
    """Log that the features or dates of entries changed, or that they are no longer grouped.

    `before` are the features that some of them had.
    """
    token = secrets.randbits(_TOKEN_BITS)
    rows = [{"key": key, "token": token, "before": before.get(key)} for key in sorted(set(keys))]
    if not rows:
        return
    connection.execute(schema.feature_change.insert(), rows)
    last = connection.scalar(select(func.max(_change.number))) or 0
    connection.execute(delete(schema.feature_change).where(_change.number <= last - _MAX_LOGGED))


def since(connection: Connection, mark: str) -> FeatureChanges:
    """Return the changes after a mark; '' is no mark."""
    query = select(_change.number, _change.token).order_by(_change.number.desc()).limit(1)
    last = connection.execute(query).one_or_none()
    now = f"{last.number}:{last.token or ''}" if last else _BEFORE_ALL
    number = _logged(connection, mark)
    if number is None:
        return FeatureChanges(mark=now, keys=None)
    changes = connection.execute(
        select(_change.key, _change.before).where(_change.number > number).order_by(_change.number)
    ).all()
    # The first change of an entry has the features from the time of the mark.
    before = {row.key: row.before for row in reversed(changes)}
    return FeatureChanges(
        mark=now,
        keys=tuple(before),
        before={key: packed for key, packed in before.items() if packed is not None},
    )


def _logged(connection: Connection, mark: str) -> int | None:
    """Return the number of the change that a mark names, if it is in the log of this database."""
    if mark == _BEFORE_ALL:
        return 0 if connection.scalar(select(func.min(_change.number))) in {None, 1} else None
    number, _, token = mark.partition(":")
    if not (number.isdigit() and token.isdigit()):
        return None
    same = (_change.number == int(number)) & (_change.token == int(token))
    found: int | None = connection.scalar(select(_change.number).where(same))
    return found
