"""Everything that is wrong with a configuration is pointed at, and nothing of a credential is repeated."""

from enum import StrEnum
from typing import Annotated

import msgspec
import pytest

from adapters.providerkit.forms import SpecForms
from adapters.providerkit.spec import ProviderSpec, schema_of
from adapters.providers.sandbox import spec as sandbox
from domain.errors import NOT_FOUND, VAL_FIELD, FieldError, MediatorError


class Mode(StrEnum):
    TEST = "test"
    LIVE = "live"


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: str
    ports: tuple[Annotated[int, msgspec.Meta(ge=1)], ...] = ()


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    place: Place
    mode: Mode = Mode.TEST

    def __post_init__(self) -> None:
        if self.mode is Mode.LIVE and self.place.host == "nowhere":
            raise ValueError("mode must be test for nowhere")


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: Annotated[str, msgspec.Meta(min_length=3)]
    mode: Mode = Mode.TEST


FORMS = SpecForms(
    [
        ProviderSpec(name="bank", manifest=sandbox.manifest, config=Config, credentials=Keys, create=sandbox.create),
        sandbox,
    ]
)


def faults(config: dict[str, object] | None, credentials: dict[str, object] | None = None) -> set[tuple[str, str]]:
    with pytest.raises(MediatorError) as refused:
        FORMS.checked("bank", config=config, credentials=credentials)
    assert refused.value.entry is VAL_FIELD
    return {(one.pointer, one.detail) for one in refused.value.errors}


def test_what_is_taken_has_every_default_said() -> None:
    checked = FORMS.checked("bank", config={"place": {"host": "a"}}, credentials={"key": "abc"})

    assert checked.config == {"place": {"host": "a", "ports": []}, "mode": "test"}
    assert checked.credentials == b'{"key":"abc","mode":"test"}'
    assert "abc" not in repr(checked)


def test_what_is_not_given_is_not_checked() -> None:
    checked = FORMS.checked("bank", config=None, credentials=None)

    assert (checked.config, checked.credentials) == (None, None)


def test_every_fault_is_found_at_once_each_at_its_place() -> None:
    assert faults({"place": {"host": "a", "ports": [1, 0]}, "mode": "x", "more/": 1}) == {
        ("/config/place/ports/1", "Expected `int` >= 1"),
        ("/config/mode", "Invalid enum value 'x'"),
        ("/config/more~1", "is not known"),
    }
    assert faults({}, {}) == {("/config/place", "is missing"), ("/credentials/key", "is missing")}


def test_what_is_wrong_only_together_points_at_the_field_that_the_sentence_begins_with() -> None:
    assert faults({"place": {"host": "nowhere"}, "mode": "live"}) == {("/config/mode", "mode must be test for nowhere")}


def test_no_fault_repeats_what_a_credential_says() -> None:
    assert faults(None, {"key": "ab", "mode": "sk_live_x"}) == {
        ("/credentials/key", "Expected `str` of length >= 3"),
        ("/credentials/mode", "Invalid enum value '***'"),
    }


def test_what_the_database_cannot_keep_is_refused() -> None:
    assert faults({"place": {"host": "a\x00b"}}) == {("/config/place", "must not have a NUL character")}


def test_only_what_is_installed_can_be_connected_to() -> None:
    with pytest.raises(MediatorError) as refused:
        FORMS.checked("nobody", config={}, credentials={})
    with pytest.raises(MediatorError) as missing:
        FORMS.get("nobody")

    assert refused.value.errors == (FieldError("/provider", "is not installed"),)
    assert missing.value.entry is NOT_FOUND
    assert [form.manifest.name for form in FORMS.all()] == ["sandbox", "sandbox"]


def test_a_schema_is_complete_in_itself() -> None:
    schema = schema_of(Config)

    assert schema["properties"]["place"] == {"$ref": "#/$defs/Place"}
    assert schema["$defs"]["Mode"]["enum"] == ["live", "test"]
    assert (schema["required"], schema["additionalProperties"]) == (["place"], False)
