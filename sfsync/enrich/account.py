"""What does the CRM know of an account, and of which company does it speak?"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sfsync.enrich.matching import company_of
from sfsync.enrich.model import Company
from sfsync.model import Value

# What is compared with sources -> our names of the fields that say it.
_TEXTS: Mapping[str, str] = {
    "country": "country",
    "street": "billing_street",
    "postal_code": "billing_postal_code",
    "city": "billing_city",
    "website": "website",
}
_NUMBERS = ("registration_number", "vat_number")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it was read: `values` by our names of its fields, `modified` its stamp as on
    the wire, `owner` its owner's Id; `status` is None where it has none. `currency` is that of its
    amounts, as ISO 4217 writes it; "" in an org that has one.
    """

    id: str
    name: str
    owner: str | None
    status: str | None
    modified: str | None
    values: Mapping[str, Value]
    currency: str = ""

    def company(self) -> Company:
        """Return the company of which it speaks."""
        texts = {key: self._text(name) for key, name in _TEXTS.items()}
        numbers = [self._text(name) for name in _NUMBERS]
        return company_of(self.id, {"name": self.name, **texts}, [each for each in numbers if each])

    def _text(self, name: str) -> str:
        value = self.values.get(name)
        return "" if value is None else str(value)


def digest_of(company: Company) -> str:
    """Return a digest of what an account says of its company: the same as long as that is."""
    told = (
        *(company.name, company.country, company.street, company.postal_code, company.city),
        *(company.website, sorted(company.identifiers.items()), company.wrong),
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]
