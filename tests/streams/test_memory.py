"""What a worker knows of cdr.rated when others write there too."""

from kernels.seen import Seen
from streams.memory import Memory


def test_only_what_follows_without_a_gap_is_known() -> None:
    memory = Memory(Seen(1_024, 0), 5, 5)
    memory.wrote([5, 6])
    assert (memory.known_to, memory.next_rated, memory.complete) == (7, 7, True)
    memory.wrote([])
    memory.wrote([7, 9])  # somebody's row stands at 8
    assert (memory.known_to, memory.next_rated, memory.complete) == (8, 10, False)
    memory.wrote([10])
    assert (memory.known_to, memory.next_rated) == (8, 11)
    memory.know(11)
    assert memory.complete
    memory.know(3)
    assert (memory.known_to, memory.next_rated) == (11, 11)
