"""How many examples does hypothesis try? `--hypothesis-profile=long` for a night, else a few."""

from hypothesis import settings

# Nothing here is slow by mistake: what takes long is an org that is read and written for real.
settings.register_profile("small", deadline=None, max_examples=100)
settings.register_profile("long", deadline=None, max_examples=3000)
settings.load_profile("small")
