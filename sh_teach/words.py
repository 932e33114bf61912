"""Words of messages that depend on how many things there are."""


def plural(count, noun):
    """Return a count with its noun: "1 epoch", "2 epochs"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listing(items):
    """Return a list as it is written in a sentence: "nothing", "1", "1 and 2", "1, 2 and 3"."""
    *most, last = [str(item) for item in items] or ["nothing"]
    return f"{', '.join(most)} and {last}" if most else last
