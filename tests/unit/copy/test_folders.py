"""The folder plan: special folders, names that fit, and no two folders in one place."""

import unicodedata
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from migration.copy.folders import DISPLAY_NAMES, plan_folders
from migration.identity import folder_key
from migration.mail import Folder, FolderPlan, SpecialUse

Path = tuple[str, ...]


def folder(*path: str, special: SpecialUse | None = None, key: str = "") -> Folder:
    return Folder(key or folder_key("\0".join(path)), path, "1", 0, special)


def places(*folders: Folder) -> dict[Path, Path]:
    return {plan.folder.path: plan.path for plan in plan_folders(folders)}


def fold(path: Path) -> Path:
    return tuple(unicodedata.normalize("NFC", name).casefold() for name in path)


def test_special_folders_go_to_workmails_by_flag_and_by_name() -> None:
    plans = plan_folders(
        [
            folder("inbox"),
            folder("Verschickt", special=SpecialUse.SENT),
            folder("entwürfe"),
            folder("Papierkorb"),
            folder("JUNK E-MAIL"),
        ]
    )
    assert {plan.folder.path[0]: (plan.path, plan.special) for plan in plans} == {
        "inbox": (("Inbox",), SpecialUse.INBOX),
        "Verschickt": (("Sent Items",), SpecialUse.SENT),
        "entwürfe": (("Drafts",), SpecialUse.DRAFTS),
        "Papierkorb": (("Deleted Items",), SpecialUse.TRASH),
        "JUNK E-MAIL": (("Junk E-mail",), SpecialUse.JUNK),
    }
    assert all(plan.reason for plan in plans if plan.path != plan.folder.path)


def test_a_flag_wins_over_a_name_and_the_named_folder_keeps_its_own() -> None:
    assert places(folder("Sent"), folder("Out", special=SpecialUse.SENT)) == {
        ("Sent",): ("Sent",),
        ("Out",): ("Sent Items",),
    }


def test_of_two_flagged_folders_the_first_by_name_is_special() -> None:
    both = [folder("B", special=SpecialUse.SENT), folder("A", special=SpecialUse.SENT)]
    assert places(*both) == {("A",): ("Sent Items",), ("B",): ("B",)}


def test_a_folder_named_like_an_occupied_special_one_gets_a_number_and_a_reason() -> None:
    plans = plan_folders([folder("Out", special=SpecialUse.SENT), folder("sent items")])
    assert plans[1].path == ("sent items (2)",)
    assert plans[1].reason == "name is taken"
    assert plans[1].special is None


def test_mail_never_goes_into_a_calendar() -> None:
    assert places(folder("Calendar")) == {("Calendar",): ("Calendar (2)",)}


def test_children_follow_their_parent() -> None:
    assert places(folder("INBOX"), folder("INBOX", "Sub"), folder("Sent", "2020")) == {
        ("INBOX",): ("Inbox",),
        ("INBOX", "Sub"): ("Inbox", "Sub"),
        ("Sent", "2020"): ("Sent", "2020"),
    }
    assert places(folder("Sent"), folder("Sent", "2020"))[("Sent", "2020")] == (
        "Sent Items",
        "2020",
    )


def test_names_that_differ_only_in_case_or_composition_are_told_apart() -> None:
    found = places(folder("Été"), folder("E\u0301te\u0301"), folder("ÉTÉ"))
    assert len({fold(path) for path in found.values()}) == 3


def test_children_of_parents_that_differ_in_case_do_not_meet() -> None:
    assert places(folder("a", "x"), folder("A", "X")) == {
        ("A", "X"): ("A", "X"),
        ("a", "x"): ("a (2)", "x"),
    }


def test_a_clean_name_is_preferred_to_one_that_had_to_change() -> None:
    found = places(folder("a\tb"), folder("a_b"))
    assert found == {("a\tb",): ("a_b (2)",), ("a_b",): ("a_b",)}


def test_names_that_cannot_be_kept_are_mapped_with_a_reason() -> None:
    plans = plan_folders([folder(""), folder("x" * 300), folder(" a\x00b "), folder("\ud800")])
    assert all(plan.reason for plan in plans)
    assert {plan.path for plan in plans} == {
        ("(unnamed)",),
        ("x" * 255,),
        ("a_b",),
        ("_",),
    }


def test_what_earlier_passes_have_placed_stays_when_the_flag_moves() -> None:
    old = plan_folders([folder("Sent Messages")])
    placed = {plan.folder.key: plan.path for plan in old}
    both = [folder("Sent Messages"), folder("Sent", special=SpecialUse.SENT)]
    found = {plan.folder.path: plan for plan in plan_folders(both, placed)}
    assert found[("Sent Messages",)].path == ("Sent Items",)
    assert found[("Sent Messages",)].special is SpecialUse.SENT
    assert found[("Sent",)].path == ("Sent",)
    assert found[("Sent",)].special is None


def test_the_place_of_a_folder_that_is_gone_at_the_source_is_not_given_away() -> None:
    old = plan_folders([folder("Projects")])
    placed = {plan.folder.key: plan.path for plan in old}
    assert plan_folders([folder("PROJECTS")], placed)[0].path == ("PROJECTS (2)",)


NAMES = st.one_of(
    st.sampled_from(
        [
            *("INBOX", "Inbox", "Sent", "Sent Items", "Sent Items (2)", "Drafts", "Trash", "Spam"),
            *("a", "A", "a (2)", "a\n", "a_", "", " ", "Calendar", "x" * 256, "x" * 255),
            *("é", "e\u0301", "ß", "SS", "\ud800", "\U0001f600" * 200, "Archive"),
        ]
    ),
    st.text(max_size=4),
)
FOLDERS = st.lists(
    st.tuples(
        st.lists(NAMES, max_size=3).map(tuple),
        st.one_of(st.none(), st.sampled_from(SpecialUse)),
    ),
    max_size=12,
).map(
    lambda rows: [
        folder(*path, special=special, key=f"{number:03}")
        for number, (path, special) in enumerate(rows)
    ]
)


def check_is_sound(folders: list[Folder], plans: list[FolderPlan]) -> None:
    assert sorted(plan.folder.key for plan in plans) == sorted(each.key for each in folders)
    assert len({fold(plan.path) for plan in plans}) == len(plans)
    uses = [plan.special for plan in plans if plan.special]
    assert len(set(uses)) == len(uses)
    for plan in plans:
        assert plan.reason or plan.path == plan.folder.path
        special = {use for use, name in DISPLAY_NAMES.items() if fold((name,)) == fold(plan.path)}
        assert special == ({plan.special} if plan.special else set())
        for name in plan.path:
            assert name == name.strip()
            assert 0 < len(name.encode("utf-16-le")) // 2 <= 255
            assert not any(unicodedata.category(each) in ("Cc", "Cs") for each in name)


@settings(max_examples=300)
@given(FOLDERS, st.randoms(use_true_random=False))
def test_any_folders_get_one_place_each_whatever_their_order(
    folders: list[Folder], random: Random
) -> None:
    plans = plan_folders(folders)
    check_is_sound(folders, plans)
    shuffled = list(folders)
    random.shuffle(shuffled)
    assert plan_folders(shuffled) == plans


@settings(max_examples=200)
@given(FOLDERS, st.integers(0, 12))
def test_later_folders_never_move_earlier_ones(folders: list[Folder], known: int) -> None:
    before = plan_folders(folders[:known])
    placed = {plan.folder.key: plan.path for plan in before}
    after = plan_folders(folders, placed)
    check_is_sound(folders, after)
    assert {plan.folder.key: plan.path for plan in after if plan.folder.key in placed} == placed
