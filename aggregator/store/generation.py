"""The generation of the store: another value after each change of what feeds may show."""

import secrets

from sqlalchemy import Connection

from aggregator.store import meta

_NAME = "generation"


def load(connection: Connection) -> str:
    """Return the generation; empty if none was ever saved."""
    return meta.recall(connection, _NAME)


def move(connection: Connection) -> None:
    """Save another generation, in the transaction of the change.

    It is random, for a count could repeat after transactions were lost in a power cut.
    """
    meta.remember(connection, _NAME, secrets.token_hex(8))
