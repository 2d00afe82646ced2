"""WebSub: hubs are told of our editions (`Announcer`), and send us the news of sources (`Subscriber`).

What hubs sent waits in the `Inbox` until it is read. Connections and what is remembered come
through ports; the server answers the hubs with what a `Subscriber` says.
"""

from aggregator.websub.announcer import Announcer
from aggregator.websub.inbox import Inbox
from aggregator.websub.subscriber import Subscriber

__all__ = ["CALLBACK", "Announcer", "Inbox", "Subscriber"]

CALLBACK = "websub"  # the folder under the public address where hubs find us
