"""How do clients of other processes reach the fake org?

`serving` answers HTTP/1.1 on the loopback interface alone, over TLS where it is given certificates
(`make_certificates`). Faults and the clock are under `/__fake__/`.
"""

from sfsync.fake.serving.certificates import Certificates, make_certificates
from sfsync.fake.serving.listener import HOST, serving

__all__ = ["HOST", "Certificates", "make_certificates", "serving"]
