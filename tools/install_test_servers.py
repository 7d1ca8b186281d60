"""Installs the mail servers that tests run: Dovecot by apt-get, and Cyrus unpacked beside it.

Debian's packages of the two exclude each other, so those of Cyrus are downloaded and laid below the
project, with the libraries that this machine lacks; that needs no root. What is there already is
left alone. What cannot be had is said, with the reason, and is no failure: the tests that want it
skip.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from tools.debian_packages import Missing, apt, install, need_apt, output, update_lists

CYRUS = Path(__file__).resolve().parents[1] / ".servers" / "cyrus"
"""Where Cyrus is unpacked: its programs in bin/, libraries in lib/, and the package's VERSION."""

_PACKAGES = ["cyrus-common", "cyrus-imapd", "sasl2-bin"]
_PROGRAMS = ["usr/lib/cyrus/bin/master", "usr/lib/cyrus/bin/imapd", "usr/sbin/saslpasswd2"]


def cyrus_version() -> str:
    """The version of the package that is unpacked; "" when there is none."""
    file = CYRUS / "VERSION"
    return file.read_text("utf-8").strip() if file.exists() else ""


def dovecot_version() -> str:
    """The version of Dovecot that is installed with its IMAP part; "" when there is none."""
    found = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    has_imap = Path("/usr/lib/dovecot/imap").exists() or Path("/usr/libexec/dovecot/imap").exists()
    return output([found, "--version"]).split()[0] if found and has_imap else ""


def install_dovecot() -> None:
    """Raises Missing when it cannot."""
    install("dovecot-imapd")


def install_cyrus() -> None:
    """Raises Missing when it cannot."""
    need_apt()
    CYRUS.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CYRUS.parent) as name:
        folder = Path(name)
        version = _unpack([*_PACKAGES, *_lacking_libraries()], folder / "tree")
        _lay_out(folder / "tree", folder / "new")
        (folder / "new" / "VERSION").write_text(version + "\n", "utf-8")
        shutil.rmtree(CYRUS, ignore_errors=True)
        (folder / "new").rename(CYRUS)


def _lacking_libraries() -> list[str]:
    """The packages of libraries that apt-get would install with Cyrus, were it not for Dovecot."""
    would = apt("install", "--simulate", "--no-install-recommends", *_PACKAGES)
    return [name for name in re.findall(r"^Inst (\S+) \(", would, re.M) if name.startswith("lib")]


def _unpack(packages: list[str], tree: Path) -> str:
    """Returns the version of Cyrus."""
    tree.mkdir()
    apt("download", *packages, folder=tree.parent)
    for file in tree.parent.glob("*.deb"):
        output(["dpkg", "-x", str(file), str(tree)])
    (imapd,) = tree.parent.glob("cyrus-imapd_*.deb")
    return imapd.name.split("_")[1].replace("%3a", ":")


def _lay_out(tree: Path, target: Path) -> None:
    """Takes out of the unpacked packages what the tests need: a small part."""
    (target / "bin").mkdir(parents=True)
    (target / "lib").mkdir()
    folders = [each for each in tree.glob("**/lib/*-linux-*") if each.is_dir()]
    environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, folders))}
    for program in _PROGRAMS:
        shutil.copy2(tree / program, target / "bin")
        for line in output(["ldd", str(tree / program)], environment).splitlines():
            name, _, place = line.strip().partition(" => ")
            if place == "not found":
                raise Missing(f"the library {name} is in none of the packages")
            if place.startswith(str(tree)):
                shutil.copy2(place.split(" (")[0], target / "lib" / name)
    for plugins in tree.glob("usr/lib/*/sasl2"):
        shutil.copytree(plugins, target / "lib" / "sasl2")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> int:
    servers = {
        "Dovecot": (dovecot_version, install_dovecot),
        "Cyrus": (cyrus_version, install_cyrus),
    }
    if not all(version() for version, _ in servers.values()):
        update_lists()
    for name, (version, add) in servers.items():
        try:
            if not version():
                add()
            _say(f"{name} {version()} is there")
        except Missing as reason:
            _say(f"{name} is not there, the tests that want it skip: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
