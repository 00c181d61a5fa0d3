"""What are the invented companies and people of the demo org called, and where are they?

All names are made up. Web sites end in .example, mails in example.com or example.org and phone
numbers lie in ranges kept for films and books, so that nothing here can reach anybody.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Country:
    """How companies are named and reached in one country; towns as (city, postal code, state)."""

    name: str
    firms: tuple[str, ...]
    roots: tuple[str, ...]
    towns: tuple[tuple[str, str, str | None], ...]
    streets: tuple[str, ...]
    phones: tuple[str, ...]


def listed(text: str) -> tuple[str, ...]:
    """The entries of a list written as text, separated by semicolons."""
    return tuple(text.split("; "))


def towns(text: str) -> tuple[tuple[str, str, str | None], ...]:
    """Towns written as `city, postal code[, state]`, separated by semicolons."""
    parts = (town.split(", ") for town in listed(text))
    return tuple((part[0], part[1], part[2] if len(part) > 2 else None) for part in parts)


FRANCE = Country(
    "France",
    listed(
        "Menuiserie {}; Imprimerie {}; Cabinet {}; Éditions {}; Ateliers {}; {} Ingénierie; "
        "{} Conseil; Brasserie {}; Laboratoire {}; Transports {}; Société d'Électricité {}; "
        "{} & Fils; {} Télécom; Groupe {}; Studio {}"
    ),
    listed(
        "Valdoré; Castelbrun; Montrieux; Lacombrette; Fauvelin; d'Hérissac; Belgrandier; "
        "Pérignole; Roquevive; Sauveterrin; Brûlecombe; Grandchenu; Châtelneuf; Vermillac; "
        "Noëlange; Fontclairet; Tournemoine; Œillard"
    ),
    towns(
        "Bourg-en-Bresse, 01000; Nice, 06000; Foix, 09000; Lyon, 69002; Paris, 75011; "
        "Saint-Étienne, 42000; Nîmes, 30000; Orléans, 45000; Besançon, 25000"
    ),
    listed("{} rue de l'Église; {} quai des Brumes; {} allée du Vieux Pressoir; {} bis, rue Haute"),
    ("+33 1 99 00 ## ##", "01 99 00 ## ##", "02.61.91.##.##", "(+33) 3 53 01 ## ##"),
)
SPAIN = Country(
    "Spain",
    listed(
        "Talleres {}; Bodegas {}; {} Ingeniería; Gestoría {}; Hermanos {}; {} Consultores; "
        "Grupo {}; Construcciones {}; {} Medios; Panadería {}; Logística {}"
    ),
    listed(
        "Peñalbrosa; Quintañar; Montesclar; Iruñeta; Garcibuey; Valdeoliva; Zumelaga; Cigüeñal; "
        "Alcorniza; Robledosa; Núñegal; Castrojimeno; Arañuelos"
    ),
    towns(
        "Barcelona, 08001; Logroño, 26001; Ávila, 05001; A Coruña, 15001; Madrid, 28004; "
        "Almería, 04001"
    ),
    ("Calle del Olmo {}", "Plaza de la Constitución {}", "Avenida del Río {}, 2º izq."),
    ("+34 910 00 ## ##", "910 00 ## ##", "0034-93-000-####"),
)
ITALY = Country(
    "Italy",
    listed(
        "Officine {}; {} Ingegneria; Fratelli {}; Studio {}; Cantina {}; {} Consulenza; "
        "Editrice {}; Autotrasporti {}; Costruzioni {}; Gruppo {}"
    ),
    listed(
        "Bellarocca; Montecorvo; Santafiora; Cortelazzi; Pianaletto; Forlandini; Casalgrigio; "
        "Trebisondi; Verdenova; Libertà; Passolungo; Rovigatti"
    ),
    towns(
        "Roma, 00184, RM; Forlì, 47121, FC; Torino, 10121, TO; Mondovì, 12084, CN; "
        "Cagliari, 09124, CA; Viterbo, 01100, VT"
    ),
    ("Via dell'Acquedotto {}", "Piazza Libertà {}", "Corso Vittoria {}/b"),
    ("+39 06 0000 ####", "011 000####", "+39-0543-00####"),
)
BRITAIN = Country(
    "United Kingdom",
    listed(
        "{} Ltd; {} & Sons; {} Engineering; {} Media Group; {} Logistics; {} Bakery; "
        "{} Partners LLP; The {} Company; {} Telecoms; {} Analytics; {} Healthcare"
    ),
    listed(
        "Thistlewick; Marlowbrook; O'Hallorane; Penhaligrew; Ashcombury; Fernsby Dale; Wrexholme; "
        "Duncastle; St. Aldhelm's; Kettlesing; Hartlewood; Brindleford"
    ),
    towns(
        "Leeds, LS1 4DY, West Yorkshire; Bristol, BS1 5TR; Cardiff, CF10 1EP, Wales; "
        "London, EC1V 9BD; Perth, PH1 5EN"
    ),
    ("{} Mill Lane", "Unit {}, The Old Granary", "{} King's Parade"),
    ("+44 20 7946 0###", "0113 496 0###", "+44 (0)117 496 0###"),
)
STATES = Country(
    "United States",
    listed(
        "{}, Inc.; {} Software; {} Industries; {} Foods LLC; {} Broadcasting; {} & Co.; "
        "{} Health Systems; {} Freight; {} Labs"
    ),
    listed(
        "Cedar Hollow; Blue Heron; Ironquill; Maplecrest; Tumbleweed; Copperline; Northfolk; "
        "Silverbend; Palmetto Ridge; Granite Wharf; Lakota Bay"
    ),
    towns(
        "Boston, 02108, MA; Newark, 07102, NJ; Austin, 73301, TX; Hartford, 06103, CT; "
        "Portland, 04101, ME"
    ),
    ("{} Harbor Street", "{} Fifth Avenue, Suite 9", "PO Box {}"),
    ("(212) 555-01##", "+1 617 555 01##", "512.555.01##"),
)
COUNTRIES = (FRANCE, FRANCE, FRANCE, SPAIN, ITALY, BRITAIN, BRITAIN, STATES)

FIRST_NAMES = listed(
    "Aurélie; Benoît; Chloé; Dimitri; Élodie; Fabrice; Gaëlle; Hugo; Inès; Jérôme; Karine; "
    "Loïc; Maëva; Noémie; Olivier; Begoña; Íñigo; Lucía; Joaquín; Ximena; Niccolò; Giulia; "
    "Matteo; Ludovica; Siobhán; Alistair; Priya; Callum; Harriet; Dwayne; Madison; Søren; "
    "Jürgen; Zoë; Łukasz; Renée"
)
LAST_NAMES = listed(
    "Testard; Fictivelle; Inventaire; Brouillon; d'Exemple; Le Modèle; Échantillon; "
    "Muñoz-Prueba; Ejemplar; de la Muestra; Borrador; Campione; Provetti; D'Esempio; "
    "Sampleton; O'Mockery; Placeholder-Jones; Specimen; Trialworth; Draftman; Großmuster; "
    "Beispiel; Prøvesen; Wzorek; Dummerson; Fabler"
)
# Titles of people who do not sign; those who do are in potential.py.
TITLES: tuple[str | None, ...] = (
    *listed(
        "Office Manager; Responsable logistique; Chef de projet; Controller; Buyer; "
        "Jefe de ventas; Responsabile acquisti; IT Manager; Assistante de direction; Accountant; "
        "DGA adjoint; Marketing Lead; Contabile"
    ),
    None,
)
SIGNING_TITLES = listed(
    "CEO; Directrice générale; DAF; Gérant; Co-founder & CTO; Finance Director; PDG; "
    "Managing director; Directeur financier; CFO (interim); FOUNDER"
)
INDUSTRIES: tuple[str | None, ...] = (
    *listed(
        "Technology; Consulting; Media; Telecommunications; Engineering; Banking; Construction; "
        "Food & Beverage; Healthcare; Hospitality; Manufacturing; Retail; Transportation"
    ),
    None,
)
CALL_SUBJECTS = listed(
    "Call; Appel de suivi; Discovery call; Relance téléphonique; Llamada; Chiamata; "
    "Follow-up call; Left a voicemail"
)
MAIL_SUBJECTS = listed(
    "Email: votre devis; Email: next steps; Email: presupuesto; Email: brochure; "
    "Re: Question about invoices; Email: l'offre d'été"
)
MEETING_SUBJECTS = listed(
    "Démo; Product demo; Quarterly review; Reunión; Point mensuel; Kick-off; Visita in sede; "
    "Déjeuner"
)


def base_name(name: str) -> str:
    """A company's name without the tag in brackets that says what the demo shows with it."""
    return name.partition(" (")[0]


