"""How many examples are tried? `--hypothesis-profile=long` for a night, else a few."""

import signal

from hypothesis import settings

# Nothing here is slow by mistake: what takes long is an org that is read and written for real.
settings.register_profile("small", deadline=None, max_examples=100)
settings.register_profile("long", deadline=None, max_examples=3000)
settings.load_profile("small")

# A shell that runs the tests in the background lets them, and all that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
