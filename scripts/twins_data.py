"""What does an org look like in which it is known which records are the same company or person?

Companies and people are made up, and some of them are entered twice, as people do: with slips,
the legal form elsewhere, a town spelled its own way, the website missing or with a path. Beside
them stands what only looks like a duplicate: chains (one domain, many towns), subsidiaries,
namesakes in other towns and in other trades, relatives at one account, desks' addresses.
"""

import random
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sfsync.fake.ids import with_checksum

Row = dict[str, Any]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_BEGINNINGS = _words(
    "Bar Mar Lan Gué Dau Cor Fer Mon Vil Ros Tri Per Sau Bel Cha Dur Ler Pel Gran Bru"
)
_MIDDLES = ("", *_words("ti re no le vi da ga mo ri ba lo ne"))
_ENDINGS = _words("tin card vier land don teau nier gnon rand sson let mbert quet zac ville ner")
_TRADES = _words(
    "Boulangerie Garage Menuiserie Transports Imprimerie Plomberie Conseil Logistique Électricité"
    " Informatique Assurances Architecture Pharmacie Optique Hôtel Restaurant Maçonnerie Peinture"
    " Nettoyage Sécurité Jardins Meubles Textile Métallerie"
)
_FORMS = ("SAS", "SARL", "S.A.", "SASU", "EURL", "GmbH", "Ltd", "S.A.R.L.", "")
_FIRST = _words(
    "Jean Jeanne Marc Marie Paul Paula Luc Lucie Anne Anna Louis Louise Hugo Inès Karim Nadia Éric"
    " Chloé Daniel Danielle Martin Martine Sven Ulla Pedro Elena Thomas Camille Léa Noé"
)
_SUBSIDIARIES = ("Énergie", "Services", "Finance", "International", "Distribution")
_DESKS = ("info", "contact", "accueil", "compta")
_BORN = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Twins:
    """Records by object, and per record the number of the company or person that it is."""

    records: dict[str, list[Row]] = field(default_factory=dict)
    truth: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shares:
    """Of how many companies (people) in a hundred there is a second record, a chain and so on."""

    twice: float = 0.10
    chain: float = 0.01
    parent: float = 0.03
    namesake: float = 0.10


