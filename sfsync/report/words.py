"""What does the mail say, in each language?"""

import re
from collections.abc import Mapping

from babel import Locale

from sfsync.report.admin_words import ADMIN_WORDS
from sfsync.report.summary_words import SUMMARY_WORDS

LANGUAGES = ("en", "fr")
# Blanks at which no line may end: before these marks, and within quotes.
_BEFORE_MARK = re.compile(r" (?=[:;?!»])|(?<=«) ")

# Where a number decides, the singular stands before the bar.
_WORDS: Mapping[str, Mapping[str, str]] = {
    "subject": {
        "en": "Sales exceptions: {parts}",
        "fr": "Exceptions commerciales : {parts}",
    },
    "title_manager": {"en": "Exceptions of your team", "fr": "Exceptions de votre équipe"},
    "title_owner": {"en": "Exceptions on your records", "fr": "Exceptions sur vos fiches"},
    "title_admin": {"en": "Exceptions for the admin", "fr": "Exceptions pour l'administrateur"},
    "as_of": {"en": "As of {moment} ({zone}).", "fr": "État au {moment} ({zone})."},
    "since": {
        "en": "New and solved since {moment}.",
        "fr": "Nouvelles et résolues depuis le {moment}.",
    },
    "first": {
        "en": "This is the first report, so all of them are new.",
        "fr": "C'est le premier rapport : toutes sont donc nouvelles.",
    },
    "new": {"en": "New", "fr": "Nouvelles"},
    "open": {"en": "Still open", "fr": "Toujours ouvertes"},
    "solved": {"en": "Solved", "fr": "Résolues"},
    "count_new": {"en": "{n} new|{n} new", "fr": "{n} nouvelle|{n} nouvelles"},
    "count_open": {
        "en": "{n} still open|{n} still open",
        "fr": "{n} toujours ouverte|{n} toujours ouvertes",
    },
    "count_solved": {"en": "{n} solved|{n} solved", "fr": "{n} résolue|{n} résolues"},
    "count_high": {
        "en": "{n} of them severe|{n} of them severe",
        "fr": "dont {n} grave|dont {n} graves",
    },
    "colon": {"en": ":", "fr": "\u00a0:"},
    "high": {"en": "High", "fr": "Grave"},
    "medium": {"en": "Medium", "fr": "Moyenne"},
    "low": {"en": "Low", "fr": "Légère"},
    "at_stake": {"en": "Money at stake", "fr": "Montant en jeu"},
    "once": {"en": "each record counted once", "fr": "chaque fiche comptée une fois"},
    "forecast": {
        "en": "Forecast resting on incomplete Commits: {incomplete} of {total} in Commit ({share})",
        "fr": "Prévision reposant sur des Commit incomplets\u00a0: {incomplete} sur {total} "
        "en Commit ({share})",
    },
    "currencies": {
        "en": "The org keeps several currencies: each amount is in that of its record, and they "
        "are not added up.",
        "fr": "L'organisation utilise plusieurs devises : chaque montant est dans celle de sa "
        "fiche, et ils ne sont pas additionnés.",
    },
    "todo": {"en": "To do", "fr": "À faire"},
    "days": {"en": "{n} day|{n} days", "fr": "{n} jour|{n} jours"},
    "today": {"en": "today", "fr": "aujourd'hui"},
    "solved_after": {
        "en": "after {n} day|after {n} days",
        "fr": "après {n} jour|après {n} jours",
    },
    "solved_today": {"en": "the same day", "fr": "le jour même"},
    "returned": {"en": "back again", "fr": "de retour"},
    "no_owner": {"en": "Owner unknown, or a queue", "fr": "Propriétaire inconnu, ou file"},
    "teams": {"en": "Your managers", "fr": "Vos managers"},
    "teams_note": {
        "en": "What stands in their teams; each of them has the list.",
        "fr": "Ce qui concerne leurs équipes ; chacun d'eux a la liste.",
    },
    "oldest_is": {"en": "the oldest {age}", "fr": "la plus ancienne {age}"},
    "trend": {"en": "Open, week by week", "fr": "Ouvertes, semaine par semaine"},
    "more_lines": {
        "en": "and {n} more: see the attached file {file}"
        "|and {n} more: see the attached file {file}",
        "fr": "et {n} autre : voir le fichier joint {file}"
        "|et {n} autres : voir le fichier joint {file}",
    },
    "more_solved": {
        "en": "and {n} more solved: see the attached file {file}"
        "|and {n} more solved: see the attached file {file}",
        "fr": "et {n} autre résolue : voir le fichier joint {file}"
        "|et {n} autres résolues : voir le fichier joint {file}",
    },
    "attached": {
        "en": "The attached file {file} has every line.",
        "fr": "Le fichier joint {file} contient toutes les lignes.",
    },
    "put_off": {
        "en": "{n} is put off and not shown.|{n} are put off and not shown.",
        "fr": "{n} est reportée et n'apparaît pas.|{n} sont reportées et n'apparaissent pas.",
    },
    "why_manager": {
        "en": "You get this mail because you manage the owners of these records in Salesforce.",
        "fr": "Vous recevez ce message en tant que manager des propriétaires de ces fiches dans "
        "Salesforce.",
    },
    "why_owner": {
        "en": "You get this mail because you own these records in Salesforce.",
        "fr": "Vous recevez ce message en tant que propriétaire de ces fiches dans Salesforce.",
    },
    "why_admin": {
        "en": "You get this mail as the admin: it tells what only you can mend, and the records "
        "whose owner has no manager whom mail reaches.",
        "fr": "Vous recevez ce message en tant qu'administrateur : il dit ce que vous seul pouvez "
        "corriger, et les fiches dont le propriétaire n'a pas de manager joignable.",
    },
    "alert_subject": {"en": "Sales alerts: {parts}", "fr": "Alertes commerciales : {parts}"},
    "alert_title": {"en": "Your alerts of {moment}", "fr": "Vos alertes du {moment}"},
    "count_alerts": {
        "en": "{n} alert needs you|{n} alerts need you",
        "fr": "{n} alerte vous attend|{n} alertes vous attendent",
    },
    "more_alerts": {
        "en": "{n} more has no room here and follows in the next mail."
        "|{n} more have no room here and follow in the next mails.",
        "fr": "{n} autre n'a pas de place ici et suivra dans le prochain message."
        "|{n} autres n'ont pas de place ici et suivront dans les prochains messages.",
    },
    "alert_own": {"en": "Yours", "fr": "Les vôtres"},
    "alert_inactive": {
        "en": "For {owner}, who is inactive",
        "fr": "Pour {owner}, dont le compte est inactif",
    },
    "alert_unmailed": {
        "en": "For {owner}, whom no mail reaches",
        "fr": "Pour {owner}, qu'aucun message n'atteint",
    },
    "alert_why": {
        "en": "You get this mail as the owner of these records in Salesforce, or in the place of "
        "an owner whom no mail reaches. You are alerted of one thing once, or again after some "
        "days if nothing was done.",
        "fr": "Vous recevez ce message en tant que propriétaire de ces fiches dans Salesforce, ou "
        "à la place d'un propriétaire qu'aucun message n'atteint. Une même chose vous est "
        "signalée une fois, ou de nouveau après quelques jours si rien n'a été fait.",
    },
    "empty": {"en": "empty", "fr": "vide"},
    "yes": {"en": "yes", "fr": "oui"},
    "no": {"en": "no", "fr": "non"},
    "same_registration": {
        "en": "same registration number {value}",
        "fr": "même numéro d'immatriculation {value}",
    },
    "same_email": {"en": "same e-mail address {value}", "fr": "même adresse e-mail {value}"},
    "same_domain": {"en": "same website domain {value}", "fr": "même domaine web {value}"},
    "same_name": {"en": "same name", "fr": "même nom"},
    "near_name": {"en": "near name ({value} of 100)", "fr": "nom proche ({value} sur 100)"},
    "like_others": {"en": "like the others", "fr": "comme les autres"},
    "csv_standing": {"en": "Standing", "fr": "Situation"},
    "csv_severity": {"en": "Severity", "fr": "Gravité"},
    "csv_code": {"en": "Code", "fr": "Code"},
    "csv_title": {"en": "Exception", "fr": "Exception"},
    "csv_owner": {"en": "Owner", "fr": "Propriétaire"},
    "csv_object": {"en": "Object", "fr": "Objet"},
    "csv_id": {"en": "Id", "fr": "Id"},
    "csv_name": {"en": "Record", "fr": "Fiche"},
    "csv_amount": {"en": "Amount", "fr": "Montant"},
    "csv_currency": {"en": "Currency", "fr": "Devise"},
    "csv_days": {"en": "Days open", "fr": "Jours d'ouverture"},
    "csv_first_seen": {"en": "First seen", "fr": "Vue depuis"},
    "csv_solved": {"en": "Solved on", "fr": "Résolue le"},
    "csv_message": {"en": "Details", "fr": "Détails"},
    "csv_remedy": {"en": "To do", "fr": "À faire"},
    "csv_link": {"en": "Link", "fr": "Lien"},
    **SUMMARY_WORDS,
    **ADMIN_WORDS,
}
KEYS = tuple(_WORDS)


def unbroken(text: str, language: str) -> str:
    """Write a text so that in French no line ends before a colon, or within its quotes."""
    return _BEFORE_MARK.sub("\u00a0", text) if language == "fr" else text


def word(key: str, language: str, **values: str) -> str:
    """Say a word or sentence in a language (en, fr), with what belongs into it."""
    return unbroken(_WORDS[key][language], language).format(**values)


def counted(key: str, language: str, number: int, **values: str) -> str:
    """Say a number of things; of `values`, `n` is the number as it is to be written."""
    one, _, many = unbroken(_WORDS[key][language], language).partition("|")
    is_one = Locale(language).plural_form(number) == "one"
    return (one if is_one else many).format(**values)
