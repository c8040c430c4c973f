"""When appends ship: at once where nothing was shipped just before, else together with what comes until it is time."""

from streams.kafka.shipping_pace import ShippingPace

_AN_HOUR_S = 3600.0


class _Partition:
    """Counts how often it was shipped."""

    def __init__(self) -> None:
        self.shipped = 0

    def ship(self) -> None:
        self.shipped += 1


async def test_the_first_ships_at_once_and_what_follows_ships_together() -> None:
    pace, first, second = ShippingPace(_AN_HOUR_S), _Partition(), _Partition()
    pace.ship([first])
    assert first.shipped == 1
    for _ in range(50):
        pace.ship([first])
        pace.ship([second])
    assert (first.shipped, second.shipped) == (1, 0)
    pace.close()
    assert (first.shipped, second.shipped) == (2, 1)
    pace.close()
    assert (first.shipped, second.shipped) == (2, 1)


async def test_without_a_pace_everything_ships_at_once() -> None:
    pace, partition = ShippingPace(0.0), _Partition()
    for _ in range(3):
        pace.ship([partition])
    assert partition.shipped == 3
