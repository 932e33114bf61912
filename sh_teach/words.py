"""Words of messages that depend on how many things there are."""


def plural(count, noun):
    """Return a count with its noun: "1 epoch", "2 epochs"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listing(items):
    """Return a sentence's list of one item or more: "1", "1 and 2", "1, 2 and 3"."""
    *most, last = map(str, items)
    return f"{', '.join(most)} and {last}" if most else last
