"""Are the files of `config/deploy` well formed and tight, and are their commands understood?"""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from loop_org import config_texts

from sfsync import __version__
from sfsync.cli import commands
from sfsync.rules.load import load_policy
from sfsync.settings import PREFIX, SALESFORCE_PREFIX, SalesforceSettings, Settings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "config" / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
SERVICES = sorted((DEPLOY / "systemd").glob("*.service"))
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
SETTINGS = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {
    f"{SALESFORCE_PREFIX}{name.upper()}" for name in SalesforceSettings.model_fields
}
UNIT_KEYS = {
    "Unit": {"Description", "Wants", "After"},
    "Install": {"WantedBy"},
    "Timer": {"OnCalendar", "AccuracySec"},
    "Service": {
        *("Type", "User", "Group", "WorkingDirectory", "Environment", "LoadCredential", "UMask"),
        *("ExecStart", "ExecReload", "KillMode", "TimeoutStartSec", "TimeoutStopSec"),
        *("StateDirectory", "StateDirectoryMode", "SuccessExitStatus"),
        *("Restart", "RestartSec", "RestartPreventExitStatus", "NoNewPrivileges"),
        *("CapabilityBoundingSet", "AmbientCapabilities", "ProtectSystem", "ProtectHome"),
        *("ProtectProc", "ProtectClock", "ProtectHostname", "ProtectControlGroups"),
        *("ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "PrivateTmp"),
        *("PrivateDevices", "LockPersonality", "RestrictAddressFamilies", "RestrictNamespaces"),
        *("RestrictRealtime", "RestrictSUIDSGID", "RemoveIPC", "SystemCallArchitectures"),
        *("SystemCallFilter", "SystemCallErrorNumber"),
    },
}
INSTRUCTIONS = {
    *("FROM", "COPY", "RUN", "ENV", "WORKDIR", "USER", "VOLUME", "STOPSIGNAL", "HEALTHCHECK"),
    *("ENTRYPOINT", "CMD"),
}


def text_of(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def documents(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def dockerfile() -> list[tuple[str, str]]:
    """The instructions, each with its arguments, in order."""
    lines = re.sub(r"^\s*#.*\n", "", text_of("Dockerfile"), flags=re.M).replace("\\\n", " ")
    found = [line.partition(" ") for line in lines.splitlines() if line.strip()]
    return [(name, " ".join(rest.split())) for name, _, rest in found]


def unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """The sections of a unit, with all values of each key."""
    sections: dict[str, dict[str, list[str]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
            continue
        key, equals, value = line.partition("=")
        assert equals, f"{path.name}: {line}"
        section.setdefault(key, []).append(value)
    return sections


def kinds(path: Path) -> Mapping[str, Any]:
    return {each["kind"]: each for each in documents(path)}


def pod_of(path: Path) -> Any:
    by_kind = kinds(path)
    if "CronJob" in by_kind:
        return by_kind["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return by_kind["Deployment"]["spec"]["template"]["spec"]


def typed() -> Iterator[tuple[str, list[str]]]:
    """Each command line of sfsync in the examples, with the file it stands in."""
    said = {name: rest for name, rest in dockerfile() if name in ("CMD", "ENTRYPOINT")}
    assert said["ENTRYPOINT"] == '["sfsync"]', "what Kubernetes and compose give are its arguments"
    yield "Dockerfile", yaml.safe_load(said["CMD"])
    (check,) = [rest for name, rest in dockerfile() if name == "HEALTHCHECK"]
    yield "Dockerfile (health)", yaml.safe_load(check.partition("CMD ")[2])[1:]
    yield "compose.yaml", yaml.safe_load(text_of("compose.yaml"))["services"]["sfsync"]["command"]
    for path in KUBERNETES:
        for container in pod_of(path)["containers"]:
            yield path.name, container["args"]
    for path in SERVICES:
        (line,) = unit(path)["Service"]["ExecStart"]
        program, *words = shlex.split(line)
        assert program == "/opt/sfsync/bin/sfsync"
        yield path.name, words
    for line in re.findall(r"\.venv/bin/sfsync (.+)", text_of("github/sfsync.yaml")):
        yield "github/sfsync.yaml", shlex.split(line)


def _is_said(group: click.Group, words: list[str]) -> bool:
    """Tell whether a group is meant itself, and none of its commands."""
    return group.invoke_without_command and (not words or words[0].startswith("-"))


@pytest.mark.parametrize(("name", "words"), list(typed()))
def test_each_command_is_one_with_its_options(name: str, words: list[str]) -> None:
    command: click.Command = commands
    context = click.Context(commands, info_name="sfsync")
    while isinstance(command, click.Group) and not _is_said(command, words):
        word, *words = words
        inner = command.get_command(context, word)
        assert inner is not None, f"{name}: sfsync has no command {word}"
        command, context = inner, click.Context(inner, info_name=word, parent=context)
    # Options are parsed and checked as they are when it is called; nothing is carried out.
    command.make_context(context.info_name, list(words))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_examples_name_only_settings_that_there_are(path: Path) -> None:
    said = set(re.findall(r"\b(?:SFSYNC|SALESFORCE)_[A-Z_]+\b", path.read_text(encoding="utf-8")))
    assert said - SETTINGS == set()


def test_the_container_runs_pinned_as_nobody_with_its_state_on_a_volume() -> None:
    steps = dockerfile()
    assert {name for name, _ in steps} <= INSTRUCTIONS
    bases = [rest.split()[0] for name, rest in steps if name == "FROM"]
    assert bases
    for base in bases:
        assert re.fullmatch(r"python:3\.\d+-slim-\w+", base), f"{base}: a name, a tag, no host"
    installed = [rest for name, rest in steps if name == "RUN" and "pip install" in rest]
    assert len(installed) == 2
    for line in installed:
        assert "--require-hashes" in line or "--no-deps --no-index" in line
    last = dict(steps)
    assert last["USER"] == "10001:10001"
    assert last["STOPSIGNAL"] == "SIGTERM"
    environment = dict(each.split("=", 1) for each in shlex.split(last["ENV"]))
    assert last["VOLUME"] == environment["SFSYNC_STATE_DIR"]
    assert f"--mode 0700 {last['VOLUME']}" in " ".join(rest for _, rest in steps)
    for name, rest in steps:
        if name == "COPY" and "--from" not in rest:
            *sources, _ = [word for word in rest.split() if not word.startswith("--")]
            assert all(each.startswith("dist/") or (ROOT / each).exists() for each in sources)


def test_nothing_gets_into_the_image_that_is_not_asked_for() -> None:
    lines = [each for each in text_of("Dockerfile.dockerignore").splitlines() if each[:1] != "#"]
    assert lines[0] == "*"
    assert {line for line in lines if line.startswith("!")} == {"!config", "!dist/*.whl"}


def test_the_composed_container_writes_to_its_volume_alone() -> None:
    service = yaml.safe_load(text_of("compose.yaml"))["services"]["sfsync"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == [f"state:{service['environment']['SFSYNC_STATE_DIR']}"]
    assert (DEPLOY / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]).is_file()
    given = {f"/run/secrets/{name}" for name in service["secrets"]}
    files = {value for name, value in service["environment"].items() if name.endswith("_FILE")}
    assert files == given


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_unit_shuts_the_service_in(path: Path) -> None:
    service = {key: values[-1] for key, values in unit(path)["Service"].items()}
    assert service["User"] == "sfsync"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert (service["StateDirectory"], service["StateDirectoryMode"]) == ("sfsync", "0700")
    assert (service["UMask"], service["TimeoutStopSec"]) == ("0077", "15")
    environment = dict(each.split("=", 1) for each in unit(path)["Service"]["Environment"])
    assert environment["SFSYNC_STATE_DIR"] == "/var/lib/sfsync"
    credentials = [each.partition(":")[0] for each in unit(path)["Service"]["LoadCredential"]]
    files = {value for name, value in environment.items() if name.endswith("_FILE")}
    assert files == {f"%d/{name}" for name in credentials}
    assert not {name for name in environment if re.search("PASSWORD$|SECRET$|KEY$|TOKEN$", name)}


def test_a_service_reloads_on_sighup() -> None:
    service = unit(DEPLOY / "systemd" / "sfsync.service")["Service"]
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]


def test_the_units_have_no_key_that_is_none() -> None:
    for path in (DEPLOY / "systemd").iterdir():
        for section, keys in unit(path).items():
            assert set(keys) <= UNIT_KEYS[section], path.name
        # Written once each, so that the last one does not win unseen.
        several = {"Environment", "LoadCredential", "SystemCallFilter"}
        given = {key for keys in unit(path).values() for key, said in keys.items() if said[1:]}
        assert given <= several, path.name


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for path in (DEPLOY / "systemd").iterdir():
        text = path.read_text(encoding="utf-8").replace("/opt/sfsync/bin/sfsync", sys.executable)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    units = [str(path) for path in sorted(tmp_path.iterdir())]
    done = subprocess.run(
        ["systemd-analyze", "verify", *units],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    # What it says of units of the machine's own is not ours.
    said = [line for line in (done.stderr + done.stdout).splitlines() if "sfsync" in line]
    assert said == []
    assert done.returncode == 0


@pytest.mark.parametrize("path", KUBERNETES, ids=lambda path: path.name)
def test_a_pod_is_shut_in_and_gets_its_secrets_as_files(path: Path) -> None:
    pod = pod_of(path)
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["image"] == f"sfsync:{__version__}"
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert set(mounts) == {each["name"] for each in pod["volumes"]}
    environment = {each["name"]: each["value"] for each in container["env"]}
    assert environment["SFSYNC_STATE_DIR"].startswith(f"{mounts['state']}/")
    files = [value for name, value in environment.items() if name.endswith("_FILE")]
    assert files
    assert all(value.startswith(f"{mounts['secrets']}/") for value in files)
    assert "secretKeyRef" not in path.read_text(encoding="utf-8")


def test_two_schedulers_run_only_with_a_journal_that_both_reach() -> None:
    one = kinds(DEPLOY / "kubernetes" / "deployment.yaml")["Deployment"]["spec"]
    assert (one["replicas"], one["strategy"]) == (1, {"type": "Recreate"})
    path = DEPLOY / "kubernetes" / "deployment-postgresql.yaml"
    two = kinds(path)["Deployment"]["spec"]
    # Two versions at once would not both know the journal's layout.
    assert (two["replicas"], two["strategy"]) == (2, {"type": "Recreate"})
    (container,) = pod_of(path)["containers"]
    assert "SFSYNC_JOURNAL_URL_FILE" in {each["name"] for each in container["env"]}
    assert "PersistentVolumeClaim" not in kinds(path), "a volume is one pod's alone"


@pytest.mark.parametrize("name", ["deployment.yaml", "deployment-postgresql.yaml"])
def test_a_scheduler_is_asked_for_its_health_where_it_tells_it(name: str) -> None:
    (container,) = pod_of(DEPLOY / "kubernetes" / name)["containers"]
    port = container["args"][container["args"].index("--health-port") + 1]
    ready, alive = (
        container[f"{kind}Probe"]["exec"]["command"] for kind in ("readiness", "liveness")
    )
    assert f"http://127.0.0.1:{port}/healthz" in ready[-1]
    assert f"('127.0.0.1', {port})" in alive[-1]
    for program, option, code in (ready, alive):
        assert (program, option) == ("python", "-c")
        compile(code, name, "exec")
    assert "/healthz" not in alive[-1], "what is not well is not mended by a new start"


def test_the_cron_job_is_never_two() -> None:
    path = DEPLOY / "kubernetes" / "cronjob.yaml"
    job = kinds(path)["CronJob"]["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    assert pod_of(path)["restartPolicy"] == "Never"


def test_nothing_ends_a_job_before_the_schedule_does() -> None:
    longest = max(job.limit for job in load_policy(config_texts()).schedule.jobs)
    job = kinds(DEPLOY / "kubernetes" / "cronjob.yaml")["CronJob"]["spec"]["jobTemplate"]["spec"]
    (timeout,) = unit(DEPLOY / "systemd" / "sfsync-due.service")["Service"]["TimeoutStartSec"]
    (flow,) = documents(DEPLOY / "github" / "sfsync.yaml")
    given = (
        timedelta(seconds=job["activeDeadlineSeconds"]),
        timedelta(hours=int(timeout.removesuffix("h"))),
        timedelta(minutes=flow["jobs"]["due"]["timeout-minutes"]),
    )
    assert min(given) > longest


def test_a_claim_is_there_for_each_pod_that_names_one() -> None:
    for path in KUBERNETES:
        named = {
            each["persistentVolumeClaim"]["claimName"]
            for each in pod_of(path)["volumes"]
            if "persistentVolumeClaim" in each
        }
        made = [each for each in documents(path) if each["kind"] == "PersistentVolumeClaim"]
        assert named == {each["metadata"]["name"] for each in made}


def test_the_workflow_may_do_nothing_and_runs_once_at_a_time() -> None:
    (flow,) = documents(DEPLOY / "github" / "sfsync.yaml")
    assert flow["permissions"] == {"contents": "read"}
    assert flow["concurrency"]["cancel-in-progress"] is False
    # YAML 1.1 takes the key `on` for a flag.
    assert flow[True]["schedule"]
    steps = flow["jobs"]["due"]["steps"]
    for used in [step["uses"] for step in steps if "uses" in step]:
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", used)
    (run,) = [step for step in steps if "env" in step]
    secret = {name for name in run["env"] if re.search(r"PASSWORD$|KEY$|JOURNAL_URL$", name)}
    for name in secret:
        assert run["env"][name] == f"${{{{ secrets.{name} }}}}"
    assert "--quiet" in run["run"]


def test_no_example_holds_a_secret_or_a_host_of_packages() -> None:
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"BEGIN [A-Z ]*PRIVATE KEY|index-url|docker\.io|ghcr\.io", text), path
