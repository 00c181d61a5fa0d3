"""What does the summary of the runs say, in each language?"""

from collections.abc import Mapping

# Where a number decides, the singular stands before the bar.
SUMMARY_WORDS: Mapping[str, Mapping[str, str]] = {
    "runs_subject": {"en": "{sender}: {parts}", "fr": "{sender} : {parts}"},
    "runs_title": {"en": "What sfsync did", "fr": "Ce que sfsync a fait"},
    "runs_since": {
        "en": "It tells of the runs that ended since {moment}.",
        "fr": "Il s'agit des exécutions terminées depuis le {moment}.",
    },
    "runs_first": {
        "en": "This is the first summary: it tells of the runs that ended since {moment}.",
        "fr": "C'est le premier résumé : il s'agit des exécutions terminées depuis le {moment}.",
    },
    "runs_one": {"en": "It tells of the run {value}.", "fr": "Il s'agit de l'exécution {value}."},
    "count_runs": {"en": "{n} run|{n} runs", "fr": "{n} exécution|{n} exécutions"},
    "count_broken": {
        "en": "{n} run stopped or broken off|{n} runs stopped or broken off",
        "fr": "{n} exécution arrêtée ou interrompue|{n} exécutions arrêtées ou interrompues",
    },
    "count_refused": {
        "en": "{n} record refused|{n} records refused",
        "fr": "{n} fiche refusée|{n} fiches refusées",
    },
    "count_held": {
        "en": "{n} record left as it was|{n} records left as they were",
        "fr": "{n} fiche laissée en l'état|{n} fiches laissées en l'état",
    },
    "count_moved": {
        "en": "{n} record moved|{n} records moved",
        "fr": "{n} fiche déplacée|{n} fiches déplacées",
    },
    "count_written": {
        "en": "{n} record otherwise written|{n} records otherwise written",
        "fr": "{n} fiche autrement mise à jour|{n} fiches autrement mises à jour",
    },
    "count_mails": {
        "en": "{n} mail not sent|{n} mails not sent",
        "fr": "{n} message non envoyé|{n} messages non envoyés",
    },
    "count_calls": {"en": "{n} API call|{n} API calls", "fr": "{n} appel API|{n} appels API"},
    "count_records": {"en": "{n} record|{n} records", "fr": "{n} fiche|{n} fiches"},
    "count_in_runs": {
        "en": "in {n} run|in {n} runs",
        "fr": "dans {n} exécution|dans {n} exécutions",
    },
    "count_more": {"en": "and {n} more|and {n} more", "fr": "et {n} autre|et {n} autres"},
    "last_at": {"en": "the last one {moment}", "fr": "la dernière le {moment}"},
    "section_broken": {
        "en": "Runs that stopped or broke off",
        "fr": "Exécutions arrêtées ou interrompues",
    },
    "section_refused": {"en": "Refused by Salesforce", "fr": "Refusées par Salesforce"},
    "section_held": {"en": "Left as they were", "fr": "Laissées en l'état"},
    "section_moved": {"en": "Moved", "fr": "Déplacées"},
    "section_written": {"en": "Otherwise written", "fr": "Autrement mises à jour"},
    "section_found": {"en": "Exceptions", "fr": "Exceptions"},
    "section_mails": {"en": "Mails that were not sent", "fr": "Messages non envoyés"},
    "section_runs": {"en": "Run by run", "fr": "Exécution par exécution"},
    "run_stopped": {"en": "Stopped", "fr": "Arrêtée"},
    "run_crashed": {"en": "Broke off", "fr": "Interrompue"},
    "run_running": {"en": "Ended early", "fr": "Terminée trop tôt"},
    "run_finished": {"en": "Finished", "fr": "Terminée"},
    "why_running": {
        "en": "Its process ended before its books were closed; the next run closes them.",
        "fr": "Son processus s'est terminé avant la clôture de ses livres ; la prochaine exécution "
        "les clôt.",
    },
    "why_crashed": {
        "en": "The run ended before its work was done; its books were closed later.",
        "fr": "L'exécution s'est terminée avant la fin de son travail ; ses livres ont été clos "
        "plus tard.",
    },
    "state_refused": {"en": "Refused", "fr": "Refusée"},
    "state_stale": {"en": "Stale", "fr": "Périmée"},
    "state_unknown": {"en": "Unknown", "fr": "Inconnue"},
    "state_skipped": {"en": "Skipped", "fr": "Omise"},
    "why_stale": {
        "en": "Changed by somebody after it was read; the next pass judges it again.",
        "fr": "Modifiée par quelqu'un après la lecture ; le prochain passage la juge à nouveau.",
    },
    "why_unknown": {
        "en": "Sent, and nobody can tell whether it was written: look at it.",
        "fr": "Envoyée, sans que l'on sache si elle a été écrite : vérifiez-la.",
    },
    "no_state": {"en": "none", "fr": "aucun"},
    "undo_of": {"en": "undo of {value}", "fr": "annulation de {value}"},
    "mail_planned": {"en": "Put off", "fr": "Reporté"},
    "mail_sending": {"en": "In doubt", "fr": "Incertain"},
    "mail_unknown": {"en": "In doubt", "fr": "Incertain"},
    "mail_refused": {"en": "Refused", "fr": "Refusé"},
    "count_state_applied": {"en": "{n} applied|{n} applied", "fr": "{n} appliquée|{n} appliquées"},
    "count_state_refused": {"en": "{n} refused|{n} refused", "fr": "{n} refusée|{n} refusées"},
    "count_state_stale": {"en": "{n} stale|{n} stale", "fr": "{n} périmée|{n} périmées"},
    "count_state_unknown": {"en": "{n} unknown|{n} unknown", "fr": "{n} inconnue|{n} inconnues"},
    "count_state_skipped": {"en": "{n} skipped|{n} skipped", "fr": "{n} omise|{n} omises"},
    "count_state_planned": {
        "en": "{n} not sent|{n} not sent",
        "fr": "{n} non envoyée|{n} non envoyées",
    },
    "count_state_sent": {"en": "{n} sent|{n} sent", "fr": "{n} envoyée|{n} envoyées"},
    "nothing_done": {"en": "nothing to do", "fr": "rien à faire"},
    "why_summary": {
        "en": "You get this mail as the admin of sfsync. {show} lists each change of a run, "
        "{undo} takes them back.",
        "fr": "Vous recevez ce message en tant qu'administrateur de sfsync. {show} liste "
        "chaque changement d'une exécution, {undo} l'annule.",
    },
}
