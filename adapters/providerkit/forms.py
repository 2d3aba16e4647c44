"""Checks what an account is configured by, against the Structs that its provider's folder exports."""

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec.structs import FieldInfo

from adapters.providerkit.spec import ProviderSpec, schema_of
from application.ports.provider_forms import Checked, ProviderForm, ProviderForms
from domain.errors import NOT_FOUND, VAL_FIELD, FieldError, MediatorError

_PLACE = re.compile(r"^(?P<fault>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_QUOTED = re.compile(r"'[^']*'")
_NUL = b"\\u0000"


class SpecForms(ProviderForms):
    """Tells of the installed providers by their specs."""

    def __init__(self, specs: Iterable[ProviderSpec]) -> None:
        """Know these."""
        self._specs = {spec.name: spec for spec in specs}

    def all(self) -> tuple[ProviderForm, ...]:
        """Give every one, by name."""
        return tuple(_form(self._specs[name]) for name in sorted(self._specs))

    def get(self, name: str) -> ProviderForm:
        """Give one. Raises NOT_FOUND."""
        if name not in self._specs:
            raise MediatorError(NOT_FOUND, "There is no provider of that name.")
        return _form(self._specs[name])

    def checked(
        self, name: str, *, config: Mapping[str, object] | None, credentials: Mapping[str, object] | None
    ) -> Checked:
        """Check what is given, and say everything that is wrong with it. Raises VAL_FIELD."""
        spec = self._specs.get(name)
        if spec is None:
            raise _refused((FieldError("/provider", "is not installed"),))
        faults = [
            *(() if config is None else _faults("/config", spec.config, config)),
            *(() if credentials is None else map(_discreet, _faults("/credentials", spec.credentials, credentials))),
        ]
        if faults:
            raise _refused(tuple(faults))
        return Checked(
            config=None if config is None else _whole(msgspec.convert(config, spec.config)),
            credentials=None
            if credentials is None
            else msgspec.json.encode(msgspec.convert(credentials, spec.credentials)),
        )


def _whole(config: msgspec.Struct) -> dict[str, object]:
    """Write a configuration with every default, as it will come back from a store."""
    whole: dict[str, object] = msgspec.json.decode(msgspec.json.encode(config))
    return whole


def _form(spec: ProviderSpec) -> ProviderForm:
    return ProviderForm(
        manifest=spec.manifest, config_schema=schema_of(spec.config), credentials_schema=schema_of(spec.credentials)
    )


def _faults(root: str, struct: type[msgspec.Struct], given: Mapping[str, object]) -> Iterator[FieldError]:
    """Find every fault: field by field, and where no field is wrong by itself, in what they are together."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    found = [
        *(FieldError(f"{root}/{_escaped(name)}", "is not known") for name in given if name not in fields),
        *(FieldError(f"{root}/{name}", "is missing") for name, field in fields.items() if _lacks(field, given)),
        *(fault for name, value in given.items() if name in fields for fault in _fault(root, fields[name], value)),
    ]
    yield from found
    if not found:
        try:
            msgspec.convert(given, struct)
        except msgspec.ValidationError as fault:
            yield _together(root, str(fault), frozenset(fields))


def _lacks(field: FieldInfo, given: Mapping[str, object]) -> bool:
    return field.required and field.encode_name not in given


def _fault(root: str, field: FieldInfo, value: object) -> Iterator[FieldError]:
    pointer = f"{root}/{field.encode_name}"
    if _NUL in msgspec.json.encode(value):
        yield FieldError(pointer, "must not have a NUL character")
        return
    try:
        msgspec.convert(value, field.type)
    except msgspec.ValidationError as fault:
        said = _PLACE.match(str(fault))
        text, path = (said["fault"], said["path"] or "") if said else (str(fault), "")
        steps = "".join(f"/{_escaped(name or number)}" for name, number in _STEP.findall(path))
        yield FieldError(pointer + steps, text)


def _together(root: str, said: str, fields: frozenset[str]) -> FieldError:
    """Point at the field that a `__post_init__` begins its sentence with, if it does."""
    first = said.split(maxsplit=1)[0] if said.strip() else ""
    return FieldError(f"{root}/{first}" if first in fields else root, said)


def _discreet(fault: FieldError) -> FieldError:
    """Take out what quotes a value: a fault is answered, logged, and pasted into tickets."""
    return FieldError(fault.pointer, _QUOTED.sub("'***'", fault.detail))


def _escaped(name: str) -> str:
    """Write a name into a pointer (RFC 6901 §3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _refused(faults: tuple[FieldError, ...]) -> MediatorError:
    told = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults)
    return MediatorError(VAL_FIELD, told, errors=faults)
