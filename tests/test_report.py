"""Does each manager get the report that is theirs, and nothing else?"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from sfsync.errors import ConfigError
from sfsync.model import Finding, OpenFinding
from sfsync.report import Edition, Person, Report, ReportOrder, build_reports, load_orders, render
from sfsync.report.figures import speech_in, speech_of
from sfsync.report.orders import OrderShape
from sfsync.report.render import MOST_BYTES
from sfsync.report.shown import MOST_LINES, MOST_OPEN
from sfsync.report.words import KEYS, LANGUAGES, word
from sfsync.rules.texts import FindingText, load_texts

CONFIG = Path(__file__).parents[1] / "config"
DOCS = Path(__file__).parents[1] / "docs"
NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
SINCE = NOW - timedelta(days=1)
URL = "https://acme.my.salesforce.com"
ADMIN = Person("admin", "Odile", "odile@example.com", language="fr", locale="fr_FR")


def person(id: str, manager: str | None = None, **more: Any) -> Person:
    return Person(id, id.title(), f"{id}@example.com", manager, **{"language": "en_US", **more})


PEOPLE = {
    each.id: each
    for each in (
        person("director"),
        person("maud", "director", language="fr", locale="fr_FR"),
        person("grace", "director", locale="en_GB"),
        person("theo", "maud"),
        person("lea", "maud"),
        person("wini", "grace"),
        person("orphan"),
    )
}


def text_of(code: str, severity: str, goes_to: str) -> FindingText:
    title = {"en": f"It is {code}", "fr": f"C'est {code}"}
    return FindingText(
        code, severity, goes_to, title, {"en": f"Mend {code}", "fr": f"Réparez {code}"}
    )


TEXTS = {
    "renewed": text_of("renewed", "high", "manager"),
    "idle": text_of("idle", "medium", "owner"),
    "undated": text_of("undated", "low", "owner"),
    "odd": text_of("odd", "high", "admin"),
}


@cache
def shipped_texts() -> dict[str, FindingText]:
    return dict(load_texts((CONFIG / "findings.yaml").read_text("utf-8"), "findings.yaml"))


def found(
    name: str = "Acme",
    owner: str | None = "theo",
    *,
    code: str = "renewed",
    days: float = 3,
    id: str = "",
    message: str = "the subscription ended",
    **life: Any,
) -> OpenFinding:
    finding = Finding(code, "Account", id or f"001-{name}", name, owner, message)
    return OpenFinding(finding, NOW - timedelta(days=days), NOW, **life)


def reports(
    several: Sequence[OpenFinding],
    people: dict[str, Person] = PEOPLE,
    since: datetime | None = SINCE,
    texts: dict[str, FindingText] = TEXTS,
    **order: Any,
) -> dict[str, Report]:
    """The reports by their readers' Ids."""
    edition = Edition(ReportOrder("exceptions", **order), NOW, since, URL, "Europe/Paris", ADMIN)
    return {each.reader.id: each for each in build_reports(several, people, texts, edition)}


def names(report: Report, standing: str) -> list[str]:
    return [each.found.finding.name for each in report.lines if each.standing == standing]


