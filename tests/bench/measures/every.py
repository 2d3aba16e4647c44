"""All measures, in the order in which they are made."""

from tests.bench.bench import Measure
from tests.bench.measures import boundary, footprint, foreign, growth, many, payments, prices, slow_disk, transfers

MEASURES: tuple[Measure, ...] = (
    *transfers.MEASURES,
    *many.MEASURES,
    *foreign.MEASURES,
    *footprint.MEASURES,
    *prices.MEASURES,
    *payments.MEASURES,
    *boundary.MEASURES,
    *growth.MEASURES,
    *slow_disk.MEASURES,
)
