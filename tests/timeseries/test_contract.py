"""What every store does, whatever it is built on. Runs against DuckDB always, and InfluxDB 2 where it can be had."""

from domain.time.units import DAY_MS, HOUR_MS, MINUTE_MS
from tests.timeseries.building import LAMP, NOON_MS, TOPIC, batch, event, gateway_timed, report, sums, write
from timeseries import Bucket, EventQuery, PartitionProgress, Sample, Store, Sums


async def values(store: Store, quantity: str = "voltage", device_id: str = LAMP) -> list[tuple[int, float]]:
    samples = await store.fetch_samples(device_id, "streetlight", quantity, 0, NOON_MS + 100 * DAY_MS)
    return [(sample.observed_at_ms - NOON_MS, sample.value) for sample in samples]


async def test_it_names_what_it_is(store: Store) -> None:
    assert (await store.check()).startswith(("DuckDB 2", "InfluxDB v2."))


async def test_a_report_is_stored_with_its_own_time_and_what_came_with_it(store: Store) -> None:
    sent = report({"voltage": 229.1, "active_power": 96.2}, message_id="41", quality={"voltage": "suspect"})
    outcome = await write(store, sent)

    assert sums(outcome) == Sums(stored=1)
    assert (outcome.refusals, outcome.conflicts) == ([], {})
    (voltage,) = await store.fetch_samples(LAMP, "streetlight", "voltage", NOON_MS, NOON_MS + 1)
    assert voltage == Sample(NOON_MS, 229.1, "suspect", NOON_MS + 287, "41")
    (power,) = await store.fetch_samples(LAMP, "streetlight", "active_power", NOON_MS, NOON_MS + 1)
    assert power == Sample(NOON_MS, 96.2, None, NOON_MS + 287, "41")


async def test_booleans_and_whole_numbers_are_stored_as_numbers_whatever_came_first(store: Store) -> None:
    outcome = await write(
        store,
        report({"alarm": True, "voltage": 230}),
        report({"alarm": 0.5, "voltage": 230.5}, NOON_MS + 1),
        report({"alarm": False}, NOON_MS + 2),
    )
    assert sums(outcome) == Sums(stored=3)
    assert await values(store, "alarm") == [(0, 1.0), (1, 0.5), (2, 0.0)]
    assert await values(store) == [(0, 230.0), (1, 230.5)]


async def test_every_number_comes_back_as_it_was(store: Store) -> None:
    numbers = [0.1 + 0.2, -0.0, 5e-324, 1.7976931348623157e308, -1e-7, 1e22, float(2**53)]
    await write(store, *(report({"level": number}, NOON_MS + i) for i, number in enumerate(numbers)))
    assert [value for _, value in await values(store, "level")] == numbers


async def test_a_duplicate_changes_nothing(store: Store) -> None:
    sent = report({"voltage": 229.1}, message_id="41")
    first = await write(store, sent)
    again = await write(store, report({"voltage": 229.1}, message_id="again"), sent, progress=first.progress)

    assert sums(again) == Sums(stored=1, duplicate=2)
    assert again.conflicts == {}
    (sample,) = await store.fetch_samples(LAMP, "streetlight", "voltage", 0, NOON_MS + 1)
    assert sample.message_id == "41"


async def test_a_duplicate_within_one_batch_changes_nothing(store: Store) -> None:
    outcome = await write(store, *[report({"voltage": 229.1})] * 3)
    assert sums(outcome) == Sums(stored=1, duplicate=2)
    assert await values(store) == [(0, 229.1)]


async def test_a_late_report_is_stored_at_its_own_time(store: Store) -> None:
    await write(store, report({"voltage": 230.0}))
    outcome = await write(
        store, report({"voltage": 231.0}, NOON_MS - 20 * DAY_MS), report({"voltage": 232.0}, NOON_MS - 1)
    )
    assert sums(outcome) == Sums(stored=2)
    assert await values(store) == [(-20 * DAY_MS, 231.0), (-1, 232.0), (0, 230.0)]


async def test_other_quantities_of_a_known_instant_are_merged(store: Store) -> None:
    first = await write(store, report({"voltage": 229.1}))
    again = await write(store, report({"voltage": 229.1, "current": 0.4}), report({"frequency": 50.0}))

    assert sums(first) == Sums(stored=1)
    assert sums(again) == Sums(stored=2)
    assert again.conflicts == {}
    assert (await values(store), await values(store, "current")) == ([(0, 229.1)], [(0, 0.4)])
    assert await values(store, "frequency") == [(0, 50.0)]


async def test_the_first_value_of_an_instant_wins_and_the_conflict_is_counted(store: Store) -> None:
    first = await write(store, report({"voltage": 229.1}), report({"voltage": 1.0}))
    again = await write(store, report({"voltage": 2.0, "current": 0.4}), report({"voltage": 3.0}, device_id="SL-2"))

    assert (sums(first), first.conflicts) == (Sums(stored=1, duplicate=1), {LAMP: 1})
    assert (sums(again), again.conflicts) == (Sums(stored=2), {LAMP: 1})
    assert await values(store) == [(0, 229.1)]


