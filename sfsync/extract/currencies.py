"""Are the amounts of an org in one currency, so that they add up?"""

from sfsync.org import OrgReader

# Only an org that keeps several currencies has it.
CURRENCY_FIELD = "CurrencyIsoCode"


def keeps_currencies(org: OrgReader) -> bool:
    """Tell whether opportunities may be in several currencies, so that amounts do not add up."""
    return CURRENCY_FIELD in (org.fields("Opportunity") or {})
