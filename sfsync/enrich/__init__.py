"""What do public sources know of an account?

`provider.py` says what a provider is, `model.py` which values pass. A new provider is a file here
and a line below.
"""
