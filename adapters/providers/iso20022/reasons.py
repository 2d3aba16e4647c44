"""What the reasons of a refusal mean (ISO 20022 external code sets: status and return reasons).

Soft: the same payout may go through later, or from another account. Invalid: what we sent is wrong, and would be so at
any bank. Hard: everything else, above all the law (RR04, AG01, AM07), the beneficiary's wish (MS02, CUST) and whatever
nobody has explained to us (MS03). A duplicate is none of them: it says that an earlier copy is there.
"""

from domain.providers import Decline

DUPLICATES = frozenset({"AM05", "DU01", "DU02", "DU03", "DU04", "DU05"})
"""Refused for having come before. Our ids are unique, so the earlier copy is this very payout: it is no refusal."""

_SOFT = frozenset(
    {
        "AB01", "AB02", "AB03", "AB04", "AB05", "AB06", "AB07", "AB08", "AB09", "AB10", "AB11",  # clearing failed
        "AG07", "AG08", "AG10", "AG11",  # our account or access; a bank that is suspended from the clearing
        "AM02", "AM03", "AM04", "AM13", "AM14", "AM21", "AM23",  # funds, limits and currencies of our agreement
        "DT01", "DT04", "DT05", "ED05", "TM01",  # the day, the settlement, the cut-off time
    }
)  # fmt: skip
_INVALID = frozenset(
    {
        "AC01", "AC02", "AC03", "AC08", "AC09", "AC10", "AC11", "AC12", "AC13", "AC14",  # the account's number or type
        "AG04", "AG05", "AG06", "AM01", "AM06", "AM09", "AM10", "AM11", "AM12", "AM15",  # the country, the amount
        "AM16", "AM17", "AM18", "AM19", "AM20",  # the sums of the file
        "BE01", "BE04", "BE06", "BE07", "BE08", "BE09", "BE10", "BE11",  # names and addresses
        "CH03", "CH04", "CH11", "CH16", "CH17", "CH20", "CH21", "CNOR", "DNOR",  # elements too many or missing
        "FF01", "FF02", "FF03", "FF04", "FF05", "FF06", "FF07", "FF08", "FF10", "FF11",  # the form of the file
        "RC01", "RC02", "RC03", "RC04", "RC05", "RC06", "RC07", "RC08", "RC09", "RC10", "RC11", "RC12",  # no such bank
        "RF01", "RR01", "RR02", "RR03", "RR05", "RR06", "RR07", "RR08", "RR09", "RR10", "RR11", "RR12",  # references
    }
)  # fmt: skip


def decline_of(code: str) -> Decline:
    """Say how definite a refusal with this reason is."""
    if code in _SOFT:
        return Decline.SOFT
    return Decline.INVALID if code in _INVALID else Decline.HARD
