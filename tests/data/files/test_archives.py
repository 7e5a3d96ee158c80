"""Archives are read where they lie, and only the files of their own."""

import stat
from zipfile import ZipFile, ZipInfo

import pytest

from unrolled.data.files.archives import open_archive
from unrolled.errors import InputError


def written(path, *names):
    with ZipFile(path, "w") as files:
        for name in names:
            files.writestr(name, "text")
    return path


WINDOWS = ["..\\outside.txt", "C:\\outside.txt", "C:/outside.txt", "\\\\host\\share\\outside.txt"]


def test_what_is_inside_is_read(tmp_path):
    with open_archive(written(tmp_path / "a.zip", "set/a.txt"), "a set") as files:
        assert files.read("set/a.txt") == b"text"
    assert [*tmp_path.iterdir()] == [tmp_path / "a.zip"]


@pytest.mark.parametrize("name", ["../outside.txt", "set/../../outside.txt", "/tmp/outside.txt", *WINDOWS])
def test_an_archive_that_leaves_its_folder_is_refused(tmp_path, name):
    path = written(tmp_path / "a.zip", "set/a.txt", name)
    told = r"a\.zip: expected files inside the folder of the archive, got "
    with pytest.raises(InputError, match=told) as caught, open_archive(path, "a set"):
        pytest.fail("it was opened")
    assert "\n" not in str(caught.value) and "outside.txt" in str(caught.value)


def test_an_archive_with_a_link_is_refused(tmp_path):
    link = ZipInfo("set/b.txt")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16  # 3: Unix, as `zip --symlinks` writes it
    with ZipFile(tmp_path / "a.zip", "w") as files:
        files.writestr(link, "/etc/hostname")
    told = r"a\.zip: expected files inside the folder of the archive, got 'set/b\.txt'"
    with pytest.raises(InputError, match=told), open_archive(tmp_path / "a.zip", "a set"):
        pytest.fail("it was opened")


def test_two_dots_in_a_name_are_a_name(tmp_path):
    with open_archive(written(tmp_path / "a.zip", "set/a..b.txt", "...txt"), "a set") as files:
        assert files.namelist() == ["set/a..b.txt", "...txt"]


@pytest.mark.parametrize(
    ("content", "told"), [(b"no zip", "File is not a zip file"), (None, "No such file")], ids=["no zip", "no file"]
)
def test_what_is_no_archive_is_refused(tmp_path, content, told):
    if content is not None:
        (tmp_path / "a.zip").write_bytes(content)
    message = rf"a\.zip: expected a set, got: .*{told}.*; delete the file"
    with pytest.raises(InputError, match=message), open_archive(tmp_path / "a.zip", "a set"):
        pytest.fail("it was opened")


def test_what_is_missing_or_of_another_encoding_is_refused(tmp_path):
    path = written(tmp_path / "a.zip", "set/a.txt")
    with pytest.raises(InputError, match=r"expected a set, got: .*set/b\.txt"), open_archive(path, "a set") as files:
        files.read("set/b.txt")
    with pytest.raises(InputError, match="expected a set, got: 'ascii' codec"), open_archive(path, "a set") as files:
        (files.read("set/a.txt") + b"\xff").decode("ascii")
