"""WebSub, both ways: `Announcer` notifies a hub of new editions, `Subscriber` receives pushes of sources.

Pushed documents wait in the `Inbox` until they are read. The web server answers hubs with what
the `Subscriber` returns.
"""

from aggregator.websub.announcer import Announcer
from aggregator.websub.inbox import Inbox
from aggregator.websub.subscriber import Subscriber

__all__ = ["CALLBACK", "Announcer", "Inbox", "Subscriber"]

CALLBACK = "websub"  # path of the callbacks below the public URL
