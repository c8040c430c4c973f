"""Every kind of fault has its label, and no label is of a kind that does not exist."""

from simulators.faults.catalogue import FAULTS
from simulators.truth.kinds.catalogue import LABELS


def test_every_kind_of_fault_has_exactly_one_label() -> None:
    assert LABELS.keys() == FAULTS.keys()
