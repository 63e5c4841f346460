"""Packs a binary for script/release: python3 script/release_archive.py BINARY TARGET

Writes target/dist/cloakroom-<version>-<TARGET>.tar.gz, and its checksum into SHA256SUMS beside it. The same
input gives the same bytes: the order, the owner and the times of the files do not depend on this machine.
All times are SOURCE_DATE_EPOCH.
"""
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DIST = ROOT / "target" / "dist"
FILES = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "Rocket.toml"]
LICENCE = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)([-._].*)?", re.IGNORECASE)
# Nothing in these folders is in the binary.
NOT_BUILT = {"test", "tests", "testdata", "examples", "benches", "fuzz"}


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def packages(target):
    """All packages by name and version, with their licences and folders."""
    found = json.loads(run("cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target))
    return {(package["name"], package["version"]): package for package in found["packages"]}


def linked(target):
    """Names and versions of the packages in the binary. Macros run in the compiler, so they are left out."""
    tree = ["cargo", "tree", "--locked", "--package", "cloakroom", "--edges", "normal,no-proc-macro"]
    lines = run(*tree, "--target", target, "--prefix", "none", "--no-dedupe", "--format", "{p}").splitlines()
    return sorted({(line.split()[0], line.split()[1].removeprefix("v")) for line in lines if line})


def licence_texts(package):
    """The names and texts of the licence files, those of C code in the package as well."""
    folder = pathlib.Path(package["manifest_path"]).parent
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        if LICENCE.fullmatch(file.name) and file.is_file() and NOT_BUILT.isdisjoint(parts):
            text = file.read_text(encoding="utf-8", errors="replace")
            yield "/".join(parts), "\n".join(line.rstrip() for line in text.splitlines()).strip()


def third_party(target, all_packages):
    """A list of the packages in the binary, and the texts of their licences, each text once."""
    rustc = run("rustc", "--version").split()[1]
    rows = [f"Rust's standard library {rustc} | MIT OR Apache-2.0 | https://github.com/rust-lang/rust"]
    if "-musl" in target:
        rows.append("musl | MIT | https://musl.libc.org")
    texts = {}
    for name, version in linked(target):
        package = all_packages[name, version]
        if package["source"] is None:  # ours
            continue
        rows.append(f"{name} {version} | {package['license'] or 'see below'} | {package['repository'] or ''}".rstrip(" |"))
        for file, text in licence_texts(package):
            texts.setdefault(text, []).append(f"{name} {version}: {file}")
    head = "The program contains this software of others: name and version | licence | source\n\n"
    rule = "\n\n" + "-" * 78 + "\n"
    licences = [rule + "\n".join(files) + "\n\n" + text for text, files in texts.items()]
    return head + "\n".join(rows) + "".join(licences) + "\n"


def pack(folder, files, time):
    """A tar.gz of texts and bytes by name, in a folder of its own."""
    packed = io.BytesIO()
    # No name and no time of the archive itself.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as compressed:
        with tarfile.open(mode="w", fileobj=compressed, format=tarfile.USTAR_FORMAT) as archive:
            for name in ["", *sorted(files)]:
                entry = tarfile.TarInfo(f"{folder}/{name}".rstrip("/"))
                entry.mtime = time
                is_program = name.startswith("cloakroom")
                entry.type = tarfile.REGTYPE if name else tarfile.DIRTYPE
                entry.mode = 0o755 if is_program or not name else 0o644
                content = files.get(name, b"")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    binary, target = pathlib.Path(sys.argv[1]), sys.argv[2]
    all_packages = packages(target)
    (version,) = [version for name, version in all_packages if name == "cloakroom"]
    # Git on Windows may have written other ends of lines.
    files = {name: (ROOT / name).read_bytes().replace(b"\r\n", b"\n") for name in FILES}
    files["THIRD-PARTY.txt"] = third_party(target, all_packages).encode()
    files[binary.name] = binary.read_bytes()
    name = f"cloakroom-{version}-{target}"
    archive = pack(name, files, int(os.environ["SOURCE_DATE_EPOCH"]))

    DIST.mkdir(parents=True, exist_ok=True)
    (DIST / f"{name}.tar.gz").write_bytes(archive)
    sums = DIST / "SHA256SUMS"
    lines = set(sums.read_text().splitlines()) if sums.exists() else set()
    lines = {line for line in lines if not line.endswith(f"  {name}.tar.gz")}
    lines.add(f"{hashlib.sha256(archive).hexdigest()}  {name}.tar.gz")
    sums.write_bytes("".join(f"{line}\n" for line in sorted(lines, key=lambda line: line[66:])).encode())


main()
