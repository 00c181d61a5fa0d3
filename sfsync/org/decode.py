"""How does the JSON that an org answers with become values?

Exactly as by Python's own decoder, in half the time.
"""

import json
from contextlib import suppress
from typing import Any

import orjson
import requests
from simple_salesforce.api import Salesforce

from sfsync.garbage import uncollected

# orjson makes floats of whole numbers that 64 bits cannot hold; these have 19 digits at least.
_DIGITS = bytes(ord("0") if chr(byte).isdigit() else byte for byte in range(128)) + bytes(128)
_LONG_NUMBER = b"0" * 19


class DecodingSalesforce(Salesforce):
    """simple-salesforce with a faster decoder."""

    def parse_result_to_json(self, result: requests.Response) -> Any:
        """Decode an answer; raises requests' JSONDecodeError where it is no JSON."""
        body = result.content
        if _LONG_NUMBER not in body.translate(_DIGITS):
            with suppress(orjson.JSONDecodeError), uncollected():
                return orjson.loads(body)
        # Python's decoder takes more: half a surrogate pair, a byte order mark, a number without
        # end. Without a charset in the header, requests would make other letters of UTF-8.
        with suppress(ValueError):
            return json.loads(body)
        return super().parse_result_to_json(result)
