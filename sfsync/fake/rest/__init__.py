"""How do the families of the REST API answer?

One file per family, each with its own routes, which `routes` puts into the one table.
"""
