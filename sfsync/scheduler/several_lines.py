"""How is a text of several lines told, so that each of them says whose it is?"""


def each_line(label: str, text: str) -> str:
    """Return a text with the label before each line but the first, which has its own."""
    return text.replace("\n", f"\n{label}")
