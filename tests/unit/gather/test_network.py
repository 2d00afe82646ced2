"""An outage of our own network is told from hosts that are down."""

from hypothesis import given
from hypothesis import strategies as st

from aggregator.gather.network import Network

NONE: frozenset[str] = frozenset()
HOSTS = st.frozensets(st.sampled_from("abcdef"), max_size=4)


def test_hosts_that_fail_together_are_an_outage() -> None:
    network = Network()
    assert network.judge(frozenset("xyz"), NONE, 0) == "book"
    assert network.judge(NONE, frozenset("xy"), 1) == "outage"
    assert network.down
    assert not network.may_try(2)
    assert network.may_try(6)
    assert network.judge(frozenset("z"), NONE, 7) == "book"
    assert not network.down


def test_hosts_that_fail_one_after_the_other_are_one_too() -> None:
    network = Network()
    assert network.judge(NONE, frozenset("x"), 1) == "book"
    assert network.judge(NONE, frozenset("y"), 2) == "outage"


def test_one_host_alone_is_no_outage() -> None:
    network = Network()
    assert {network.judge(NONE, frozenset("x"), n) for n in range(50)} == {"book"}


def test_hosts_that_are_down_for_good_do_not_look_like_an_outage_again() -> None:
    network = Network()
    assert network.judge(NONE, frozenset("xy"), 0) == "outage"
    assert network.judge(frozenset("z"), NONE, 6) == "book"
    assert {network.judge(NONE, frozenset("xy"), n) for n in range(50)} == {"book"}
    network.judge(frozenset("xy"), NONE, 60)
    assert network.judge(NONE, frozenset("xy"), 61) == "outage"


def test_a_long_outage_is_looked_into_ever_more_rarely() -> None:
    network, now, tries = Network(), 0.0, 0
    while now < 24 * 3600:
        if not network.down or network.may_try(now):
            network.judge(NONE, frozenset("xy"), now)
            tries += 1
        now += 5
    assert tries < 24 * 4 + 30


def test_an_outage_on_this_machine_is_looked_into_more_often() -> None:
    """Without a route or a name server nobody is asked: the end is noticed within half a minute."""
    network, now, last = Network(), 0.0, 0.0
    while now < 24 * 3600:
        if not network.down or network.may_try(now):
            assert now - last <= (5 if now < 300 else 30)
            network.judge(NONE, frozenset("xy"), now, at_once=True)
            last = now
        now += 5


def test_a_host_that_did_not_fail_is_tried_first() -> None:
    network = Network()
    network.judge(NONE, frozenset("xy"), 0)
    assert network.best(["x", "z", "y"]) == 1
    assert network.best(["x", "y"]) == 0


@given(st.lists(st.tuples(HOSTS, HOSTS), max_size=30))
def test_a_host_that_answers_ends_every_outage(
    runs: list[tuple[frozenset[str], frozenset[str]]],
) -> None:
    network = Network()
    for now, (reached, failed) in enumerate(runs):
        verdict = network.judge(reached, failed - reached, now)
        assert network.down == (verdict == "outage")
        if reached:
            assert verdict == "book"