def home_of(name: str) -> Country:
    """The country whose word lists a company's name comes from; France where none does."""
    for country in dict.fromkeys(COUNTRIES):
        if any(root in name for root in country.roots):
            return country
    return FRANCE


def slug(name: str) -> str:
    """A name in the letters a domain may hold: `L'Atelier d'Émile` gives l-atelier-d-emile."""
    plain = name.replace("ß", "ss").replace("Œ", "Oe").replace("Ł", "L").replace("ø", "o")
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40].strip("-")


def phone(random: Random, country: Country) -> str | None:
    """A phone number as somebody there would type it, or none."""
    if random.random() < 0.12:
        return None
    form = random.choice(country.phones)
    return "".join(str(random.randint(0, 9)) if sign == "#" else sign for sign in form)


def website(random: Random, name: str) -> str | None:
    """The company's site, with or without scheme and path, or none."""
    domain = f"{slug(name)}.example"
    forms = (f"https://www.{domain}", f"http://{domain}/", f"www.{domain}", domain, domain.upper())
    return random.choice((*forms, f"https://{domain}/fr/accueil?ref=crm", None))


def registration_number(random: Random, country: Country, number: int) -> str | None:
    """A company number in the country's form from a block that no register gives out, or none."""
    if random.random() < 0.5:
        return None
    forms = {
        "France": f"000 {number // 1000:03d} {number % 1000:03d}",
        "Spain": f"B00{number:06d}",
        "Italy": f"00000{number:06d}",
        "United Kingdom": f"00{number:06d}",
    }
    return forms.get(country.name)
