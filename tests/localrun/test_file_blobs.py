"""Files in a folder: what keys may be, and that a file is there whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localrun.file_blobs import FolderBlobs


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/.", "a/", "a\0b", ".unfinished/1"],
)
def test_no_key_leaves_the_folder(key: str, tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "files")
    for act in (lambda: blobs.put(key, b"x"), lambda: blobs.get(key), lambda: blobs.exists(key)):
        with pytest.raises(ValueError, match="no key of a file"):
            act()
    assert list(tmp_path.iterdir()) == []


def test_a_listing_does_not_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    blobs = FolderBlobs(tmp_path / "files")
    with pytest.raises(ValueError, match="no key of a file"):
        list(blobs.list("../"))


def test_what_is_not_finished_is_not_there(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    blobs.put("a/1", b"x")
    (tmp_path / ".unfinished" / "99-9").write_bytes(b"half of a fi")  # its process has died
    assert list(blobs.list("")) == ["a/1"]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["1"]


def test_the_same_content_is_the_same_version(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    assert blobs.put("a", b"x") == blobs.put("a", b"x") != blobs.put("a", b"y")


def test_threads_and_stores_do_not_meet_in_one_draft(tmp_path: Path) -> None:
    stores = [FolderBlobs(tmp_path), FolderBlobs(tmp_path)]

    def write(number: int) -> None:
        stores[number % 2].put(f"a/{number % 7}/{number}", b"%d" % number * 5000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(100)))
    assert len(list(stores[0].list("a/"))) == 100
    assert all(
        stores[0].get(f"a/{number % 7}/{number}") == b"%d" % number * 5000 for number in range(100)
    )
    assert list((tmp_path / ".unfinished").iterdir()) == []
