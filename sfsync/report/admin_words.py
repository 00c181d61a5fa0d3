"""What does a mail that tells the admin at once say, in each language?"""

from collections.abc import Mapping

# Where a number decides, the singular stands before the bar.
ADMIN_WORDS: Mapping[str, Mapping[str, str]] = {
    "admin_failed": {"en": "{job} failed", "fr": "{job} a échoué"},
    "admin_recovered": {"en": "{job} works again", "fr": "{job} fonctionne à nouveau"},
    "admin_refused": {
        "en": "{n} record refused again and again|{n} records refused again and again",
        "fr": "{n} fiche refusée encore et encore|{n} fiches refusées encore et encore",
    },
    "admin_reserve": {"en": "API calls are short", "fr": "les appels API manquent"},
    "admin_title": {"en": "sfsync needs a look", "fr": "sfsync demande un coup d'œil"},
    "admin_title_good": {"en": "sfsync is well again", "fr": "sfsync va mieux"},
    "pill_failed": {"en": "Failed", "fr": "Échec"},
    "pill_recovered": {"en": "Well", "fr": "Rétabli"},
    "pill_refused": {"en": "Refused", "fr": "Refusée"},
    "pill_reserve": {"en": "Reserve", "fr": "Réserve"},
    "pill_do": {"en": "To do", "fr": "À faire"},
    "good_last": {
        "en": "The last good run ended {moment}.",
        "fr": "La dernière bonne exécution s'est terminée le {moment}.",
    },
    "good_never": {
        "en": "There was no good run so far.",
        "fr": "Il n'y a eu aucune bonne exécution jusqu'ici.",
    },
    "count_failures": {
        "en": "{n} failure since|{n} failures since",
        "fr": "{n} échec depuis|{n} échecs depuis",
    },
    "recovered_since": {
        "en": "It failed on {moment}, and has now done its work.",
        "fr": "Échec le {moment} ; le travail est fait maintenant.",
    },
    "recovered_do": {
        "en": "There is nothing to do: what was missed is made good.",
        "fr": "Rien à faire : ce qui manquait est rattrapé.",
    },
    "failed_silent": {
        "en": "Its process ended before its work was done: it was killed, or the machine went "
        "down.",
        "fr": "Son processus s'est terminé avant la fin du travail : il a été tué, ou la machine "
        "s'est arrêtée.",
    },
    "do_died": {
        "en": "The next run closes the books of this one. If it dies again, look at the memory and "
        "the log of the machine.",
        "fr": "La prochaine exécution clôt les livres de celle-ci. Si cela se répète, regardez la "
        "mémoire et le journal de la machine.",
    },
    "do_internal": {
        "en": "This is an error in sfsync itself: report it, with the log of this run.",
        "fr": "C'est une erreur de sfsync lui-même : signalez-la, avec le journal de cette "
        "exécution.",
    },
    "do_usage": {
        "en": "The command is not understood: correct it in the schedule.",
        "fr": "La commande n'est pas comprise : corrigez-la dans le calendrier.",
    },
    "do_stopped": {
        "en": "A limit stopped it; what was not written is left. Look at the plan. If it is right, "
        "run it once by hand with --allow-large-change; where API calls are short, wait.",
        "fr": "Une limite l'a arrêté ; ce qui n'est pas écrit reste à faire. Regardez le plan. "
        "S'il est juste, lancez-le une fois à la main avec --allow-large-change ; s'il manque des "
        "appels API, attendez.",
    },
    "do_configuration": {
        "en": "Mend what is said above. Until then nothing is written.",
        "fr": "Corrigez ce qui est dit ci-dessus. D'ici là rien n'est écrit.",
    },
    "do_unreachable": {
        "en": "The next run tries again by itself. If it goes on, look whether the org is there "
        "and still lets sfsync in.",
        "fr": "La prochaine exécution réessaie d'elle-même. Si cela dure, vérifiez que l'org est "
        "là et laisse encore entrer sfsync.",
    },
    "do_refused": {
        "en": "Mend the records, or the rule of the org that refuses them. Each pass tries again.",
        "fr": "Corrigez les fiches, ou la règle de l'org qui les refuse. Chaque passage réessaie.",
    },
    "do_reserve": {
        "en": "Nothing is lost: passes wait until calls are free again. Look who uses them (Setup, "
        "System Overview); limits.api_reserve is the share that is left to others.",
        "fr": "Rien n'est perdu : les passages attendent que des appels se libèrent. Voyez qui les "
        "utilise (Setup, System Overview) ; limits.api_reserve est la part laissée aux autres.",
    },
    "reserve_told": {
        "en": "The org has {left} of {total} API calls left; {kept} are kept for others.",
        "fr": "L'org a encore {left} appels API sur {total} ; {kept} sont gardés pour les autres.",
    },
    "count_passes": {
        "en": "{n} pass in a row|{n} passes in a row",
        "fr": "{n} passage de suite|{n} passages de suite",
    },
    "look_with": {"en": "Look: {command}", "fr": "Regarder : {command}"},
    "why_admin": {
        "en": "You get this mail as the admin of sfsync, of each cause once an hour at most.",
        "fr": "Vous recevez ce message en tant qu'administrateur de sfsync, une fois par heure au "
        "plus pour chaque cause.",
    },
}
