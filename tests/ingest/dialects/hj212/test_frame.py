import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rejections import Reason
from ingest.dialects.hj212.frame import Defect, Frame, checksum, read_frames
from ingest.dialects.messages import Refused
from tests.ingest.stations import MN, QN, frame, framed, part

ALL = frozenset(Defect)

PUBLISHED = (
    b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;"
    b"CP=&&RtdInterval=30&&1C80\r\n"
)
"""The example of HJ 212-2017 itself."""


def only(payload: bytes, tolerated: frozenset[Defect] = frozenset()) -> Frame | Refused:
    (found,) = read_frames(payload, tolerated)
    return found


def test_the_frame_of_the_standard_is_read() -> None:
    assert only(PUBLISHED) == Frame(PUBLISHED, "20160801085857223", 1062, MN, "RtdInterval=30", None, ())


def test_the_check_value_is_that_of_the_standard() -> None:
    assert checksum(PUBLISHED[6:-6]) == 0x1C80
    assert checksum(b"") == 0xFFFF


def test_frames_follow_one_another_in_a_payload() -> None:
    first, second, third = read_frames(PUBLISHED + frame() + frame(CN="9015", cp=""))
    assert [one.cn for one in (first, second, third) if isinstance(one, Frame)] == [1062, 2011, 9015]


def test_a_part_names_its_place() -> None:
    found = only(part(2, 3, "w01001-Rtd=7"))
    assert isinstance(found, Frame)
    assert found.part == (2, 3)
    alone = only(part(1, 1, "w01001-Rtd=7"))
    assert isinstance(alone, Frame)
    assert alone.part is None


DEFECTIVE = {
    Defect.LENGTH: PUBLISHED.replace(b"##0101", b"##0103"),
    Defect.NO_CRLF: PUBLISHED[:-2],
    Defect.LOWERCASE_CRC: frame("DataTime=20260601120000;w01001-Rtd=7.9,w01001-Flag=N").lower()[-6:],
    Defect.LONG_SEGMENT: frame("DataTime=20260601120000" + ";w01001-Rtd=7" * 100),
    Defect.NO_QN: frame(QN=None),
    Defect.NO_ST: frame(ST=None),
    Defect.NO_MN: frame(MN=None),
    Defect.SPACES: framed(f"QN = {QN}; ST=21;CN=2011;PW=1 ;MN={MN};Flag=4;CP= &&DataTime=20260601120000&&"),
}


def defective(defect: Defect) -> bytes:
    if defect is Defect.LOWERCASE_CRC:
        right = next(f for n in range(100) if (f := frame(f"a={n}"))[-6:-2].lower() != f[-6:-2])
        return right[:-6] + right[-6:].lower()
    return DEFECTIVE[defect]


@pytest.mark.parametrize("defect", DEFECTIVE)
def test_each_defect_is_refused_by_its_name_unless_it_is_tolerated(defect: Defect) -> None:
    payload = defective(defect)
    refused = only(payload)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.UNPARSEABLE
    assert f": {defect.value} (" in refused.detail
    assert only(payload, ALL - {defect}) == refused
    found = only(payload, frozenset({defect}))
    assert isinstance(found, Frame)
    assert found.defects == (defect,)


@pytest.mark.parametrize("more", [2, 4, 6])
def test_a_length_may_count_what_stands_behind_the_segment(more: int) -> None:
    payload = PUBLISHED.replace(b"##0101", b"##%04d" % (101 + more))
    found = only(payload, ALL)
    assert isinstance(found, Frame)
    assert found.cp == "RtdInterval=30"


BAD = {
    "an empty payload": (b"", "empty"),
    "no frame at all": (b"hello", "belong to no frame"),
    "a length of letters": (b"##00a1QN=1", "four digits"),
    "cut off": (PUBLISHED[:60], "cut off"),
    "a length that is simply wrong": (PUBLISHED.replace(b"##0101", b"##0090"), "says 90, but the data segment has 101"),
    "no CP": (framed(f"QN={QN};CN=2011;MN={MN}&&"), "must end in"),
    "not ASCII": (framed(f"QN={QN};CN=2011;MN={MN};CP=&&a=é&&"), "ASCII"),
    "a field that is none": (frame(Colour="7"), "does not belong"),
    "a command of letters": (frame(CN="two"), "CN must be"),
    "a QN that is no time": (frame(QN="now"), "QN must be"),
    "parts announced and not named": (frame(Flag="6"), "PNUM and PNO"),
    "a part beyond the last": (part(3, 2, ""), "PNO 3 of PNUM 2"),
    "too many parts": (part(1, 100, ""), "99 parts"),
    "half of a part": (frame(PNO="1"), "both be there"),
    "a flag of letters": (frame(Flag="x"), "Flag must be"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_frame_is_refused_with_a_word_on_why(name: str) -> None:
    payload, why = BAD[name]
    refused = only(payload, ALL)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.UNPARSEABLE
    assert why in refused.detail


def test_a_changed_byte_is_a_bad_checksum() -> None:
    refused = only(frame().replace(b"7.42", b"7.43"))
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.BAD_CHECKSUM


def test_a_bad_frame_does_not_cost_the_good_ones_beside_it() -> None:
    bad = frame().replace(b"7.42", b"9.99")
    found = read_frames(b"noise" + frame() + bad + b"##0050QN=cut" + frame(CN="9015", cp=""))
    kinds = [one.cn if isinstance(one, Frame) else one.reason.value for one in found]
    assert kinds == ["unparseable", 2011, "bad_checksum", "unparseable", 9015]


@given(st.lists(st.sampled_from([b"##", b"&&", b"0101", b"1C80\r\n", b"CP=", b";", PUBLISHED, frame()]), max_size=30))
def test_any_bytes_give_frames_or_reasons(pieces: list[bytes]) -> None:
    payload = b"".join(pieces)
    found = read_frames(payload)
    assert found
    assert len(found) <= payload.count(b"##") * 2 + 1


@given(st.binary(max_size=200), st.integers(0, 101))
def test_noise_within_a_frame_never_raises(noise: bytes, at: int) -> None:
    assert read_frames(PUBLISHED[:at] + noise + PUBLISHED[at:], ALL)


def test_spaces_without_end_cost_no_more_than_other_bytes() -> None:
    payload = framed(f"QN={QN};CN=2011;MN={MN};CP=&&{' ' * 9_900}&&") * 26
    for _ in range(20):  # each message took eleven seconds
        assert all(isinstance(one, Refused) for one in read_frames(payload))


def test_spaces_are_taken_off_both_sides_of_a_separator() -> None:
    spaced = only(framed(f"QN = {QN} ; ST=21;CN=2011;MN={MN};Flag=4;CP=&& a = 1 , \tb=2 c &&"), ALL)
    assert isinstance(spaced, Frame)
    assert spaced.cp == " a=1,b=2 c "
