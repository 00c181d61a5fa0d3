"""Which components does the zip of a deploy hold?

`package.xml` names them, the files beside it hold them: what one side lacks is a failure.
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError, fromstring

from sfsync.fake.metadata.component import Component, Failure, text_of, without_namespaces

_MANIFEST = "package.xml"
# Folder -> ending of its files and kind of component.
_FOLDERS = {
    "objects": ("object", "CustomObject"),
    "permissionsets": ("permissionset", "PermissionSet"),
    "standardValueSets": ("standardValueSet", "StandardValueSet"),
}
# Element of an object file -> kind of component.
_IN_OBJECTS = {"fields": "CustomField", "validationRules": "ValidationRule"}
KINDS = (*_IN_OBJECTS.values(), "CustomObject", "StandardValueSet", "PermissionSet")


@dataclass(slots=True)
class Package:
    """What a zip holds, in the order in which it is deployed."""

    components: list[Component] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def fail(self, problem: str, file: str = _MANIFEST, kind: str = "", name: str = "") -> None:
        """Note what is wrong with the package."""
        self.failures.append(Failure(kind, name or file, file, problem))


def read_package(content: bytes, *, single: bool, allow_missing: bool) -> Package:
    """Return what a zip holds; what is wrong with it is among the failures of the result."""
    package = Package()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {each: archive.read(each) for each in archive.namelist() if each[-1] != "/"}
    except (zipfile.BadZipFile, ValueError, RuntimeError) as error:
        package.fail(f"The zip cannot be read: {error}")
        return package
    root = "" if single else _folder_of_manifest(files)
    manifest = _parsed(package, files, root + _MANIFEST)
    if manifest is None:
        return package
    named = _named(package, manifest)
    for path in sorted(files):
        if path.startswith(root) and path != root + _MANIFEST:
            _read_file(package, files, path, root)
    _compare(package, named, allow_missing=allow_missing)
    package.components.sort(key=lambda each: KINDS.index(each.kind))
    return package


def _folder_of_manifest(files: dict[str, bytes]) -> str:
    found = sorted(each for each in files if each.rpartition("/")[2] == _MANIFEST)
    return found[0].removesuffix(_MANIFEST) if found else ""


def _parsed(package: Package, files: dict[str, bytes], path: str) -> Element | None:
    content = files.get(path)
    if content is None:
        package.fail(f"No {path} found")
        return None
    try:
        return without_namespaces(fromstring(content))
    except ParseError as error:
        package.fail(f"Error parsing file: {error}", path)
        return None


def _named(package: Package, manifest: Element) -> dict[tuple[str, str], bool]:
    """Return (kind, name) of what the manifest names; the name may be `*`."""
    if text_of(manifest, "version") is None:
        package.fail("Required field is missing: version")
    named: dict[tuple[str, str], bool] = {}
    for types in manifest.iter("types"):
        kind = text_of(types, "name") or ""
        if kind not in KINDS:
            package.fail(f"The fake does not offer components of the type {kind!r}", kind=kind)
            continue
        for member in types.iter("members"):
            named[kind, (member.text or "").strip()] = True
    return named


def _read_file(package: Package, files: dict[str, bytes], path: str, root: str) -> None:
    folder, _slash, name = path.removeprefix(root).rpartition("/")
    ending, kind = _FOLDERS.get(folder, ("", ""))
    stem, _dot, end = name.partition(".")
    if not kind or end != ending:
        package.fail("The fake does not offer files of this type", path)
        return
    element = _parsed(package, files, path)
    if element is None:
        return
    if kind != "CustomObject":
        package.components.append(Component(kind, stem, path, element))
        return
    for component in _of_object(element, stem, path):
        package.components.append(component)


def _of_object(element: Element, stem: str, path: str) -> Iterator[Component]:
    for each in element:
        kind = _IN_OBJECTS.get(each.tag)
        if kind is None:
            yield Component("CustomObject", stem, path, each)
        else:
            yield Component(kind, f"{stem}.{text_of(each, 'fullName') or ''}", path, each)


def _compare(package: Package, named: dict[tuple[str, str], bool], *, allow_missing: bool) -> None:
    for each in package.components:
        if not _is_named(each, named):
            package.fail("Not in package.xml", each.file, each.kind, each.name)
    names = [(each.kind, each.name.lower()) for each in package.components]
    for at, each in enumerate(package.components):
        if each.kind != "CustomObject" and names[at] in names[:at]:
            package.fail("Duplicate name: it is there twice", each.file, each.kind, each.name)
    there = {(each.kind, each.name) for each in package.components}
    there |= {("CustomObject", name.partition(".")[0]) for kind, name in there if "." in name}
    for kind, name in named:
        if name != "*" and (kind, name) not in there and not allow_missing:
            package.fail(
                f"An object '{name}' of type {kind} was named in package.xml, but was not found in "
                "zipped directory",
                kind=kind,
                name=name,
            )


def _is_named(component: Component, named: dict[tuple[str, str], bool]) -> bool:
    owner = component.name.partition(".")[0]
    whole_object = component.kind in (*_IN_OBJECTS.values(), "CustomObject")
    return (
        (component.kind, component.name) in named
        or (component.kind, "*") in named
        or (whole_object and ("CustomObject", owner) in named)
        or (whole_object and ("CustomObject", "*") in named)
    )
