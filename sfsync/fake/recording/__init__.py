"""How does an org come out of a folder, and go back into one?"""

from sfsync.fake.recording.load import load_folder

__all__ = ["load_folder"]
