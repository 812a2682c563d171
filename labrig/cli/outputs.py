"""Files that a command is to write, looked at before it begins."""

from pathlib import Path

_PICTURES = (".png", ".pdf", ".svg")


def check_picture(out: Path | None) -> None:
    """Whether a picture can be written there.

    Raises
    ------
    ConfigError
        There is no such folder, or no such format.
    """
    from labrig.errors import ConfigError

    if out is None:
        return
    check_folder(out)
    if out.suffix.lower() not in _PICTURES:
        msg = f"--out: found {out}; a picture ends in {', '.join(_PICTURES)}"
        raise ConfigError(msg)


def check_folder(out: Path) -> None:
    """Whether the folder of a file is there.

    Raises
    ------
    ConfigError
        It is not, or what is named is a folder itself.
    """
    from labrig.errors import ConfigError

    if not out.absolute().parent.is_dir():
        msg = f"--out: there is no folder {out.absolute().parent}; make it or name another file"
        raise ConfigError(msg)
    if out.is_dir():
        msg = f"--out: found {out}, which is a folder; name a file in it"
        raise ConfigError(msg)
