"""Which host names belong to one company, and which to many?

Only what companies of the field's CRMs really use is listed, not the whole public suffix list: what
is missing here makes two companies of one exotic suffix look alike, which a person sees at once and
`shared_hosts` in `config/` ends.
"""


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


# Names are registered below these, not in them.
_SECOND_LEVELS = (
    ("uk", "co org ltd plc me net ac gov nhs sch"),
    ("fr", "com asso gouv tm nom prd presse"),
    ("au", "com net org edu gov asn id"),
    ("nz", "co net org ac govt school"),
    ("jp", "co ne or ac go gr"),
    ("br", "com net org gov edu ind"),
    ("za", "co org net gov ac"),
    ("in", "co net org firm gen ind ac gov"),
    ("il", "co org net ac gov"),
    ("kr", "co or ne re go ac"),
    ("tr", "com net org gov edu biz"),
    ("mx", "com org net gob edu"),
    ("ar", "com net org gob edu"),
    ("pl", "com net org edu gov"),
    ("pt", "com org edu gov"),
    ("es", "com org nom gob edu"),
    ("it", "gov edu"),
    ("at", "co or ac gv"),
    ("hu", "co org"),
    ("ro", "com org"),
    ("ua", "com net org kiev"),
    ("ma", "co net org gov ac"),
    ("tn", "com org net gov"),
    ("sg", "com net org edu gov"),
    ("hk", "com net org edu gov"),
    ("cn", "com net org gov edu ac"),
    ("tw", "com net org edu gov"),
    ("th", "co or ac go in"),
    ("id", "co or ac go web"),
    ("my", "com net org edu gov"),
    ("re", "com asso"),
)
# Hosts that give each of their customers a name of its own below theirs.
_HOSTING = _words(
    "wixsite.com wordpress.com blogspot.com blogspot.fr business.site github.io gitlab.io",
    "netlify.app vercel.app herokuapp.com myshopify.com weebly.com jimdo.com jimdofree.com",
    "squarespace.com webflow.io webnode.fr webnode.com e-monsite.com over-blog.com",
    "azurewebsites.net web.app firebaseapp.com pages.dev site123.me ueniweb.com tumblr.com",
    "notion.site odoo.com uk.com us.com eu.com de.com fr.fo",
)
PUBLIC_SUFFIXES = _HOSTING | {
    f"{second}.{top}" for top, seconds in _SECOND_LEVELS for second in seconds.split()
}
# What says nothing about who it is: mailboxes for everybody, networks, directories, shops.
SHARED_HOSTS = _words(
    "gmail.com googlemail.com google.com google.fr outlook.com outlook.fr hotmail.com",
    "hotmail.fr hotmail.co.uk live.com live.fr msn.com yahoo.com yahoo.fr yahoo.co.uk",
    "ymail.com aol.com icloud.com me.com mac.com gmx.com gmx.net gmx.de gmx.fr web.de",
    "t-online.de freenet.de proton.me protonmail.com zoho.com mail.com mail.ru yandex.ru",
    "qq.com 163.com free.fr orange.fr wanadoo.fr sfr.fr neuf.fr laposte.net bbox.fr",
    "numericable.fr club-internet.fr libero.it tiscali.it virgilio.it btinternet.com",
    "bluewin.ch skynet.be telenet.be comcast.net verizon.net att.net facebook.com fb.com",
    "instagram.com linkedin.com twitter.com x.com youtube.com tiktok.com pinterest.com",
    "pagesjaunes.fr societe.com pappers.fr yelp.com yelp.fr tripadvisor.com tripadvisor.fr",
    "wikipedia.org linktr.ee bit.ly goo.gl amazon.com amazon.fr ebay.com ebay.fr etsy.com",
    "leboncoin.fr doctolib.fr airbnb.com booking.com crunchbase.com github.com xing.com",
    "viadeo.com",
)
