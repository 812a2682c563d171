from pathlib import Path

import pytest

from labrig.store.filesystem import network_filesystem

_MOUNTS = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:40 / /srv/share rw shared:2 - nfs4 server:/export rw
31 30 8:2 / /srv/share/local rw - xfs /dev/sdb1 rw
32 21 0:41 / /mnt/with\\040space rw - fuse.sshfs me@there: rw
broken line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/runs", None),
        ("/srv/share/runs", "nfs4"),
        ("/srv/share", "nfs4"),
        ("/srv/shared", None),
        ("/srv/share/local/runs", None),
        ("/mnt/with space/runs", "fuse.sshfs"),
    ],
)
def test_the_innermost_mount_decides(path: str, kind: str | None) -> None:
    assert network_filesystem(Path(path), _MOUNTS) == kind


def test_without_a_table_of_mounts_nothing_is_claimed() -> None:
    assert network_filesystem(Path("/anywhere"), "") is None
