"""Pages of made-up companies' websites, and what is to be read from each.

Of what a page says only that is in a row which is there: `names`, `numbers` (those that are likely
the company's), `also` (those of which nobody can say), `choice` (several pages at LinkedIn), and
each value by its item. An empty row: the page says nothing of a company.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sfsync.enrich.provider import Answer

HOME = "https://www.atelier-exemple.fr/"
MOMENT = datetime(2026, 11, 26, tzinfo=UTC)
# Numbers that nobody has: the company's, its host's, a third one's.
OWN, HOST, THIRD = "990002008", "990002016", "990002024"
OWN_SIRET, OWN_VAT = f"{OWN}00011", f"FR90{OWN}"
LEI = "529900EXAMPLE0000170"
LINKEDIN = "https://www.linkedin.com/company/"

Row = Mapping[str, object]


@dataclass(frozen=True)
class Case:
    """A page and what is read from it; `kind` is what the server says of its type."""

    why: str
    page: str | bytes
    row: Row = field(default_factory=dict)
    kind: str = "text/html; charset=utf-8"


def page_of(page: str | bytes, kind: str = "text/html; charset=utf-8", url: str = HOME) -> Answer:
    """An answer with this page."""
    body = page.encode() if isinstance(page, str) else page
    return Answer(200, body, url, MOMENT, kind)


def ld(*values: Mapping[str, object], kind: str = "Organization") -> str:
    """A script that describes an organization with these properties."""
    said = [{"@context": "https://schema.org", "@type": kind, **value} for value in values]
    return script(json.dumps(said[0] if len(said) == 1 else said))


def script(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


NAMED = {"name": "Atelier Exemple"}
ATELIER: Row = {"names": ["Atelier Exemple"]}
MICRO = """
<div itemscope itemtype="https://schema.org/LocalBusiness">
  <h1 itemprop="name">Atelier <b>Exemple</b></h1>
  <meta itemprop="legalName" content="ATELIER EXEMPLE SAS">
  <div itemprop="address" itemscope itemtype="https://schema.org/PostalAddress">
    <span itemprop="streetAddress">1 rue du Pont</span>
    <span itemprop="postalCode">12000</span> <span itemprop="addressLocality">Rodez</span>
  </div>
  <a itemprop="sameAs" href="https://fr.linkedin.com/company/atelier-exemple/">us</a>
  <span itemprop="vatID">FR90 990 002 008</span>
