"""Which layouts did the journal have, and what leads from each to the next?"""
