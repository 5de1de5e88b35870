"""Changes of the input and of the job file."""

from __future__ import annotations

from tests.histories.ground import CLASSES, Ground

_QUESTIONS = ("What is right?", "Which one is it?", "What do you see here?")


def change_rows(ground: Ground) -> None:
    """Change a few rows in place."""
    for batch, place in ground.rng.sample(list(ground.rows()), 3):
        row = ground.batches[batch][place]
        row["x"] = round(ground.rng.gauss(0, 1), 4)
        row["guess"] = (
            round(row["x"] * 9, 2) if ground.is_of_numbers else ground.rng.choice(CLASSES)
        )


def remove_rows(ground: Ground) -> None:
    """Remove a few rows; no batch loses all of them."""
    batch = ground.rng.choice(list(ground.batches))
    rows = ground.batches[batch]
    for _ in range(min(5, len(rows) - 20)):
        rows.pop(ground.rng.randrange(len(rows)))


def add_rows(ground: Ground) -> None:
    """Add late rows."""
    for _ in range(4):
        ground.add_row(ground.rng.choice(list(ground.batches)))


def repeat_row(ground: Ground) -> None:
    """Write a row twice."""
    batch, place = ground.rng.choice(list(ground.rows()))
    ground.batches[batch].append(dict(ground.batches[batch][place]))


def contradict_row(ground: Ground) -> None:
    """Write a row twice, with other values the second time."""
    batch, place = ground.rng.choice(list(ground.rows()))
    other = dict(ground.batches[batch][place])
    other["x"] += 1
    other["guess"] = other["guess"] + 1 if ground.is_of_numbers else _another(other["guess"])
    ground.batches[batch].append(other)


def spoil_row(ground: Ground) -> None:
    """Make a row that cannot be scored."""
    batch, place = ground.rng.choice(list(ground.rows()))
    ground.spoil(ground.batches[batch][place])


def lose_key(ground: Ground) -> None:
    """Make a row without a key."""
    batch, place = ground.rng.choice(list(ground.rows()))
    ground.batches[batch][place]["key"] = None


def add_batch(ground: Ground) -> None:
    """Let the next batch arrive."""
    if len(ground.batches) < 5:
        ground.add_batch()


def lose_batch(ground: Ground) -> None:
    """Take a batch's input away; another stays."""
    if len(ground.batches) > 1:
        ground.lose_batch(ground.rng.choice(sorted(ground.batches)))


def bring_back(ground: Ground) -> None:
    """Let the input of a batch be there again."""
    if ground.gone:
        ground.bring_back(ground.rng.choice(sorted(ground.gone)))


def raise_budget(ground: Ground) -> None:
    """Ask about more rows."""
    ground.edit(r"budget = \d+", f"budget = {ground.rng.choice((20, 30, 45, 400))}")


def ask_otherwise(ground: Ground) -> None:
    """Change the words of the question."""
    ground.edit(r'question = ".*"', f'question = "{ground.rng.choice(_QUESTIONS)}"')


def show_otherwise(ground: Ground) -> None:
    """Change what people see."""
    shown = ground.rng.choice(('"x"', '"x", "colour"', '"colour"'))
    ground.edit(r"(?s)show = \[.*?\]", f"show = [{shown}]")


def divide_otherwise(ground: Ground) -> None:
    """Change the cohorts, which are part of predictions."""
    text = ground.job.read_text("utf-8")
    if "[cohorts.size]" in text:
        ground.edit(r"edges = \[.*\]", f"edges = [{ground.rng.choice((0.0, 0.5))}]")
    else:
        ground.job.write_text(f'{text}\n[cohorts.size]\ncolumn = "x"\nedges = [0.1]\n', "utf-8")


def replace_by_itself(ground: Ground) -> None:
    """Let changed batches be scored again by themselves, or only be told of."""
    other = "tell" if ground.replaces_by_itself else "replace"
    ground.set_in("batches", "on_change", f'"{other}"')


def begin_later(ground: Ground) -> None:
    """Let `run` begin with another batch, or with none that is named."""
    first = ground.rng.choice([None, *sorted(ground.batches)])
    ground.set_in("batches", "from", first and f'"{first}"')


def ask_for_class(ground: Ground) -> None:
    """Ask more about a class, about another one or about none."""
    if ground.has_class_scores:
        metric = ground.rng.choice(("precision", "recall", "f1"))
        aim = f'{{metric = "{metric}", class = "{ground.rng.choice(CLASSES)}"}}'
        ground.set_in("sampling", "for", ground.rng.choice((aim, aim, None)))


def _another(label: str) -> str:
    return CLASSES[(CLASSES.index(label) + 1) % len(CLASSES)]


MOVES = (
    change_rows, remove_rows, add_rows, repeat_row, contradict_row, spoil_row, lose_key,
    add_batch, lose_batch, bring_back, raise_budget, ask_otherwise, show_otherwise,
    divide_otherwise, replace_by_itself, begin_later, ask_for_class,
)  # fmt: skip