</div>
"""
NUMBERS: Row = {"vat": OWN_VAT, "siren": OWN}

STRUCTURED = (
    Case("an organization", ld(NAMED), ATELIER),
    Case(
        "a legal name is a value",
        ld({"legalName": "ATELIER EXEMPLE SAS"}),
        {"names": ["ATELIER EXEMPLE SAS"], "legal_name": "ATELIER EXEMPLE SAS"},
    ),
    Case("a kind of organization", ld(NAMED, kind="Bakery"), ATELIER),
    Case("a kind written with its vocabulary", ld(NAMED, kind="https://schema.org/Store"), ATELIER),
    Case("a list: the first one is it", ld(NAMED, {"name": "A Partner"}), ATELIER),
    Case(
        "a list: one with the address of the site rather than another's",
        ld({"name": "A Partner", "url": "https://partner.example"}, NAMED | {"url": HOME}),
        ATELIER,
    ),
    Case(
        "whoever publishes the site rather than who comes first",
        script(
            json.dumps(
                {
                    "@graph": [
                        {"@type": "Organization", "@id": "#partner", "name": "A Partner"},
                        {
                            "@type": "WebSite",
                            "publisher": {"@id": "#us"},
                            "creator": {"@id": "#partner"},
                        },
                        {"@type": "Organization", "@id": "#us", "name": "Atelier Exemple"},
                    ]
                }
            )
        ),
        ATELIER,
    ),
    Case(
        "a publisher who is said nowhere else",
        ld({"publisher": {"@type": "Corporation", **NAMED}}, kind="WebPage"),
        ATELIER,
    ),
    Case(
        "departments, parents and members are others",
        ld(
            NAMED
            | {
                "department": {"@type": "Store", "name": "Shop", "legalName": "SHOP SARL"},
                "parentOrganization": {"@type": "Organization", "legalName": "GROUPE SA"},
                "member": [{"@type": "Organization", "sameAs": f"{LINKEDIN}another"}],
            }
        ),
        ATELIER,
    ),
    Case(
        "an author's review is nobody's company",
        ld({"author": {"@type": "Organization", "name": "Reviews Ltd"}}, kind="Review"),
    ),
    Case(
        "a person is no company, though some say both",
        script('{"@type": ["Person", "Organization"], "name": "Jo Exemple"}'),
    ),
    Case(
        "names with a prefix",
        script('{"@type": "schema:Organization", "schema:name": "Atelier Exemple"}'),
        ATELIER,
    ),
    Case(
        "values with a language",
        ld({"name": [{"@value": "Atelier Exemple", "@language": "fr"}]}),
        ATELIER,
    ),
    Case(
        "nulls, and kinds that nobody expects",
        ld(
            {
                "name": "Atelier Exemple",
                "legalName": None,
                "vatID": [],
                "sameAs": {"x": 1},
                "address": 7,
                "numberOfEmployees": True,
                "url": [[]],
            }
        ),
        ATELIER,
    ),
    Case(
        "numbers that are none",
        script(
            '{"@type": "Organization", "name": "Atelier Exemple", "numberOfEmployees": NaN, '
            '"taxID": 1e999, "vatID": ' + "9" * 5000 + "}"
        ),
    ),
    Case(
        "broken JSON is left out, the next script is read",
        script('{"@type": "Organization", "name": "Broken"') + ld(NAMED),
        ATELIER,
    ),
    Case(
        "comments, commas too many, and // within a text",
        script(
            '/* us */ {"@type": "Organization", // who\n "name": "Atelier Exemple", '
            '"sameAs": ["https://www.linkedin.com/company/x",],}'
        ),
        ATELIER | {"linkedin": f"{LINKEDIN}x"},
    ),
    Case(
        "a wrapper for old browsers",
        script('\n//<![CDATA[\n{"@type": "Organization", "name": "Atelier Exemple"}\n//]]>\n'),
        ATELIER,
    ),
    Case(
        "a wrapper of comment signs",
        script('<!--{"@type": "Organization", "name": "Atelier Exemple"}-->;'),
        ATELIER,
    ),
    Case(
        "line breaks within a text",
        script('{"@type": "Organization", "name": "Atelier\n Exemple"}'),
        ATELIER,
    ),
    Case(
        "entities within JSON",
        ld({"name": "Atelier &amp; Fils d&#039;Exemple"}),
        {"names": ["Atelier & Fils d'Exemple"]},
    ),
    Case(
        "JSON of which every quote is an entity",
        script('{"@type": "Organization", "name": "Atelier Exemple"}'.replace('"', "&quot;")),
        ATELIER,
    ),
    Case("200,000 nested brackets", script("[" * 200_000) + ld(NAMED), ATELIER),
    Case("a script in a comment is none", f"<!-- {ld(NAMED)} -->"),
    Case("a script in a text field is none", f"<textarea>{ld(NAMED)}</textarea>"),
    Case(
        "microdata, with an address in it",
        MICRO,
        {
            "names": ["ATELIER EXEMPLE SAS", "Atelier Exemple"],
            "legal_name": "ATELIER EXEMPLE SAS",
            "numbers": NUMBERS,
            "linkedin": f"{LINKEDIN}atelier-exemple",
            "street": "1 rue du Pont",
            "postal_code": "12000",
            "city": "Rodez",
        },
    ),
    Case(
        "microdata of whoever publishes the page",
        '<body itemscope itemtype="http://schema.org/WebPage"><p itemprop=publisher itemscope '
        'itemtype="http://schema.org/Organization"><span itemprop=name>Atelier Exemple',
        ATELIER,
    ),
    Case(
        "microdata of a product's maker is not the company's",
        '<div itemscope itemtype="https://schema.org/Product"><div itemprop="brand" itemscope '
        'itemtype="https://schema.org/Organization"><i itemprop="name">Maker</i></div></div>',
    ),
    Case("properties outside of any item", '<p itemprop="name">Nobody</p>'),
    Case(
        "the site's name",
        '<meta property="og:site_name" content="Atelier Exemple | Rodez">',
        {"names": ["Atelier Exemple | Rodez", "Atelier Exemple"]},
    ),
    Case("a site's name that says nothing", '<meta property="og:site_name" content="Accueil">'),
)

TEXTS = (
    Case(
        "control characters and marks of direction",
        ld({"name": "Atelier\u202e \x00\x1b[31mExemple\u200b\u2066"}),
        {"names": ["Atelier [31mExemple"]},
    ),
    Case(
        "markup is no part of a name", ld({"name": "<b onclick='x()'>Atelier</b> Exemple"}), ATELIER
    ),
    Case(
        "what stays markup is no name",
        ld({"name": "&lt;script&gt;alert(1) < x", "legalName": "Atelier Exemple"}),
        ATELIER | {"legal_name": "Atelier Exemple"},
    ),
    Case("a name as long as a text is none", ld({"name": "Atelier " * 40})),
    Case("a right-to-left name stays", ld({"name": "مثال للورشة"}), {"names": ["مثال للورشة"]}),
    Case(
        "half a character",
        script('{"@type": "Organization", "name": "Atelier Exemple\\ud800"}'),
        ATELIER,
    ),
    Case(
        "ISO-8859-1, said by the server",
        ld(NAMED).encode() + "<meta property=og:site_name content='Été'>".encode("latin-1"),
        {"names": ["Atelier Exemple", "Été"]},
        "text/html; charset=ISO-8859-1",
    ),
    Case(
        "ISO-8859-1, said by the page",
        "<meta charset=iso-8859-1><meta property=og:site_name content='Forêt'>".encode("latin-1"),
        {"names": ["Forêt"]},
        "text/html",
    ),
    Case(
        "what Windows writes, said by nobody",
        "<meta property=og:site_name content='L’Été'>".encode("cp1252"),
        {"names": ["L’Été"]},
        "text/html",
    ),
    Case(
        "what is damaged is no name",
        b"<meta property=og:site_name content='For\xeat \xc3\xa9t\xc3\xa9'>" + ld(NAMED).encode(),
        ATELIER,
    ),
    Case(
        "UTF-16 with its mark",
        b"\xff\xfe" + "<meta property=og:site_name content='Forêt'>".encode("utf-16-le"),
        {"names": ["Forêt"]},
    ),
    Case(
        "a coding that is none",
        b"<meta property=og:site_name content='For\xc3\xaat'>",
        {"names": ["Forêt"]},
        "text/html; charset=bz2_codec",
    ),
    Case(
        "an entity of thousands of digits",
        f"<p>&#{'9' * 5_000};</p>{ld(NAMED)}",
        ATELIER,
    ),
    Case(
        "a page that asks not to be in search results is read",
        '<meta name="robots" content="noindex, nofollow">' + ld(NAMED),
        ATELIER,
    ),
)

WHERE = {"@type": "PostalAddress", "streetAddress": "1 rue du Pont", "addressLocality": "Rodez"}
ADDRESSES = (
    Case(
        "a country by its name",
        ld({"address": WHERE | {"addressCountry": "Frankreich"}}),
        {"street": "1 rue du Pont", "city": "Rodez", "country": "FR"},
    ),
    Case(
        "a country that is described",
        ld({"address": WHERE | {"addressCountry": {"@type": "Country", "name": "FR"}}}),
        {"street": "1 rue du Pont", "city": "Rodez", "country": "FR"},
    ),
    Case(
        "a town with its country",
        ld({"address": {"addressLocality": "Rodez, France", "postalCode": "F-12000"}}),
        {"postal_code": "12000", "city": "Rodez", "country": "FR"},
    ),
    Case(
        "an address that is only a text is not taken apart",
        ld({"address": "1 rue du Pont, 12000 Rodez"}),
    ),
    Case(
        "of two addresses none is written",
        ld(NAMED | {"address": [WHERE, WHERE | {"addressLocality": "Albi"}]}),
        ATELIER,
    ),
    Case(
        "one address said twice",
        ld({"address": [WHERE, WHERE]}),
        {"street": "1 rue du Pont", "city": "Rodez"},
    ),
)

SHOWS = f"RCS Rodez {OWN}"
NOTICES = (
    Case(
        "SIREN, as typed",
        "<p>SIREN&nbsp;: 990&#8239;002&#8239;008</p>",
        {"numbers": {"siren": OWN}},
    ),
    Case(
        "a number with tags in it",
        "<p>RCS <b>Rodez</b> 990 <span>002</span> 008</p>",
        {"numbers": {"siren": OWN}},
    ),
    Case(
        "RCS behind the number",
        "<p>Atelier Exemple, 990 002 008 R.C.S. Rodez</p>",
        {"numbers": {"siren": OWN}},
    ),
    Case(
        "SIRET and VAT number hold the SIREN",
        f"<p>SIRET 990 002 008 00011 - TVA FR 90 {OWN}</p>",
        {"numbers": {"siren": OWN, "siret": OWN_SIRET, "vat": OWN_VAT}},
    ),
    Case(
        "two establishments of one company",
        f"<p>SIRET {OWN_SIRET}</p><p>SIRET {OWN}00029</p>",
        {"numbers": {"siren": OWN}},
    ),
    Case("a number that fails its checksum", "<p>SIREN 990 002 009</p>"),
    Case("nine digits that nobody calls a SIREN", f"<p>Article {OWN}</p>"),
    Case("a telephone number", "<p>RCS Rodez. Tel. +33 990 002 008</p>"),
    Case("the longer number is not read as a shorter", f"<p>SIREN: {OWN}1234567</p>"),
    Case(
        "the host's number is not the company's",
        f"<h2>Éditeur</h2><p>Atelier Exemple</p><p>{SHOWS}</p>"
        f"<h2>Hébergeur</h2><p>Host SAS, RCS Lille {HOST}</p>",
        {"numbers": {"siren": OWN}, "also": [HOST]},
    ),
    Case(
        "the host comes first",
        f"<p>Hébergement : Host SAS, RCS Lille {HOST}</p><p>Éditeur du site : Atelier, {SHOWS}</p>",
        {"numbers": {"siren": OWN}, "also": [HOST]},
    ),
    Case(
        "the host's number is the only one",
        f"<p>Site hébergé par Host SAS, RCS Lille {HOST}</p>",
        {"also": [HOST]},
    ),
    Case(
        "the host is named behind its number",
        f"<p>Host SAS (RCS Lille {HOST}) héberge ce site</p>",
        {"also": [HOST]},
    ),
    Case(
        "who made the site",
        f"<p>{SHOWS}</p><p>Conception et réalisation : Agence, RCS Albi {THIRD}</p>",
        {"numbers": {"siren": OWN}, "also": [THIRD]},
    ),
    Case(
        "a parent company",
        f"<p>Éditeur : Atelier, {SHOWS}, filiale de Groupe SA, RCS Paris {THIRD}</p>",
        {"numbers": {"siren": OWN}, "also": [THIRD]},
    ),
    Case(
        "two numbers, and nobody says whose",
        f"<p>Atelier, {SHOWS}</p><p>Groupe, RCS Paris {THIRD}</p>",
        {"also": [OWN, THIRD]},
    ),
    Case(
        "the company's description outweighs the text",
        ld({"taxID": int(OWN)}) + f"<p>Groupe, RCS Paris {THIRD}</p>",
        {"numbers": {"siren": OWN}, "also": [THIRD]},
    ),
    Case(
        "numbers in the description",
        ld(
            {
                "iso6523Code": [f"0009:{OWN_SIRET}", f"9957:{OWN_VAT}", "0060:123456789"],
                "leiCode": LEI,
            }
        ),
        {"numbers": {"siret": OWN_SIRET, "vat": OWN_VAT, "siren": OWN, "lei": LEI}},
    ),
    Case(
        "a number that is described",
        ld({"identifier": {"@type": "PropertyValue", "propertyID": "SIREN", "value": OWN}}),
        {"numbers": {"siren": OWN}},
    ),
    Case(
        "a German VAT number",
        "<h1>Impressum</h1><p>USt-IdNr.: DE 999 999 995, HRB 13085</p>",
        {"numbers": {"vat": "DE999999995"}},
    ),
    Case("a Dutch one", "<p>BTW NL999999990B01</p>", {"numbers": {"vat": "NL999999990B01"}}),
    Case("a Swiss one", "<p>CHE-999.999.996 MWST</p>", {"numbers": {"vat": "CHE999999996"}}),
    Case(
        "a British company number",
        "<p>Registered in England and Wales. Company number 1234567.</p>",
        {"numbers": {"companies_house": "01234567"}},
    ),
    Case("a company number of nobody says which country", "<p>Registration number: 1234567</p>"),
    Case("a LEI", f"<p>LEI: {LEI}</p>", {"numbers": {"lei": LEI}}),
)

OUR_PAGE = f'<a href="{LINKEDIN}Atelier-Exemple/">LinkedIn</a>'
LINKS = (
    Case(
        "a link in the footer",
        f"<footer>{OUR_PAGE}</footer>",
        {"linkedin": f"{LINKEDIN}atelier-exemple"},
    ),
    Case(
        "the same page twice",
        OUR_PAGE + '<a href="//fr.linkedin.com/company/atelier-exemple?trk=x#y">',
        {"linkedin": f"{LINKEDIN}atelier-exemple"},
    ),
    Case(
        "a link without scheme",
        '<a href="linkedin.com/company/atelier">',
        {"linkedin": f"{LINKEDIN}atelier"},
    ),
    Case(
        "line breaks in an address",
        f'<a href=" {LINKEDIN}ate\n\tlier ">',
        {"linkedin": f"{LINKEDIN}atelier"},
    ),
    Case(
        "two companies: a person says which",
        OUR_PAGE + f'<a href="{LINKEDIN}partner">',
        {"choice": ["atelier-exemple", "partner"]},
    ),
    Case(
        "an agency's credit beside ours",
        OUR_PAGE + f'<p>Site réalisé par <a href="{LINKEDIN}agency">Agency</a>',
        {"choice": ["atelier-exemple", "agency"]},
    ),
    Case(
        "an agency's credit alone is not ours",
        f'<p>Site réalisé par <a href="{LINKEDIN}agency">Agency</a></p>',
    ),
    Case(
        "an agency's credit in English",
        f'<p>Designed &amp; built by <a href="{LINKEDIN}agency">Agency</a></p>',
    ),
    Case(
        "5,000 links, ours last",
        '<a href="/x?a=1&amp;b=2">x</a>' * 5_000 + OUR_PAGE,
        {"linkedin": f"{LINKEDIN}atelier-exemple"},
    ),
    Case(
        "scripts, mails and data are no links",
        "".join(
            f'<a href="{scheme}:{LINKEDIN}x">'
            for scheme in ("javascript", "mailto", "data", "blob")
        ),
    ),
    Case(
        "a link in a script or in a comment",
        f"<script>'{OUR_PAGE}'</script><!-- {OUR_PAGE} --><style>{OUR_PAGE}</style>",
    ),
    Case(
        "a base that is nonsense",
        f'<base href="http://[::1">{OUR_PAGE}<a href="http://[x">',
        {"linkedin": f"{LINKEDIN}atelier-exemple"},
    ),
    Case("an address of megabytes", f'<a href="{LINKEDIN}{"x" * 1_000_000}">'),
)

CASES = (*STRUCTURED, *TEXTS, *ADDRESSES, *NOTICES, *LINKS)

# Each would take minutes or gigabytes were a tree made of it, or a text read again from each sign.
HEAVY = (
    '"\\',
    "<div>",
    "<ul><li>",
    "<p><b id=1>x</p>",
    "<a ",
    '<a href="',
    "<a href=x title='",
    "<!--",
    "</",
    "<![CDATA[",
    "<",
    "&#9",
    "&amp",
    "<script>",
    "<title>",
    "<br/>",
    "a ",
    "\x00",
    "\xff",
    "<p itemprop=name itemscope itemtype=Organization>",
    '<script type="application/ld+json">{"a":',
    '<script type="application/ld+json">/*',
    "<a href=linkedin.com/company/x>",
    "RCS 990 002 008 ",
    "0",
    "1 ",
    "company no ",
    "FR90",
    "LEI ",
    "domain ",
    "<meta http-equiv=refresh content='",
    "  ;",
    "Éditeur ",
)
