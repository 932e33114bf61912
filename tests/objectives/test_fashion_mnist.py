"""The images: which set, where from, read once, complete, and never a surprise download."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import get_data
import numpy as np
import platformdirs
import pytest
import torch
from draw_sample import draw
from get_data import DEBIAN_FOLDER, fetch
from torchvision.datasets import FashionMNIST

from sh_teach.objectives import fashion_mnist
from sh_teach.objectives.fashion_mnist import (
    FOLDER_VARIABLE,
    SAMPLE_FILE,
    ImageData,
    data_folder,
    find_full_data,
    load_fashion_mnist,
    raw_files,
)

ROOT = Path(__file__).resolve().parents[2]
RAW_NAMES = [path.name for path in raw_files("")]
DEBIAN_HAS_THEM = all((DEBIAN_FOLDER / f"{name}.gz").is_file() for name in RAW_NAMES)
needs_debian = pytest.mark.skipif(
    not DEBIAN_HAS_THEM, reason="Debian's package dataset-fashion-mnist is not installed"
)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Keep the user's own data set, and what other tests loaded, out of every test."""
    folder = tmp_path / "data"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    yield folder
    fashion_mnist._load.cache_clear()
    fashion_mnist._print_once.cache_clear()


@pytest.fixture(scope="module")
def full_folder(tmp_path_factory):
    """Return a folder with the full data set, which no test may change, or skip the test."""
    if DEBIAN_HAS_THEM:
        return fetch(tmp_path_factory.mktemp("full data"))
    return find_full_data() or pytest.skip("the full data set is not on this machine")


