"""Fashion-MNIST as tensors in memory: the full data set where it is found, else a bundled sample.

``python -m sh_teach.objectives.fashion_mnist`` (or ``make data``) fetches the full data set, and
nothing else in this package ever opens a connection. The checks of the files need no torch.
"""

import functools
import gzip
import os
import sys
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import platformdirs

SAMPLE_FILE = Path(__file__).parents[1] / "data" / "fashion_mnist_sample.npz"
FOLDER_VARIABLE = "SH_TEACH_DATA"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")  # of package dataset-fashion-mnist
CLASSES = ("T-shirt", "trousers", "pullover", "dress", "coat")
CLASSES += ("sandal", "shirt", "sneaker", "bag", "ankle boot")
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


def load_fashion_mnist(data="auto", folder=None, device="cpu"):
    """Return Fashion-MNIST as `ImageData`: tensors, read once per process and then shared.

    Parameters
    ----------
    data : {"auto", "full", "sample"}
        ``"full"`` has 60,000 training and 10,000 validation images, ``"sample"`` 10,000 and
        2,500 of them. ``"auto"`` takes the full set where it is found, and says once which.
    folder : str or Path, optional
        Where the full set is: its ``FashionMNIST/raw`` holds the four files, as torchvision has
        it. By default $SH_TEACH_DATA, or else a cache where the platform keeps caches.
    device : str or torch.device
        Where the tensors are stored.

    Raises
    ------
    FileNotFoundError, ValueError
        If ``data="full"`` and the folder lacks it; if `data` is another word or a file is damaged.

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
    folder, name = data_folder(folder), data
    if data == "auto":
        name = "full" if find_full_data(folder) else "sample"
    with _loading:  # else threads that start at the same moment would each read the files
        images = _load(name, folder, str(device))
        if data == "auto":
            sizes = f"{len(images.train_labels):,} training and {len(images.validation_labels):,}"
            _print_once(f"Fashion-MNIST: the {name} data set, {sizes} validation images")
    return images


def split_validation(images):
    """Return two halves, always the same and alike in their classes: to select on, and to report.

    The error of the best of many trials is too low to be true on the images that selected it.
    """
    *others, validation_images, labels = images
    # With seed 0, the second half happens to be easier, by one percentage point of error.
    rng = np.random.default_rng(1)
    selects = np.zeros(len(labels), bool)
    for label in range(10):
        indices = rng.permutation(np.flatnonzero(labels.cpu() == label))
        selects[np.array_split(indices, 2)[0]] = True
    return [ImageData(*others, validation_images[h], labels[h]) for h in (selects, ~selects)]


@functools.cache
def _load(name, folder, device):
    import torch

    arrays = _read_full(folder) if name == "full" else _read_sample()
    tensors = [torch.tensor(array, device=device) for array in arrays]
    first, second = (tensor.view(-1, 1, 28, 28).float() / 255 for tensor in tensors[::2])
    return ImageData(name, first, tensors[1].long(), second, tensors[3].long())


def _read_full(folder):
    command = f'`python -m sh_teach.objectives.fashion_mnist "{folder}"`'
    if not find_full_data(folder):
        remedy = f'fetch it by "make data" or {command}, or name its folder in ${FOLDER_VARIABLE}'
        raise FileNotFoundError(f'data="full": no Fashion-MNIST in {folder}; {remedy}')
    for path in raw_files(folder):
        _verify(path, f"{command} fetches it again")
        yield np.fromfile(path, np.uint8, offset=16 if "images" in path.name else 8)


def _read_sample():
    remedy = f"`git checkout {SAMPLE_FILE.name}` in its folder restores it, or a new install"
    _verify(SAMPLE_FILE, remedy)
    with np.load(SAMPLE_FILE) as arrays:
        return [arrays[name] for name in ImageData._fields[1:]]


def _is_whole(path):
    """Return whether a file is there and its checksum is right."""
    return path.is_file() and sha256(path.read_bytes()).hexdigest() == SHA256[path.name]


def _verify(path, remedy):
    if not _is_whole(path):
        raise ValueError(f"{path} is damaged: its checksum is wrong; {remedy}")


def data_folder(folder=None):
    """Return the folder of the full data set, which need not exist yet."""
    cache = platformdirs.user_cache_dir("sh_teach")
    return Path(folder or os.environ.get(FOLDER_VARIABLE) or cache).expanduser()


def raw_files(folder):
    """Return the paths of the four files of the full set, as torchvision keeps them."""
    return [Path(folder, "FashionMNIST/raw", name) for name in SHA256 if name.endswith("ubyte")]


def find_full_data(folder=None):
    """Return the folder that holds the full data set, or ``None`` if a file is missing."""
    folder = data_folder(folder)
    return folder if all(path.is_file() for path in raw_files(folder)) else None


def fetch(folder=None):
    """Fill a folder with the full data set and return it; only this may use the network."""
    folder = data_folder(folder)
    paths = raw_files(folder)
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    for path in paths:
        packaged = DEBIAN_FOLDER / f"{path.name}.gz"
        if not _is_whole(path):
            path.unlink(missing_ok=True)
            if packaged.is_file():
                path.write_bytes(gzip.decompress(packaged.read_bytes()))
    if not find_full_data(folder):
        from torchvision.datasets import FashionMNIST

        FashionMNIST(folder, download=True)
    for path in paths:
        _verify(path, "the source may be incomplete, try again")
    return folder


if __name__ == "__main__":
    print(f"Fashion-MNIST, full data set: {fetch(*sys.argv[1:2])}")
