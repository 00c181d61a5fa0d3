"""Which host names belong to one company, and which to many?

What is missing here makes two companies of one suffix look alike, which a person sees at once and
`shared_hosts` in `config/` ends.
"""

from functools import cache

from sfsync.suffixes import suffixes_of_two


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


# Hosts, and registries, that give each of their customers a name below theirs, and are not on the
# list of public suffixes.
_UNLISTED = _words(
    "e-monsite.com over-blog.com jimdo.com jimdofree.com webnode.com webnode.fr weebly.com",
    "wordpress.com blogspot.fr business.site odoo.com site123.me squarespace.com tumblr.com",
    "ueniweb.com fr.fo presse.fr sch.uk",
)
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


@cache
def public_suffixes() -> frozenset[str]:
    """Return the suffixes of two names below which each customer has a name, as `co.uk`."""
    # The list is long: a command that compares no hosts need not read it.
    return suffixes_of_two() | _UNLISTED
