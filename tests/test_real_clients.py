"""Do clients that others wrote for the real platform work with the served org?

They are installed once, into a cache outside the project; that takes minutes, so it is done only
where it is asked for (`SFSYNC_REAL_CLIENTS=1`).
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sfsync.fake import FakeOrg
from sfsync.fake.serving import make_certificates, serving

CACHE = Path.home() / ".cache" / "sfsync-tests"
ASKED_FOR = "SFSYNC_REAL_CLIENTS"
# Package, version, and the last day of what npm may take of the packages that it needs in turn.
JSFORCE = ("jsforce", "3.10.14", "2026-03-13")
SF = ("@salesforce/cli", "2.135.7", "2026-05-22")
NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")
INSTALL_SECONDS, RUN_SECONDS = 900, 120
NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
ROWS = 2_050
NOBODY = "001000000000zzzAAA"


def installed(package: str, version: str, before: str) -> Path:
    """Return the folder of an installed package; skip the test where it cannot be there."""
    folder = CACHE / f"{package.rpartition('/')[2]}-{version}"
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed: install them to try clients of the platform")
    if not folder.exists():
        if not os.environ.get(ASKED_FOR):
            pytest.skip(f"set {ASKED_FOR}=1 to install {package} into {CACHE} (minutes) and try it")
        install(npm, f"{package}@{version}", before, folder)
    return folder / "node_modules" / package


def install(npm: str, wanted: str, before: str, folder: Path) -> None:
    """Install beside the folder and move it there when it is whole."""
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    unfinished.mkdir(parents=True)
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--before", before]
    done = run([npm, "install", *options, "--prefix", str(unfinished), wanted], INSTALL_SECONDS)
    if done.returncode == 0:
        unfinished.rename(folder)
        return
    shutil.rmtree(unfinished)
    if any(each in done.stderr for each in NO_NETWORK):
        pytest.skip(
            f"npm does not reach its registry, so {wanted} is not there: {done.stderr[:200]}"
        )
    pytest.fail(f"npm could not install {wanted}: {done.stderr}")


def run(command: list[str], seconds: int, **rest: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, check=False, **rest
    )


@dataclass(frozen=True)
class Served:
    """An org that is served over TLS, with what a client of another process needs."""

    org: FakeOrg
    url: str
    token: str
    ids: list[str]
    home: Path
    environment: dict[str, str]

    def node(self, *arguments: object) -> "subprocess.CompletedProcess[str]":
        command = [str(shutil.which("node")), *(str(each) for each in arguments)]
        return run(command, RUN_SECONDS, env=self.environment, cwd=self.home)

    def site(self, number: int) -> object:
        return self.org.record("Account", self.ids[number])["Site"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    # TLS compares certificates with the machine's clock, not with the org's.
    certificates = make_certificates(datetime.now(UTC))  # noqa: TID251
    authority = tmp_path / "authority.pem"
    authority.write_bytes(certificates.authority)
    org = FakeOrg.standard(NOW)
    ids = [org.add("Account", Name=f"Atelier Fictif {number:04d}") for number in range(ROWS)]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "NODE_EXTRA_CA_CERTS": str(authority),
        "SF_ACCESS_TOKEN": org.token(),
        "SF_AUTOUPDATE_DISABLE": "true",
        "SF_DISABLE_LOG_FILE": "true",
        "SF_DISABLE_TELEMETRY": "true",
        "SF_SKIP_NEW_VERSION_CHECK": "true",
        "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
        "SFDX_DISABLE_DNS_CHECK": "true",
    }
    with serving(org, tls=certificates) as url:
        yield Served(org, url, environment["SF_ACCESS_TOKEN"], ids, tmp_path, environment)


# jsforce

PROGRAM = """
const [library, url, token, nobody] = process.argv.slice(2);
const jsforce = require(library);
async function tell() {
  const org = new jsforce.Connection({instanceUrl: url, accessToken: token, version: '62.0'});
  const told = {who: (await org.identity()).username};
  const found = await org.query('SELECT Id, Name FROM Account ORDER BY Name',
                                {autoFetch: true, maxFetch: 10000});
  told.names = found.records.map(row => row.Name);
  const ids = found.records.map(row => row.Id);
  told.written = await org.sobject('Account').update(
    ids.slice(0, 250).map(Id => ({Id, Site: 'Collection'})), {allowRecursive: true});
  told.one = await org.sobject('Account').update({Id: ids[300], Site: 'Alone'});
  org.bulk2.pollInterval = 50;
  told.job = await org.bulk2.loadAndWaitForResults({
    object: 'Account', operation: 'update',
    input: [...ids.slice(400, 402), nobody].map(Id => ({Id, Site: 'Bulk'}))});
  const read = await org.bulk2.query("SELECT Id, Site FROM Account WHERE Site = 'Bulk'");
  told.read = await read.toArray();
  const inner = {method: 'GET', url: `/services/data/v62.0/sobjects/Account/${ids[0]}?fields=Site`};
  const body = {compositeRequest: [{...inner, referenceId: 'firm'}]};
  told.composite = await org.requestPost('/services/data/v62.0/composite', body);
  told.metadata = (await org.metadata.describe('62.0')).metadataObjects.map(each => each.xmlName);
  return told;
}
tell().then(told => console.log(JSON.stringify(told)), error => {
  console.error(error);
  process.exit(1);
});
"""


def test_jsforce_reads_and_writes(served: Served) -> None:
    library = installed(*JSFORCE)
    program = served.home / "program.cjs"
    program.write_text(PROGRAM, encoding="utf-8")
    done = served.node(program, library, served.url, served.token, NOBODY)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["who"] == "service.user@example.com"
    assert told["names"] == [f"Atelier Fictif {number:04d}" for number in range(ROWS)]
    assert [each["success"] for each in told["written"]] == [True] * 250
    assert (served.site(249), served.site(250)) == ("Collection", None)
    assert (told["one"]["success"], served.site(300)) == (True, "Alone")
    job = told["job"]
    assert {row["sf__Id"] for row in job["successfulResults"]} == set(served.ids[400:402])
    assert [row["sf__Id"] for row in job["failedResults"]] == [NOBODY]
    assert job["unprocessedRecords"] == []
    assert {row["Id"] for row in told["read"]} == set(served.ids[400:402])
    assert told["composite"]["compositeResponse"][0]["body"]["Site"] == "Collection"
    assert "PermissionSet" in told["metadata"]


# The sf command line


def sf_of(served: Served) -> Callable[..., Any]:
    program = installed(*SF) / "bin" / "run.js"

    def sf(*arguments: str) -> Any:
        done = served.node(program, *arguments, "--json")
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)["result"]

    return sf


def test_the_sf_command_line_reads_and_writes(served: Served) -> None:
    sf = sf_of(served)
    granted = sf("org", "login", "access-token", "--instance-url", served.url, "--no-prompt")
    assert granted["orgId"] == served.org.state.org_id
    target = ("--target-org", granted["username"])
    shown = sf("org", "display", *target)
    assert (shown["connectedStatus"], shown["id"]) == ("Connected", served.org.state.org_id)
    query = "SELECT Id, Name, Owner.Name FROM Account ORDER BY Name"
    found = sf("data", "query", *target, "--query", query)
    assert [row["Id"] for row in found["records"]] == served.ids
    account = ("--sobject", "Account")
    sf("data", "update", "record", *target, *account, "--record-id", served.ids[7],
       "--values", "Site=Nord Industry=Banking")  # fmt: skip
    assert served.site(7) == "Nord"
    sheet = served.home / "sites.csv"
    sheet.write_text(f"Id,Site\n{served.ids[8]},Sud\n{served.ids[9]},Est\n", encoding="utf-8")
    job = sf("data", "update", "bulk", *target, *account, "--file", str(sheet), "--wait", "2",
             "--line-ending", "LF")  # fmt: skip
    assert (job["processedRecords"], job["failedRecords"]) == (2, 0)
    assert (served.site(8), served.site(9)) == ("Sud", "Est")