async def test_a_copy_of_a_report_timed_by_the_gateway_is_known_by_message_and_readings_for_an_hour(
    store: Store,
) -> None:
    sent = {"voltage": 229.1, "alarm": True}
    first = await write(store, gateway_timed(sent, NOON_MS, message_id="7"))
    again = await write(
        store,
        gateway_timed(sent, NOON_MS + 1, message_id="7"),
        gateway_timed(sent, NOON_MS + HOUR_MS, message_id="7"),
        gateway_timed(sent, NOON_MS + 2, message_id="8"),
        gateway_timed({"voltage": 229.2, "alarm": True}, NOON_MS + 3, message_id="7"),
        gateway_timed(sent, NOON_MS + 4, message_id="7", device_id="SL-2"),
    )
    later = await write(store, gateway_timed(sent, NOON_MS + HOUR_MS + 1, message_id="7"))

    assert sums(first) == Sums(stored=1)
    assert sums(again) == Sums(stored=3, duplicate=2)
    assert sums(later) == Sums(stored=1)
    assert [at for at, _ in await values(store)] == [0, 2, 3, HOUR_MS + 1]


async def test_a_report_timed_by_the_gateway_without_a_message_id_is_no_copy_of_an_equal_one(store: Store) -> None:
    outcome = await write(
        store, gateway_timed({"voltage": 229.1}, NOON_MS), gateway_timed({"voltage": 229.1}, NOON_MS + 1)
    )
    assert sums(outcome) == Sums(stored=2)


async def test_a_report_that_no_store_can_take_is_refused_and_the_others_are_stored(store: Store) -> None:
    broken = [
        report({"voltage": float("nan")}),
        report({"voltage": float("inf"), "current": 1.0}),
        report({"voltage": "230"}),
        report({"voltage": None}),
        report({"voltage": 10**400}),
        report({}),
        report({"voltage": 1.0}, 2**62),
        report({"voltage": 1.0}, -1),
        report({"voltage": 1.0}, device_id=""),
        report({"voltage": 1.0}, received_at_ms="soon"),
        report({"voltage": 1.0}, message_id=7),
        report({"voltage": 1.0}, area=["320582"]),
        report({"voltage": 1.0}, quality={"voltage": 3}),
        report({"voltage": 1.0}, quality="bad"),
        report({7: 1.0}),  # type: ignore[dict-item]
        {"tick_at_ms": 1},
    ]
    outcome = await write(store, *broken, report({"voltage": 230.0}))  # type: ignore[arg-type]

    assert sums(outcome) == Sums(stored=1, refused=len(broken))
    assert [refusal.report for refusal in outcome.refusals] == broken
    assert all(refusal.detail for refusal in outcome.refusals)
    assert await values(store) == [(0, 230.0)]


async def test_sums_and_places_are_kept_by_partition(store: Store) -> None:
    so_far = {(TOPIC, 1): PartitionProgress(40, Sums(30, 6, 4)), (TOPIC, 9): PartitionProgress(7, Sums(7))}
    outcome = await store.write_telemetry(
        [
            batch(report({"voltage": 1.0}), report({"voltage": 1.0}), next_offset=42),
            batch(report({"voltage": 2.0}, NOON_MS + 1), report({}), next_offset=44, partition=1),
            batch(next_offset=5, partition=2),
        ],
        so_far,
    )
    assert outcome.progress == {
        (TOPIC, 0): PartitionProgress(42, Sums(1, 1, 0)),
        (TOPIC, 1): PartitionProgress(44, Sums(31, 6, 5)),
        (TOPIC, 2): PartitionProgress(5, Sums()),
    }


async def test_the_same_batches_again_count_as_duplicates_and_leave_the_store_as_it_was(store: Store) -> None:
    reports = [report({"voltage": 200.0 + i, "current": i}, NOON_MS + i * MINUTE_MS) for i in range(50)]
    first = await write(store, *reports)
    before = await values(store)
    again = await write(store, *reports, progress=first.progress)

    assert sums(again) == Sums(stored=50, duplicate=50)
    assert (len(before), await values(store)) == (50, before)


