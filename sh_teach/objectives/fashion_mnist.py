"""Fashion-MNIST as tensors in memory: the full data set where it is found, else a bundled sample.

``scripts/get_data.py`` (or ``make data``) fetches the full data set: nothing in this package ever
opens a connection. The checks of the files need no torch.
"""

import functools
import os
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import platformdirs

SAMPLE_FILE = Path(__file__).parents[1] / "data" / "fashion_mnist_sample.npz"
FOLDER_VARIABLE = "SH_TEACH_DATA"
FETCH = "`make data` (or `python scripts/get_data.py`)"
SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    SAMPLE_FILE.name: "9afa37fe237d2270a2987f5b036f44aeb5548cbdc6abc6b5fda425de5e82fd7d",
}

_loading = Lock()
_print_once = functools.cache(print)


class ImageData(NamedTuple):
    """Images, float32 of shape (n, 1, 28, 28) from 0 to 1, and their labels, int64 from 0 to 9."""

    name: str  # "full" or "sample"
    train_images: Any  # tensors; annotations with torch's name would import it
    train_labels: Any
    validation_images: Any
    validation_labels: Any


def load_fashion_mnist(data="auto", device="cpu"):
    """Return Fashion-MNIST as `ImageData`: tensors, read once per process and then shared.

    Parameters
    ----------
    data : {"auto", "full", "sample"}
        ``"full"`` has 60,000 training and 10,000 validation images, ``"sample"`` 10,000 and
        2,500 of them. ``"auto"`` takes the full set where it is found, and says once which. It is
        looked for in the folder $SH_TEACH_DATA, or else where the platform keeps caches; there
        ``FashionMNIST/raw`` holds the four files, as torchvision has it.
    device : str or torch.device
        Where the tensors are stored.

    Raises
    ------
    FileNotFoundError, ValueError
        If ``data="full"`` and the full set is not found; if `data` is another word or a file is
        damaged.

    Examples
    --------
    >>> load_fashion_mnist("sample").train_images.shape
    torch.Size([10000, 1, 28, 28])

    References
    ----------
    Xiao, Rasul, Vollgraf: Fashion-MNIST, a novel image dataset for benchmarking machine learning
    algorithms. arXiv 1708.07747, 2017.
    """
    if data not in ("auto", "full", "sample"):
        raise ValueError(f'data={data!r}: it must be "auto", "full" or "sample"')
    name = data
    if data == "auto":
        name = "full" if find_full_data() else "sample"
    with _loading:  # else threads that start at the same moment would each read the files
        images = _load(name, data_folder(), str(device))
        if data == "auto":
            sizes = f"{len(images.train_labels):,} training and {len(images.validation_labels):,}"
            _print_once(f"Fashion-MNIST: the {name} data set, {sizes} validation images")
    return images


@functools.cache
def _load(name, folder, device):
    import torch

    arrays = _read_full(folder) if name == "full" else _read_sample()
    tensors = [torch.tensor(array, device=device) for array in arrays]
    first, second = (tensor.view(-1, 1, 28, 28).float() / 255 for tensor in tensors[::2])
    return ImageData(name, first, tensors[1].long(), second, tensors[3].long())


def _read_full(folder):
    if not find_full_data():
        remedy = f"{FETCH} fetches it, or name its folder in ${FOLDER_VARIABLE}"
        raise FileNotFoundError(f'data="full": no Fashion-MNIST in {folder}; {remedy}')
    for path in raw_files(folder):
        verify(path, f"{FETCH} fetches it again")
        yield np.fromfile(path, np.uint8, offset=16 if "images" in path.name else 8)


def _read_sample():
    remedy = f"`git checkout {SAMPLE_FILE.name}` in its folder restores it, or a new install"
    verify(SAMPLE_FILE, remedy)
    with np.load(SAMPLE_FILE) as arrays:
        return [arrays[name] for name in ImageData._fields[1:]]


def is_whole(path):
    """Return whether a file is there and its checksum is right."""
    return path.is_file() and sha256(path.read_bytes()).hexdigest() == SHA256[path.name]


def verify(path, remedy):
    """Raise a ValueError that names the remedy unless a file is whole."""
    if not is_whole(path):
        raise ValueError(f"{path} is damaged: its checksum is wrong; {remedy}")


def data_folder():
    """Return the folder of the full data set, which need not exist yet."""
    cache = platformdirs.user_cache_dir("sh_teach")
    return Path(os.environ.get(FOLDER_VARIABLE) or cache).expanduser()


def raw_files(folder):
    """Return the paths of the four files of the full set, as torchvision keeps them."""
    return [Path(folder, "FashionMNIST/raw", name) for name in SHA256 if name.endswith("ubyte")]


def find_full_data():
    """Return the folder that holds the full data set, or ``None`` if a file is missing."""
    folder = data_folder()
    return folder if all(path.is_file() for path in raw_files(folder)) else None
