"""In which one form is a value written: a name, a number, an address, a word of a list?"""
