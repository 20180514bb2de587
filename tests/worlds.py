"""Worlds for the property tests: how hypothesis makes them up."""

from hypothesis import strategies as st

from .oracle import Debtor, Item, Stage, Strategy, World

STAGES_OF_STRATEGY = {"A": 5, "B": 3}
ITEMS_OF_DEBTOR = (6, 4)

CENTS = st.integers(1, 20)
AMOUNTS = st.integers(500, 30_000)
DAYS_AGO = st.integers(0, 8)


def mostly(value, *others, times=6):
    """Draw the value ``times`` as often as each of the others."""
    return st.sampled_from(range(times + len(others))).flatmap(
        lambda drawn: st.just(value) if drawn < times else others[drawn - times]
    )


def _stages():
    owners = [name for name, count in STAGES_OF_STRATEGY.items() for _i in range(count)]
    return st.tuples(
        *(
            st.builds(
                Stage,
                id=st.just(number),
                strategy=st.just(name),
                days=st.integers(-5, 12),
                sequence=st.integers(1, 3),
                minimum_days=st.integers(0, 5),
                is_active=mostly(True, st.just(False)),
                fallback=st.sampled_from(("task", None)),
                condition=mostly(
                    "always", st.just("opened"), st.just("not_opened"), times=3
                ),
                task_delay=mostly(0, st.just(2), st.just(4), times=2),
            )
            for number, name in enumerate(owners)
        )
    )


STRATEGIES = st.builds(
    Strategy,
    tolerance=mostly(0, st.just(10), st.just(500), times=3),
    minimum=mostly(0, st.just(1_000), st.just(40_000), times=8),
    gap=st.integers(0, 4),
    grouping=st.sampled_from(("customer", "branch", "invoice")),
    keeps_credits_apart=st.booleans(),
)


@st.composite
def _items(draw, stages, number, debtor, mood):
    """An item that stands in a dunning stage or none, and passed it or a later one."""
    amount = draw(st.one_of(AMOUNTS, AMOUNTS, CENTS, st.just(0)))
    ladder = sorted(stages, key=lambda stage: stage.key)
    stage = draw(st.none() | st.sampled_from(ladder))
    stage = stage if stage and stage.days >= 0 else None
    later = [other for other in ladder if not stage or other.key > stage.key]
    passed = draw(mostly(stage, st.sampled_from(later))) if later else stage
    if mood == "done":
        stage = passed = ladder[-1] if ladder[-1].days >= 0 else None
    promised = draw(mostly(0, st.integers(0, amount)))
    promised = amount if mood == "promised" else promised
    disputed = draw(mostly(0, st.integers(0, amount - promised)))
    disputed = amount if mood == "disputed" and not promised else disputed
    left = amount - promised - disputed
    held = draw(mostly(0, st.just(left), st.integers(0, left)))
    return Item(
        id=number,
        debtor=debtor,
        amount=amount,
        late=draw(st.integers(-7, 15)),
        is_excluded=draw(mostly(False, st.just(True))),
        is_in_branch=draw(st.booleans()),
        own_strategy=draw(mostly(None, st.just("A"), st.just("B"), times=6)),
        stage=stage and stage.id,
        passed=passed and passed.id,
        age=draw(DAYS_AGO) if stage else None,
        promised=promised,
        disputed=disputed,
        held=left if mood == "held" else held,
        has_task_done=draw(st.booleans()),
        has_opened=draw(mostly(None, st.booleans(), times=2)),
    )


# What all items of a debtor have in common, and what else is the matter with a debtor.
MOODS = ("promised", "disputed", "held", "done")
OBSTACLES = (
    {"hold": 0},
    {"hold": 3},
    {"hold": -1},
    {"has_replied": True},
    {"pending": "planned"},
    {"pending": "review"},
    {"credit": 1_000_000},
)


@st.composite
def _debtors(draw, number):
    values = {
        "credit": draw(mostly(0, CENTS, AMOUNTS, AMOUNTS, times=3)),
        "has_email": draw(mostly(True, st.just(False), times=4)),
        "contacted": draw(mostly(None, DAYS_AGO, times=1)),
        "failed": draw(mostly(None, DAYS_AGO, times=4)),
        "hold": None,
        "has_replied": False,
        "has_opened": draw(st.sampled_from((None, True, False))),
        "has_opened_of": {
            is_branch: draw(mostly(None, st.booleans(), times=2))
            for is_branch in (False, True)
        },
        "pending": None,
        "has_been_called": draw(st.booleans()),
        "has_been_thanked": draw(st.booleans()),
    }
    obstacle = draw(mostly({}, st.sampled_from(OBSTACLES), times=2))
    return Debtor(id=number, **{**values, **obstacle})


@st.composite
def worlds(draw):
    stages = draw(_stages())
    owners = [
        number for number, count in enumerate(ITEMS_OF_DEBTOR) for _i in range(count)
    ]
    moods = [
        draw(mostly(None, st.sampled_from(MOODS), times=5)) for _d in ITEMS_OF_DEBTOR
    ]
    return World(
        stages=stages,
        strategies={name: draw(STRATEGIES) for name in STAGES_OF_STRATEGY},
        default=draw(mostly("A", st.none(), times=8)),
        debtors=tuple(draw(_debtors(n)) for n in range(len(ITEMS_OF_DEBTOR))),
        items=tuple(
            draw(_items(stages, number, owner, moods[owner]))
            for number, owner in enumerate(owners)
        ),
    )
