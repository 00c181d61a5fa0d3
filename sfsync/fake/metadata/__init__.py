"""How does the org take in metadata: fields, rules, picklist values, permission sets?"""
