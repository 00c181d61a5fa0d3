"""How is the package run as `python -m sfsync`?"""

from sfsync.cli import main

main()
