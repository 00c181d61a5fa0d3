"""How does a test give an org some accounts, and public sources that know what it wants?

The providers are small ones of the test's own: each asks the fake web one question about a company,
and weighs the entries that its source has, as the real ones do.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from loop_org import Loop, empty_org, fill, loop_of, shipped_policy

from sfsync.enrich.matching import weigh
from sfsync.enrich.model import Company, Entry, Found, Item, Match, Place, Scheme, Standing
from sfsync.enrich.provider import Answer, Provider, Quota, Web
from sfsync.fake import FakeOrg
from sfsync.jobs import Planned, Ran, Sources
from sfsync.jobs.enrich import enrich
from sfsync.jobs.undo import undo
from sfsync.policy import Policy

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
FIRM = "001000000000001AAA"
REGISTER, WORLD, SITE, STATES = "recherche-entreprises", "wikidata", "website", "sec-edgar"
SIREN, OTHER = "732829320", "552032534"
ATELIER: Mapping[str, Any] = {
    "Id": FIRM,
    "Name": "Atelier Exemple",
    "Status__c": "Unqualified Pool",
    "BillingPostalCode": "31000",
    "BillingCity": "Toulouse",
    "BillingCountry": "France",
    "CreatedDate": "2025-01-01T08:00:00.000+0000",
}
SEAT = Place("3 RUE DES EXEMPLES", "31000", "TOULOUSE", "FR", is_seat=True)


def entry(provider: str = REGISTER, key: str = SIREN, **changes: Any) -> Entry:
    """What a source has of Atelier Exemple, of Toulouse."""
    values: dict[Item, Any] = {
        Item.REGISTRATION_NUMBER: key,
        Item.LEGAL_NAME: "ATELIER EXEMPLE",
        Item.STATUS: "active",
        Item.ACTIVITY: "naf2:62.01Z",
        Item.EMPLOYEES_BAND: "20-49",
        Item.EMPLOYEES_LEAST: 20,
        Item.EMPLOYEES_MOST: 49,
        Item.EMPLOYEES_YEAR: 2023,
        Item.REVENUE: 1_200_000,
        Item.REVENUE_YEAR: 2024,
        Item.REVENUE_CURRENCY: "EUR",
        Item.STREET: SEAT.street,
        Item.POSTAL_CODE: SEAT.postal_code,
        Item.CITY: SEAT.city,
        Item.COUNTRY: "FR",
    }
    values |= changes.pop("values", {})
    known = Entry(
        provider=provider,
        key=key,
        url=f"https://{provider}.example.com/{key}",
        names=("ATELIER EXEMPLE",),
        places=(SEAT,),
        identifiers={Scheme.SIREN: key},
        standing=Standing.ACTIVE,
        found=tuple(
            Found(item, value, _dated(item)) for item, value in values.items() if value is not None
        ),
    )
    return replace(known, **changes)


def _dated(item: Item) -> str:
    if item.value.startswith("employees"):
        return "2023"
    return "2024" if item.value.startswith("revenue") else "2026-05-17"


def only(provider: str, values: Mapping[Item, Any], **changes: Any) -> Entry:
    """An entry that gives these values and no others."""
    nothing = dict.fromkeys(Item)
    return entry(provider, values={**nothing, **values}, **changes)


@dataclass
class FakeWeb:
    """A web that counts, and fails where it is told to: `troubles` by provider or by company."""

    fetched_at: datetime = NOW
    asked: list[tuple[str, str]] = field(default_factory=list)
    troubles: dict[str, BaseException] = field(default_factory=dict)

    def get(
        self,
        provider: str,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        key: str = "",
    ) -> Answer:
        company = (params or {})["q"]
        for named in (provider, company, f"{provider} {company}"):
            if named in self.troubles:
                raise self.troubles[named]
        self.asked.append((provider, company))
        return Answer(200, b"{}", url, self.fetched_at)

    def page(self, url: str) -> Answer:
        raise AssertionError("no test reads a page")


@dataclass
class World:
    """Accounts in an org, sources and what they know, and the books."""

    loop: Loop
    web: FakeWeb
    policy: Policy
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    now: datetime = NOW
    told: list[tuple[int, int, Mapping[str, int]]] = field(default_factory=list)

    @property
    def fake(self) -> FakeOrg:
        return self.loop.fake

    def knows(self, *entries: Entry) -> None:
        """Let sources know these from now on, and nothing else."""
        self.entries.clear()
        for each in entries:
            self.entries.setdefault(each.provider, []).append(each)

    def sources(self, **wishes: Any) -> Sources:
        names = self.policy.enrich.providers
        providers = {name: self._provider(name) for name in names}
        looked = lambda *told: self.told.append((told[0], told[1], dict(told[2])))  # noqa: E731
        return Sources(self.web, providers, looked=looked, **wishes)

    def _provider(self, name: str) -> Provider:
        def look_up(company: Company, web: Web, key: str) -> Match | None:
            web.get(name, f"https://{name}.example.com", {"q": company.name})
            return weigh(company, self.entries.get(name, []))

        quota = Quota(1, (f"{name}.example.com",))
        return Provider(name, name, f"https://{name}.example.com", "none", "none", quota, look_up)

    def plan(self, **wishes: Any) -> Planned:
        services = replace(
            self.loop.services, policy=self.policy, now=self.now, sources=self.sources(**wishes)
        )
        return enrich(services)

    def apply(self, planned: Planned) -> Ran:
        return self.loop.apply(planned)

    def run(self, **wishes: Any) -> Ran:
        return self.apply(self.plan(**wishes))

    def undo(self, run_id: str) -> Ran:
        return self.loop.apply(undo(self.loop.services, run_id).planned)

    def account(self, id: str = FIRM) -> Mapping[str, Any]:
        return next(row for row in self.fake.records("Account") if row["Id"] == id)

    def edit(self, id: str = FIRM, **fields: Any) -> None:
        """Let a person change an account."""
        self.fake.edit("Account", id, **fields)

    def later(self, now: datetime) -> None:
        """Let time pass."""
        self.fake.clock.set(now)
        self.now = now


@contextmanager
def world(*accounts: Mapping[str, Any], policy: Policy | None = None) -> Iterator[World]:
    """An org with these accounts (Atelier Exemple, where none is given)."""
    fake = empty_org(NOW, "Europe/Paris")
    fill(fake, {"Account": accounts or [ATELIER]})
    with loop_of(fake, NOW) as loop:
        yield World(loop, FakeWeb(), policy or shipped_policy())
