"""The bank file channel: credit transfers out as pain.001, status reports and account statements in."""

from adapters.providerkit.spec import ProviderSpec
from adapters.providers.iso20022.adapter import Iso20022Adapter
from adapters.providers.iso20022.config import Iso20022Config, Iso20022Credentials
from adapters.providers.iso20022.examples import examples
from adapters.providers.iso20022.manifest import MANIFEST, NAME

spec = ProviderSpec(
    name=NAME,
    manifest=MANIFEST,
    config=Iso20022Config,
    credentials=Iso20022Credentials,
    create=Iso20022Adapter,
    examples=examples,
)

__all__ = ["Iso20022Config", "Iso20022Credentials", "spec"]
