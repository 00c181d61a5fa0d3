"""How is SOQL parsed and answered?"""
