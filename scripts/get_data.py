"""Get the full Fashion-MNIST: ``python scripts/get_data.py [FOLDER]``, or ``make data``.

Debian's package dataset-fashion-mnist has the files; elsewhere torchvision downloads them.
"""

import gzip
import sys
from pathlib import Path

from sh_teach.objectives.fashion_mnist import data_folder, is_whole, raw_files, verify

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")


def fetch(folder=None):
    """Fill a folder, by default the one that is read, with the full data set, and return it."""
    folder = Path(folder).expanduser() if folder else data_folder()
    paths = raw_files(folder)
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    for path in paths:
        packaged = DEBIAN_FOLDER / f"{path.name}.gz"
        if not is_whole(path):
            path.unlink(missing_ok=True)
            if packaged.is_file():
                path.write_bytes(gzip.decompress(packaged.read_bytes()))
    if not all(path.is_file() for path in paths):
        from torchvision.datasets import FashionMNIST

        FashionMNIST(folder, download=True)
    for path in paths:
        verify(path, "the source may be incomplete, try again")
    return folder


if __name__ == "__main__":
    print(f"Fashion-MNIST, full data set: {fetch(*sys.argv[1:2])}")