async def test_samples_come_by_time_from_the_first_instant_to_before_the_last(store: Store) -> None:
    await write(store, *(report({"voltage": float(i)}, NOON_MS + i) for i in (3, 1, 2, 0)))
    await write(
        store,
        report({"voltage": 9.0}, NOON_MS + 1, device_id="SL-2"),
        report({"voltage": 9.0}, NOON_MS + 1, kind="cabinet", device_id="C"),
    )

    async def between(from_ms: int, to_ms: int, limit: int = 10) -> list[float]:
        samples = await store.fetch_samples(LAMP, "streetlight", "voltage", NOON_MS + from_ms, NOON_MS + to_ms, limit)
        return [sample.value for sample in samples]

    assert await between(1, 3) == [1.0, 2.0]
    assert await between(0, 10, limit=2) == [0.0, 1.0]
    assert await between(2, 2) == []
    assert await between(3, 2) == []
    assert await store.fetch_samples(LAMP, "cabinet", "voltage", NOON_MS, NOON_MS + 10) == []


async def test_the_newest_sample_of_each_quantity_is_found_whenever_it_was_written(store: Store) -> None:
    await write(
        store,
        report({"voltage": 1.0, "current": 1.0}, message_id="a", quality={"current": "suspect"}),
        report({"voltage": 2.0}, NOON_MS + MINUTE_MS, message_id="b", area="320582/111"),
        report({"voltage": 0.0}, NOON_MS - DAY_MS, message_id="late"),
        report({"voltage": 5.0}, device_id="SL-2"),
    )
    latest = await store.fetch_latest([LAMP, "SL-2", "unknown"])

    assert latest == {
        LAMP: {
            "voltage": Sample(NOON_MS + MINUTE_MS, 2.0, None, NOON_MS + MINUTE_MS + 287, "b"),
            "current": Sample(NOON_MS, 1.0, "suspect", NOON_MS + 287, "a"),
        },
        "SL-2": {"voltage": Sample(NOON_MS, 5.0, None, NOON_MS + 287, None)},
    }
    assert await store.fetch_latest([]) == {}


async def test_buckets_are_aligned_to_the_epoch_and_leave_bad_readings_out(store: Store) -> None:
    await write(
        store,
        report({"voltage": 1.0}, NOON_MS + 1 * MINUTE_MS),
        report({"voltage": 2.0}, NOON_MS + 6 * MINUTE_MS),
        report({"voltage": 6.0}, NOON_MS + 9 * MINUTE_MS, area="320582/111", quality={"voltage": "suspect"}),
        report({"voltage": 999.0}, NOON_MS + 8 * MINUTE_MS, quality={"voltage": "bad"}),
        report({"voltage": 999.0}, NOON_MS + 11 * MINUTE_MS, quality={"voltage": "bad"}),
        report({"voltage": 4.0}, NOON_MS + 25 * MINUTE_MS),
    )

    async def buckets(from_ms: int, to_ms: int) -> list[Bucket]:
        from_ms, to_ms = NOON_MS + from_ms * MINUTE_MS, NOON_MS + to_ms * MINUTE_MS
        return list(await store.fetch_buckets(LAMP, "streetlight", "voltage", from_ms, to_ms, 5 * MINUTE_MS))

    assert await buckets(0, 60) == [
        Bucket(NOON_MS, 1.0, 1.0, 1.0, 1),
        Bucket(NOON_MS + 5 * MINUTE_MS, 4.0, 2.0, 6.0, 2),
        Bucket(NOON_MS + 25 * MINUTE_MS, 4.0, 4.0, 4.0, 1),
    ]
    assert await buckets(7, 25) == [Bucket(NOON_MS + 5 * MINUTE_MS, 6.0, 6.0, 6.0, 1)], "a start inside a bucket"
    assert await buckets(12, 60) == [Bucket(NOON_MS + 25 * MINUTE_MS, 4.0, 4.0, 4.0, 1)], "a range without bad ones"
    assert await buckets(30, 60) == []
    assert await buckets(30, 30) == []


async def test_texts_that_could_break_out_of_their_quotes_stay_what_they_are(store: Store) -> None:
    hostile = [
        r"a\\",
        "a b,c=d",
        'q"uote',
        "new\nline",
        "\r\t\x00",
        "${r}",
        "x' OR '1'='1",
        "路灯 💡",
        "%0A",
        "# x",
        "\\",
    ]
    for number, text in enumerate(hostile):
        sent = report({"voltage": float(number)}, device_id=text, message_id=text, kind=text, area=text)
        await write(store, sent)
        await store.write_events([event(rule=text, subject=text, area=text, problem=text)])
    for number, text in enumerate(hostile):
        expected = Sample(NOON_MS, float(number), None, NOON_MS + 287, text)
        assert await store.fetch_samples(text, text, "voltage", NOON_MS, NOON_MS + 1) == [expected]
        assert await store.fetch_latest([text]) == {text: {"voltage": expected}}
        for query in (EventQuery(rule=text), EventQuery(subject=text), EventQuery(area=text)):
            assert [event.problem for event in (await store.fetch_events(query)).items] == [text]


async def test_a_store_that_was_closed_holds_what_was_written_to_it(store: Store) -> None:
    await write(store, report({"voltage": 229.1}))
    await store.close()
    await store.close()