class Page(HTMLParser):
    """The words that a reader of a page sees, and the tags and links in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self._hidden = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._hidden = tag in ("style", "title")
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.words.append(" ".join(data.split()))


def test_a_manager_gets_what_is_new_still_open_and_solved() -> None:
    several = [
        found("New", days=0.5),
        found("Old", days=40),
        found("Solved", solved_at=NOW - timedelta(hours=2)),
        found("Solved long ago", solved_at=SINCE - timedelta(days=1)),
    ]
    report = reports(several)["maud"]
    assert names(report, "new") == ["New"]
    assert names(report, "open") == ["Old"]
    assert names(report, "solved") == ["Solved"]
    assert (report.sums.new, report.sums.open, report.sums.solved) == (1, 1, 1)


def test_in_the_first_report_all_is_new_and_nothing_solved() -> None:
    several = [found("Old", days=40), found("Solved", solved_at=NOW)]
    report = reports(several, since=None)["maud"]
    assert names(report, "new") == ["Old"]
    assert len(report.lines) == 1


def test_each_reader_is_told_since_their_own_last_report() -> None:
    told = {"maud": NOW - timedelta(days=10), "director": NOW - timedelta(days=1)}
    edition = Edition(ReportOrder("exceptions"), NOW, None, URL, "Europe/Paris", ADMIN, told)
    several = [found("Mid", days=5), found("Other", "wini", days=5)]
    made = {each.reader.id: each for each in build_reports(several, PEOPLE, TEXTS, edition)}
    assert names(made["maud"], "new") == ["Mid"]
    assert {team.manager.id: team.sums.open for team in made["director"].teams} == {
        "maud": 1,
        "grace": 1,
    }
    assert (made["grace"].since, names(made["grace"], "new")) == (None, ["Other"])


def test_nothing_to_say_makes_no_report() -> None:
    assert reports([]) == {}
    assert reports([found(solved_at=SINCE - timedelta(days=1))]) == {}
    assert reports([found(snoozed_until=date(2026, 6, 16))]) == {}


def test_the_oldest_stand_first_and_of_these_the_most_expensive() -> None:
    several = [
        found("Young and dear", days=2, amount=9e6),
        found("Old and cheap", days=30, amount=10),
        found("Old and dear", days=30, amount=500),
    ]
    expected = ["Old and dear", "Old and cheap", "Young and dear"]
    assert names(reports(several)["maud"], "open") == expected


def test_lines_are_grouped_by_owner_and_the_severest_come_first() -> None:
    several = [
        found("Idle", "lea", code="idle", days=50, amount=7000),
        found("Renewed", "lea", days=2, amount=100),
        found("Big", "theo", amount=99000),
    ]
    text = render(reports(several)["maud"], TEXTS, "en", "en_US").text
    places = [
        text.index(part) for part in ("Theo - ", "Big", "Lea - ", "High: ", "Medium: ", "Idle")
    ]
    assert places[0] < places[1] < places[2]
    assert text.index("Renewed - ") < text.index("Medium: ") < text.index("* Idle")


def test_money_counts_each_record_once() -> None:
    codes = ("renewed", "idle")
    several = [found("Acme", code=code, amount=1000.0) for code in codes]
    several += [found("Bolt", amount=500.0), found("Unknown")]
    report = reports(several)["maud"]
    assert report.sums.amount == 1500
    assert reports([found("Unknown")])["maud"].sums.amount is None


def test_a_managers_manager_gets_the_sums_of_each_manager_below() -> None:
    several = [
        found("A", "theo", days=0.5, amount=100),
        found("B", "lea", days=9, amount=50),
        found("C", "wini", days=20, amount=7),
        found("Own", "maud", days=2, amount=1),
    ]
    found_reports = reports(several)
    assert set(found_reports) == {"maud", "grace", "director"}
    director = found_reports["director"]
    assert [line.found.finding.name for line in director.lines] == ["Own"]
    told = {team.manager.id: team.sums for team in director.teams}
    assert set(told) == {"maud", "grace"}
    assert (told["maud"].new, told["maud"].open, told["maud"].amount) == (1, 1, 150)
    assert (told["grace"].new, told["grace"].open, told["grace"].oldest) == (0, 1, 20)
    assert director.sums.amount == 158
    assert director.trend[-1].open == 4
    assert found_reports["maud"].teams == ()


def test_the_roll_up_passes_through_all_ranks() -> None:
    people = {**PEOPLE, "director": person("director", "chief"), "chief": person("chief")}
    chief = reports([found("A", "theo", amount=100)], people)["chief"]
    assert [(team.manager.id, team.sums.amount) for team in chief.teams] == [("director", 100)]
    assert chief.lines == ()


def test_an_inactive_manager_is_passed_over_and_who_is_left_is_the_admin() -> None:
    gone = replace(PEOPLE["maud"], is_active=False)
    assert set(reports([found()], {**PEOPLE, "maud": gone})) == {"director"}
    top = replace(gone, manager=None)
    assert set(reports([found()], {**PEOPLE, "maud": top})) == {"admin"}
    mute = replace(PEOPLE["maud"], email="")
    assert set(reports([found()], {**PEOPLE, "maud": mute})) == {"director"}


@pytest.mark.parametrize("owner", ["orphan", "00G-queue", None])
def test_what_has_no_manager_goes_to_the_admin(owner: str | None) -> None:
    (report,) = reports([found(owner=owner)]).values()
    assert (report.reader, report.capacity) == (ADMIN, "admin")
    assert names(report, "open") == ["Acme"]


def test_managers_in_a_circle_end_nothing() -> None:
    people = {"a": person("a", "b"), "b": person("b", "a")}
    assert set(reports([found(owner="a")], people)) == {"a", "b"}


def test_what_only_the_admin_can_mend_goes_to_the_admin() -> None:
    assert set(reports([found(code="odd")])) == {"admin"}
    assert set(reports([found(code="a-code-without-text")])) == {"admin"}


def test_owners_get_their_own_where_that_is_ordered() -> None:
    several = [found("Idle", code="idle"), found("For the manager")]
    (report,) = reports(several, to="owners").values()
    assert (report.reader.id, report.capacity) == ("theo", "owner")
    assert names(report, "open") == ["Idle"]


def test_a_report_holds_only_the_codes_and_severities_ordered() -> None:
    several = [found("Idle", code="idle"), found("Renewed")]
    high = reports(several, severities=frozenset({"high"}))["maud"]
    assert names(high, "open") == ["Renewed"]
    idle = reports(several, codes=frozenset({"idle"}))["maud"]
    assert names(idle, "open") == ["Idle"]


def test_what_is_snoozed_or_waived_is_told_again_on_its_day() -> None:
    put_off = [
        found("Later", snoozed_until=date(2026, 6, 16)),
        found("Waived", waived_until=date(2027, 1, 1), why="agreed"),
        found("Today", snoozed_until=date(2026, 6, 15)),
    ]
    report = reports(put_off)["maud"]
    assert names(report, "open") == ["Today"]
    assert report.put_off == 2
    assert "2 are put off" in render(report, TEXTS, "en", "en_US").text


def test_days_are_those_of_the_org() -> None:
    # 23:30 UTC of the 13th is the 14th in Paris.
    early = replace(found(), first_seen=datetime(2026, 6, 13, 23, 30, tzinfo=UTC))
    assert reports([early])["maud"].lines[0].days == 1


def test_the_trend_counts_what_was_open_week_by_week() -> None:
    several = [
        found("Whole time", days=100),
        found("Solved", days=30, solved_at=NOW - timedelta(days=10)),
        found("New", days=0.5),
    ]
    weeks = reports(several)["maud"].trend
    assert [week.open for week in weeks] == [1, 1, 1, 2, 2, 2, 1, 2]
    assert weeks[-1].ends == date(2026, 6, 15)


def test_a_trend_of_one_week_is_none() -> None:
    first = render(reports([found(days=0.5)])["maud"], TEXTS, "en", "en_US")
    second = render(reports([found(days=8)])["maud"], TEXTS, "en", "en_US")
    assert word("trend", "en") not in first.text + first.html
    assert "Open, week by week: 6/8: 1, 6/15: 1\n" in second.text
    assert word("trend", "en") in second.html


def test_a_key_is_the_same_for_all_reports_of_a_day_or_week() -> None:
    assert reports([found()])["maud"].key == "exceptions:2026-06-15:maud"
    assert reports([found()], every="weekly")["maud"].key == "exceptions:2026-W25:maud"


VALUES = ("owner", "parts", "moment", "zone", "shown", "all", "age", "n", "value",
          "incomplete", "total", "share", "file", "job", "command", "left", "kept",
          "sender", "show", "undo")  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", KEYS)
def test_each_word_is_there_in_each_language(key: str, language: str) -> None:
    said = word(key, language, **dict.fromkeys(VALUES, ""))
    assert said.strip()
    if key.startswith(("count_", "solved_after", "put_off", "more_")) or key == "days":
        assert said.count("|") == 1


@pytest.mark.parametrize("code", shipped_texts())
def test_each_code_has_its_title_and_remedy_in_both_languages_in_the_mail(code: str) -> None:
    texts = shipped_texts()
    told = reports([found(code=code)], texts=texts).values()
    (report,) = [each for each in told if each.lines]
    for language in LANGUAGES:
        rendered = render(report, texts, language, language)
        page = " ".join(Page(rendered.html).words)
        for said in (texts[code].title[language], texts[code].remedy[language]):
            assert said in page
            assert said in rendered.text
            assert said.replace('"', '""') in rendered.csv


def test_the_language_is_the_readers_and_the_figures_are_those_of_the_locale() -> None:
    several = [found("A", amount=1234567.0), found("B", "wini", amount=1234567.0)]
    told = reports(several)
    french, english = render(told["maud"], TEXTS), render(told["grace"], TEXTS)
    assert french.subject == "Exceptions commerciales\u00a0: 1 toujours ouverte, dont 1 grave"
    assert english.subject == "Sales exceptions: 1 still open, 1 of them severe"
    assert "1 234 567 €" in french.text.replace("\u202f", " ").replace("\xa0", " ")
    assert "€1,234,567" in english.text
    assert "15/06/2026 10:00" in french.text
    assert '<html lang="fr">' in french.html
    ordered = reports(several, language="en")["maud"]
    assert "Sales exceptions" in render(ordered, TEXTS).subject


@pytest.mark.parametrize(
    ("language", "locale", "figures"),
    [
        ("fr", "en_US", "fr_FR"),
        ("fr", "fr_CH", "fr_CH"),
        ("fr", "", "fr_FR"),
        ("en", "fr_FR", "en_US"),
        ("en", "en_GB", "en_GB"),
    ],
)
def test_a_language_that_is_ordered_brings_its_figures(
    language: str, locale: str, figures: str
) -> None:
    assert str(speech_in(language, locale).locale) == figures


@pytest.mark.parametrize(
    ("language", "locale", "spoken", "figures"),
    [
        ("fr", "fr_FR_EURO", "fr", "fr_FR"),
        ("fr", "en_US", "fr", "en_US"),
        ("de", "de_DE", "en", "de_DE"),
        ("en_US", "", "en", "en_US"),
        ("", "fr_CA", "fr", "fr_CA"),
        ("", "", "en", "en"),
        ("", "klingon!", "en", "en"),
    ],
)
def test_a_reader_is_spoken_to_as_near_as_can_be(
    language: str, locale: str, spoken: str, figures: str
) -> None:
    speech = speech_of(language, locale)
    assert (speech.language, str(speech.locale)) == (spoken, figures)


NAMES = (
    "<script>alert(1)</script>",
    'Bâti & "fils" <b>',
    "شركة النور للتجارة",
    "🚀 Fusée 👨‍👩‍👧",
    "é" * 200,
    "two\r\nBcc: lines@example.com",
    "\u202eturned",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_it_is_and_spoils_nothing(name: str) -> None:
    report = reports([found(name, id="001", message=name)])["maud"]
    plain = reports([found("Acme", id="001")])["maud"]
    rendered = render(report, TEXTS)
    page = Page(rendered.html)
    assert page.tags == Page(render(plain, TEXTS).html).tags
    shown = " ".join("".join(c if c.isprintable() or c == "\u200d" else " " for c in name).split())
    assert any(shown in words for words in page.words)
    assert shown in rendered.text
    assert "\u202e" not in rendered.text + rendered.html
    assert "\n" not in rendered.subject


def test_each_line_links_to_its_record_in_lightning() -> None:
    rendered = render(reports([found(id="001ABC")])["maud"], TEXTS)
    link = f"{URL}/lightning/r/Account/001ABC/view"
    assert Page(rendered.html).links == [link]
    assert link in rendered.text


def test_the_mail_needs_nothing_from_outside() -> None:
    html = render(reports([found()])["maud"], TEXTS).html
    assert not {"img", "script", "link", "iframe", "svg"} & set(Page(html).tags)
    assert "url(" not in html
    assert "@import" not in html
    assert "prefers-color-scheme" in html
    (styles,) = re.findall(r"<style>(.*?)</style>", html, re.S)
    assert re.sub(r"@media[^{]*\{([^{}]*\{[^}]*\})*\s*\}", "", styles).strip() == ""


def test_the_csv_holds_every_line_and_opens_in_the_readers_spreadsheet() -> None:
    told = reports([found("=cmd|' /C calc'!A0", amount=1234.5), found("B", "wini", amount=9.5)])
    french = render(told["maud"], TEXTS).csv
    (row,) = csv.DictReader(io.StringIO(french), delimiter=";")
    assert row["Fiche"] == "'=cmd|' /C calc'!A0"
    assert row["Montant"] == "1234,50"
    assert row["Vue depuis"] == "2026-06-12"
    (row,) = csv.DictReader(io.StringIO(render(told["grace"], TEXTS).csv))
    assert row["Amount"] == "9.50"
    assert row["Record"] == "B"


def test_of_five_thousand_the_mail_shows_the_worst_hundred() -> None:
    several = [
        found(
            f"Account {n}",
            code="renewed" if n < 40 else "idle",
            days=n % 50 + 2,
            amount=float(n),
            message="a target without activity for 52 days and nothing planned",
        )
        for n in range(5000)
    ]
    report = reports(several, since=None)["maud"]
    rendered = render(report, TEXTS, "en", "en_US")
    links = Page(rendered.html).links
    assert len(links) == MOST_LINES
    assert sum(f"001-Account {n}/" in " ".join(links) for n in range(40)) == 40
    assert f"{URL}/lightning/r/Account/001-Account 4999/view" in links
    assert "(and 4,900 more: see the attached file exceptions-2026-06-15-maud.csv)" in rendered.text
    assert "New (5,000)" in rendered.text
    assert len(list(csv.reader(io.StringIO(rendered.csv)))) == 5001
    assert len(rendered.html.encode()) < MOST_BYTES


def test_of_long_lines_fewer_are_shown_so_that_gmail_cuts_nothing() -> None:
    several = [
        found(f"{'é' * 200} {n}", days=3, message="long words " * 40, amount=float(n))
        for n in range(MOST_LINES)
    ]
    rendered = render(reports(several, since=None)["maud"], TEXTS, "en", "en_US")
    assert len(rendered.html.encode()) < MOST_BYTES
    shown = len(Page(rendered.html).links)
    assert 20 <= shown < MOST_LINES
    assert f"(and {MOST_LINES - shown} more: see" in rendered.text


def test_what_is_wrong_with_one_record_is_one_block_with_its_amount_once() -> None:
    several = [found("Deal", code=code, amount=1234.0, days=0.5) for code in TEXTS]
    several += [found("Deal", code="past", amount=1234.0, days=9), found("Other", code="idle")]
    texts = {**TEXTS, "past": text_of("past", "high", "owner")}
    report = reports(several, texts=texts)["maud"]
    rendered = render(report, texts, "en", "en_US")
    page, new = Page(rendered.html), rendered.text.partition("Still open")[0]
    link = f"{URL}/lightning/r/Account/001-Deal/view"
    # New, and still open.
    assert page.links.count(link) == rendered.text.count(link) == 2
    # Of all, of the owner, of the record.
    assert new.count("€1,234") == 3
    block = new[new.index("  * Deal - €1,234") :]
    assert block.splitlines()[:8] == [
        "  * Deal - €1,234",
        f"    {link}",
        "    - High: It is renewed (1 day)",
        "      the subscription ended",
        "      To do: Mend renewed",
        "    - Medium: It is idle (1 day)",
        "      the subscription ended",
        "      To do: Mend idle",
    ]
    assert [words for words in page.words if "Mend" in words] == [
        "To do: Mend renewed", "To do: Mend idle", "To do: Mend undated", "To do: Mend past",
        "To do: Mend idle",
    ]  # fmt: skip
    assert rendered.subject == "Sales exceptions: 3 new, 2 still open, 2 of them severe"
    assert len(rendered.csv.splitlines()) == 6


def test_of_what_is_long_open_some_are_shown_and_what_is_new_comes_first() -> None:
    old = [found(f"Old {n}", code="idle", days=n + 2, amount=5.0) for n in range(170)]
    old += [found("Severe", days=3), found("Severe", code="undated", days=200)]
    new = [found(f"New {n}", code="undated", days=0.5) for n in range(99)]
    report = reports([*old, *new])["maud"]
    rendered = render(report, TEXTS, "en", "en_US")
    assert sum("-New" in link for link in Page(rendered.html).links) == 99
    assert sum("-Old" in link for link in Page(rendered.html).links) == 0
    # With few that are new: the severe one first, told whole, then the oldest.
    rendered = render(reports([*old, *new[:1]])["maud"], TEXTS, "en", "en_US")
    links = " ".join(Page(rendered.html).links)
    assert links.count("-Severe/") == 1
    assert links.count("-Old ") == MOST_OPEN - 2
    assert "-Old 169/" in links
    assert "-Old 142/" in links
    assert f"Still open ({len(old)})" in rendered.text
    rest = "and 142 more: see the attached file exceptions-2026-06-15-maud.csv"
    assert rest in rendered.text
    assert rest in rendered.html
    assert len(rendered.csv.splitlines()) == len(old) + 2


def test_the_text_alone_tells_what_the_page_tells() -> None:
    several = [
        found("New", days=0, amount=5000.0),
        found("Old", "lea", days=40, returned=True),
        found("Solved", solved_at=NOW - timedelta(hours=2)),
        found("Own", "maud"),
    ]
    for report in reports(several).values():
        rendered = render(report, TEXTS)
        text = " ".join(rendered.text.split())
        page = Page(rendered.html)
        missing = [
            words
            for words in page.words
            if words.strip("() ,·") not in text and not re.fullmatch(r"\(.*\)|.*:|: .*", words)
        ]
        assert missing == []
        assert all(link in rendered.text for link in page.links)
        assert "<" not in rendered.text
        assert "\n\n\n" not in rendered.text


def test_the_same_findings_give_the_same_bytes_in_any_order() -> None:
    several = [found(f"A{n}", ("theo", "lea")[n % 2], days=n % 3, amount=n % 5) for n in range(60)]
    one, other = reports(several)["maud"], reports(several[::-1])["maud"]
    assert render(one, TEXTS) == render(other, TEXTS)


def orders(text: str) -> tuple[ReportOrder, ...]:
    return load_orders(text, "reports.yaml", shipped_texts())


def test_the_shipped_reports_load() -> None:
    (order,) = orders((CONFIG / "reports.yaml").read_text("utf-8"))
    assert order == ReportOrder("exceptions")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "reports:\n  - {name: a, too: admin}\n",
            'reports.yaml:2: unknown key "too"; did you mean "to"?',
        ),
        ("reports:\n  - {to: admin}\n", 'reports.yaml:2: "name" is missing'),
        (
            "reports:\n  - {name: a, every: hour}\n",
            'reports.yaml:2: reports.every: "hour" will not do: write daily or weekly',
        ),
        (
            "reports:\n  - {name: a, currency: euro}\n",
            'reports.yaml:2: reports.currency: "euro" will not do: write it in',
        ),
        (
            "reports:\n  - name: a\n    codes: status-unknwn\n",
            'reports.yaml:3: no finding "status-unknwn"; did you mean "status-unknown"?',
        ),
        ("reports:\n  - {name: a}\n  - {name: a}\n", 'reports.yaml:3: there is another report "a"'),
        ("reports:\n  - {name: runs}\n", 'reports.yaml:2: "runs" is the name of other mails'),
        (
            "reports:\n  - {name: all}\n  - {name: a, to: owners, severities: high}\n",
            'reports.yaml:3: the report "a" can never tell anything: no finding of high severity '
            "goes to owners; findings.yaml says how bad each is",
        ),
        (
            "reports:\n  - {name: a, codes: bant-incomplete, severities: [high, low]}\n",
            'reports.yaml:2: the report "a" can never tell anything: no finding of '
            "bant-incomplete of high or low severity is there; ",
        ),
        ("[]\n", "reports.yaml:1: the file must hold `reports`"),
    ],
)
def test_what_is_wrong_in_reports_is_told_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        orders(text)
    assert error.value.problems[0].startswith(problem)


def test_each_key_of_reports_stands_in_the_docs_and_in_the_file() -> None:
    page = (DOCS / "configuration.md").read_text("utf-8")
    file = (CONFIG / "reports.yaml").read_text("utf-8")
    for key in OrderShape.model_fields:
        assert f"`{key}`" in page
        assert re.search(rf"^# {key} ", file, re.M)
