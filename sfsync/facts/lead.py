"""What is true of a lead?"""

import numpy as np

from sfsync.columns import Column, Kind, empty
from sfsync.facts.activity import DONE, PLANNED, last_in, next_in
from sfsync.facts.activity import READS as ACTIVITY_READS
from sfsync.facts.contact import MAIL as CONTACT_MAIL
from sfsync.facts.email import malformed, shared_with
from sfsync.facts.look import Look, fact

_ACTIVITIES = ("Task", "Event")
_OF_LEAD = tuple(f"{name}.lead" for name in _ACTIVITIES)
_READS = (*ACTIVITY_READS, *_OF_LEAD)
_MAIL = ("Lead.email", "Lead.name", "Lead.created")


@fact("Lead", Kind.INSTANT, reads=_READS)
def last_activity_at(look: Look) -> Column:
    """The instant of the latest activity with this lead."""
    return last_in(look, "Lead", "lead")


@fact("Lead", Kind.DATE, reads=_READS, needs=(*PLANNED, *_OF_LEAD))
def next_step_on(look: Look) -> Column:
    """The earliest day, today or later, of an open task or a coming event with this lead."""
    return next_in(look, "Lead", "lead")


@fact("Lead", Kind.NUMBER, reads=("Lead.created", *_READS), needs=(*DONE, *_OF_LEAD))
def idle_days(look: Look) -> Column:
    """Days since the later of the last activity with this lead and its creation."""
    last = look.column("Lead", "last_activity_at")
    if not last.known:
        return empty(Kind.NUMBER, look.size("Lead"), known=False)
    latest = np.fmax(last.values, look.column("Lead", "created").values)
    return Column(Kind.NUMBER, look.days_since(latest), proof=last.proof)


@fact("Lead", Kind.FLAG, reads=("Lead.status",), needs=("Lead.status",))
def is_closed(look: Look) -> Column:
    """Whether the status says that nobody works the lead any more (`closed_lead_statuses`)."""
    status = look.column("Lead", "status")
    closed = [word in look.policy.facts.closed_lead_statuses for word in status.words]
    return Column(Kind.FLAG, np.array([*closed, False], dtype=bool)[status.values])


@fact("Lead", Kind.FLAG, reads=("Lead.email",), needs=("Lead.email",))
def has_malformed_email(look: Look) -> Column:
    """Whether what stands in the e-mail field is no address at all; an empty one is not."""
    return malformed(look, "Lead")


@fact("Lead", Kind.WORDS, reads=(*_MAIL, *CONTACT_MAIL), needs=("Lead.email",))
def email_shared_with(look: Look) -> Column:
    """The contact with the same e-mail address, else the oldest other lead with it (a desk's, such
    as info@: and the same name); `most_alike` in sfsync.yaml ends how many may share one.
    """
    return shared_with(look, ("Contact", "Lead"))
