"""What is true of a contact?"""

from sfsync.columns import Column, Kind
from sfsync.facts.email import malformed, shared_with
from sfsync.facts.look import Look, fact

MAIL = ("Contact.email", "Contact.name", "Contact.created")


@fact("Contact", Kind.FLAG, reads=("Contact.email",), needs=("Contact.email",))
def has_malformed_email(look: Look) -> Column:
    """Whether what stands in the e-mail field is no address at all; an empty one is not."""
    return malformed(look, "Contact")


@fact("Contact", Kind.WORDS, reads=MAIL, needs=("Contact.email",))
def email_shared_with(look: Look) -> Column:
    """The oldest contact with the same e-mail address (a desk's, such as info@: and the same name),
    unless that is the contact itself; `most_alike` in sfsync.yaml ends how many may share one.
    """
    return shared_with(look, ("Contact",))
