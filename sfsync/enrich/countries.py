"""In which country is a place, as a register writes it?

Countries are ISO 3166 alpha-2; "" where nothing is known.
"""

ABROAD = "ZZ"  # what ISO 3166 leaves free for a place unknown: certainly not the register's country

# Insee numbers the countries of the world; here are those that companies come from.
_NUMBERED = """
    99101:DK 99102:IS 99103:NO 99104:SE 99105:FI 99106:EE 99107:LV 99108:LT 99109:DE 99110:AT
    99111:BG 99112:HU 99113:LI 99114:RO 99116:CZ 99117:SK 99118:BA 99119:HR 99121:RS 99122:PL
    99123:RU 99125:AL 99126:GR 99127:IT 99128:SM 99129:VA 99130:AD 99131:BE 99132:GB 99133:GI
    99134:ES 99135:NL 99136:IE 99137:LU 99138:MC 99139:PT 99140:CH 99144:MT 99145:SI 99155:UA
    99207:IL 99208:TR 99216:CN 99217:JP 99223:IN 99226:SG 99254:CY 99350:MA 99351:TN 99352:DZ
    99401:CA 99404:US 99405:MX 99416:BR 99501:AU 99502:NZ
    """
_COUNTRIES = dict(pair.split(":") for pair in _NUMBERED.split())

_LETTERS = """
    AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM
    NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY PR GU VI AS MP
    """
_STATES = frozenset(_LETTERS.split())
_NAMES = ",united kingdom,great britain,uk,england,wales,scotland,northern ireland,england & wales"
_BRITISH = frozenset(_NAMES.split(","))


def of_insee(code: str) -> str:
    """Return a country by Insee's number of it; France has none there."""
    return _COUNTRIES.get(code, ABROAD) if code else "FR"


def of_sec(code: str) -> str:
    """Return a country by what the SEC calls state or country: its own codes are of two characters
    too, so what is no American state is abroad.
    """
    if not code:
        return ""
    return "US" if code in _STATES else ABROAD


def of_british(name: str) -> str:
    """Return a country by the name that Companies House has; none is the United Kingdom."""
    return "GB" if name.casefold() in _BRITISH else ABROAD


def of_code(code: str) -> str:
    """Return an alpha-2 code as it is, "" where it is of another kind."""
    return code if len(code) == 2 and code.isascii() and code.isalpha() and code.isupper() else ""
