"""How do other programs get at a recorded org? (`sfsync org serve`)"""

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

from sfsync.cli.copies import lock_of_copy, open_recorded
from sfsync.cli.logs import complain
from sfsync.cli.opening import wall_clock
from sfsync.cli.options import Place, place_options
from sfsync.cli.setting import Setting, set_up
from sfsync.errors import ConfigError

if TYPE_CHECKING:
    from sfsync.fake import FakeOrg
    from sfsync.fake.serving import Certificates

_TRUSTED_IN = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(exists=True, path_type=Path),
    help="The folder or zip of a recorded org, instead of --org.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Where to listen; 0 picks a free one.",
)
@click.option(
    "--tls/--no-tls", default=True, show_default=True, help="HTTPS, with an authority of its own."
)
@place_options
def serve(folder: Path | None, port: int, tls: bool, place: Place, quiet: bool) -> None:
    """Serve the demo or a recorded org to other programs on this machine, until it is stopped.

    Prints the environment to use, as a shell reads it. What is written is kept in the copy, as with
    all commands; meanwhile no run can write to it. Ctrl-C or `kill` ends it.
    """
    from sfsync.cli import Stop

    setting = set_up(replace(place, org=str(folder.absolute())) if folder else place)
    with lock_of_copy(setting):
        fake = open_recorded(setting)
        try:
            with _served(fake, setting, port, tls=tls) as environment:
                _show(environment, fake, quiet)
                # Signals reach the main thread; the org is served from others.
                Event().wait()
        except (KeyboardInterrupt, Stop):
            # For a server this is how it is meant to end.
            _say("The org is no longer served.", quiet)


@contextmanager
def _served(fake: "FakeOrg", setting: Setting, port: int, *, tls: bool) -> Iterator[dict[str, str]]:
    """Serve the org; give the environment in which clients find it."""
    from sfsync.fake.serving import HOST, make_certificates, serving

    certificates = make_certificates(wall_clock()) if tls else None
    with ExitStack() as stack:
        try:
            url = stack.enter_context(serving(fake, port=port, tls=certificates))
        except OSError as error:
            problem = f"--port {port}: cannot listen on {HOST} ({error.strerror})"
            raise ConfigError([f"{problem}: name another one, or 0 for any free one"]) from error
        yield _environment(fake, url, _trusted(certificates, setting))


def _trusted(certificates: "Certificates | None", setting: Setting) -> Path | None:
    """Write the authority's certificate beside the copy; None without TLS."""
    if certificates is None:
        return None
    file = (setting.copy / "authority.pem").absolute()
    file.write_bytes(certificates.authority)
    return file


def _environment(fake: "FakeOrg", url: str, trusted: Path | None) -> dict[str, str]:
    found = {"SALESFORCE_INSTANCE_URL": url, "SALESFORCE_ACCESS_TOKEN": fake.token()}
    return found | (dict.fromkeys(_TRUSTED_IN, str(trusted)) if trusted else {})


def _show(environment: dict[str, str], fake: "FakeOrg", quiet: bool) -> None:
    app = {
        "SALESFORCE_LOGIN_URL": fake.url,
        "SALESFORCE_CLIENT_ID": fake.state.client_id,
        "SALESFORCE_CLIENT_SECRET": fake.state.client_secret,
    }
    for name, value in environment.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    click.echo("# Instead of the first two, to sign in as an app does:")
    for name, value in app.items():
        click.echo(f"# export {name}={shlex.quote(value)}")
    _say(f"The org is served at {fake.url}, clock and faults under {fake.url}/__fake__/.", quiet)
    _say("Ctrl-C ends it.", quiet)


def _say(text: str, quiet: bool) -> None:
    if not quiet:
        complain(text)
