"""A callback is authentic byte by byte, or it is refused; what is unsigned is a hint."""

from collections.abc import Iterator
from functools import partial

from adapters.providerkit.adapter import CallsBack
from adapters.providerkit.conformance.bounding import bounded
from adapters.providerkit.conformance.calls import accepts
from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.mutations import GARBAGE, HOSTILE, bent
from adapters.providerkit.conformance.readings import says
from adapters.providerkit.conformance.subject import NotApplicableError, Subject
from adapters.providerkit.examples import ExampleCallback
from domain.manifests import CallbackTransport
from domain.providers import Unreadable

_OTHER = "whsec_of_somebody_else"
_ODD_VALUES = ("", "\x00", "ÿ€\ud800", ",", "=", "t=1,v1=", "a" * 100_000, "=" * 5_000)


def _signed(subject: Subject) -> Iterator[tuple[CallsBack, ExampleCallback, str]]:
    adapter = _caller(subject)
    rule = subject.adapter.manifest.callbacks
    if rule is None or rule.signature is None:
        raise NotApplicableError("callbacks are unsigned: they are hints")
    if rule.transport is CallbackTransport.FILE:
        raise NotApplicableError("files are proved by the folder that they lie in, not by themselves")
    signed = [(adapter, one, one.secret) for one in subject.examples.callbacks if one.secret is not None]
    if not signed:
        raise NotApplicableError("no example callback is signed")
    return iter(signed)


def _caller(subject: Subject) -> CallsBack:
    adapter = subject.adapter
    if not isinstance(adapter, CallsBack):
        raise NotApplicableError("the provider does not call back")
    return adapter


def _shown(subject: Subject) -> Iterator[str]:
    rule = subject.adapter.manifest.callbacks
    if isinstance(subject.adapter, CallsBack) and rule is not None:
        secrets = [one.secret for one in subject.examples.callbacks]
        if rule.transport is CallbackTransport.FILE:
            if any(secrets):
                yield "a file is shown with a secret, and nobody signs files"
            return
        if rule.signature is not None and not any(secrets):
            yield "declares a signature, and no example callback is signed"
        if rule.signature is None and any(secrets):
            yield "declares no signature, and an example callback is signed"


def _accepted(subject: Subject) -> Iterator[str]:
    for adapter, one, secret in _signed(subject):
        for secrets in ((secret,), (_OTHER, secret), (secret, _OTHER)):
            if not accepts(adapter, one.raw, one.headers, secrets=secrets, now_seconds=one.now_seconds):
                where = "alone" if len(secrets) == 1 else f"as number {secrets.index(secret) + 1} of 2"
                yield f"an authentic callback is refused, with its secret {where}"


def _refused(subject: Subject) -> Iterator[str]:
    for adapter, one, secret in _signed(subject):
        wrong = {
            "no secret": (),
            "another secret": (_OTHER,),
            "an empty secret": ("",),
            "a secret that is a little shorter": (secret[:-1],),
            "a secret that is a little longer": (f"{secret}x",),
        }
        for name, secrets in wrong.items():
            if accepts(adapter, one.raw, one.headers, secrets=secrets, now_seconds=one.now_seconds):
                yield f"accepted with {name}"


def _sealed(subject: Subject) -> Iterator[str]:
    for adapter, one, secret in _signed(subject):
        for headers in (one.headers, {}):
            for at in range(len(one.raw)):
                raw = one.raw[:at] + bytes((one.raw[at] ^ 1,)) + one.raw[at + 1 :]
                if not accepts(adapter, raw, headers, secrets=(secret,), now_seconds=one.now_seconds):
                    continue
                events = adapter.parse_callback(raw)
                if not says(events, one.means) and not isinstance(events, Unreadable):
                    yield f"byte {at} was changed ({one.raw[max(at - 8, 0) : at + 8]!r}), and what it says is accepted"


def _fresh(subject: Subject) -> Iterator[str]:
    rule = subject.adapter.manifest.callbacks
    signed = _signed(subject)
    if rule is None or rule.tolerance_seconds is None:
        raise NotApplicableError("there is no time in the signature")
    for adapter, one, secret in signed:
        late = one.now_seconds + 2 * rule.tolerance_seconds + 1
        if accepts(adapter, one.raw, one.headers, secrets=(secret,), now_seconds=late):
            yield f"accepted {2 * rule.tolerance_seconds + 1} s later; the manifest says {rule.tolerance_seconds} s"
        soon = one.now_seconds + rule.tolerance_seconds // 2
        if not accepts(adapter, one.raw, one.headers, secrets=(secret,), now_seconds=soon):
            yield f"refused {rule.tolerance_seconds // 2} s later; the manifest says {rule.tolerance_seconds} s"


def _total(subject: Subject) -> Iterator[str]:
    adapter, chance = _caller(subject), subject.chance("callbacks.total")
    for one in subject.examples.callbacks:
        secrets = ("" if one.secret is None else one.secret, _OTHER)
        bodies = (*GARBAGE, *HOSTILE, *(bent(one.raw, chance) for _ in range(subject.cases)))
        headers = ({}, *(dict.fromkeys(one.headers, value) for value in _ODD_VALUES))
        for raw, header in (*((raw, one.headers) for raw in bodies), *((one.raw, header) for header in headers)):
            verify = partial(accepts, adapter, raw, header, secrets=secrets, now_seconds=one.now_seconds)
            try:
                bounded(verify)
            except Exception as broken:  # noqa: BLE001 -- whatever it is, it must not come out
                yield f"verifying raised {type(broken).__name__} on {raw[:60]!r} with {str(header)[:80]}"


CHECKS = (
    Check(
        "callbacks.shown",
        "A signature is declared if and only if an example is signed.",
        "Whether anybody may say something hangs on it.",
        _shown,
    ),
    Check(
        "callbacks.accepted",
        "An authentic callback is taken with any one of the live secrets.",
        "Secrets are replaced while callbacks are under way.",
        _accepted,
    ),
    Check(
        "callbacks.refused",
        "Without a secret, or with another one, everything is refused.",
        "Anybody could tell us that a payment succeeded.",
        _refused,
    ),
    Check(
        "callbacks.sealed",
        "No byte can be changed so that it says something else and is taken.",
        "Whoever sees one callback could write others.",
        _sealed,
    ),
    Check(
        "callbacks.fresh",
        "What is older than the manifest's tolerance is refused, what is younger is not.",
        "An old callback could be played again.",
        _fresh,
    ),
    Check(
        "callbacks.total",
        "Verifying ends with yes or CALLBACK_REFUSED, whatever the bytes and headers, in bounded time.",
        "The door is open to the whole Internet.",
        _total,
    ),
)