@pytest.fixture
def full_set(full_folder, monkeypatch):
    """Let the full data set be found, in a folder that no test may change."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(full_folder))


@pytest.fixture
def full_copy(full_folder, empty_folder):
    """Return the folder in which the full data set is found, for one test to damage."""
    shutil.copytree(raw_folder(full_folder), raw_folder(empty_folder))
    return empty_folder


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(urllib.request, "urlopen", refuse)


def raw_folder(folder):
    return raw_files(folder)[0].parent


def write_raw_files(folder, content=b"these are no images"):
    raw_folder(folder).mkdir(parents=True)
    for path in raw_files(folder):
        path.write_bytes(content)


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path):
    os.truncate(path, path.stat().st_size - 1)


# --- the images ----------------------------------------------------------------------------


@pytest.mark.parametrize(("part", "each"), [("train", 1000), ("validation", 250)])
def test_the_sample_has_as_many_images_of_each_class(part, each):
    labels = getattr(load_fashion_mnist("sample"), f"{part}_labels")
    assert torch.bincount(labels).tolist() == [each] * 10


def test_the_bundled_sample_is_at_most_6_megabytes():
    assert SAMPLE_FILE.stat().st_size <= 6_000_000


SIZES = {"sample": (10_000, 2_500), "full": (60_000, 10_000)}


@pytest.mark.parametrize("which", SIZES)
def test_images_and_labels_have_the_documented_shapes(which, full_set):
    data = load_fashion_mnist(which)
    n, n_validation = SIZES[which]
    assert data.name == which
    assert data.train_images.shape == (n, 1, 28, 28)
    assert data.train_labels.shape == (n,)
    assert data.validation_images.shape == (n_validation, 1, 28, 28)
    assert data.validation_labels.shape == (n_validation,)


@pytest.mark.parametrize("which", SIZES)
def test_images_are_float32_from_0_to_1_and_labels_int64_from_0_to_9(which, full_set):
    data = load_fashion_mnist(which)
    for images in (data.train_images, data.validation_images):
        assert images.dtype == torch.float32
        assert (images.min(), images.max()) == (0, 1)
    for labels in (data.train_labels, data.validation_labels):
        assert labels.dtype == torch.int64
        assert labels.unique().tolist() == list(range(10))


def test_images_are_in_the_memory_of_the_device_asked_for():
    # torch's "meta" device has no memory, but it is there on every machine.
    data = load_fashion_mnist("sample", device="meta")
    assert {tensor.device.type for tensor in data[1:]} == {"meta"}


# --- once per process ----------------------------------------------------------------------


@pytest.mark.parametrize("again", ["sample", "auto"])
def test_a_second_load_gives_the_same_tensors(again):
    first, second = load_fashion_mnist("sample"), load_fashion_mnist(again)
    assert all(a is b for a, b in zip(first[1:], second[1:], strict=True))


def test_threads_that_load_at_the_same_moment_share_the_tensors():
    with ThreadPoolExecutor(4) as threads:
        loaded = list(threads.map(load_fashion_mnist, ["sample"] * 4))
    assert len({id(data.train_images) for data in loaded}) == 1


# --- which set -----------------------------------------------------------------------------


def test_auto_takes_the_sample_where_the_full_set_is_not_found():
    assert load_fashion_mnist("auto").name == "sample"


def test_auto_takes_the_full_set_where_it_is_found(full_set):
    assert load_fashion_mnist("auto").name == "full"


def test_auto_says_once_that_it_takes_the_sample(capsys):
    for device in ("cpu", "cpu", "meta"):
        load_fashion_mnist("auto", device=device)
    said = "Fashion-MNIST: the sample data set, 10,000 training and 2,500 validation images\n"
    assert capsys.readouterr() == (said, "")


def test_auto_says_once_that_it_takes_the_full_set(full_set, capsys):
    for _ in range(2):
        load_fashion_mnist("auto")
    said = "Fashion-MNIST: the full data set, 60,000 training and 10,000 validation images\n"
    assert capsys.readouterr() == (said, "")


@pytest.mark.parametrize("which", SIZES)
def test_a_set_that_was_asked_for_by_name_is_not_announced(which, full_set, capsys):
    load_fashion_mnist(which)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("word", ["half", "", None, 3])
def test_another_word_for_the_set_is_a_value_error_that_names_it(word):
    with pytest.raises(ValueError, match=f"^data={word!r}: it must be .*auto.*full.*sample"):
        load_fashion_mnist(word)


# --- which folder --------------------------------------------------------------------------


def test_a_folder_may_begin_with_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv(FOLDER_VARIABLE, "~/images")
    assert data_folder() == tmp_path / "images"


def test_the_folder_of_the_environment_variable_comes_first(empty_folder):
    assert data_folder() == empty_folder


@pytest.mark.parametrize("unset", ["missing", "empty"])
def test_the_cache_folder_of_the_platform_comes_last(unset, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, "")
    if unset == "missing":
        monkeypatch.delenv(FOLDER_VARIABLE)
    assert data_folder() == Path(platformdirs.user_cache_dir("sh_teach"))


def test_the_full_set_is_loaded_from_the_folder_of_the_environment_variable(full_set):
    assert load_fashion_mnist("full").name == "full"


# --- missing and damaged files -------------------------------------------------------------


def test_a_missing_full_set_is_an_error_with_folder_and_command(empty_folder):
    with pytest.raises(FileNotFoundError) as caught:
        load_fashion_mnist("full")
    assert str(empty_folder) in str(caught.value)
    assert "make data" in str(caught.value)


@pytest.mark.parametrize("missing", RAW_NAMES)
def test_a_full_set_that_lacks_a_file_is_not_found(missing, empty_folder):
    write_raw_files(empty_folder)
    assert find_full_data() == empty_folder
    (raw_folder(empty_folder) / missing).unlink()
    assert find_full_data() is None


@pytest.mark.parametrize("damage", [flip_a_byte, truncate, Path.unlink])
def test_a_damaged_sample_is_named_with_the_command_that_restores_it(
    damage, tmp_path, monkeypatch
):
    copy = tmp_path / SAMPLE_FILE.name
    shutil.copy(SAMPLE_FILE, copy)
    monkeypatch.setattr(fashion_mnist, "SAMPLE_FILE", copy)
    damage(copy)
    with pytest.raises(ValueError, match="is damaged") as caught:
        load_fashion_mnist("sample")
    assert str(copy) in str(caught.value)
    assert f"git checkout {SAMPLE_FILE.name}" in str(caught.value)


@pytest.mark.parametrize("damage", [flip_a_byte, truncate])
@pytest.mark.parametrize("name", RAW_NAMES)
def test_a_damaged_file_of_the_full_set_is_named_with_the_command_that_restores_it(
    name, damage, full_copy
):
    damage(raw_folder(full_copy) / name)
    with pytest.raises(ValueError, match="is damaged") as caught:
        load_fashion_mnist("full")
    assert str(raw_folder(full_copy) / name) in str(caught.value)
    assert "`make data`" in str(caught.value)
    assert "`python scripts/get_data.py`" in str(caught.value)


def test_auto_does_not_fall_back_to_the_sample_when_the_full_set_is_damaged(empty_folder):
    write_raw_files(empty_folder)
    with pytest.raises(ValueError, match="is damaged"):
        load_fashion_mnist("auto")


# --- the network ---------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["auto", "sample"])
def test_loading_without_the_full_set_never_downloads_it(which, no_network, empty_folder):
    load_fashion_mnist(which)
    assert not empty_folder.exists()


def test_asking_for_the_full_set_never_downloads_it(no_network, empty_folder):
    with pytest.raises(FileNotFoundError):
        load_fashion_mnist("full")
    assert not empty_folder.exists()


@pytest.mark.parametrize("which", ["auto", "full"])
def test_loading_the_full_set_needs_no_network(which, full_set, no_network):
    assert load_fashion_mnist(which).name == "full"


# --- fetch ---------------------------------------------------------------------------------


@needs_debian
def test_fetch_needs_no_network_where_debian_has_the_files(no_network, empty_folder):
    assert fetch() == empty_folder
    assert load_fashion_mnist("full").name == "full"


def test_fetched_files_have_the_right_checksums(full_folder):
    for path in raw_files(full_folder):
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()
        assert checksum == fashion_mnist.SHA256[path.name]


@pytest.mark.parametrize("train", [True, False])
def test_torchvision_reads_what_was_fetched(train, full_folder, full_set):
    theirs = FashionMNIST(full_folder, train=train)
    _, *ours = load_fashion_mnist("full")
    images, labels = ours[:2] if train else ours[2:]
    assert torch.equal(theirs.data[:, None], (images * 255).round().byte())
    assert torch.equal(theirs.targets, labels)


@needs_debian
@pytest.mark.parametrize("damage", [flip_a_byte, truncate, Path.unlink])
def test_fetch_replaces_a_damaged_file(damage, full_copy, no_network):
    path = raw_folder(full_copy) / "t10k-labels-idx1-ubyte"
    whole = path.read_bytes()
    damage(path)
    fetch(full_copy)
    assert path.read_bytes() == whole


def test_fetch_keeps_complete_files(full_copy, no_network):
    paths = raw_files(full_copy)
    for path in paths:
        os.utime(path, (1, 1))
    fetch(full_copy)
    assert [path.stat().st_mtime for path in paths] == [1] * 4


def test_fetch_lets_torchvision_download_where_debian_has_no_files(
    full_folder, tmp_path, monkeypatch
):
    def download_from_nowhere(folder, download):
        assert download
        shutil.copytree(raw_folder(full_folder), raw_folder(folder), dirs_exist_ok=True)

    monkeypatch.setattr(get_data, "DEBIAN_FOLDER", tmp_path / "nothing")
    monkeypatch.setattr("torchvision.datasets.FashionMNIST", download_from_nowhere)
    folder = fetch(tmp_path / "downloaded")
    assert all(path.is_file() for path in raw_files(folder))


def test_fetch_refuses_a_download_with_a_wrong_checksum_and_names_the_file(tmp_path, monkeypatch):
    def download_rubbish(folder, download):
        shutil.rmtree(folder)
        write_raw_files(folder)

    monkeypatch.setattr(get_data, "DEBIAN_FOLDER", tmp_path / "nothing")
    monkeypatch.setattr("torchvision.datasets.FashionMNIST", download_rubbish)
    with pytest.raises(ValueError, match="train-images-idx3-ubyte is damaged"):
        fetch(tmp_path / "downloaded")


@needs_debian
def test_the_command_fetches_into_the_folder_that_it_is_given(tmp_path):
    # The environment variable names another folder, which must stay as it is.
    done = subprocess.run(
        [sys.executable, "scripts/get_data.py", str(tmp_path / "given")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "given") in done.stdout
    assert all(path.is_file() for path in raw_files(tmp_path / "given"))
    assert not data_folder().exists()


# --- how the sample was drawn --------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(full_folder, tmp_path_factory):
    """Return a sample drawn afresh from the full data set."""
    path = tmp_path_factory.mktemp("drawn") / SAMPLE_FILE.name
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(full_folder))
        draw(load_fashion_mnist("full"), path)
    return path


def test_the_sample_drawn_from_the_full_set_has_the_images_that_are_bundled(drawn):
    with np.load(drawn) as afresh, np.load(SAMPLE_FILE) as bundled:
        for name in ImageData._fields[1:]:
            np.testing.assert_array_equal(afresh[name], bundled[name])


@pytest.mark.skipif("ng" in zlib.ZLIB_RUNTIME_VERSION, reason="zlib-ng compresses differently")
def test_the_sample_drawn_from_the_full_set_is_the_bundled_file_to_the_byte(drawn):
    assert drawn.read_bytes() == SAMPLE_FILE.read_bytes()


# --- without torch -------------------------------------------------------------------------


def test_the_files_can_be_checked_without_torch():
    code = (
        "import sys; sys.modules.update(torch=None, torchvision=None)\n"
        "from sh_teach.objectives.fashion_mnist import find_full_data\n"
        "find_full_data()\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
