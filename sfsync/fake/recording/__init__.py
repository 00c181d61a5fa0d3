"""How does an org come out of a folder, and go back into one?"""