def make(companies: int, seed: int = 1, people: int | None = None) -> Twins:
    """Make accounts and contacts of about so many companies and people."""
    dice = random.Random(seed)
    twins = Twins({"Account": [], "Contact": []})
    maker = _Maker(dice, twins, Shares(), max(companies // 20, 5))
    while len(twins.records["Account"]) < companies:
        maker.company()
    accounts = list(twins.records["Account"])
    while len(twins.records["Contact"]) < (companies if people is None else people):
        maker.person(dice.choice(accounts))
    return twins


def misspelled(dice: random.Random, name: str) -> str:
    """Make one slip in the longest word: two letters swapped, one lost, one twice, one wrong."""
    word = max(name.split(), key=len)
    place = dice.randrange(1, max(len(word) - 1, 2))
    slips: Sequence[Callable[[], str]] = (
        lambda: word[:place] + word[place + 1 :],
        lambda: word[:place] + word[place] + word[place:],
        lambda: word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :],
        lambda: word[:place] + dice.choice("aeinrst") + word[place + 1 :],
    )
    return name.replace(word, dice.choice(slips)(), 1)


def _plain(text: str) -> str:
    """Return a text as host names have it."""
    letters = unicodedata.normalize("NFKD", text.lower())
    return letters.encode("ascii", "ignore").decode()


class _Maker:
    def __init__(self, dice: random.Random, twins: Twins, shares: Shares, towns: int) -> None:
        self._dice = dice
        self._twins = twins
        self._shares = shares
        self._towns = [
            f"{self._surname()}-{end}"
            for end in ("sur-Loire", "la-Forêt")
            for _ in range(towns // 2)
        ] + ["Saint-Denis", "Paris"]
        self._weights = [1 / (n + 5) for n in range(len(self._towns))][::-1]
        self._entities = 0

    def _surname(self) -> str:
        pick = self._dice.choice
        return pick(_BEGINNINGS) + pick(_MIDDLES) + pick(_MIDDLES) + pick(_ENDINGS)

    def _entity(self) -> int:
        self._entities += 1
        return self._entities

    def _town(self) -> str:
        return self._dice.choices(self._towns, self._weights)[0]

    def _id(self, prefix: str) -> str:
        count = len(self._twins.truth) + 1
        return with_checksum(f"{prefix}{count:012d}")

    def _add(self, object_name: str, prefix: str, entity: int, row: Mapping[str, Any]) -> Row:
        record_id = self._id(prefix)
        made = _BORN + timedelta(minutes=self._dice.randrange(2_000_000))
        added = {"Id": record_id, "CreatedDate": f"{made:%Y-%m-%dT%H:%M:%S}.000+0000", **row}
        added["SystemModstamp"] = added["CreatedDate"]
        self._twins.records[object_name].append(added)
        self._twins.truth[record_id] = entity
        return added

    def company(self) -> None:
        """Add a company, and what belongs to it or only looks like it."""
        row = self._new_company()
        entity = self._entity()
        added = self._add("Account", "001", entity, row)
        draw = self._dice.random()
        if draw < self._shares.twice:
            for _ in range(self._dice.choice((1, 1, 1, 2))):
                self._add("Account", "001", entity, self._entered_again(row))
        elif draw < self._shares.twice + self._shares.chain:
            self._chain(row)
        elif draw < self._shares.twice + self._shares.chain + self._shares.parent:
            self._subsidiaries(row, added["Id"])
        elif draw < 0.14 + self._shares.namesake:
            self._namesake(row)

    def _new_company(self) -> Row:
        dice, surname = self._dice, self._surname()
        trade = dice.choice(_TRADES)
        name = dice.choice(
            (
                f"{trade} {surname}",
                f"{surname} {trade}",
                f"{surname}{dice.choice(('a', 'ix', 'eo'))}",
            )
        )
        host = f"{_plain(name).replace(' ', '-')}{self._entities}"
        sites = (f"https://www.{host}.fr/", f"facebook.com/{host}", None)
        site = dice.choices(sites, (50, 10, 40))[0]
        number = str(dice.randrange(10**8, 10**9)) if dice.random() < 0.5 else None
        return {
            "Name": f"{name} {dice.choice(_FORMS)}".strip(),
            "BillingCity": self._town(),
            "Website": site,
            "Registration_Number__c": number,
            "ParentId": None,
        }

    def _entered_again(self, row: Row) -> Row:
        dice = self._dice
        words = [word for word in row["Name"].split() if word not in _FORMS]
        name = " ".join(words)
        if dice.random() < 0.4:
            name = misspelled(dice, name)
        if dice.random() < 0.15:
            name = " ".join(reversed(name.split()))
        form = dice.choice(_FORMS)
        name = f"{form} {name}" if dice.random() < 0.3 else f"{name}, {form}" if form else name
        name = dice.choice((name, name.upper(), name.replace("é", "e"), name)).strip()
        town, draw = row["BillingCity"], dice.random()
        town = (
            None
            if draw < 0.05
            else f"{town.upper()} CEDEX 0{dice.randrange(1, 9)}"
            if draw < 0.2
            else (town.replace("-", " ").replace("Saint", "St") if draw < 0.4 else town)
        )
        site, number = row["Website"], row["Registration_Number__c"]
        if site and dice.random() < 0.5:
            site = dice.choice(
                (None, site.removeprefix("https://www.").rstrip("/"), site + "contact?x=1")
            )
        if number and dice.random() < 0.6:
            number = dice.choice(
                (None, None, f"{number[:3]} {number[3:6]} {number[6:]}", number + "00012")
            )
        return {
            "Name": name,
            "BillingCity": town,
            "Website": site,
            "Registration_Number__c": number,
            "ParentId": None,
        }

    def _chain(self, row: Row) -> None:
        site = row["Website"] or f"www.{row['Name'].split()[0].lower()}{self._entities}.fr"
        for _ in range(self._dice.randrange(2, 8)):
            town = self._town()
            self._add(
                "Account",
                "001",
                self._entity(),
                {
                    **row,
                    "BillingCity": town,
                    "Website": site,
                    "Registration_Number__c": None,
                    "Name": self._dice.choice((row["Name"], f"{row['Name']} {town}")),
                },
            )

    def _subsidiaries(self, row: Row, parent: str) -> None:
        first = row["Name"].split()[0]
        for word in self._dice.sample(_SUBSIDIARIES, 2):
            number = str(self._dice.randrange(10**8, 10**9)) if self._dice.random() < 0.5 else None
            tied = parent if self._dice.random() < 0.8 else None
            self._add(
                "Account",
                "001",
                self._entity(),
                {
                    **row,
                    "Name": f"{first} {word}",
                    "ParentId": tied,
                    "Registration_Number__c": number,
                },
            )

    def _namesake(self, row: Row) -> None:
        """Add the same name in another town, or another trade's in the same one."""
        other = self._new_company()
        words = row["Name"].split()
        if self._dice.random() < 0.6 or len(words) < 2:
            town = next(each for each in iter(self._town, None) if each != row["BillingCity"])
            same = {"Name": row["Name"], "BillingCity": town}
        else:
            same = {
                "Name": f"{self._dice.choice(_TRADES)} {other['Name'].split()[-1]} {words[-1]}",
                "BillingCity": row["BillingCity"],
            }
        self._add("Account", "001", self._entity(), {**other, **same})

    def person(self, account: Row) -> None:
        """Add a contact, and at times a second record of the same one, or a relative."""
        dice = self._dice
        first, last = dice.choice(_FIRST), self._surname()
        host = f"{_plain(last)}{self._entities}.example.com"
        mail = f"{_plain(first)}.{_plain(last)}@{host}" if dice.random() < 0.6 else None
        if dice.random() < 0.05:
            mail = f"{dice.choice(_DESKS)}@{host}"
        entity = self._entity()
        row = {"Name": f"{first} {last}", "Email": mail, "AccountId": account["Id"]}
        self._add("Contact", "003", entity, row)
        draw = dice.random()
        if draw < self._shares.twice:
            self._add("Contact", "003", entity, self._met_again(row))
        elif draw < 0.15:
            other = dice.choice([each for each in _FIRST if each != first])
            relative = f"{_plain(other)}.{_plain(last)}@{host}" if dice.random() < 0.5 else None
            desk = mail if mail and mail.split("@")[0] in _DESKS else relative
            self._add(
                "Contact", "003", self._entity(), {**row, "Name": f"{other} {last}", "Email": desk}
            )

    def _met_again(self, row: Row) -> Row:
        dice = self._dice
        first, last = row["Name"].split()
        name = dice.choice(
            (
                f"{last.upper()} {first}",
                f"Mme {first} {last}",
                misspelled(dice, row["Name"]),
                row["Name"].lower(),
            )
        )
        mail = row["Email"]
        if mail and dice.random() < 0.5:
            mail = dice.choice((None, mail.upper(), mail.replace("@", "+salon@")))
        return {"Name": name, "Email": mail, "AccountId": row["AccountId"]}
