"""Which part of a web address did somebody register below a public suffix?"""

from tldextract import TLDExtract

# The list that comes with the package: nothing is fetched, nothing written. Private suffixes are
# hosts like github.io, which give each of their customers a name.
_extract = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def registered_domain(address: str) -> str | None:
    """Return the domain registered below a public suffix, of a host or a web address in lower case:
    "" where it is such a suffix itself, None where its suffix is on no list (.example, .intern).
    """
    parts = _extract(address)
    return parts.top_domain_under_public_suffix if parts.suffix else None


def suffixes_of_two() -> frozenset[str]:
    """Return the public suffixes that consist of two names, as `co.uk`."""
    return frozenset(suffix for suffix in _extract.tlds if suffix.count(".") == 1)
