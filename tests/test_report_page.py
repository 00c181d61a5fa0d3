"""Does the mail read well in a browser: on a phone and a desk, in the light and the dark?"""

import base64
import html
import json
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from test_report import NOW, TEXTS, found, reports, shipped_texts
from test_summary import everything

from sfsync.model import Evidence, Finding, OpenFinding
from sfsync.report import (
    AdminNews,
    Failed,
    Person,
    Recovered,
    RefusedAgain,
    ReserveTouched,
    render,
    render_admin,
    render_summary,
)
from sfsync.rules.sayings import FIELDS, PASSES, REFUSAL

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
# A phone and a desk, and how much of the mail is in the picture.
WIDTHS, HEIGHT = (390, 1280), 3000
# Git ignores it; the pictures are there to be looked at.
PICTURES = Path(__file__).parents[1] / ".test-output" / "mail"
# As the Web Content Accessibility Guidelines (AA) ask of text.
CONTRAST = 4.5
NAMES = (
    "Acme",
    "é" * 200,
    "🚀 Fusée 👨‍👩‍👧",
    "شركة النور للتجارة",
    "W" * 90,
    "Atelier <b>Bâti</b>",
)

# Measures each frame: whether it scrolls sideways, and the least contrast of a text in it.
MEASURE = """
function channels(text) { return text.match(/[0-9.]+/g).map(Number); }
function light(colour) {
  const [r, g, b] = channels(colour).slice(0, 3).map(each => {
    const part = each / 255;
    return part <= 0.03928 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4);
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function ground(element, view) {
  for (let each = element; each; each = each.parentElement) {
    const colour = view.getComputedStyle(each).backgroundColor;
    if (channels(colour)[3] !== 0) return colour;
  }
  return "rgb(255, 255, 255)";
}
function measured(frame) {
  const view = frame.contentWindow, page = frame.contentDocument.documentElement;
  const told = [...page.querySelectorAll("body *")].filter(each =>
    each.offsetParent && each.className !== "bar" &&
    [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  const contrasts = told.map(each => {
    const pair = [light(view.getComputedStyle(each).color), light(ground(each, view))];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    return [ratio, each.textContent.slice(0, 40)];
  });
  contrasts.sort((a, b) => a[0] - b[0]);
  return {width: page.clientWidth, needs: page.scrollWidth, texts: told.length,
          least: contrasts[0], card: ground(page.querySelector("h1"), view)};
}
window.onload = () => {
  const found = [...document.querySelectorAll("iframe")].map(measured);
  const told = document.createElement("pre");
  told.id = "measured";
  told.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(found))));
  document.body.append(told);
};
"""


def mail() -> str:
    """A page with all that a report can hold."""
    several = [
        found(f"{name} {n}", ("theo", "lea")[n % 2], code=code, days=n, amount=10.0**n)
        for n, name in enumerate(NAMES)
        for code in ("renewed", "idle", "undated")
    ]
    several += [found(f"Alone {n}", "theo", code="idle", days=n % 3) for n in range(40)]
    solved = [found(f"Solved {n}", solved_at=NOW - timedelta(hours=1)) for n in range(30)]
    own = [found("Of a manager", "maud", returned=True, days=60)]
    told = reports([*several, *solved, *own])
    pages = [render(told[each], TEXTS, "fr", "fr_FR").html for each in ("maud", "director")]
    return pages[0].replace("</body>", "") + re.sub(r".*<body[^>]*>", "", pages[1], flags=re.S)


def browse(page: Path, picture: Path, *, dark: bool) -> str:
    """The page as it stands after it was shown, of which a picture is taken."""
    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    size = f"{sum(WIDTHS) + 40},{HEIGHT + 20}"
    command += [f"--window-size={size}", f"--user-data-dir={page.parent / 'profile'}"]
    command += ["--force-dark-mode"] if dark else []
    command += ["--dump-dom", f"--screenshot={picture}", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def news() -> str:
    """A page with all that the admin is told at once."""
    words = "FIELD_CUSTOM_VALIDATION_EXCEPTION: " + "Demandez d'abord à la direction " * 4
    told = (Evidence(FIELDS, "Backlog_Until__c, Status__c"), Evidence(PASSES, 3))
    again = tuple(
        OpenFinding(
            Finding("update-refused", "Account", f"001{n:015d}", name, None, words, evidence),
            *(NOW, NOW),
        )
        for n, name in enumerate(NAMES * 3)
        for evidence in ((*told, Evidence(REFUSAL, words)),)
    )
    occasions = (
        Failed("hourly", words * 2, 6, NOW - timedelta(hours=5), 4),
        Failed("enrichment", "", 137, None, 1),
        Recovered("full-pass", NOW - timedelta(hours=2)),
        ReserveTouched(1_200, 15_000, 3_000),
        RefusedAgain(again),
    )
    reader = Person("005000000000001AAA", "Ada Exemple", "ada@example.com", language="fr")
    url = "https://acme.my.salesforce.com"
    return render_admin(AdminNews(reader, "reader", NOW, "Europe/Paris", url, occasions)).html


MAILS = {
    "admin": news,
    "exceptions": mail,
    "runs": lambda: render_summary(everything(), shipped_texts()).html,
}


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", MAILS)
def test_the_mail_is_readable_without_scrolling_sideways(
    name: str, tmp_path: Path, dark: bool
) -> None:
    written = html.escape(MAILS[name]())
    frames = "".join(
        f'<iframe width="{width}" height="{HEIGHT}" style="border:0" srcdoc="{written}"></iframe>'
        for width in WIDTHS
    )
    page = tmp_path / "mail.html"
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8><script>{MEASURE}</script>{frames}")
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture = PICTURES / f"{name}-{'dark' if dark else 'light'}.png"
    picture.unlink(missing_ok=True)
    dom = browse(page, picture, dark=dark)
    (code,) = re.findall(r'<pre id="measured">([^<]+)</pre>', dom)
    measured: list[dict[str, Any]] = json.loads(base64.b64decode(code))
    assert [frame["width"] for frame in measured] == list(WIDTHS)
    for frame in measured:
        assert frame["needs"] <= frame["width"]
        assert frame["texts"] > 50
        assert frame["least"][0] >= CONTRAST, frame["least"]
        assert (frame["card"] == "rgb(255, 255, 255)") is not dark
    assert picture.stat().st_size > 10_000
