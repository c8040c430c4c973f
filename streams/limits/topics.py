"""The words of both adapters for topics that are missing or were created otherwise."""

from collections.abc import Iterable, Mapping

from domain.topics import TopicSpec


def no_topic(topic: str) -> str:
    return f"there is no topic {topic}: create it with ensure_topics first"


def conflicts(specs: Iterable[TopicSpec], counts: Mapping[str, int]) -> list[str]:
    """A sentence for each topic that exists with another number of partitions than asked for."""
    return [
        f"topic {spec.name} has {counts[spec.name]} partitions, and {spec.partitions} are asked for: "
        "use the number it was created with, or another prefix"
        for spec in specs
        if counts.get(spec.name, spec.partitions) != spec.partitions
    ]
