"""How are public sources and strangers' websites asked, politely and safely?

`HttpWeb` is the role `Web` of `sfsync.enrich.provider` over the network, `Recorded` the same from a
folder of recorded answers. Nobody else opens such a connection.
"""

from sfsync.enrich.http.cache import Cache, Rest, Use
from sfsync.enrich.http.manners import Manners
from sfsync.enrich.http.network import Network
from sfsync.enrich.http.pace import Clock
from sfsync.enrich.http.recorded import Recorded
from sfsync.enrich.http.web import HttpWeb

__all__ = ["Cache", "Clock", "HttpWeb", "Manners", "Network", "Recorded", "Rest", "Use"]
