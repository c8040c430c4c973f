"""Which partition a key belongs to: Kafka's own murmur2, the same in both log adapters."""

_MASK = 0xFFFFFFFF
_M = 0x5BD1E995


def murmur2(data: bytes) -> int:
    """Kafka's 32-bit murmur2 of `data`, unsigned.

    Source: org.apache.kafka.common.utils.Utils.murmur2 (seed 0x9747b28c).
    """
    length = len(data)
    h = 0x9747B28C ^ length
    for i in range(0, length & ~3, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = h * _M & _MASK ^ k
    if length & 3:
        h = (h ^ int.from_bytes(data[length & ~3 :], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """The partition, 0 to `partitions` - 1, that Kafka's default partitioner gives `key`."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


class Partitioner:
    """`partition_of` with a bounded memory, since murmur2 in Python costs more than the rest of an append."""

    def __init__(self, partitions: int, remembered: int = 500_000) -> None:
        self.partitions = partitions
        self._remembered = remembered
        self._known: dict[bytes, int] = {}

    def __call__(self, key: bytes) -> int:
        partition = self._known.get(key)
        if partition is None:
            if len(self._known) >= self._remembered:
                self._known.clear()
            partition = self._known[key] = partition_of(key, self.partitions)
        return partition
