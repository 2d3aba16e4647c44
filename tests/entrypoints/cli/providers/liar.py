"""An adapter of somebody else, with one thing wrong."""

import msgspec

from tests.adapters.providerkit.broken.declaring import toy_of
from tests.adapters.providerkit.broken.toy import MANIFEST
from tests.adapters.providerkit.broken.toy_examples import spec_of

LYING = msgspec.structs.replace(MANIFEST, deadline_seconds=0.0)

spec = spec_of(toy_of(LYING), manifest=LYING)
