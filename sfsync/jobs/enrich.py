"""What do public sources know of the accounts that need it most, and what is to be written of it?

Reading, asking and planning happen before anything is written. Each look-up is entered in the
journal when it is done: whoever stops half-way goes on there the next time, and what sources
answered is kept, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sfsync.enrich.account import Account, digest_of
from sfsync.enrich.choosing import Chosen, Known, choose, choose_named
from sfsync.enrich.heeded import OWN_SITE, heeded
from sfsync.enrich.looking import Looked, Panel, is_half, is_partly
from sfsync.enrich.provider import Provider
from sfsync.enrich.targets import Countries
from sfsync.enrich.writing import Writer
from sfsync.errors import ConfigError, NotFound, SourceUnavailable
from sfsync.facts.blank import blank_texts_of
from sfsync.jobs.accounts import ACCOUNT, read_accounts, targets_of, with_currencies
from sfsync.jobs.asked import finding_of, review_of
from sfsync.jobs.job import CHECK_ID, Planned, Services, Sources, as_plan
from sfsync.jobs.tally import Tally, in_accounts
from sfsync.journal import (
    LookedUp,
    LookupOutcome,
    Review,
)
from sfsync.model import Change, Finding
from sfsync.registry import nearest
from sfsync.snapshot import Snapshot

NAME = "enrich"


def enrich(services: Services) -> Planned:
    """Look up the accounts that are due, and plan what is sure to be written.

    Raises ConfigError where nothing says how (no enrich.yaml, unknown providers, none that may be
    asked), NotFound where accounts or providers are named that are not there, Stopped where the org
    cannot spare the API calls, SourceUnavailable where no source could be asked about any account.
    A source that cannot be used is left out, and a note says so.
    """
    sources = _sources(services)
    providers, notes = _providers(services, sources)
    read_at = services.clock()
    accounts = read_accounts(services, read_at)
    chosen = _chosen(services, sources, accounts)
    chosen = replace(chosen, accounts=with_currencies(services.org, chosen.accounts))
    writer, lacking = _writer(services, accounts)
    notes += lacking
    panel = Panel(providers, sources.web, sources.keys, services.now)
    visit = _Visit(services, sources, writer, panel, _reviews(services))
    sources.looked(0, len(chosen.accounts), {})
    for done, account in enumerate(chosen.accounts):
        if panel.is_empty:
            left = in_accounts(len(chosen.accounts) - done)
            notes.append(f"No source can be asked any more; not looked up: {left}.")
            break
        visit.look_up(account)
        sources.looked(done + 1, len(chosen.accounts), visit.tally.hits)
    if chosen.accounts and visit.is_in_vain:
        raise SourceUnavailable(
            " ".join(["no public source could be asked:", *visit.tally.troubles(panel.left_out)])
        )
    plan = as_plan(
        NAME,
        services,
        sorted(visit.changes, key=lambda each: each.id),
        read_at=read_at,
        findings=sorted(visit.findings, key=lambda each: (each.code, each.id)),
        notes=[*notes, *visit.tally.notes(len(visit.findings), panel.left_out), *_waiting(chosen)],
        judged=visit.tally.looked_up,
    )
    return Planned(plan)


def _writer(services: Services, accounts: Sequence[Account]) -> tuple[Writer, list[str]]:
    """Return who decides what is written, and a note on fields that cannot be."""
    targets, lacking = targets_of(services.org, services.policy)
    names = ", ".join(lacking)
    writer = Writer(
        services.policy.enrich,
        targets,
        services.journal.filled(services.books, ACCOUNT),
        blank_texts_of(services.policy),
        Countries(each.values.get("country") for each in accounts),
        services.now,
    )
    note = f"{ACCOUNT} lacks, or does not let us write, {names}: left out."
    return writer, [note] if lacking else []


def _sources(services: Services) -> Sources:
    if not services.policy.enrich.providers:
        raise ConfigError(["enrich.yaml: missing from the configuration folder, or no providers"])
    if services.sources is None:
        raise ValueError("the job enrich asks public sources: give the way to them")
    return services.sources


def _providers(services: Services, sources: Sources) -> tuple[Mapping[str, Provider], list[str]]:
    """Return who is asked, in order, and notes on who is left out."""
    names = services.policy.enrich.providers
    for name in sorted(set(sources.only) - set(names)):
        raise NotFound(f'enrich.yaml has no provider "{name}"{nearest(name, names)}')
    unknown = [name for name in names if name not in sources.providers]
    if unknown:
        hints = [f'no provider is called "{n}"{nearest(n, sources.providers)}' for n in unknown]
        raise ConfigError([f"enrich.yaml, providers: {hint}" for hint in hints])
    asked: dict[str, Provider] = {}
    keyless, nameless = [], []
    for name in (each for each in names if each in (sources.only or names)):
        provider = sources.providers[name]
        if name == OWN_SITE and not services.policy.enrich.read_websites:
            continue
        if provider.key and not sources.keys.get(provider.key):
            keyless.append(name)
        elif provider.needs_contact and not sources.has_contact:
            nameless.append(name)
        else:
            asked[name] = provider
    notes = [f"Left out for want of a key: {', '.join(keyless)}."] if keyless else []
    if nameless:
        told = ", ".join(nameless)
        notes.append(f"Left out, since they ask for a contact (SFSYNC_ENRICH_CONTACT): {told}.")
    if not asked.keys() - {OWN_SITE}:
        problem = "no source may be asked that could say which company an account is"
        raise ConfigError([f"{NAME}: {' '.join([f'{problem}.', *notes])}"])
    return asked, notes


def _chosen(services: Services, sources: Sources, accounts: Sequence[Account]) -> Chosen:
    settings = services.policy.enrich
    known = Known(
        services.journal.lookups.last(services.books),
        _reviews(services),
        services.journal.enriched(services.books, ACCOUNT),
    )
    limit = settings.limit if sources.limit is None else sources.limit
    if not sources.ids:
        moment = Snapshot(services.now, services.org.zone, "", "", {}, {})
        today = date.fromisoformat(str(moment.today))
        return choose(accounts, known, settings, services.now, today, limit)
    by_id = {account.id: account for account in accounts}
    for record_id in sorted(set(sources.ids) - by_id.keys()):
        raise NotFound(f"the job {NAME} knows no record {record_id}: {CHECK_ID}")
    named = [by_id[each] for each in dict.fromkeys(sources.ids)]
    return choose_named(named, known, limit)


def _reviews(services: Services) -> Mapping[str, list[Review]]:
    found: dict[str, list[Review]] = {}
    for review in services.journal.reviews.all(services.books):
        found.setdefault(review.account, []).append(review)
    return found


def _waiting(chosen: Chosen) -> list[str]:
    notes = []
    if chosen.waiting:
        notes.append(f"Due as well: {in_accounts(chosen.waiting)}; the next run goes on with them.")
    if chosen.never:
        names = ", ".join(each.name for each in chosen.never)
        notes.append(f"Not looked up, since a person said never: {names}.")
    return notes


@dataclass(slots=True)
class _Visit:
    """The look-ups of one run, and what came of them so far."""

    services: Services
    sources: Sources
    writer: Writer
    panel: Panel
    reviews: Mapping[str, Sequence[Review]]
    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    @property
    def is_in_vain(self) -> bool:
        """Tell whether nobody is left to ask, and nothing came of asking before that."""
        return self.panel.is_empty and self.tally.is_all_failed

    def look_up(self, account: Account) -> None:
        """Look one account up, and enter what came of it."""
        company = account.company()
        looked = self.panel.look_up(
            company,
            heeded(self.reviews.get(account.id, ())),
            lambda provider, sure: self.writer.wants(account, provider, sure),
        )
        outcome = self._outcome(looked)
        if outcome is LookupOutcome.FAILED:
            own = tuple(each for each in looked.sure if each.entry.provider == OWN_SITE)
            looked = Looked(own, failed=looked.failed)
        written = self.writer.write(account, looked)
        if written.change is not None:
            self.changes.append(written.change)
        self.tally.enter(looked, outcome, written.remarks)
        if outcome is not LookupOutcome.FAILED:
            self._ask(account, looked)
        if self.sources.only and outcome in (LookupOutcome.NOTHING, LookupOutcome.FAILED):
            # Others may know it: they are asked in the next run that leaves nobody out.
            return
        self.services.journal.lookups.note(
            self.services.books,
            LookedUp(
                account.id,
                self.services.now,
                outcome,
                tuple(each.entry.provider for each in looked.sure),
                digest_of(company),
                written.change is not None,
            ),
        )

    def _outcome(self, looked: Looked) -> LookupOutcome:
        if is_half(looked, self.services.policy.enrich.providers):
            return LookupOutcome.FAILED
        if looked.review or looked.ceased:
            return LookupOutcome.REVIEW
        if looked.identified and is_partly(looked):
            return LookupOutcome.PARTLY
        return LookupOutcome.SURE if looked.sure else LookupOutcome.NOTHING

    def _ask(self, account: Account, looked: Looked) -> None:
        """Ask a person where that is needed; where it no longer is, nothing is asked any more."""
        journal, books = self.services.journal, self.services.books
        match = looked.ceased or looked.review
        asked = [each for each in self.reviews.get(account.id, ()) if each.answered_at is None]
        only = self.sources.only
        if only and any(each.provider not in only for each in asked):
            # The question of a source that was not asked now stands.
            return
        if match is None:
            journal.reviews.withdraw(books, account.id)
            return
        review = review_of(account.id, looked, match, self.services.now)
        journal.reviews.ask(books, review)
        self.findings.append(finding_of(review, account.name, account.owner))
