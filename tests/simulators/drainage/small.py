"""Drains small enough to work out by hand."""

from simulators.drainage import Drain, DrainNet, Manhole, Outfall, Pipe
from simulators.drainage.model import Catchment
from simulators.ground.streets import Spot


def straight_drain(
    inflow_l_s: float, *, pipes: int = 1, length_m: float = 100.0, diameter_mm: int = 500, slope: float = 0.002
) -> Catchment:
    """Pipes in a row, all that flows in at the upper end; manholes three metres deep, each below a pond of 1,000 m2."""
    inverts_m = [20.0 - number * slope * length_m for number in range(pipes + 1)]
    ids = [f"Y{number:05d}" for number in range(1, pipes + 1)] + ["YF0001"]
    manholes, laid = [], []
    for number in range(pipes):
        own_l_s = inflow_l_s if number == 0 else 0.0
        bed_m, spot = inverts_m[number], Spot(number * length_m, 0.0, 0, number)
        manholes.append(
            Manhole(ids[number], Drain.STORM, 0, spot, bed_m + 3, bed_m, 1.0, 1000.0, True, own_l_s, 3.6 * inflow_l_s)
        )
        laid.append(
            Pipe(f"{ids[number]}-", ids[number], ids[number + 1], length_m, diameter_mm, bed_m, inverts_m[number + 1])
        )
    outfall = Outfall("YF0001", Drain.STORM, 0, inverts_m[-1])
    return Catchment(DrainNet(tuple(manholes), tuple(laid), (outfall,)), 0)
